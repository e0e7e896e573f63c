/** What the kernel does beyond running cells: history, expressions, comms, questions, programs, late output, ends. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, before } from "node:test";
import "../support/clean-environment";
import { type Answer, KernelClient } from "../../kernel-setup/kernel-client";
import { kernelSpec } from "../../kernel-setup/kernelspec";
import { isAlive } from "../support/alive";
import { BEGINS, error, interruptedWhenBegun, printed, result, whenBegun } from "../support/kernel";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-protocol-test-"));
let kernel: KernelClient;
before(async () => {
  kernel = await KernelClient.start(scratch);
});
after(async () => {
  await kernel?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const DOOR = '(globalThis as any)[Symbol.for("pageblock.kernel")]';
const pause = (ms: number) => new Promise((done) => setTimeout(done, ms));
const sent = ({ output }: Answer, type: string) => output.filter((m) => m.type === type);

/** Waits until `done`, at most a generous time on a busy machine. */
async function until(done: () => boolean): Promise<void> {
  for (let waited = 0; !done() && waited < 20_000; waited += 20) await pause(20);
}

test("a cell's first line arrives while it still computes, also before a program it waits for", async () => {
  const answer = await kernel.execute(
    `console.log("starting"); const until = Date.now() + 1500; while (Date.now() < until); console.log("done")`,
  );
  const [first, last] = sent(answer, "stream");
  assert.deepEqual([first?.content.text, last?.content.text], ["starting\n", "done\n"]);
  assert.ok(last!.atMs - first!.atMs > 1000, "the first line came with the last one");
  const waits = await kernel.execute(
    `import { execSync } from "node:child_process"; console.log("before"); execSync("sleep 1"); console.log("after")`,
  );
  const [before, behind] = sent(waits, "stream");
  assert.deepEqual([before?.content.text, behind?.content.text], ["before\n", "after\n"]);
  assert.ok(behind!.atMs - before!.atMs > 700);
});

test("text, displays and results keep their order when each is sent by itself", async () => {
  const answer = await kernel.execute(
    `for (let i = 0; i < 300; i++) { console.log(i); ${DOOR}.displayBundle({ "text/plain": String(i) }); }`,
  );
  const shown = answer.output.flatMap((m) =>
    m.type === "stream"
      ? [m.content.text.trim()]
      : m.type === "display_data"
        ? [m.content.data["text/plain"]]
        : [],
  );
  assert.deepEqual(
    shown,
    Array.from({ length: 600 }, (_, i) => String(i >> 1)),
  );
});

test("more text than the ring holds arrives whole, with every kind of character", async () => {
  const answer = await kernel.execute(
    `const line = "é\u{1F600}x".repeat(5000); for (let i = 0; i < 60; i++) process.stdout.write(line);`,
  );
  assert.equal(printed(answer), "é\u{1F600}x".repeat(300_000));
});

test("half a surrogate pair is replaced, and a pair printed in two writes is whole", async () => {
  const answer = await kernel.execute(
    `console.log("a\\ud800b", "\\\\ud800"); process.stdout.write("\\ud83d"); process.stdout.write("\\ude00"); "\\udc00"`,
  );
  assert.equal(printed(answer), "a\ufffdb \\ud800\n\u{1F600}");
  assert.equal(error(await kernel.execute('throw new Error("x\\ud800")')).evalue, "x\ufffd");
});

test("late output belongs to the cell that made it, not to the one that runs", async () => {
  const early = await kernel.execute(
    `setTimeout(async () => { await null; console.log("late"); ${DOOR}.displayBundle({ "text/plain": "shown late" }) }, 100)`,
  );
  const busy = await kernel.execute('await new Promise((r) => setTimeout(r, 400)); console.log("own")');
  await until(() => sent(early, "display_data").length > 0);
  assert.equal(printed(early), "late\n");
  assert.equal(sent(early, "display_data")[0]?.content.data["text/plain"], "shown late");
  assert.equal(printed(busy), "own\n");
});

test("a request with buffers is answered", async () => {
  const answer = await kernel.request("kernel_info_request", {}, { buffers: [Buffer.from("abc")] });
  assert.equal(answer.reply.content.protocol_version, "5.4");
  assert.equal(answer.reply.content.debugger, true);
  assert.deepEqual(answer.reply.content.supported_features, ["debugger"]);
});

