/** The notebook kernel spoken to in Jupyter's own protocol: everything stock tslab gets wrong, one test each. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test, { after, before } from "node:test";
import "../support/clean-environment";
import { type Answer, KernelClient } from "../../kernel-setup/kernel-client";
import { isAlive } from "../support/alive";
import { BEGINS, interruptedWhenBegun, printed, whenBegun } from "../support/kernel";

const ROOT = resolve(__dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "pageblock-kernel-test-"));
let kernel: KernelClient;
before(async () => {
  kernel = await KernelClient.start(scratch);
});
after(async () => {
  await kernel?.stop();
  rmSync(scratch, { recursive: true, force: true });
});

const result = ({ output }: Answer) => output.find((m) => m.type === "execute_result")?.content;
const errors = ({ output }: Answer) => output.filter((m) => m.type === "error").map((m) => m.content);
const LINES = 20_000;
const PRINT_LINES = `for (let i = 0; i < ${LINES}; i++) console.log("line " + i);`;
const ALL_LINES = Array.from({ length: LINES }, (_, i) => `line ${i}\n`).join("");

/** Runs `code`, interrupts it when it has begun, and expects the cell to have ended with an error soon. */
async function interrupted(code: string): Promise<void> {
  const { answer, ms } = await interruptedWhenBegun(kernel, code);
  assert.equal(answer.reply.content.status, "error");
  assert.equal(errors(answer)[0].ename, "Interrupted");
  assert.ok(ms < 5000, "the interrupt took more than 5 s");
  const next = await kernel.execute("await new Promise((r) => setTimeout(r, 1)); 40 + 2");
  assert.equal(result(next).data["text/plain"], "42", "the kernel works after the interrupt");
}

test("20,000 lines printed in one cell arrive complete", async () => {
  assert.equal(printed(await kernel.execute(PRINT_LINES)), ALL_LINES);
});

test("20,000 lines printed one write each after an await, with pauses, arrive complete and in order", async () => {
  const answer = await kernel.execute(
    `for (let i = 0; i < ${LINES}; i++) { console.log("line " + i); if (i % 5000 === 0) await new Promise((r) => setTimeout(r, 30)); }`,
  );
  assert.equal(printed(answer), ALL_LINES);
});

test("printed text is sent while a loop runs that never yields", async () => {
  const { output } = await kernel.execute(
    `let next = Date.now(); const until = next + 1500;
     while (Date.now() < until) if (Date.now() >= next) { process.stdout.write("."); next += 100; }`,
  );
  assert.ok(output.filter((m) => m.type === "stream").length > 3);
});

test("stdout, stderr and displays keep their order", async () => {
  const { output } = await kernel.execute(
    `import * as tslab from "tslab"; console.log("a"); console.error("b"); tslab.display.html("<i>c</i>"); console.log("d")`,
  );
  const kinds = output.filter((m) => !["status", "execute_input"].includes(m.type));
  assert.deepEqual(
    kinds.map((m) => m.content.name ?? m.type),
    ["stdout", "stderr", "display_data", "stdout"],
  );
});

test("bytes printed that end within a character are joined", async () => {
  const answer = await kernel.execute(
    `const bytes = Buffer.from("né"); process.stdout.write(bytes.subarray(0, 2)); process.stdout.write(bytes.subarray(2));`,
  );
  assert.equal(printed(answer), "né");
});

test("a failing cell sends an error message and an error reply with its count", async () => {
  const before = (await kernel.execute("0")).reply.content.execution_count;
  const code =
    'const kept = 1;\nfunction refuse(): never {\n  throw new RangeError("cma: size must be > 0");\n}\nrefuse();';
  const answer = await kernel.execute(code);
  const [error] = errors(answer);
  assert.equal(error.ename, "RangeError");
  assert.equal(error.evalue, "cma: size must be > 0");
  assert.equal(error.traceback[0], "RangeError: cma: size must be > 0");
  assert.match(error.traceback[1], new RegExp(`at refuse \\(In\\[${before + 1}\\] line 3, column 9\\)`));
  const { status, execution_count, ename } = answer.reply.content;
  assert.deepEqual([status, execution_count, ename], ["error", before + 1, "RangeError"]);
  assert.equal(printed(answer, "stderr"), "", "nothing is printed besides");
});

