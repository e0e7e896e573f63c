/** The debugger over the wire: stops, stacks, variables, steps, exceptions, interrupts. One kernel, many cells. */
import assert from "node:assert/strict";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after, afterEach, before } from "node:test";
import "../../support/clean-environment";
import { KernelClient } from "../../../kernel-setup/kernel-client";
import { DebugClient, failure, result } from "./client";

const scratch = realpathSync(mkdtempSync(join(tmpdir(), "pageblock-debug-test-")));
let kernel: KernelClient;
let debug: DebugClient;
before(async () => {
  kernel = await KernelClient.start(scratch);
  debug = new DebugClient(kernel);
});
after(async () => {
  await kernel?.stop();
  rmSync(scratch, { recursive: true, force: true });
});
afterEach(async () => {
  await debug.body("disconnect", { restart: false });
});

test("a breakpoint set before the cell runs stops it, shows its stack and variables, and lets it end", async () => {
  await debug.attach();
  const code = [
    "function sum(list: number[]): number {",
    "  let total = 0;",
    "  for (const one of list) {",
    "    total += one;",
    "  }",
    "  return total;",
    "}",
    "const list = [2, 3, 4];",
    "sum(list)",
  ].join("\n");
  const path = await debug.breakIn(code, 4);
  const cell = kernel.execute(code);
  const { reason, stack, frames } = await debug.stopped();
  assert.equal(reason, "breakpoint");
  assert.match(stack.join(" "), /^sum:4 In\[\d+\]:9$/);
  assert.equal(frames[0].source.path, path);
  assert.deepEqual(await debug.variables(frames[0].id), {
    one: "2",
    total: "0",
    list: "(3) [2, 3, 4]",
  });
  assert.equal((await debug.variables(frames[0].id, "Globals")).sum, "ƒ (list)");
  const again = await debug.step("continue");
  assert.deepEqual((await debug.variables(again.frames[0].id)).total, "2");
  const stepped = await debug.step("next");
  assert.deepEqual((await debug.variables(stepped.frames[0].id)).total, "5");
  const evaluated = await debug.body("evaluate", {
    expression: "(total as number) * 2 + list.length",
    frameId: stepped.frames[0].id,
    context: "repl",
  });
  assert.equal(evaluated.result, "13");
  await debug.breakAt(path);
  assert.equal(await debug.finish(cell), "9");
});

test("steps go line by line as typed, into functions of earlier cells and out of them", async () => {
  const earlier = "function double(n: number) {\n  const twice = n * 2;\n  return twice;\n}";
  await kernel.execute(earlier);
  await debug.attach();
  const code = "let a = 1;\nlet b = double(a);\nif (b > 1) {\n  a = b + 1;\n}\n\na + b";
  await debug.breakIn(code, 1);
  const cell = kernel.execute(code);
  const name = (await debug.stopped()).stack[0]!.split(":")[0];
  const seen: string[] = [];
  for (const how of ["next", "stepIn", "next", "stepOut", "next", "next"]) {
    const { stack, reason } = await debug.step(how);
    assert.equal(reason, "step");
    seen.push(stack.join(" ").replaceAll(name!, "cell"));
  }
  assert.deepEqual(seen, ["cell:2", "double:2 cell:2", "double:3 cell:2", "cell:3", "cell:4", "cell:7"]);
  assert.equal(await debug.finish(cell), "5");
});

test("a breakpoint in a function of an earlier cell holds, also for a cell that ran before the debugger came", async () => {
  const earlier =
    "const rates = new Map([['a', 2]]);\nfunction price(key: string) {\n  return rates.get(key)! * 10;\n}";
  await kernel.execute(earlier);
  await debug.attach();
  await debug.breakIn(earlier, 3);
  const cell = kernel.execute("price('a') + 1");
  const { stack, frames } = await debug.stopped();
  assert.match(stack.join(" "), /^price:3 In\[\d+\]:1$/);
  assert.deepEqual(await debug.variables(frames[0].id), { key: '"a"' });
  const { variables } = await debug.body("variables", {
    variablesReference: (await debug.body("scopes", { frameId: frames[0].id })).scopes[1].variablesReference,
  });
  const rates = variables.find((one: { name: string }) => one.name === "rates");
  assert.equal(rates.value, 'Map(1) {"a" => 2}');
  assert.deepEqual(await debug.open(rates.variablesReference), { '"a" =>': "2" });
  assert.equal(await debug.finish(cell), "21");
});

