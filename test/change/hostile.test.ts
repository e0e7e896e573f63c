/** Code that means harm, or that never ends: a change decides by the language alone, is stopped at fixed limits, and crashes nothing. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { Script } from "node:vm";
import { Worker } from "node:worker_threads";
import { NoResult } from "../../lib/base/errors";
import { type Change, loadChange } from "../../lib/change/change";
import { bindChange } from "../../lib/change/decide";
import { frameSlots } from "../../lib/change/frame-slots";
import { load } from "../../lib/change/sandbox";
import { compiler } from "../../lib/change/transpile";
import { runToText } from "../../lib/experiment/run-text";
import { parsePlan } from "../../lib/plan/run";
import { ROOT } from "../support/cli";

const folder = mkdtempSync(join(tmpdir(), "hostile-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const crashes: unknown[] = [];
process.on("unhandledRejection", (reason) => crashes.push(reason));
let files = 0;

/** A change with this function for listEnd, after these statements. */
function hostile(listEnd: string, before = "", about = '""'): Change {
  const path = join(folder, `c${files++}.js`);
  writeFileSync(
    path,
    `${before}\nexport default change({ name: "h", about: ${about}, listEnd: ${listEnd} });\n`,
  );
  return loadChange(path);
}

const GIVEN = {
  zone: "Normal",
  node: 0,
  type: "movable",
  order: 3,
  pfn: 8,
  toTail: false,
  mergeLikely: true,
};

/** What it answers the first time. */
const answer = (c: Change): unknown => bindChange(c.toJSON()).decisions.listEnd!(GIVEN as never);
/** The one line of its failure. */
function line(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    const { name, message } = error as Error;
    assert.equal(name, "InputError", message);
    assert.doesNotMatch(message, /\n|dist|lib\/|node:/);
    return message;
  }
  return assert.fail("it was accepted");
}
const TURNS = /does not end: more than 1000000 turns of loops and calls/;
const DEPTH = /goes too deep: more than 200 calls within calls/;

test("nothing of the host is within reach, while the module runs or later", () => {
  const escapes = [
    'globalThis.pageblockRun.constructor("return process")()',
    'change.constructor("return process")()',
    'require.constructor("return process")()',
    'arguments[3].constructor("return process")()',
    "Object.getOwnPropertyNames(globalThis).find((name) => name.startsWith('pageblock')).length",
  ];
  for (const way of escapes)
    assert.match(
      line(() => hostile('() => "head"', `const p = ${way};`)),
      /c\d+\.js: (threw|line)/,
      way,
    );
  // Built-in functions that are replaced see no object of the host, which they could climb.
  const seen = `const seen: any[] = [];
    const { isArray } = Array;
    (Array as any).isArray = (value: any) => { seen.push(value); return isArray(value); };
    for (const name of ["freeze", "keys", "assign", "defineProperty", "getPrototypeOf"] as const) {
      const own = (Object as any)[name];
      (Object as any)[name] = (...all: any[]) => { for (let i = 0; i < all.length; i++) seen[seen.length] = all[i]; return own.apply(null, all); };
    }
    (Array.prototype as any)[Symbol.iterator] = function () { seen.push(this); return { next: () => ({ done: true }) }; };
    Object.defineProperty(Object.prototype, "kind", { set(value) { seen.push(this, value); } });
    const strange = () => seen.filter((one) => typeof one === "object" && one !== null && one !== Object.prototype && !(one instanceof Object)).length;`;
  const watched = hostile(
    `(given, stock) => {
      const all = [stock, given, stock.listEnd, stock.listEnd({ ...given }), stock.fallbackOrder({ ...given, freeBlocks: 1 })];
      if (all.some((one) => typeof one !== "string" && !(one instanceof Object))) throw new Error("foreign");
      try { stock.listEnd({} as any); } catch (error) { if (!(error instanceof TypeError)) throw new Error("foreign error"); }
      if (strange() > 0) throw new Error("seen");
      return "tail";
    }`,
    seen,
  );
  assert.equal(answer(watched), "tail");
});

