/**
 * Plans of strangers: what is too much is refused before it is read. Work is counted, not timed: every property that the check
 * reads of the plan is one step.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { parseComparison } from "../../lib/plan/comparison";
import { PLAN_KINDS } from "../../lib/plan/kinds";
import { parsePlan } from "../../lib/plan/run";
import { check } from "../../lib/schema/check";
import { parsePlanText, readPlanFile } from "../../lib/schema/plan-file";

/** More than any refusal may take: a plan of a few hundred fields in full. */
const STEPS = 2_000;

/** `value` as something that counts how often a property of it, or of what is in it, is read. */
function counting(value: unknown): { value: unknown; reads: () => number } {
  let reads = 0;
  const seen = new WeakMap<object, unknown>();
  const wrap = (one: unknown): unknown => {
    if (typeof one !== "object" || one === null) return one;
    const known = seen.get(one);
    if (known !== undefined) return known;
    const proxy: unknown = new Proxy(one, {
      get(target, key, receiver) {
        reads++;
        return wrap(Reflect.get(target, key, receiver));
      },
    });
    seen.set(one, proxy);
    return proxy;
  };
  return { value: wrap(value), reads: () => reads };
}

const run = PLAN_KINDS.find(({ name }) => name === "run")!.example;
const request = { size: "4MiB" };

function nested(depth: number, around: (inner: unknown) => unknown, innermost: unknown): unknown {
  let value = innermost;
  for (let i = 0; i < depth; i++) value = around(value);
  return value;
}

const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`key${i}`, i]));
const self: Record<string, unknown> = { name: 1 };
self.self = self;
const LIST = new Array(1_000_000).fill(0);
const MANY_PARTS = { sequence: new Array(1_000_000).fill({ kind: "uptime", duration: "1s" }) };