test("a breakpoint stays with its cell when that runs again, and moves from lines where nothing runs", async () => {
  await debug.attach();
  const code = "interface Point {\n  x: number;\n}\n\n// a point\nconst point: Point = { x: 3 };\npoint.x";
  const { sourcePath } = await debug.body("dumpCell", { code });
  assert.deepEqual(await debug.breakAt(sourcePath, 2), [6]);
  for (let run = 0; run < 2; run++) {
    const cell = kernel.execute(code);
    assert.match((await debug.stopped()).stack[0]!, /:6$/);
    assert.equal(await debug.finish(cell), "3");
  }
  const info = await debug.body("debugInfo");
  assert.deepEqual(info.breakpoints, [{ source: sourcePath, breakpoints: [{ line: 6 }] }]);
});

test("a condition decides, in TypeScript and with the names as typed", async () => {
  await debug.attach();
  const code = "for (let i = 0; i < 5; i++) {\n  console.log(i);\n}";
  const { sourcePath: path } = await debug.body("dumpCell", { code });
  const breakpoints = [{ line: 2, condition: "(i as number) === 3" }];
  await debug.body("setBreakpoints", { source: { path }, breakpoints });
  const cell = kernel.execute(code);
  const { frames } = await debug.stopped();
  assert.equal((await debug.variables(frames[0].id)).i, "3");
  await debug.finish(cell);
});

test("variables of loops and names that Node has too are shown as typed", async () => {
  await debug.attach();
  const code =
    "const process = { x: 1 };\nlet total = 0.5;\nfor (let i = 0; i < 3; i++) {\n  total += process.x;\n}\ntotal";
  await debug.breakIn(code, 4);
  const cell = kernel.execute(code);
  await debug.stopped();
  const { frames } = await debug.step("continue");
  const locals = await debug.variables(frames[0].id);
  assert.deepEqual([locals.total, locals.i, locals.process], ["1.5", "1", "{x: 1}"]);
  assert.deepEqual(
    Object.keys(locals).filter((name) => name.includes("$")),
    [],
  );
  const evaluate = async (expression: string) =>
    (await debug.body("evaluate", { expression, frameId: frames[0].id })).result;
  assert.equal(await evaluate("total + process.x"), "2.5");
  assert.equal(await evaluate("({ process, total })"), "{process: {…}, total: 1.5}".replace("{…}", "Object"));
  const wrong = await debug.ask("evaluate", { expression: "total +", frameId: frames[0].id });
  assert.deepEqual([wrong.success, wrong.message], [false, "Expression expected."]);
  const thrown = await debug.ask("evaluate", { expression: "missing", frameId: frames[0].id });
  assert.deepEqual([thrown.success, thrown.message], [false, "ReferenceError: missing is not defined"]);
  await debug.body("setBreakpoints", { source: frames[0].source, breakpoints: [] });
  assert.equal(await debug.finish(cell), "3.5");
});

test("awaits keep the stack: who waits is shown, and steps go over them", async () => {
  await debug.attach();
  const code = [
    "async function later(n: number) {",
    "  await new Promise((done) => setTimeout(done, 5));",
    "  return n + 1;",
    "}",
    "const got = await later(1);",
    "got",
  ].join("\n");
  await debug.breakIn(code, 2);
  const cell = kernel.execute(code);
  await debug.stopped();
  const { stack } = await debug.step("next");
  assert.match(stack.join(" "), /^later:3 In\[\d+\] \(waits\):5$/);
  assert.equal(await debug.finish(cell), "2");
});

test("exceptions that nobody catches stop a program where they are thrown; all do if asked", async () => {
  await debug.attach();
  await debug.body("setExceptionBreakpoints", { filters: ["uncaught"] });
  const code = [
    "function check(n: number) {",
    '  if (n > 1) throw new RangeError("too large: " + n);',
    "}",
    "try {",
    "  check(2);",
    "} catch {}",
    "check(3);",
  ].join("\n");
  const first = kernel.execute(code);
  const { reason, stack, frames } = await debug.stopped();
  assert.equal(reason, "exception");
  assert.match(stack.join(" "), /^check:2 In\[\d+\]:7$/);
  assert.equal((await debug.variables(frames[0].id)).n, "3");
  const info = await debug.body("exceptionInfo", { threadId: 1 });
  assert.deepEqual([info.exceptionId, info.description], ["RangeError", "RangeError: too large: 3"]);
  await debug.body("continue");
  assert.equal(failure(await first).evalue, "too large: 3");
  await debug.body("setExceptionBreakpoints", { filters: ["all"] });
  const second = kernel.execute(code);
  assert.match((await debug.stopped()).stack.join(" "), /^check:2 In\[\d+\]:5$/);
  assert.match((await debug.step("continue")).stack.join(" "), /^check:2 In\[\d+\]:7$/);
  await debug.body("continue");
  await second;
  await debug.body("setExceptionBreakpoints", { filters: [] });
  assert.equal(failure(await kernel.execute(code)).evalue, "too large: 3");
});