test("names of the counters, and what waits, are refused with their line", () => {
  assert.match(
    line(() => hostile("() => { __turn = Math.abs; for (;;) {} }", "declare let __turn: any;")),
    /line 1: a name must not begin with __: got "__turn"/,
  );
  assert.match(
    line(() => hostile("() => { \\u005f_leave(); return 'head'; }")),
    /line 2: a name must not begin/,
  );
  assert.match(
    line(() => hostile('async () => "head"')),
    /line 2: a change must not wait/,
  );
  assert.match(
    line(() => hostile('() => { (async () => { throw 1; })(); return "head"; }')),
    /must not wait/,
  );
  assert.match(
    line(() => hostile('() => "head"', "function* g() { yield 1; }")),
    /line 1: .*generators/,
  );
  assert.match(
    line(() => hostile('() => "head"', "class A { *g() {} }")),
    /generators/,
  );
});

test("whatever runs of itself counts its turns, and stops", () => {
  const tree = "if (n > 0) { new A(n - 1); new A(n - 1); }";
  const endless = [
    `() => { class A { constructor(n: number) { ${tree} } } new A(60); return "head"; }`,
    `() => { const o = { set x(n: number) { if (n > 0) { o.x = n - 1; o.x = n - 1; } } }; o.x = 60; return "head"; }`,
    `() => { const o = { n: 60, get x(): any { if (o.n > 0) { o.n--; o.x; o.x; o.n++; } return 0; } }; o.x; return "head"; }`,
    `() => { const f = (n: number): any => class { static { if (n > 0) { f(n - 1); f(n - 1); } } }; f(60); return "head"; }`,
    `() => { class A { a = this.n > 0 && [make(this.n - 1), make(this.n - 1)]; get n(): number { return depth; } }
      let depth = 60; const make = (n: number) => { const was = depth; depth = n; new A(); depth = was; }; make(60); return "head"; }`,
    `() => { const f = (n: number, x = n > 0 && [f(n - 1), f(n - 1)]): any => x; f(60); return "head"; }`,
    `() => { const f = ({ n, x = n > 0 && [f({ n: n - 1 }), f({ n: n - 1 })] }: any): any => x; f({ n: 60 }); return "head"; }`,
    `() => { function f(n: number): void { if (n > 0) { f(n - 1); f(n - 1); } } f(60); return "head"; }`,
    "() => { for (;;); }",
    "() => { do {} while (true); }",
    "() => { const p = new Proxy({}, { get: (o, k, r): any => { for (;;); } }) as any; return p.x; }",
    // Caught, hidden, or thrown away: the decision fails all the same.
    '() => { try { for (;;); } catch {} return "head"; }',
    '() => { try { for (;;); } finally { return "head"; } }',
    "() => { for (;;) try { for (;;); } catch { continue; } }",
    '() => { try { try { throw 1; } catch { for (;;); } } finally { return "head"; } }',
    '() => { const o = { [Symbol.iterator]: () => ({ next: () => ({ value: 1, done: false }), return() { for (;;); } }) } as any; try { for (const x of o) throw 1; } catch {} return "head"; }',
  ];
  for (const code of endless)
    assert.match(
      line(() => answer(hostile(code))),
      TURNS,
      code,
    );
  assert.match(
    line(() => hostile('() => "head"', "try { for (;;); } catch {}")),
    TURNS,
  );
});