test("history by tail, range and search, with outputs, raw and unique", async () => {
  const count = (await kernel.execute("6 * 7")).reply.content.execution_count;
  await kernel.execute("%%time\n'timed'");
  await kernel.execute("6 * 7");
  await kernel.execute("'unstored'", { store_history: false });
  const ask = async (content: object) =>
    (await kernel.request("history_request", content)).reply.content.history;
  const plain = { output: false, raw: true };
  const tail = await ask({ ...plain, hist_access_type: "tail", n: 2 });
  assert.deepEqual(
    tail.map((h: unknown[]) => h.slice(1)),
    [
      [count + 1, "%%time\n'timed'"],
      [count + 2, "6 * 7"],
    ],
  );
  const range = { hist_access_type: "range", session: 0, start: count, stop: count + 2 };
  assert.equal((await ask({ ...plain, ...range })).length, 2);
  assert.deepEqual((await ask({ ...range, output: true, raw: true }))[0].slice(1), [count, ["6 * 7", "42"]]);
  assert.equal((await ask({ ...range, output: false, raw: false }))[1][2], "\n'timed'");
  const search = { ...plain, hist_access_type: "search", pattern: "6 ?*7" };
  assert.equal((await ask(search)).length, 2);
  assert.equal((await ask({ ...search, unique: true })).length, 1);
  assert.equal((await ask({ ...search, n: 1 }))[0][1], count + 2);
});

test("expressions of the front end are evaluated, and a failing one is told", async () => {
  const answer = await kernel.execute("const width7 = 3;", {
    user_expressions: {
      good: "width7 + 1",
      bad: "(() => { throw new RangeError('no') })()",
      wrong: "width7 +",
    },
  });
  const { good, bad, wrong } = answer.reply.content.user_expressions;
  assert.deepEqual([good.status, good.data["text/plain"]], ["ok", "4"]);
  assert.deepEqual([bad.status, bad.ename, bad.evalue], ["error", "RangeError", "no"]);
  assert.equal(wrong.status, "error");
  assert.equal(answer.reply.content.status, "ok");
});

const comm = (type: string, content: object, buffers: Uint8Array[] = []) =>
  kernel.request(type, content, { buffers, unanswered: true });

test("a comm for a target that nobody registered is closed; the widgets' handshake is answered", async () => {
  const unknown = await comm("comm_open", { comm_id: "u1", target_name: "nobody", data: {} });
  assert.deepEqual(
    sent(unknown, "comm_close").map((m) => m.content.comm_id),
    ["u1"],
  );
  await comm("comm_open", { comm_id: "w1", target_name: "jupyter.widget.control", data: {} });
  const asked = await comm("comm_msg", { comm_id: "w1", data: { method: "request_states" } });
  const [states] = sent(asked, "comm_msg");
  assert.deepEqual(states?.content.data, { method: "update_states", states: {}, buffer_paths: [] });
  const { reply } = await kernel.request("comm_info_request", {});
  assert.deepEqual(reply.content.comms, { w1: { target_name: "jupyter.widget.control" } });
  await comm("comm_close", { comm_id: "w1", data: {} });
  assert.deepEqual((await kernel.request("comm_info_request", {})).reply.content.comms, {});
});

test("a cell registers a target, and buffers pass both ways", async () => {
  const cell = await kernel.execute(
    `${DOOR}.registerComm("echo", (comm: any) => comm.onMessage(({ data, buffers }: any) => {
       console.log("heard", data.word); comm.send({ word: data.word.toUpperCase() }, { buffers: [buffers[0].map((b: number) => b + 1)] }); }));`,
  );
  await comm("comm_open", { comm_id: "e1", target_name: "echo", data: {} });
  const asked = await comm("comm_msg", { comm_id: "e1", data: { word: "hi" } }, [new Uint8Array([1, 2])]);
  await until(() => sent(cell, "comm_msg").length > 0);
  const [answer] = [...sent(cell, "comm_msg"), ...sent(asked, "comm_msg")];
  assert.deepEqual(answer?.content, { comm_id: "e1", data: { word: "HI" } });
  assert.deepEqual([...answer!.buffers[0]!], [2, 3]);
  assert.equal(printed(cell), "heard hi\n");
});