test("an exception of Node's own stops in the cell it comes to, after an await too", async () => {
  await debug.attach();
  await debug.body("setExceptionBreakpoints", { filters: ["uncaught"] });
  const code = [
    'import { readFileSync } from "node:fs";',
    "const read = async (path: string) => {",
    "  await null;",
    "  return readFileSync(path);",
    "};",
    'try { await read("/missing-1"); } catch {}',
    'await read("/missing-2");',
  ].join("\n");
  const cell = kernel.execute(code);
  const { stack, frames } = await debug.stopped();
  assert.match(stack.join(" "), /^read:4 In\[\d+\] \(waits\):7$/);
  assert.equal((await debug.variables(frames[0].id)).path, '"/missing-2"');
  await debug.body("continue");
  assert.equal(failure(await cell).ename, "Error");
});

test("a module beside the notebook: breakpoint, names as typed, its source, edited and loaded anew", async () => {
  const path = join(scratch, "shop.ts");
  const text = (factor: number) =>
    [
      'import { sep } from "node:path";',
      `export const factor: number = ${factor};`,
      "let calls = 0;",
      "export function cost(n: number): number {",
      "  calls += 1;",
      "  return n * factor + sep.length;",
      "}",
    ].join("\n");
  writeFileSync(path, text(10));
  await debug.attach();
  await kernel.execute('import { cost } from "./shop";');
  assert.deepEqual((await debug.body("modules")).modules, [{ id: 0, name: path, path }]);
  assert.equal((await debug.body("source", { source: { path } })).content, text(10));
  await debug.breakAt(path, 6);
  const cell = kernel.execute("cost(2)");
  const { stack, frames } = await debug.stopped();
  assert.match(stack.join(" "), /^cost:6 In\[\d+\]:1$/);
  assert.equal(frames[0].source.path, path);
  assert.deepEqual(await debug.variables(frames[0].id), { n: "2" });
  assert.deepEqual(await debug.variables(frames[0].id, "Globals"), { calls: "1", factor: "10" });
  const evaluated = await debug.body("evaluate", {
    expression: "factor * calls + sep",
    frameId: frames[0].id,
  });
  assert.equal(evaluated.result, '"10/"');
  assert.equal(await debug.finish(cell), "21");
  writeFileSync(path, `// longer by a line\n${text(100)}`);
  const again = kernel.execute("cost(2)");
  assert.match((await debug.stopped()).stack.join(" "), /^cost:6 In/);
  assert.equal(await debug.finish(again), "201");
});

test("a debugger that leaves lets the program run on; one may come while a cell runs, and stop it", async () => {
  await debug.attach();
  const code = "let steps = 0;\nsteps += 1;\nsteps";
  await debug.breakIn(code, 2);
  const cell = kernel.execute(code);
  await debug.stopped();
  await debug.body("disconnect", { restart: false });
  assert.equal(result(await cell), "1");
  assert.equal((await debug.body("debugInfo")).isStarted, false);
  assert.equal(result(await kernel.execute(code)), "1");
  debug.forget();
  const loop = kernel.execute(
    'let go = true, rounds = 0;\nconsole.log("in");\nwhile (go) {\n  rounds++;\n}\nrounds > 0',
  );
  await debug.event("stream");
  await debug.attach();
  await debug.body("pause", { threadId: 1 });
  const { reason, stack, frames } = await debug.stopped();
  assert.equal(reason, "pause");
  assert.match(stack[0]!, /^In\[\d+\]:[34]$/);
  await debug.body("evaluate", { expression: "go = false", frameId: frames[0].id });
  assert.equal(await debug.finish(loop), "true");
});