test("an asynchronous failure, a cause and a thrown text are told", async () => {
  const late = await kernel.execute(
    'await Promise.reject(new Error("outer", { cause: new TypeError("inner") }))',
  );
  assert.equal(errors(late)[0].evalue, "outer");
  assert.ok(errors(late)[0].traceback.includes("caused by TypeError: inner"));
  const text = await kernel.execute('throw "plain text"');
  assert.deepEqual([errors(text)[0].ename, errors(text)[0].evalue], ["Thrown", "plain text"]);
});

test("a cell that does not compile fails, with line and column as the user wrote them", async () => {
  const answer = await kernel.execute('await (1); const wrong: number = "text";\nconst other = missing;');
  const [error] = errors(answer);
  assert.equal(error.ename, "CompileError");
  assert.match(error.evalue, /^line 1:18: Type 'string' is not assignable/);
  assert.ok(error.traceback.some((l: string) => l.startsWith("line 2:15: Cannot find name 'missing'")));
});

test("execution counts rise by one and are sent before and with the result", async () => {
  const first = await kernel.execute("1 + 1");
  const second = await kernel.execute("2 + 2");
  const count = first.reply.content.execution_count;
  assert.equal(second.reply.content.execution_count, count + 1);
  assert.equal(second.output.find((m) => m.type === "execute_input")?.content.execution_count, count + 1);
  assert.equal(result(second).execution_count, count + 1);
  const silent = await kernel.execute("3 + 3", { silent: true, store_history: false });
  assert.equal(silent.reply.content.execution_count, count + 1);
});

for (const [code, shown] of [
  ["await (Promise.resolve(5))", "5"],
  ["await [1, 2]", "[ 1, 2 ]"],
  ["(await Promise.resolve(6))", "6"],
  ["const { x } = await (Promise.resolve({ x: 7 })); x", "7"],
  ["let sum = 0;\nfor await (const n of [1, Promise.resolve(2)]) sum += n;\nsum", "3"],
  ["if (true) { await (0); }\n8", "8"],
] as const)
  test(`top-level await: ${code.replaceAll("\n", " ")}`, async () => {
    const answer = await kernel.execute(code);
    assert.deepEqual(errors(answer), []);
    assert.equal(result(answer).data["text/plain"], shown);
  });

test("a shorthand property takes the value of another cell's variable", async () => {
  await kernel.execute("const width4 = 3;\nlet tall4 = [1];");
  const answer = await kernel.execute(
    "const made4 = [1].map((deep4) => ({ width4, tall4, deep4 }));\nmade4[0]",
  );
  assert.deepEqual(errors(answer), []);
  assert.equal(result(answer).data["text/plain"], "{ width4: 3, tall4: [ 1 ], deep4: 1 }");
  const wrong = await kernel.execute("const bad4: { width4: string } = { width4 };");
  assert.equal(errors(wrong).length, 1);
});

test("a lone for await works", async () => {
  const answer = await kernel.execute("for await (const n of [1, 2]) console.log(n)");
  assert.deepEqual(errors(answer), []);
  assert.equal(printed(answer), "1\n2\n");
});

test("await inside functions does not make a cell asynchronous; variables last", async () => {
  await kernel.execute("const later = async () => { for await (const n of [9]) return n; }; let kept9 = 9;");
  assert.equal(result(await kernel.execute("await (later())")).data["text/plain"], "9");
  assert.equal(result(await kernel.execute("kept9")).data["text/plain"], "9");
});

test("interrupt: a loop", () => interrupted(`${BEGINS} while (true) {}`));
test("interrupt: a loop after an await", () =>
  interrupted(`await new Promise((r) => setTimeout(r, 10)); ${BEGINS} while (true) {}`));
test("interrupt: a wait that never ends", () => interrupted(`${BEGINS} await new Promise(() => {})`));
test("interrupt: a loop of awaits that never lets go", () => interrupted(`${BEGINS} for (;;) await null`));
test("interrupt: a loop in a timer's callback", () =>
  interrupted(`setTimeout(() => { ${BEGINS} while (true) {} }, 1); await new Promise(() => {})`));