test("a widget opens its model, takes changes of the front end and is shown", async () => {
  const answer = await kernel.execute(
    `const counter = ${DOOR}.widget({ esm: "export default { render() {} }", value: 1 });
     counter.on("change:value", (v: number) => console.log("now", v)); counter`,
  );
  const [opened] = sent(answer, "comm_open");
  const { comm_id, target_name, data } = opened!.content;
  assert.equal(target_name, "jupyter.widget");
  assert.deepEqual([data.state._model_module, data.state.value], ["anywidget", 1]);
  const shown = answer.output.find((m) => m.type === "execute_result")?.content.data;
  assert.equal(shown["application/vnd.jupyter.widget-view+json"].model_id, comm_id);
  await comm("comm_msg", { comm_id, data: { method: "update", state: { value: 5 }, buffer_paths: [] } });
  await until(() => printed(answer) !== "");
  assert.equal(printed(answer), "now 5\n");
  const [update] = sent(await kernel.execute("counter.set('value', 9); counter.get('value')"), "comm_msg");
  assert.deepEqual(update?.content.data.state, { value: 9 });
  await comm("comm_open", { comm_id: "w2", target_name: "jupyter.widget.control", data: {} });
  const asked = await comm("comm_msg", { comm_id: "w2", data: { method: "request_states" } });
  assert.equal(sent(asked, "comm_msg")[0]?.content.data.states[comm_id].state.value, 9);
});

/** Runs a cell whose questions get `answers`, in order; the prompts that were asked. */
async function asking(code: string, ...answers: string[]): Promise<{ answer: Answer; asked: string[] }> {
  const asked: string[] = [];
  kernel.answerInput = ({ content }) => {
    asked.push(content.password ? `${content.prompt}(hidden)` : content.prompt);
    return answers.shift();
  };
  return { answer: await kernel.execute(code, { allow_stdin: true }), asked };
}

test("prompt, confirm, readline in both forms, lines and process.stdin ask the front end", async () => {
  const simple = await asking(
    `const g = globalThis as any; [g.prompt("name?"), g.prompt("size?", "4K"), g.confirm("sure?"), g.confirm("really?")]`,
    ...["Ann", "", "y", "no"],
  );
  assert.equal(result(simple.answer), "[ 'Ann', '4K', true, false ]");
  assert.deepEqual(simple.asked, ["name? ", "size? [4K] ", "sure? [y/N] ", "really? [y/N] "]);
  const classic = await asking(
    `import * as readline from "node:readline"; import * as later from "node:readline/promises";
     const one = readline.createInterface({ input: process.stdin, output: process.stdout });
     const first = await new Promise<string>((r) => one.question("first? ", r)); one.close();
     const two = later.createInterface(process.stdin, process.stdout);
     const second = await two.question("second? "); two.close(); [first, second]`,
    ...["a", "b"],
  );
  assert.equal(result(classic.answer), "[ 'a', 'b' ]");
  assert.deepEqual(classic.asked, ["first? ", "second? "]);
  assert.equal(printed(classic.answer), "", "the question is in the front end's field, not in the output");
  const lines = await asking(
    `const three = readline.createInterface({ input: process.stdin }); const got: string[] = [];
     for await (const line of three) { got.push(line); if (got.length === 2) break; } got`,
    ...["x", "y"],
  );
  assert.equal(result(lines.answer), "[ 'x', 'y' ]");
  const raw = await asking(
    `String(await new Promise((r) => process.stdin.once("data", r))).trim() + await ${DOOR}.input("key ", { password: true })`,
    ...["in", "secret"],
  );
  assert.match(result(raw.answer), /insecret/);
  assert.deepEqual(raw.asked, ["", "key (hidden)"]);
});