test("an interrupt ends a cell that stands at a breakpoint, and an expression that never ends", async () => {
  await debug.attach();
  const code = "let before = 1;\nbefore = 2;\nbefore = 3;";
  await debug.breakIn(code, 3);
  const first = kernel.execute(code);
  await debug.stopped();
  await kernel.interrupt();
  const { ename } = failure(await first);
  assert.equal(ename, "Interrupted");
  assert.equal(result(await kernel.execute("before")), "2");
  assert.deepEqual((await debug.body("debugInfo")).stoppedThreads, []);
  const second = kernel.execute(code);
  const { frames } = await debug.stopped();
  const endless = debug.ask("evaluate", { expression: "(() => { for (;;); })()", frameId: frames[0].id });
  await kernel.interrupt();
  assert.equal(failure(await second).ename, "Interrupted");
  assert.equal((await endless).success, false);
});

test("a cell with magics keeps its lines and its name", async () => {
  await debug.attach();
  const code = "%%time\nlet timed = 1;\ntimed += 1;\ntimed";
  const path = await debug.breakIn(code, 3);
  const cell = kernel.execute(code);
  const { stack, frames } = await debug.stopped();
  assert.match(stack[0]!, /:3$/);
  assert.equal(frames[0].source.path, path);
  assert.equal(await debug.finish(cell), "2");
});

test("variables are told without a debugger too; getters are not called, long lists are cut", async () => {
  await kernel.execute("%reset");
  await kernel.execute(
    [
      "class Account { #secret = 7; owner = 'Ann'; get balance(): number { throw new Error('called'); } }",
      "const account = new Account();",
      "const many = new Float64Array(100_000);",
      "const nested = { list: [1, { deep: true }], none: null, text: 'a\"b' };",
      "let nothing: number | undefined;",
    ].join("\n"),
  );
  const printed = (await kernel.execute("%who")).output.find((m) => m.type === "stream")?.content.text;
  assert.equal(printed, "Account  account  many  nested  nothing\n");
  const { variables } = await debug.body("inspectVariables");
  const byName = new Map(variables.map((one: { name: string }) => [one.name, one]));
  // biome-ignore lint/suspicious/noExplicitAny: the shape is the protocol's
  const one = (name: string) => byName.get(name) as any;
  assert.deepEqual([...byName.keys()], ["Account", "account", "many", "nested", "nothing"]);
  assert.deepEqual(
    [one("account").type, one("account").value],
    ["Account", 'Account {#secret: 7, owner: "Ann"}'],
  );
  assert.deepEqual(await debug.open(one("account").variablesReference), { owner: '"Ann"', "#secret": "7" });
  assert.equal(one("many").value, `Float64Array(100000) [${"0, ".repeat(20)}…]`);
  const cut = await debug.open(one("many").variablesReference);
  assert.deepEqual([Object.keys(cut).length, cut["…"]], [501, "99500 more"]);
  assert.deepEqual(await debug.open(one("nested").variablesReference), {
    list: "(2) [1, Object]",
    none: "null",
    text: '"a\\"b"',
  });
  const rich = await debug.body("richInspectVariables", { variableName: "nested" });
  assert.match(rich.data["text/plain"], /list: \[ 1, \{ deep: true \} \]/);
  await debug.body("inspectVariables");
  const gone = await debug.ask("variables", { variablesReference: one("many").variablesReference });
  assert.match(gone.message, /the value is gone/);
});

test("requests that cannot be answered say why", async () => {
  assert.match((await debug.ask("next")).message, /no debugger is attached/);
  assert.match((await debug.ask("dance")).message, /dance: this request is not known here/);
  await debug.attach();
  assert.match((await debug.ask("next")).message, /the program is not stopped/);
  assert.match(
    (await debug.ask("source", { source: { path: "/etc/passwd" } })).message,
    /not known to the kernel/,
  );
  assert.match((await debug.ask("setBreakpoints", {})).message, /needs a path/);
});

test("a shutdown ends a program that stands, cleanly", async () => {
  const own = await KernelClient.start(scratch);
  const standing = new DebugClient(own);
  await standing.attach();
  const code = "let ended = 0;\nended = 1;\nconsole.log('ran on');";
  await standing.breakIn(code, 2);
  const cell = own.execute(code);
  cell.catch(() => {});
  await standing.stopped();
  await own.stop();
  const { code: status, signal, stderr } = await own.ended;
  assert.deepEqual([status, signal, stderr], [0, null, ""]);
});
