/** Plans by hand: what is read, what is refused, and where the complaint points. */
import assert from "node:assert/strict";
import test from "node:test";
import { planHash } from "../../lib/experiment/plan";
import { expandSweep, range } from "../../lib/experiment/sweep";
import { comparisonIn } from "../../lib/plan/comparison";
import { parsePlan, RUN_FIELDS } from "../../lib/plan/run";
import { sweepIn } from "../../lib/plan/sweep";
import { flagsOf } from "../../lib/schema/flags";
import { parsePlanText } from "../../lib/schema/plan-file";

const good = {
  machine: { board: "qemu-virt", memory: "1GiB" },
  strategy: { name: "cma" },
  request: { size: "16MiB" },
};
const read = (text: string, file = "p.yaml") => {
  const { value, locate } = parsePlanText(text, file);
  return parsePlan(value, locate);
};

test("sizes and times in words give the same plan as numbers", () => {
  const words = parsePlan({
    ...good,
    machine: { ...good.machine, cma: "64M@0x60000000" },
    request: { size: "16MiB", gap: "2s" },
  });
  const numbers = parsePlan({
    format: 2,
    machine: {
      board: "qemu-virt",
      memoryBytes: 2 ** 30,
      cma: { kind: "area", bytes: 2 ** 26, base: 0x60000000, limit: 0x64000000, fixed: true },
    },
    strategy: { name: "cma" },
    request: { bytes: 2 ** 24, gapMs: 2000 },
    seed: 1,
  });
  assert.deepEqual(words, numbers);
  assert.equal(planHash(words), planHash(numbers));
  assert.equal(planHash(parsePlan(words)), planHash(words));
});

test("mistakes are told with file, line, field, limit and the nearest name", () => {
  const text = (request: string, more = "") =>
    `machine:\n  board: qemu-virt\nstrategy:\n  name: cma\nrequest:\n  ${request}\n${more}`;
  for (const [given, message] of [
    [text("bytes: 0"), /^p\.yaml:6: request\.bytes: .*from 1 to \d+ bytes: got 0$/],
    [text("size: 1MiB\n  tmes: 3"), /^p\.yaml:7: request\.tmes: unknown field "tmes"; did you mean times\?$/],
    [text("size: 1MiB", "seeed: 3\n"), /^p\.yaml:7: seeed: unknown field "seeed"; did you mean seed\?$/],
    [text("size: 1MiB\n  times: 2000000"), /^p\.yaml:7: request\.times: .*1 to 1000000: got 2000000$/],
    [text("size: 1MiB", "seed: -1\n"), /^p\.yaml:7: seed: .*whole number from 0/],
    [
      text("size: 1MiB", "workload:\n  sequence:\n    - { kind: kernelBild }\n"),
      /^p\.yaml:9: workload\.sequence\[0\]\.kind: .*did you mean kernel-build\?$/,
    ],
    [
      text("size: 1MiB", "workload: { kind: kernelBuild, jobs: many }\n"),
      /^p\.yaml:7: workload\.jobs: .*must be a whole number from 1 to \d+: got "many"$/,
    ],
    [
      text("size: 1MiB").replace("qemu-virt", "qemu-vrt"),
      /^p\.yaml:2: machine\.board: .*did you mean qemu-virt\?$/,
    ],
    [text("size: 1MiB").replace("name: cma", "name: cna"), /^p\.yaml:4: strategy: .*did you mean cma\?$/],
    [
      text("size: 1MiB").replace("board: qemu-virt", "board: qemu-virt\n  memry: 1"),
      /^p\.yaml:3: machine\.memry: .*did you mean memory\?$/,
    ],
    ["machine: [", /^p\.yaml:\d+: is neither JSON nor YAML/],
    ["a: 1\na: 2", /^p\.yaml:2: is neither JSON nor YAML: Map keys must be unique/],
    ["- 1", /a plan must be an object: got a list/],
    ["machine: { board: qemu-virt }\nstrategy: { name: cma }", /^p\.yaml:1: request: is missing$/],
  ] as const)
    assert.throws(
      () => read(given),
      (e: Error) =>
        (e.name === "InputError" && message.test(e.message) && !e.message.includes("\n")) ||
        assert.fail(`${given}\n→ ${e.message}`),
    );
});

test("JSON by hand: the line of a mistake, tabs and all", () => {
  assert.throws(
    () =>
      read(
        '{\n\t"machine": { "board": "qemu-virt" },\n\t"strategy": { "name": "cma" },\n\t"request": { "bytes": "much" }\n}',
        "p.json",
      ),
    /^InputError: p\.json:4: request\.bytes: /,
  );
});