test("without input every question fails at once, with a clear error", async () => {
  for (const code of [
    `(globalThis as any).prompt("name?")`,
    `import * as readline from "node:readline"; const r1 = readline.createInterface({ input: process.stdin }); await new Promise<string>((r) => r1.question("q", r))`,
    `import * as later from "node:readline/promises"; await later.createInterface({ input: process.stdin }).question("q")`,
    `await new Promise((r) => process.stdin.once("data", r))`,
    `const r2 = readline.createInterface({ input: process.stdin }); for await (const line of r2) console.log(line)`,
  ]) {
    const started = performance.now();
    const answer = await kernel.execute(code, { allow_stdin: false });
    assert.equal(error(answer)?.ename, "NoInputError", code);
    assert.match(error(answer).evalue, /cannot ask for input/);
    assert.ok(performance.now() - started < 5000, code);
  }
});

test("an interrupt ends a wait for an answer, and a late answer goes nowhere", async () => {
  for (const code of ['(globalThis as any).prompt("wait")', `await ${DOOR}.input("wait")`]) {
    let running = Promise.resolve({} as Answer);
    await new Promise<void>((asked) => {
      kernel.answerInput = () => void asked();
      running = kernel.execute(code, { allow_stdin: true });
    });
    await kernel.interrupt();
    assert.equal(error(await running).ename, "Interrupted");
  }
  assert.equal(result(await kernel.execute("1 + 1")), "2");
});

test("a loop in a timer that its cell left behind can be interrupted", async () => {
  const begun = whenBegun(kernel);
  const cell = await kernel.execute(`setTimeout(() => { ${BEGINS} for (;;); }, 50)`);
  await begun;
  const stuck = kernel.execute("1 + 2");
  await kernel.interrupt();
  assert.equal(result(await stuck), "3");
  await until(() => printed(cell, "stderr") !== "");
  assert.match(printed(cell, "stderr"), /^Interrupted: code that ran after its cell was stopped/);
});

test("a program that a cell waits for can be interrupted, with the loop around it", async () => {
  for (const code of [
    `import { execSync } from "node:child_process"; execSync("echo it begins; sleep 60", { stdio: "inherit" })`,
    "%%bash\necho it begins; sleep 60",
    `import { spawn } from "node:child_process"; await new Promise((r) => { spawn("sleep", ["60"]).on("exit", r); ${BEGINS} })`,
  ]) {
    const { answer, ms } = await interruptedWhenBegun(kernel, code);
    assert.equal(answer.reply.content.status, "error", code);
    assert.ok(ms < 6000, code);
  }
});

test("an interrupt ends how a value is shown, and what listens to a comm, and the next cell runs", async () => {
  const endless = "[Symbol.for('nodejs.util.inspect.custom')]() { BEGINS for (;;); }";
  const never = "[Symbol.for('Jupyter.display')]: () => new Promise(() => { BEGINS })";
  for (const code of [`const hi: any = { ${endless} }; hi`, `({ ${never} })`]) {
    const { answer } = await interruptedWhenBegun(kernel, code.replace("BEGINS", BEGINS));
    assert.equal(error(answer)?.ename, "Interrupted");
    assert.equal(result(await kernel.execute("6 * 7")), "42");
  }
});

test("promises are shown as Node shows them, and a clock that a cell replaces aborts nothing", async () => {
  assert.equal(result(await kernel.execute("[Promise.resolve(3)]")), "[ Promise { 3 } ]");
  const timer = result(await kernel.execute("const t1 = setTimeout(() => {}, 1); clearTimeout(t1); t1"));
  assert.doesNotMatch(timer!, /kResourceStore|msg_id/);
  await kernel.execute("const now = Date.now; Date.now = () => Date.UTC(2030, 0, 1); throw new Error('x')");
  assert.equal(result(await kernel.execute("Date.now = now; 1")), "1");
});

test("what is thrown may throw when it is read: the kernel lives", async () => {
  const hostile =
    "{ [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('i') }, toString() { throw 1 } }";
  await kernel.execute(
    `setTimeout(() => { throw ${hostile} }, 1); await new Promise((r) => setTimeout(r, 50)); 1`,
  );
  assert.equal(result(await kernel.execute("6 * 7")), "42");
});