test("interrupt: a sweep under way ends with its workers, and the cell goes no further", async () => {
  await interrupted(
    `import { sweep, range } from "pageblock";
     const long = { machine: { board: "qemu-virt", memory: "256MiB" }, workload: { kind: "kernelBuild", duration: "100h" }, strategy: { name: "cma" }, request: { size: "4MiB" } };
     const atStart = process.cpuUsage().user;
     const work = setInterval(() => {
       if (process.cpuUsage().user < atStart + 1_500_000) return;
       clearInterval(work);
       ${BEGINS}
     }, 20);
     await sweep(long).over({ seed: range(1, 100) }).store("none").run();
     console.log("went on");`,
  );
  const left = await kernel.execute(
    `const pause = (ms: number) => new Promise((r) => setTimeout(r, ms));
     await pause(2000);
     const before = process.cpuUsage();
     await pause(1500);
     const used = process.cpuUsage(before);
     (used.user + used.system) / 1e6 < 0.75 ? "quiet" : "still working"`,
  );
  assert.equal(result(left)?.data["text/plain"], "'quiet'", "threads that went on would have used seconds");
  assert.doesNotMatch(printed(left), /went on/);
});

test("interrupt: a module that was being loaded is loaded anew by the next import", async () => {
  const path = join(scratch, "slow.cjs");
  writeFileSync(path, `${BEGINS}\nwhile (globalThis.patience === undefined) {}\nexports.whole = 'yes';\n`);
  await interrupted(`require(${JSON.stringify(path)})`);
  const again = await kernel.execute(
    `(globalThis as any).patience = 1; require(${JSON.stringify(path)}).whole`,
  );
  assert.deepEqual(errors(again), []);
  assert.equal(result(again)?.data["text/plain"], "'yes'");
});

test("interrupt: tells the line, and keeps every slow round", async () => {
  const { answer } = await interruptedWhenBegun(
    kernel,
    `let worked = 0; function work() { const until = Date.now() + 30; while (Date.now() < until); if (++worked === 10) ${BEGINS} }\nlet rounds = 0.5;\nfor (;;) { rounds += 1; work(); }`,
  );
  const [error] = errors(answer);
  assert.match(error.traceback.at(-1), /^ {4}at In\[\d+\] line 3, column \d+$/);
  const { data } = result(await kernel.execute("rounds"));
  assert.ok(Number(data["text/plain"]) > 5, `it stands at the beginning of the loop: ${data["text/plain"]}`);
});

test("errors of the kernel itself show no frames", async () => {
  for (const code of ["unknownName?", "%npm"])
    assert.equal(errors(await kernel.execute(code))[0].traceback.length, 1, code);
});

test("interrupt: what a loop had counted stays", async () => {
  await interrupted(`let counted = 0.5; ${BEGINS} for (;;) counted += 1;`);
  assert.equal(result(await kernel.execute("counted > 1000")).data["text/plain"], "true");
});

test("an interrupt with nothing running does no harm", async () => {
  await kernel.interrupt();
  assert.equal(result(await kernel.execute("1")).data["text/plain"], "1");
});

test("cells asked for before a failure are aborted, later ones run", async () => {
  const cells = ["await new Promise((r) => setTimeout(r, 100)); throw new Error('first')", "1", "2"];
  const answers = await Promise.all(cells.map((c) => kernel.execute(c)));
  assert.deepEqual(
    answers.map((a) => a.reply.content.status),
    ["error", "aborted", "aborted"],
  );
  assert.equal((await kernel.execute("3")).reply.content.status, "ok");
  const kept = await Promise.all(cells.map((c) => kernel.execute(c, { stop_on_error: false })));
  assert.deepEqual(
    kept.map((a) => a.reply.content.status),
    ["error", "ok", "ok"],
  );
});

test("an error outside any cell is printed to the last one and the kernel lives", async () => {
  const answer = await kernel.execute(
    'setTimeout(() => { throw new Error("late") }, 5); await new Promise((r) => setTimeout(r, 100))',
  );
  assert.match(printed(answer, "stderr"), /^Error: late\n/);
});

test("the package is importable by its name wherever Jupyter was started", async () => {
  const answer = await kernel.execute('import { parseSize } from "pageblock"; parseSize("64K", "size")');
  assert.deepEqual(errors(answer), []);
  assert.equal(result(answer).data["text/plain"], "65536");
  const sub = await kernel.execute('import { show } from "pageblock/notebook"; typeof show');
  assert.equal(result(sub).data["text/plain"], "'function'");
});

test("wrong arguments to the package are found by the compiler", async () => {
  const answer = await kernel.execute('import { parseSize as p } from "pageblock"; p({}, 1)');
  assert.equal(errors(answer)[0].ename, "CompileError");
});