test("depth has a limit of its own, which cannot be seen from within", () => {
  const deep = [
    '() => { let d = 0; const f = (): void => { d++; f(); }; try { f(); } catch {} return d > 9000 ? "head" : "tail"; }',
    '() => { class A { a: any = new A(); } new A(); return "head"; }',
    '() => { class A { constructor() { new A(); } } try { new A(); } catch { return "tail"; } return "head"; }',
    '() => { const f = (x = f()): any => x; try { f(); } finally { return "head"; } }',
    '() => { const f = ({ [f({})]: x }: any): any => x; f({}); return "head"; }',
  ];
  for (const code of deep)
    assert.match(
      line(() => answer(hostile(code))),
      DEPTH,
      code,
    );
  // Built-in functions that call themselves: how deep they get depends on the stack of the thread.
  const native = `() => { let a: any = []; for (let i = 0; i < 200000; i++) a = [a]; try { JSON.stringify(a); return "head"; } catch { return "tail"; } }`;
  assert.match(
    line(() => answer(hostile(native))),
    /goes too deep for a built-in function/,
  );
  const within =
    '() => { const f = (n: number): number => (n === 0 ? 0 : 1 + f(n - 1)); return f(150) + f(150) === 300 ? "tail" : "head"; }';
  assert.equal(answer(hostile(within)), "tail", "what returns is deep no longer");
  const thrown =
    '() => { for (let i = 0; i < 2000; i++) try { (() => { throw 1; })(); } catch {} return "tail"; }';
  assert.equal(answer(hostile(thrown)), "tail", "nor is what throws");
});

const many = (n: number, part: (i: number) => string) =>
  Array.from({ length: n }, (_, i) => part(i)).join("");

/** Functions that call themselves `n` deep through what takes much stack, and what becomes of that; the last figure of each is `n`. */
const STACKS: readonly [string, string | RegExp][] = [
  ['const f = (n) => (n > 0 ? 1 + f(n - 1) : 0); return f(180) === 180 ? "tail" : "head";', "tail"],
  // 3,000 variables weigh 47 calls: four of them fit, five do not.
  [
    `const f = (n) => { ${many(3000, (i) => `let a${i} = n;`)} return n > 0 ? f(n - 1) : "tail"; }; return f(2);`,
    "tail",
  ],
  [
    `const f = (n) => { ${many(3000, (i) => `let a${i} = n;`)} return n > 0 ? f(n - 1) : "tail"; }; return f(30);`,
    DEPTH,
  ],
  // What a call holds counts too.
  [`const f = (n) => (n > 0 ? f(n - 1${many(9000, () => ",0")}) : "tail"); return f(30);`, DEPTH],
  // Built-in functions that call back take two kilobytes each.
  ['const f = (n) => (n > 0 ? JSON.parse("1", () => f(n - 1)) : "tail"); f(90); return "tail";', "tail"],
  [
    'const f = (n) => (n > 0 ? Object.assign({}, { get a() { return f(n - 1); } }) : 0); f(60); return "tail";',
    "tail",
  ],
  [
    'const f = (n) => (n > 0 ? JSON.stringify({ toJSON: () => void f(n - 1) }) : 0); f(90); return "tail";',
    "tail",
  ],
];

test("a thread with another stack takes the same decision", async () => {
  const there = (code: object, megabytes: number) =>
    new Promise<string>((resolve, reject) => {
      const text = `require(${JSON.stringify(join(ROOT, "test/support/register.cjs"))});
        const { parentPort, workerData } = require("node:worker_threads");
        const { allowCode } = require(${JSON.stringify(join(ROOT, "lib/change/allowed"))});
        const { bindChange } = require(${JSON.stringify(join(ROOT, "lib/change/decide"))});
        allowCode(workerData.code.sha256);
        let told;
        try { told = bindChange(workerData.code).decisions.listEnd(workerData.given); } catch (error) { told = error.message; }
        parentPort.postMessage(told);`;
      const worker = new Worker(text, {
        eval: true,
        workerData: { code, given: GIVEN },
        resourceLimits: { stackSizeMb: megabytes },
      });
      worker.once("message", resolve);
      worker.once("error", reject);
    });
  for (const [body, expected] of STACKS) {
    const c = hostile(`() => { ${body} }`);
    let here: string;
    try {
      here = String(answer(c));
    } catch (error) {
      here = (error as Error).message;
    }
    if (typeof expected === "string") assert.equal(here, expected, body.slice(0, 100));
    else assert.match(here, expected, body.slice(0, 100));
    assert.deepEqual(await Promise.all([there(c.toJSON(), 1), there(c.toJSON(), 4)]), [here, here]);
  }
});