test("a grid, samples and a Latin hypercube: lazily, the same every time", () => {
  const plan = parsePlan(good);
  const grid = expandSweep({
    plan,
    over: { "strategy.name": ["cma", "buddy"], size: ["1MiB", "2MiB"], seed: { from: 1, to: 3, step: 1 } },
  });
  assert.equal(grid.count, 12);
  assert.deepEqual(
    [...grid.plans()].slice(2, 5).map((p) => [p.strategy.name, p.request.bytes, p.seed]),
    [
      ["cma", 2 ** 20, 3],
      ["cma", 2 ** 21, 1],
      ["cma", 2 ** 21, 2],
    ],
  );
  assert.deepEqual(range(0, 0.1, 0.05), [0, 0.05, 0.1]);
  const huge = expandSweep({
    plan,
    over: { seed: { from: 1, to: 1_000_000, step: 1 }, "strategy.name": ["cma", "buddy"] },
  });
  assert.equal(huge.count, 2_000_000);
  assert.equal(huge.plans().next().value!.seed, 1);
  const cube = expandSweep({
    plan,
    over: { "costs.migratePage": { from: 0, to: 100 } },
    sample: { kind: "latin-hypercube", count: 100, seed: 3 },
  });
  const strata = [...cube.plans()].map((p) => Math.floor(p.costs!.migratePage!));
  assert.deepEqual(
    [...strata].sort((a, b) => a - b),
    Array.from({ length: 100 }, (_, i) => i),
  );
  assert.notDeepEqual(
    strata,
    [...strata].sort((a, b) => a - b),
  );
  const sampled = () =>
    [
      ...expandSweep({
        plan,
        over: { seed: range(1, 50) },
        sample: { kind: "random", count: 20, seed: 9 },
      }).plans(),
    ].map((p) => p.seed);
  assert.deepEqual(sampled(), sampled());
  assert.ok(new Set(sampled()).size > 5);
});

test("a sweep's parameters are checked: unknown ones, ranges, and plans they would make", () => {
  const plan = parsePlan(good);
  const refused = (over: Record<string, never>, message: RegExp) =>
    assert.throws(() => [...expandSweep({ plan, over }).plans()], message);
  refused({ memroy: [1] } as never, /over\.memroy: .*did you mean memory\?/);
  refused(
    { seed: { from: 2, to: 1 } } as never,
    /over\.seed: must be a list of values or \{from, to, step\}/,
  );
  refused({ seed: { from: 1, to: 2 } } as never, /a grid needs a list, or a range with a step/);
  refused({ "request.tmes": [1] } as never, /plan 1 of 1 .*request\.tmes: unknown field/);
  refused({ memory: ["1GiB", "9PiB"] } as never, /memory/);
  refused(
    { "scatter-unmovable.share": [0.1] } as never,
    /must have one part of kind scatter-unmovable.*got 0/,
  );
  refused(
    { "scatter-unmovable.shar": [0.1] } as never,
    /parameter of workload scatter-unmovable.*did you mean share/,
  );
  refused({ "__proto__.x": [1] } as never, /unknown name|no field/);
});

test("names of what a sweep varies are the words of the statements, and parameters of workloads by their kind", () => {
  const plan = parsePlan({
    ...good,
    machine: { ...good.machine, kernel: "6.19" },
    workload: {
      sequence: [{ kind: "uptime", duration: "1s" }, { kind: "scatter-unmovable" }, { kind: "pin-pages" }],
    },
  });
  const first = (name: string, value: string | number | boolean) =>
    [...expandSweep({ plan, over: { [name]: [value] } }).plans()][0]!;
  for (const { path, field } of flagsOf(RUN_FIELDS)) {
    const { word } = field.facts;
    if (word === undefined) continue;
    const values = { whole: [8, 8], time: ["2s", 2000], size: ["256MiB", 2 ** 28] } as const;
    const [value, read] = values[field.form.kind as keyof typeof values];
    const at = (given: object) =>
      path.reduce((part: unknown, step) => (part as Record<string, unknown>)[step], given);
    assert.equal(at(first(word, value)), read, word);
    assert.equal(at(first(path.join("."), value)), read, path.join("."));
    assert.equal(at(first([...path.slice(0, -1), word].join("."), value)), read, `${path} as ${word}`);
  }
  const parts = (name: string, value: number) =>
    (first(name, value).workload as { sequence: object[] }).sequence;
  assert.deepEqual(parts("scatter-unmovable.share", 0.25)[1], { kind: "scatter-unmovable", share: 0.25 });
  assert.deepEqual(parts("pinPages.share", 0.5)[2], { kind: "pin-pages", share: 0.5 });
  assert.equal(first("strategy", "buddy").strategy.name, "buddy");
  assert.equal(first("reclaim", false).system!.reclaim, false);
});

test("sweeps and comparisons in files", () => {
  const spec = sweepIn(
    parsePlanText(
      "plan:\n  machine: { board: qemu-virt }\n  strategy: { name: cma }\n  request: { size: 1MiB }\nover:\n  seed: [1, 2]\n",
      "s.yaml",
    ),
  );
  assert.equal(expandSweep(spec).count, 2);
  assert.throws(
    () => sweepIn(parsePlanText("plan:\n  machine: { bord: 1 }\nover: {}\n", "s.yaml")),
    /^InputError: s\.yaml:2: plan\.machine\.b/,
  );
  const { strategies, seeds } = comparisonIn(
    parsePlanText(
      "machine: { board: qemu-virt }\nrequest: { size: 1MiB }\nstrategies: [buddy, { name: cma, area: 8MiB, label: small }]\nseeds: 3\n",
      "c.yaml",
    ),
  );
  assert.deepEqual(strategies, [
    { label: "buddy", spec: { name: "buddy" } },
    { label: "small", spec: { name: "cma", area: "8MiB" } },
  ]);
  assert.equal(seeds, 3);
});