test("inherited output of programs is shown, of both streams, as it comes", async () => {
  const answer = await kernel.execute(
    `import { execFileSync, spawn, spawnSync } from "node:child_process";
     import { once } from "node:events"; import * as fs from "node:fs";
     spawnSync("sh", ["-c", "echo one; sleep 1; echo two; echo wrong >&2"], { stdio: "inherit" });
     execFileSync("echo", ["three"], { stdio: ["ignore", process.stdout, "pipe"] });
     await once(spawn("sh", ["-c", "echo four"], { stdio: "inherit" }), "close");
     fs.writeSync(1, "five\\n");`,
  );
  assert.equal(printed(answer), "one\ntwo\nthree\nfour\nfive\n");
  assert.equal(printed(answer, "stderr"), "wrong\n");
  const [first] = sent(answer, "stream");
  assert.equal(first?.content.text, "one\n", "the first line does not wait for the program's end");
});

test("output is cleared by console.clear and by the door", async () => {
  const answer = await kernel.execute(`console.log("a"); console.clear(); ${DOOR}.clearOutput(true)`);
  assert.deepEqual(
    sent(answer, "clear_output").map((m) => m.content),
    [{ wait: false }, { wait: true }],
  );
});

test("magics: time, html, javascript, bash, help, and one clear error for others", async () => {
  const timed = await kernel.execute("%%time\nconst timed8 = 8;\ntimed8");
  assert.match(printed(timed), /^CPU: user .* ms, system .*; wall .*s\n$/);
  assert.equal(result(timed), "8");
  const shown = async (code: string) => sent(await kernel.execute(code), "display_data")[0]?.content.data;
  assert.equal((await shown("%%html\n<b>x</b>"))["text/html"], "<b>x</b>");
  assert.equal((await shown("// js\n%%javascript\nalert(1)"))["application/javascript"], "alert(1)");
  const bash = await kernel.execute('%%bash\nname=x; echo "hello $name"; echo bad >&2; exit 3');
  assert.deepEqual([printed(bash), printed(bash, "stderr")], ["hello x\n", "bad\n"]);
  assert.match(error(bash).evalue, /^%%bash ended with exit status 3$/);
  for (const code of ["%whatever", "%%whatever\n1"])
    assert.equal(error(await kernel.execute(code)).ename, "UnknownMagic");
  const help = await kernel.execute("timed8?");
  assert.match(help.reply.content.payload[0].data["text/plain"], /timed8/);
  assert.equal(result(await kernel.execute("7\n% 4")), "3", "the operator stays an operator");
  const wrong = await kernel.execute("%%time\nlet x: number = 'a'");
  assert.match(error(wrong).evalue, /^line 2/, "lines keep their numbers");
});

test("%npm runs npm in the notebook's folder, and its failure is the cell's", async () => {
  const answer = await kernel.execute("%npm --version\n'then'");
  assert.match(printed(answer), /^\d+\.\d+\.\d+\n$/);
  assert.match(result(answer), /then/);
  assert.equal((await kernel.execute("%npm no-such-command")).reply.content.status, "error");
});

test("%npm install installs beside the notebook, and tells of a loaded package that stays old", async () => {
  // tar and npm pack nothing from a registry: the package is a file.
  const answer = await kernel.execute(
    `import { execSync } from "node:child_process"; import * as files from "node:fs";
     files.mkdirSync("project/notes", { recursive: true }); files.writeFileSync("project/package.json", "{}");
     for (const version of ["1.0.0", "2.0.0"]) {
       files.mkdirSync("package", { recursive: true }); files.writeFileSync("package/index.js", "");
       files.writeFileSync("package/package.json", JSON.stringify({ name: "kept-old", version, main: "index.js" }));
       execSync(\`tar czf project/v\${version[0]}.tgz package\`);
     }
     process.chdir("project/notes");`,
  );
  assert.equal(answer.reply.content.status, "ok", JSON.stringify(answer.reply.content));
  assert.equal((await kernel.execute("%npm install ../v1.tgz")).reply.content.status, "ok");
  const load =
    'require(process.cwd() + "/node_modules/kept-old"); files.readFileSync("../package.json", "utf8")';
  assert.equal(result(await kernel.execute(load)), "'{}'", "the project above is as it was");
  const upgraded = await kernel.execute("%npm install ../v2.tgz\nprocess.chdir('../..')");
  assert.equal(
    printed(upgraded, "stderr"),
    "kept-old 1.0.0 is loaded and stays in use; 2.0.0 after a restart of the kernel\n",
  );
});