test("the package's dependencies are importable, and Node's own modules with their types", async () => {
  const answer = await kernel.execute(
    'import _ from "lodash"; import { readFileSync } from "node:fs"; [_.sum([1, 2]), typeof readFileSync]',
  );
  assert.deepEqual(errors(answer), []);
  assert.equal(result(answer).data["text/plain"], "[ 3, 'function' ]");
});

test("a notebook's own modules are importable from its folder", async () => {
  writeFileSync(join(scratch, "helper.ts"), "export const helped: string = 'yes';\n");
  const answer = await kernel.execute('import { helped } from "./helper"; helped');
  assert.deepEqual(errors(answer), []);
  assert.equal(result(answer).data["text/plain"], "'yes'");
});

test("completion and hover, also after an await and after a character outside the basic plane", async () => {
  await kernel.execute('import { parseSize } from "pageblock"');
  const complete = async (code: string) =>
    (await kernel.request("complete_request", { code, cursor_pos: Array.from(code).length })).reply.content;
  const plain = await complete("parseSi");
  assert.ok(plain.matches.includes("parseSize"));
  assert.deepEqual([plain.cursor_start, plain.cursor_end], [0, 7]);
  const wide = await complete("await (0); '\u{1F600}'; parseSi");
  assert.ok(wide.matches.includes("parseSize"));
  assert.deepEqual([wide.cursor_start, wide.cursor_end], [16, 23]);
  const hover = await kernel.request("inspect_request", {
    code: "parseSize",
    cursor_pos: 3,
    detail_level: 0,
  });
  assert.match(
    hover.reply.content.data["text/plain"],
    /function parseSize\(size: Size, what: string\): number/,
  );
  assert.match(hover.reply.content.data["text/plain"], /Bytes of/);
});