test("the slots of a function are no fewer than its frame has, by how deep it gets without a limit", () => {
  const ts = compiler();
  const shapes = [
    "return f(n + 1) + n;",
    `${many(600, (i) => `let a${i} = n;`)} return f(n + 1);`,
    `${many(600, (i) => `{ let a${i} = n; g(a${i}); }`)} return f(n + 1);`,
    `return f(n + 1${many(600, () => ", 0")});`,
    `return ${many(200, () => "g(1, 2, 3, ")}f(n + 1)${many(200, () => ")")};`,
    `return ${many(300, () => "(n + ")}f(n + 1)${many(300, () => ")")};`,
    `const {${many(600, (i) => `p${i}, `)}...rest} = o; return f(n + 1);`,
    `const [${many(600, (i) => `a${i}, `)}] = [1]; return f(n + 1);`,
    `class A { ${many(600, (i) => `["m" + ${i}]() {} `)} static z = f(n + 1); } return 1;`,
    `return g\`${many(600, () => "$".concat("{n}"))}\${f(n + 1)}\`;`,
    `${many(60, (i) => `for (const x${i} of [1]) `)} f(n + 1);`,
    `${many(60, () => "try {")} f(n + 1); ${many(60, () => "} finally { g(); }")}`,
    `${many(100, () => "o[n] += ")} f(n + 1);`,
  ];
  for (const shape of shapes) {
    const source = `(d, g, o) => { const f = (n) => { d(); ${shape} }; return f; }`;
    const file = ts.createSourceFile("shape.js", source, ts.ScriptTarget.ES2022, true);
    const functions: { body: object; parameters: readonly object[] }[] = [];
    const visit = (node: Parameters<typeof ts.isArrowFunction>[0]): void => {
      if (ts.isArrowFunction(node)) functions.push(node);
      ts.forEachChild(node, visit);
    };
    visit(file);
    const { body, parameters } = functions[1]!;
    const slots = frameSlots(ts, [body, ...parameters] as never);
    let depth = 0;
    const recurse = new Script(source).runInThisContext()(
      () => depth++,
      () => 1,
      { p1: 1 },
    ) as (n: number) => void;
    assert.throws(() => recurse(0), /Maximum call stack size exceeded/);
    // The thread has 984 KiB; a call takes some words beside its slots.
    const bytes = (984 * 1024) / depth;
    assert.ok(bytes <= 8 * slots + 250, `${shape.slice(0, 60)}: ${bytes} bytes, ${slots} slots`);
  }
});

test("what depends on the clock or on the stack of a thread is no result, which nothing keeps", () => {
  // Nested quantifiers on a text that does not fit: the built-in function does not return.
  const hangs = `/^(a+)+$/.test("${"a".repeat(40)}b");\nexport default change({ name: "h", listEnd: () => "head" });\n`;
  assert.throws(
    () => load(hangs, "hangs", { listEnd: [] }, () => "head", 20),
    (error: Error) =>
      error instanceof NoResult && /^hangs: threw Error: Script execution timed out/.test(error.message),
  );
  const stateOf = (listEnd: string) => {
    const { text, state } = runToText(
      parsePlan({
        machine: { board: "qemu-virt", memory: "256MiB", change: hostile(listEnd).toJSON() },
        strategy: "buddy",
        request: { size: "4KiB" },
      } as never),
    );
    return [state, JSON.parse(text).error] as const;
  };
  const [state, error] = stateOf(
    "() => { let a = []; for (let i = 0; i < 200000; i++) a = [a]; JSON.stringify(a); }",
  );
  assert.equal(state, "broken");
  assert.match(error, /^change "h": listEnd, event 1: .*goes too deep for a built-in function$/);
  assert.equal(stateOf("() => { const f = () => f(); f(); }")[0], "refused", "the same in every thread");
});