test("the kernel's own errors have no frames; types are known to help; a question is a whole cell", async () => {
  for (const code of ["nonsense77?", "%npm", "%nonsense", "%%bash\nexit 3"])
    assert.deepEqual(
      error(await kernel.execute(code)).traceback.filter((l: string) => / at /.test(l)),
      [],
      code,
    );
  await kernel.execute("interface Shape77 { side: number }; type Side77 = 'left' | 'right';");
  for (const [name, shown] of [
    ["Shape77", /interface Shape77/],
    ["Side77", /type Side77 = "left" | "right"/],
  ] as const)
    assert.match((await kernel.execute(`${name}?`)).reply.content.payload[0].data["text/plain"], shown);
  const asked = await kernel.request("is_complete_request", { code: "Shape77?" });
  assert.equal(asked.reply.content.status, "complete");
  const { reply } = await kernel.request("complete_request", { code: "%ls", cursor_pos: 3 });
  assert.deepEqual([reply.content.matches, reply.content.cursor_start], [["%lsmagic"], 0]);
});

test("completion and hover see the code below magics at its own place", async () => {
  const code = "%%time\nconst inside9 = 1;\ninside9.toFi";
  const { reply } = await kernel.request("complete_request", { code, cursor_pos: code.length });
  assert.ok(reply.content.matches.some((one: string) => one.startsWith("toFixed")));
  assert.equal(reply.content.cursor_end, code.length);
});

test("programs end with the kernel, except detached ones; so do their own", async () => {
  const own = await KernelClient.start(scratch);
  const answer = await own.execute(
    `import { spawn } from "node:child_process";
     const plain = spawn("sleep", ["300"]); const shell = spawn("sh", ["-c", "sleep 301 & echo $!; wait"]);
     const free = spawn("sleep", ["302"], { detached: true, stdio: "ignore" }); free.unref();
     const inner = Number(String(await new Promise((r) => shell.stdout.once("data", r))));
     [plain.pid, shell.pid, inner, free.pid]`,
  );
  const [plain, shell, inner, free] = result(answer).match(/\d+/g).map(Number);
  assert.ok([plain, shell, inner, free].every(isAlive));
  await own.stop();
  await until(() => ![plain, shell, inner].some(isAlive));
  assert.deepEqual([plain, shell, inner].map(isAlive), [false, false, false]);
  assert.equal(isAlive(free), true);
  process.kill(free);
});

test("process.exit ends the kernel with its output sent, and is told", async () => {
  for (const code of [0, 3]) {
    const own = await KernelClient.start(scratch);
    const answer = await own.execute(
      `process.on("exit", () => console.log("at the end")); console.log("last words"); process.exit(${code})`,
    );
    assert.equal(printed(answer), "last words\nat the end\n");
    assert.equal(error(answer).evalue, `process.exit(${code}) ended the kernel`);
    assert.deepEqual(await own.ended, { code, signal: null, stderr: "" });
    await own.stop();
  }
});

test("the JavaScript kernel is the same, without types", async () => {
  const own = await KernelClient.start(scratch, kernelSpec("javascript").argv);
  try {
    const { reply } = await own.request("kernel_info_request", {});
    assert.deepEqual(
      [reply.content.language_info.name, reply.content.language_info.file_extension],
      ["javascript", ".js"],
    );
    assert.equal(result(await own.execute("const n = 1;\nlet m = n.notThere; m === undefined")), "true");
    assert.equal(error(await own.execute("undeclared")).ename, "ReferenceError");
  } finally {
    await own.stop();
  }
});

test("%reset forgets what cells declared", async () => {
  await kernel.execute("const forgotten = [1, 2]");
  assert.equal((await kernel.execute("%reset")).reply.content.status, "ok");
  assert.match(error(await kernel.execute("forgotten")).evalue, /Cannot find name 'forgotten'/);
  assert.equal(result(await kernel.execute('const forgotten: string = "new"; forgotten.length')), "3");
});

test("prompt and confirm are known to the compiler", async () => {
  const { answer } = await asking(
    'const typed: string = prompt("name?"); const sure: boolean = confirm("?"); sure',
    "x",
    "y",
  );
  assert.equal(result(answer), "true");
});