test("the fluent machine completes and explains itself", async () => {
  assert.deepEqual(errors(await kernel.execute('import { machine } from "pageblock"')), []);
  const code = 'machine("raspberry-pi-3").pa';
  const { reply } = await kernel.request("complete_request", { code, cursor_pos: code.length });
  assert.ok(reply.content.matches.includes("pageSize"));
  const whole = 'machine("raspberry-pi-3").pageSize("64K")';
  const asked = { code: whole, cursor_pos: whole.indexOf("pageSize") + 2, detail_level: 0 };
  const hover = (await kernel.request("inspect_request", asked)).reply.content.data["text/plain"];
  assert.match(hover, /\(method\) MachineDescription\.pageSize\(/);
  assert.ok(hover.split("\n").length > 2, "the doc comment is shown");
  const wrong = await kernel.execute('machine("raspberry-pi-3").cma("0")');
  assert.equal(errors(wrong)[0].ename, "InputError", errors(wrong)[0].traceback.join("\n"));
  assert.match(errors(wrong)[0].evalue, /cma: size must be > 0/);
});

test("strategies and workloads complete their names, parameters and allowed values, and say what a parameter means", async () => {
  await kernel.execute('import { strategies, workload } from "pageblock"');
  const matches = async (code: string): Promise<string[]> =>
    (await kernel.request("complete_request", { code, cursor_pos: code.length })).reply.content.matches;
  assert.ok((await matches("strategies.cm")).includes("cma4k"));
  assert.ok((await matches("workload.kern")).includes("kernelBuild"));
  assert.ok((await matches("strategies.cma({ ar")).includes("area"));
  assert.ok((await matches("workload.kernelBuild({ jo")).includes("jobs"));
  assert.ok((await matches('strategies.iommu({ mode: "')).includes("odp"));
  assert.ok((await matches('workload.pinPages({ term: "')).includes("short"));
  const hover = async (code: string, word: string): Promise<string> => {
    const asked = { code, cursor_pos: code.indexOf(word) + 1, detail_level: 0 };
    return (await kernel.request("inspect_request", asked)).reply.content.data["text/plain"];
  };
  assert.match(
    await hover('strategies.cma({ area: "64M" })', "area"),
    /bytes of the area; `auto`: twice the request/,
  );
  assert.match(
    await hover("workload.kernelBuild({ jobs: 2 })", "jobs"),
    /compilers at a time; compilers; default 8/,
  );
  assert.match(await hover("strategies.cma()", "cma"), /An area reserved at boot/);
  assert.match(await hover("workload.kernelBuild()", "kernelBuild"), /Compilers run side by side/);
  const wrong = await kernel.execute("strategies.cma({ aera: 1 })");
  assert.match(errors(wrong)[0].traceback.join("\n"), /'aera' does not exist in type/);
});

test("front ends get answers of the right name to what they ask at start", async () => {
  for (const [asked, channel] of [
    ["kernel_info", "shell"],
    ["kernel_info", "control"],
    ["comm_info", "shell"],
    ["history", "shell"],
  ] as const) {
    const { reply } = await kernel.request(`${asked}_request`, {}, { channel });
    assert.equal(reply.type, `${asked}_reply`);
    assert.equal(reply.content.status, "ok");
  }
  const { reply } = await kernel.request("is_complete_request", { code: "function f() {" });
  assert.equal(reply.content.status, "incomplete");
});

test("a bundle of several MIME types is one message, and can be replaced by its id", async () => {
  const door = '(globalThis as any)[Symbol.for("pageblock.kernel")]';
  const { output } = await kernel.execute(
    `${door}.displayBundle({ "text/plain": "p", "image/png": new Uint8Array([1, 2]) }, { "image/png": { width: 5 } }, { display_id: "d" });
     ${door}.updateDisplay("d", { "text/plain": "q" });`,
  );
  const [shown, updated] = output.filter((m) => m.type.endsWith("display_data"));
  assert.deepEqual(shown?.content, {
    data: { "text/plain": "p", "image/png": "AQI=" },
    metadata: { "image/png": { width: 5 } },
    transient: { display_id: "d" },
  });
  assert.equal(updated?.type, "update_display_data");
  assert.deepEqual(updated?.content.transient, { display_id: "d" });
});

test("a value that knows its display is shown so", async () => {
  const code =
    '({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<u>x</u>", "text/plain": "x" }) })';
  const answer = await kernel.execute(code);
  assert.deepEqual(result(answer).data, { "text/html": "<u>x</u>", "text/plain": "x" });
  const broken = await kernel.execute('({ [Symbol.for("Jupyter.display")]() { throw new Error("no") } })');
  assert.equal(errors(broken)[0].evalue, "no");
});

test("shutting down ends the process, even one that is stuck", async () => {
  const quiet = await KernelClient.start(scratch);
  await quiet.execute("setInterval(() => {}, 1000)");
  await quiet.stop();
  assert.equal(isAlive(quiet.pid), false);
  const stuck = await KernelClient.start(scratch);
  const begun = whenBegun(stuck);
  stuck.execute(`${BEGINS} while (true) {}`).catch(() => {});
  await begun;
  const asked = performance.now();
  await stuck.stop();
  assert.ok(performance.now() - asked < 4500, "it had to be killed from outside");
  assert.equal(isAlive(stuck.pid), false);
});

test("stock tslab imports the package from node_modules, and has the faults repaired here", async () => {
  const folder = join(scratch, "project");
  mkdirSync(join(folder, "node_modules"), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{"name": "project"}');
  symlinkSync(ROOT, join(folder, "node_modules", "pageblock"), "junction");
  const tslab = join(ROOT, "node_modules", "tslab", "bin", "tslab");
  const argv = [process.execPath, tslab, "kernel", "--config-path", "{connection_file}"];
  const stock = await KernelClient.start(folder, argv);
  try {
    const imported = await stock.execute('import { parseSize } from "pageblock"; parseSize("64K", "size")');
    assert.equal(printed(imported), "65536\n", JSON.stringify(imported));
    assert.deepEqual(errors(await stock.execute('throw new Error("x")')), [], "no error message");
    await new Promise((done) => setTimeout(done, 300)); // it aborts whatever comes sooner
    const lost = new Promise<undefined>((done) => setTimeout(() => done(undefined), 5000));
    const answer = await Promise.race([stock.execute(PRINT_LINES).catch(() => undefined), lost]);
    assert.notEqual(answer === undefined ? "" : printed(answer), ALL_LINES, "the output was cut short");
  } finally {
    await stock.stop();
  }
});

test("the kernel's version is the package's", async () => {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const { reply } = await kernel.request("kernel_info_request", {});
  assert.equal(reply.content.implementation_version, version);
  assert.equal(reply.content.language_info.name, "typescript");
});