test("the bits of a number cannot be seen", () => {
  for (const name of ["DataView", "Float32Array", "Float64Array", "Float16Array"])
    assert.equal(hostile('() => "head"', "", `typeof globalThis.${name}`).about, "undefined", name);
  assert.match(
    line(() => answer(hostile("() => (new Float64Array(1) ? 'head' : 'tail')"))),
    /threw ReferenceError: Float64Array is not defined/,
  );
  assert.equal(answer(hostile("() => (new Uint32Array([2 ** 32 + 7])[0] === 7 ? 'tail' : 'head')")), "tail");
});

test("there are no promises, so that nothing runs after a decision or crashes the process", async () => {
  for (const code of [
    '() => { Promise.reject(new Error("boo")); return "head"; }',
    '() => { const loop = (): any => Promise.resolve().then(loop); loop(); return "head"; }',
  ])
    assert.match(
      line(() => answer(hostile(code))),
      /threw ReferenceError: Promise is not defined/,
    );
  assert.equal(hostile('() => "head"', "", "typeof (Array as any).fromAsync").about, "undefined");
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(crashes, []);
});

test("no stack and no path of the host can be read", () => {
  const limit =
    '() => { (Error as any).stackTraceLimit = 50; let s = ""; try { (null as any).x; } catch (e: any) { s = e.stack; } throw new Error(s); }';
  assert.match(
    line(() => answer(hostile(limit))),
    /threw TypeError: Cannot assign to read only property/,
  );
  const frames =
    "() => { (Error as any).prepareStackTrace = (e: any, f: any) => f; return new Error().stack as any; }";
  assert.match(
    line(() => answer(hostile(frames))),
    /threw TypeError: Cannot assign to read only property/,
  );
  assert.match(
    line(() =>
      answer(hostile('() => { (globalThis as any).Error = { prepareStackTrace: () => 1 }; return "head"; }')),
    ),
    /threw TypeError/,
  );
  assert.match(
    line(() => answer(hostile("() => { throw new Error(new TypeError('x').stack); }"))),
    /threw Error: TypeError: x$/,
  );
});

test("hostile throws and hostile answers end in one line with the event", () => {
  const throws = [
    '() => { throw { get name(): any { return "x".repeat(2 ** 28); }, get message(): any { throw 1; } }; }',
    "() => { throw new Proxy({}, { getPrototypeOf() { throw 5; }, get() { throw 6; } }); }",
    "() => { throw 5; }",
    "() => { throw null; }",
  ];
  for (const code of throws)
    assert.match(
      line(() => answer(hostile(code))),
      /^change "h": listEnd, event 1: threw a value$/,
      code,
    );
  assert.match(
    line(() => answer(hostile('() => new Proxy([], { get() { throw new Error("bad"); } }) as any'))),
    /event 1: threw Error: bad$/,
  );
  assert.match(
    line(() =>
      answer(
        hostile('() => ({ toJSON() { throw new Error("in toJSON"); }, toString() { throw 1; } }) as any'),
      ),
    ),
    /event 1: must answer head or tail: got \{/,
  );
  assert.match(
    line(() => hostile('() => "head"', "", "{ get a(): any { throw 1; } }")),
    /threw a value|about must be text/,
  );
});

test("a count of -0 is 0", () => {
  const path = join(folder, "zero.ts");
  writeFileSync(path, 'export default change({ name: "z", watermarkBoost: () => -0 });\n');
  const boost = bindChange(loadChange(path).toJSON()).decisions.watermarkBoost!;
  assert.ok(Object.is(boost({ boost: 0, blockPages: 512, most: 512 } as never), 0));
});