const HOSTILE: readonly [what: string, plan: unknown, message: RegExp][] = [
  ["50,000 unknown keys", { ...run, ...keys(50_000) }, /unknown field "key0"/],
  [
    "50,000 of a machine",
    { ...run, machine: { ...(run.machine as object), ...keys(50_000) } },
    /unknown field/,
  ],
  [
    "50,000 parameters of a strategy",
    { ...run, strategy: { name: "cma", ...keys(50_000) } },
    /strategy: must have at most 64 fields: got 50001/,
  ],
  [
    "50,000 parameters of a workload",
    { ...run, workload: { kind: "uptime", ...keys(50_000) } },
    /workload: must have at most 64 fields/,
  ],
  [
    "50,000 switches",
    { ...run, machine: { ...(run.machine as object), switches: keys(50_000) } },
    /switches: must have at most 64 fields/,
  ],
  ["a key of a million letters", { ...run, ["k".repeat(1_000_000)]: 1 }, /unknown field "k{77}\.\.\."/],
  ["a name of a million letters", { ...run, strategy: "s".repeat(1_000_000) }, /unknown name "s{77}/],
  [
    "10^9 requests",
    { ...run, request: { ...request, times: 1e9 } },
    /request\.times: .*to 1000000: got 1000000000/,
  ],
  [
    "a workload in itself",
    { ...run, workload: nested(100_000, (sequence) => ({ sequence: [sequence] }), {}) },
    /nested 16 deep/,
  ],
  [
    "a list in itself",
    { ...run, strategy: nested(100_000, (list) => [list], 1) },
    /must be a name, or an object/,
  ],
  [
    "an object in itself",
    { ...run, request: nested(100_000, (request) => ({ request }), 1) },
    /unknown field "request"/,
  ],
  ["a value that holds itself", { ...run, strategy: self }, /must have a name/],
  [
    "a list of a million areas",
    { ...run, machine: { ...(run.machine as object), cmaAreas: LIST } },
    /at most 64 entries: got 1000000/,
  ],
  ["a million parts", { ...run, workload: MANY_PARTS }, /at most 256 parts/],
  ["a list in place of a plan", LIST, /plan: must be an object/],
  ["a list in place of text", { ...run, machine: { board: LIST } }, /board: must be a name/],
];

for (const [what, plan, message] of HOSTILE)
  test(`${what}: refused within ${STEPS} steps`, () => {
    const { value, reads } = counting(plan);
    assert.throws(
      () => parsePlan(value),
      (error: Error) => {
        assert.equal(error.name, "InputError", error.stack);
        assert.match(error.message, message);
        assert.ok(error.message.length < 4_000, `${error.message.length} letters`);
        return true;
      },
    );
    assert.ok(reads() > 0 && reads() <= STEPS, `${reads()} reads`);
  });

test("lists of plans of the other kinds have limits too", () => {
  for (const { name, statement, example } of PLAN_KINDS)
    for (const [field, { form, facts }] of Object.entries(statement.fields)) {
      if (form.kind !== "list") continue;
      const { [facts.word ?? field]: _list, ...others } = example;
      const { value, reads } = counting({ ...others, [field]: new Array(form.most + 1).fill({}) });
      assert.throws(() => check(statement, value), /at most \d+ entries/, `${name}.${field}`);
      assert.ok(reads() <= STEPS, `${name}.${field}: ${reads()} reads`);
    }
});

test("the counter counts: a plan in order takes some steps, and one that is read in full takes more with its size", () => {
  const small = counting(run);
  parsePlan(small.value);
  assert.ok(small.reads() > 5);
  const large = counting({
    ...run,
    workload: { sequence: new Array(200).fill({ kind: "uptime", duration: "1s" }) },
  });
  parsePlan(large.value);
  assert.ok(large.reads() > 200);
});

test("names are taken in their two spellings only, and a plan keeps no third", () => {
  const plan = { machine: { board: "qemu-virt" }, request: { size: "1MiB" } };
  for (const strategy of ["CMA", "Buddy", "hugetlbCMA"])
    assert.throws(() => parsePlan({ ...plan, strategy }), /unknown name/, strategy);
  for (const kind of ["KERNEL-BUILD", "Uptime"])
    assert.throws(() => parsePlan({ ...plan, strategy: "buddy", workload: { kind } }), /unknown name/, kind);
});

test("keys that would change a prototype, holes in lists and endless texts are refused in one short line", () => {
  const plan = { machine: { board: "qemu-virt" }, strategy: "buddy", request: { size: "1MiB" } };
  const workload = JSON.parse('{"kind":"uptime","__proto__":"x"}');
  assert.throws(() => parsePlan({ ...plan, workload }), /workload.*__proto__/);
  // biome-ignore lint/suspicious/noSparseArray: what is tested
  assert.throws(() => parseComparison({ ...plan, strategy: undefined, strategies: [, "cma"] }), /strategies/);
  for (const request of [{ size: "1".repeat(1e6) }, { size: "1MiB", gap: "x".repeat(1e6) }])
    assert.throws(
      () => parsePlan({ ...plan, request }),
      (error: Error) => error.message.length < 400,
    );
  assert.throws(() => parsePlan({ ...plan, machine: { board: "qemu-virt", kernel: 6.1 } }), /in quotes/);
});

test("a plan with many keys is read in time that grows with them, and a key that stands twice is named", () => {
  const keys = (n: number) => Array.from({ length: n }, (_, i) => `k${i}: 1\n`).join("");
  const cpuMs = (n: number) => {
    const from = process.cpuUsage();
    assert.equal(Object.keys(parsePlanText(keys(n), "plan.yaml").value as object).length, n);
    const { user, system } = process.cpuUsage(from);
    return (user + system) / 1000;
  };
  cpuMs(2000);
  const ratios = Array.from({ length: 3 }, () => Math.max(40, cpuMs(16_000)) / Math.max(40, cpuMs(4000)));
  // Four times the keys; sixteen times the time if each is compared with all.
  assert.ok(Math.min(...ratios) < 8, ratios.join(", "));
  const twice = (text: string) => () => parsePlanText(text, "plan.yaml");
  assert.throws(
    twice("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n"),
    /^InputError: plan\.yaml:5: is neither JSON nor YAML: Map keys must be unique$/,
  );
  assert.throws(twice('{"a": 1, "a": 2}'), /plan\.yaml:1: .*Map keys must be unique/);
});

test("a plan that is no file is refused at once", () => {
  const folder = mkdtempSync(join(tmpdir(), "plan-"));
  try {
    const fifo = join(folder, "fifo");
    execFileSync("mkfifo", [fifo]);
    assert.throws(() => readPlanFile(fifo), /fifo: is a named pipe \(FIFO\), a regular file was expected/);
    assert.throws(() => readPlanFile(folder), /is a folder, a regular file was expected/);
    assert.throws(() => readPlanFile("/dev/zero"), /is a character device/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a plan file with the key __proto__ is refused with its line, however deep it lies", () => {
  for (const [text, line] of [
    ['{"machine":{"board":"qemu-virt"},\n"__proto__":{"seed":1}}', 2],
    ["machine:\n  board: qemu-virt\n  __proto__: { memory: 1GiB }\n", 3],
    ["over:\n- a: 1\n- { b: { __proto__: 1 } }\n", 3],
  ] as const)
    assert.throws(
      () => parsePlanText(text, "p.yaml"),
      new RegExp(`^InputError: p\\.yaml:${line}: no key may be named __proto__$`),
    );
});
