/** Where a statement is true: points and their order, knobs, verdicts, turns, parts, the sentence, the time budget. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { Random } from "../../lib/base/random";
import type { Outcome } from "../../lib/experiment/plan";
import { robustHere, robustRuns, runRobust } from "../../lib/experiment/robust";
import { knobResult, nearestTurns, partsOf, triedOf, turnsAlong } from "../../lib/experiment/robust-analysis";
import { type Knob, knobsOf, turnedPlan, type Values } from "../../lib/experiment/robust-knobs";
import { robustPoints } from "../../lib/experiment/robust-points";
import { rangeText } from "../../lib/experiment/robust-range";
import { robustOutcome } from "../../lib/experiment/robust-table";
import { robustNotes } from "../../lib/experiment/robust-text";
import { verdictOf } from "../../lib/experiment/robust-verdict";
import { System } from "../../lib/machine/system";
import { type KnobsIn, parseRobust, type RobustSpec } from "../../lib/plan/robust";
import type { Statement } from "../../lib/plan/statement";
import { planKindOf, runPlan } from "../../lib/report/plan-kinds";
import { WorkloadRun } from "../../lib/workload/scheduler";
import { ROOT } from "../support/cli";
import { SURE_CASES, SURE_SEEDS, sureOfWrong, sureRow } from "../support/sure";

const SIDES = [{ label: "a", runs: 8, asked: 8, granted: 8, value: 1, low: 0.7, high: 1 }];

const BASE = {
  machine: { board: "raspberry-pi-4", memory: "1GiB" },
  strategies: ["buddy", "alloc-contig-pages"],
  request: { size: "64MiB" },
  seeds: 1,
};
const spec = (over: KnobsIn, more: object = {}): RobustSpec =>
  parseRobust({ plan: BASE, statement: "alloc-contig-pages > buddy", over, ...more });
const GRID: KnobsIn = { memory: ["4GiB", "1GiB", "2GiB"], profile: ["pi", "server"], age: ["1 day", 0] };

test("a statement in words is the object that says the same; what is neither is refused with the forms", () => {
  const stated = (statement: unknown) => parseRobust({ plan: BASE, statement, over: GRID }).statement;
  assert.deepEqual(stated("buddy >= 0.5"), { metric: "success", of: "buddy", atLeast: 0.5 });
  assert.deepEqual(stated("buddy ≤ 0"), { metric: "success", of: "buddy", atMost: 0 });
  assert.deepEqual(stated("idleBytes of buddy < alloc-contig-pages"), {
    metric: "idleBytes",
    of: "buddy",
    lessThan: "alloc-contig-pages",
    by: 0,
  });
  assert.throws(() => stated("buddy"), /statement: must name a strategy \(of\) and have one of atLeast/);
  assert.throws(() => stated("buddy >= much"), />= must be followed by a number: got much/);
  assert.throws(() => stated({ of: "buddy", atLeast: 1, atMost: 1 }), /have one of atLeast/);
  assert.throws(
    () => robustPoints(spec(GRID, { statement: "cma > buddy" })),
    /strategy: unknown name "cma": known are buddy/,
  );
});

test("a grid has every combination once; its order depends on the seed, and fewer points are the first of them", () => {
  const all = robustPoints(spec(GRID));
  assert.equal(all.count, 12);
  const told = ({ points }: { points: readonly { values: Values }[] }) =>
    points.map(({ values }) => JSON.stringify(values));
  assert.equal(new Set(told(all)).size, 12);
  assert.deepEqual(told(robustPoints(spec(GRID, { points: 5 }))), told(all).slice(0, 5));
  const other = told(robustPoints(spec(GRID, { seed: 2 })));
  assert.notDeepEqual(other, told(all));
  assert.deepEqual([...other].sort(), told(all).sort());
});

test("a Latin hypercube uses every stratum once, within the range, in steps that a machine has", () => {
  const over: KnobsIn = { memory: { from: "1GiB", to: "4GiB" }, unmovable: { from: 0, to: 0.4 } };
  const { points, count } = robustPoints(spec(over, { count: 16 }));
  assert.equal(count, 16);
  const shares = points.map(({ values }) => Number(values.unmovable)).sort((a, b) => a - b);
  for (const [i, share] of shares.entries())
    assert.ok(share >= (0.4 * i) / 16 - 1e-4 && share < (0.4 * (i + 1)) / 16, `${share} in stratum ${i}`);
  // Memory is even in the ratio: half of the samples are below the geometric mean, 2 GiB.
  const bytes = points.map(({ values }) => Number(values.memory));
  assert.equal(bytes.filter((b) => b < 2 * 2 ** 30).length, 8);
  assert.ok(bytes.every((b) => b % (64 * 2 ** 20) === 0 && b >= 2 ** 30 && b < 4 * 2 ** 30));
  assert.throws(() => robustPoints(spec(over)), /over\.memory: a grid needs a list, or a range with a step/);
  assert.throws(() => spec(over, { sample: "latin-hypercube" }), /count.*is missing/);
  assert.throws(() => spec(GRID, { sample: "grid", count: 4 }), /count.*is for samples/);
});

test("corners come first: the ends of every knob of numbers, in each profile; no point comes twice", () => {
  const over: KnobsIn = {
    memory: { from: "1GiB", to: "4GiB" },
    profile: ["pi", "server"],
    unmovable: [0, 0.1, 0.4],
    release: ["6.1", "6.12", "7.3"],
  };
  const plain = robustPoints(spec(over, { count: 16 })).points;
  const { points, count } = robustPoints(spec(over, { count: 16, corners: true }));
  const keys = points.map(({ values }) => JSON.stringify(values));
  assert.equal(new Set(keys).size, count);
  const ends = points.slice(0, 8).map(({ values: v }) => `${v.memory} ${v.profile} ${v.unmovable}`);
  const wanted = [2 ** 30, 2 ** 32].flatMap((memory) =>
    ["pi", "server"].flatMap((profile) => [0, 0.4].map((share) => `${memory} ${profile} ${share}`)),
  );
  assert.deepEqual([...ends].sort(), wanted.sort());
  assert.equal(new Set(points.slice(0, 8).map(({ values }) => values.release)).size, 3);
  assert.deepEqual(
    keys.slice(8),
    plain.map(({ values }) => JSON.stringify(values)).filter((key) => !keys.slice(0, 8).includes(key)),
  );
  assert.throws(() => spec(GRID, { corners: true }), /corners.*are for samples/);
});

test("each knob changes its part of the plan and no other", () => {
  const { plan } = spec(GRID);
  const turned = (values: Values) => turnedPlan(plan, values) as typeof plan;
  assert.deepEqual(turned({}), plan);
  const { machine } = turned({ memory: 2 ** 31, pageSize: 65536, release: "6.12", seeds: 4 });
  assert.deepEqual(machine, { ...plan.machine, memoryBytes: 2 ** 31, pageSize: 65536, kernel: "6.12" });
  assert.equal(turned({ seeds: 4 }).seeds, 4);
  // Without a part that ages the machine, one comes in front; otherwise that part is changed where it is.
  assert.deepEqual(turned({ profile: "pi", age: 0 }).workload, {
    kind: "uptime",
    profile: "pi",
    duration: 0,
  });
  const used = parseRobust({
    plan: { ...BASE, workload: { sequence: [{ kind: "uptime", duration: "1 day" }, { kind: "camera" }] } },
    statement: "buddy >= 0.5",
    over: GRID,
  }).plan;
  assert.deepEqual((turnedPlan(used, { profile: "pi" }) as typeof plan).workload, {
    sequence: [{ kind: "uptime", duration: "1 day", profile: "pi" }, { kind: "camera" }],
  });
  // Unmovable pages come before everything, over twice their share of page blocks unless it is said otherwise.
  const mix = { kind: "mix", movable: 0, reclaimable: 0 };
  assert.deepEqual(turned({ unmovable: 0.05 }).workload, { ...mix, unmovable: 0.05, polluted: 0.1 });
  assert.deepEqual(turned({ unmovable: 0.05, together: 16 }).workload, {
    ...mix,
    unmovable: 0.05,
    polluted: 0.1,
    run: 16,
  });
  assert.deepEqual(turned({ unmovable: 0.05, together: 1 }).workload, turned({ unmovable: 0.05 }).workload);
  assert.deepEqual((turnedPlan(used, { unmovable: 0.05, polluted: 0.3 }) as typeof plan).workload, {
    sequence: [
      { ...mix, unmovable: 0.05, polluted: 0.3 },
      { kind: "uptime", duration: "1 day" },
      { kind: "camera" },
    ],
  });
  assert.equal(turned({ unmovable: 0 }).workload, undefined);
});

const outcome = (granted: number[], metrics: Record<string, number> = {}): Outcome => ({
  plan: "",
  requests: {
    granted,
    errno: granted.map(() => 0),
    pfn: granted.map(() => 0),
    latencyNs: granted.map(() => 5),
    busyRetries: [],
    migrated: [],
    reclaimed: [],
  },
  metrics,
  remarks: [],
  constraints: [],
  failures: [],
});
const times = <T>(n: number, one: T): T[] => Array.from({ length: n }, () => one);

test("a verdict counts, and is sure only if the interval over seeds leaves no other answer", () => {
  const statement: Statement = { metric: "success", of: "a", atLeast: 0.5 };
  const judged = (granted: number[][], of = statement) =>
    verdictOf(of, new Map([["a", granted.map((g) => outcome(g))]])) as { held: boolean; sure: boolean };
  const answer = ({ held, sure }: { held: boolean; sure: boolean }) => [held, sure];
  // 8 of 8 seeds: Wilson's interval begins at 68 %; 7 of 7 at 65 %, but 7 seeds are too few for any interval.
  assert.deepEqual(answer(judged(times(8, [1]))), [true, true]);
  assert.deepEqual(answer(judged(times(7, [1]))), [true, false]);
  // Many requests of the same seed are no more than one: 8 seeds are sure of 0.65, and not of 0.7.
  const atLeast = (share: number): Statement => ({ metric: "success", of: "a", atLeast: share });
  assert.deepEqual(answer(judged(times(8, times(50, 1)), atLeast(0.65))), [true, true]);
  assert.deepEqual(answer(judged(times(8, times(50, 1)), atLeast(0.7))), [true, false]);
  assert.deepEqual(answer(judged(times(7, times(50, 1)), atLeast(0))), [true, false]);
  assert.deepEqual(answer(judged(times(32, [0]))), [false, true]);
  assert.deepEqual(answer(judged(times(8, [1]), { metric: "success", of: "a", atMost: 1 })), [true, true]);
  const two = (a: number[][], b: number[][], by = 0) =>
    verdictOf(
      { metric: "success", of: "a", moreThan: "b", by },
      new Map([
        ["a", a.map((g) => outcome(g))],
        ["b", b.map((g) => outcome(g))],
      ]),
    ) as { held: boolean; sure: boolean };
  assert.deepEqual(answer(two(times(8, [1]), times(8, [0]))), [true, true]);
  assert.deepEqual(answer(two(times(7, [1]), times(7, [0]))), [true, false]);
  assert.deepEqual(
    answer(two(times(4, [0]), times(4, [0]))),
    [false, false],
    "0 of 4 against 0 of 4 says little",
  );
  assert.deepEqual(answer(two([[1], [0], [0]], times(3, [0]))), [true, false], "one of three against none");
  assert.deepEqual(answer(two([[1], [0], [0]], times(3, [0]), 0.5)), [false, false]);
});

test("metrics are compared by their medians, and a metric that no run has is a reason, not a verdict", () => {
  const by = (of: number[]) =>
    of.map((n) => outcome([1], { idleBytes: n, probeThpGranted: n, probeThpAsked: 10 }));
  const sides = new Map([
    ["a", by([5, 6, 7, 8, 8, 9, 9, 9])],
    ["b", by([1, 2, 3, 3, 3, 3, 3, 3])],
  ]);
  const judged = verdictOf({ metric: "idleBytes", of: "a", moreThan: "b", by: 0 }, sides);
  assert.ok(typeof judged !== "string" && judged.held && judged.sure);
  const share = verdictOf({ metric: "probeThpShare", of: "a", atLeast: 0.8 }, sides);
  assert.ok(typeof share !== "string" && share.held && !share.sure && share.sides[0]!.value.mid === 0.8);
  assert.equal(verdictOf({ metric: "nothing", of: "a", atLeast: 1 }, sides), "a: no run has nothing");
  assert.equal(
    verdictOf({ metric: "success", of: "a", atLeast: 1 }, new Map([["a", [null]]])),
    "a: no run gave an outcome",
  );
});

const KNOBS = knobsOf(
  spec({ memory: ["4GiB", "8GiB", "16GiB"], profile: ["server", "pi", "database"] }).over,
);
const [MEMORY, PROFILE] = KNOBS as [Knob, Knob];

/** Points of KNOBS in which `held` says so. */
const judgedGrid = (held: (gib: number, profile: string) => boolean) =>
  [4, 8, 16].flatMap((gib) =>
    ["server", "pi", "database"].map((profile) => ({
      values: { memory: gib * 2 ** 30, profile },
      held: held(gib, profile),
      sure: profile !== "pi",
      asked: 10,
      granted: held(gib, profile) ? 9 : 1,
    })),
  );

test("the range that the issue asks for is computed: from 8 GiB up with one profile, with another not at all", () => {
  const points = judgedGrid((gib, profile) => profile === "server" && gib >= 8);
  const parts = partsOf(KNOBS, points);
  const counts = { points: 12, done: 9, judged: 9, held: 2, sure: 6 };
  assert.equal(
    rangeText(triedOf(KNOBS, points), parts, counts),
    "holds with profile server and memory from 8 GiB up (2 of 2 points); not with profile server and memory 4 GiB (0 of 1 point), nor with profile pi or database (0 of 6 points); at 3 of 9 points the seeds do not suffice to be sure; 9 of 12 points were run",
  );
  const all = judgedGrid(() => true);
  const none = { points: 9, done: 9, judged: 9, held: 0, sure: 9 };
  assert.equal(
    rangeText(triedOf(KNOBS, all), partsOf(KNOBS, all), { ...none, held: 9 }),
    "holds at all 9 points tried (memory 4 GiB, 8 GiB or 16 GiB, profile server, pi or database)",
  );
  assert.match(
    rangeText(triedOf(KNOBS, all), partsOf(KNOBS, all), none),
    /^holds at none of 9 points tried \(/,
  );
  const unknown = { points: 9, done: 9, judged: 0, held: 0, sure: 0 };
  assert.match(rangeText(triedOf(KNOBS, []), partsOf(KNOBS, []), unknown), /^not known: no machine/);
});

test("on a grid it turns round between neighbours in one knob: the next value, or any other of a knob without order", () => {
  const points = judgedGrid((gib, profile) => profile === "server" && gib >= 8);
  const memory = turnsAlong(MEMORY, KNOBS, points);
  assert.equal(memory.pairs, 6, "two pairs for each of three profiles");
  assert.deepEqual(memory.turns, [
    {
      changes: [{ knob: "memory", held: 8 * 2 ** 30, not: 4 * 2 ** 30 }],
      same: { profile: "server" },
      sure: true,
    },
  ]);
  const profile = turnsAlong(PROFILE, KNOBS, points);
  assert.equal(profile.pairs, 9);
  assert.deepEqual(
    profile.turns.map(({ changes, sure }) => [changes[0]!.held, changes[0]!.not, sure]),
    [
      ["server", "pi", false],
      ["server", "database", true],
      ["server", "pi", false],
      ["server", "database", true],
    ],
  );
  // Shares of the variance add up to less than all where the knobs act together.
  const explained = KNOBS.map((knob) => knobResult(knob, points, null).explained);
  assert.deepEqual(explained, [0.142857, 0.571429]);
  assert.deepEqual(knobResult(MEMORY, points, { pairs: 6, turns: 1 }).levels[0], {
    value: "4 GiB",
    points: 3,
    held: 0,
    sure: 2,
    asked: 30,
    granted: 3,
  });
});

test("in a sample the nearest point of another verdict is a turn, with every knob that differs", () => {
  const points = judgedGrid((gib) => gib === 16).filter(({ values }) => values.profile !== "database");
  const [a, , , , , f] = points;
  const turns = nearestTurns(KNOBS, [a!, f!]);
  assert.deepEqual(
    turns.map(({ changes }) => changes.map(({ knob }) => knob)),
    [["memory", "profile"]],
  );
});

test("a run tells which points no machine has, and its plan gives the same result, also through `pageblock verify`", async () => {
  const small = spec({ memory: ["1GiB", "2GiB", "64GiB"], pageSize: ["4KiB", "16KiB"], seeds: [1, 2] });
  assert.equal(robustRuns(small), 2 * 2 * (1 + 2));
  const { robust, plan } = await runRobust(small, { store: "none", workers: 1 });
  assert.ok(robust !== null);
  assert.deepEqual([robust.points, robust.judged, robust.held], [12, 4, 4]);
  assert.deepEqual(
    robust.skipped.map(({ points }) => points),
    [6, 2],
  );
  assert.match(robust.skipped[0]!.reason, /page size: raspberry-pi-4 .* got 16 KiB/);
  assert.match(
    robust.range,
    /^holds at all 4 points tried \(memory 1 GiB or 2 GiB, page size 4 KiB, seeds 1 or 2\)/,
  );
  assert.equal(planKindOf({ kind: "robust", ...plan }).name, "robust");
  assert.deepEqual(await runPlan({ kind: "robust", ...plan }), JSON.parse(JSON.stringify(robust)));
});

test("a time budget holds though no machine has the first points: they take no time", async () => {
  const many: KnobsIn = { memory: { from: "1GiB", to: "4GiB", step: "64MiB" }, release: ["6.1", "9.9"] };
  let seed = 1;
  while (robustPoints(spec(many, { seed })).points.findIndex(({ plan }) => plan !== null) < 3) seed++;
  const wanted = spec(many, { seed, within: 300 });
  const { robust, summary } = await runRobust(wanted, { store: "none", workers: 1 });
  assert.ok(robust !== null && summary.run > 0 && robust.done < robust.points / 2, `${robust?.done} points`);
});

test("a time budget ends the run between points; the plan that comes back names their number and gives the same", async () => {
  const many: KnobsIn = { memory: { from: "1GiB", to: "4GiB", step: "64MiB" }, age: ["0ms"] };
  const wanted = spec(many, { within: 1 });
  const { robust, plan, summary } = await runRobust(wanted, { store: "none", workers: 1 });
  assert.ok(robust !== null && summary.resultsHash !== null);
  assert.ok(robust.done >= 1 && robust.done < robust.points, `${robust.done} of ${robust.points}`);
  assert.equal(plan.points, robust.done);
  assert.equal(plan.within, undefined, "a slower computer would run fewer points");
  assert.match(robust.range, new RegExp(`; ${robust.done} of 49 points were run$`));
  assert.deepEqual(robustHere(plan), robust);
  assert.deepEqual((await runRobust(plan, { store: "none", workers: 1 })).robust, robust);
  // The longer run begins with the same points.
  const longer = robustHere({ ...plan, points: robust.done + 2 });
  assert.deepEqual(longer.results.slice(0, robust.judged), robust.results);
});

test("sure: at 8 seeds the intervals err about as often as they say, with fewer nothing is sure, and the page has the table", () => {
  const page = readFileSync(join(ROOT, "docs/experiments.md"), "utf8");
  for (const name of ["share ≥ 50 %, one request a seed", "a > b, both 50 %", "a > b, both 10 %"]) {
    assert.ok(page.includes(sureRow(name)), name);
    assert.equal(sureOfWrong(name, 7), 0);
    for (const n of SURE_SEEDS) assert.ok(sureOfWrong(name, n) < 0.08, `${name}, ${n}`);
  }
  for (const name of Object.keys(SURE_CASES)) assert.ok(page.includes(`| ${name} |`), name);
});

test("notes say how many points would be sure by chance, and from how many seeds on a point can be", () => {
  const planned = robustPoints(spec({ memory: ["1GiB", "2GiB"] }));
  const result = (sure: boolean) =>
    robustOutcome(spec({ memory: ["1GiB", "2GiB"] }), planned, {
      done: 2,
      skipped: [],
      results: planned.points.map(({ values }) => ({ values, held: true, sure, sides: SIDES })),
      resultsHash: "",
    });
  assert.match(
    robustNotes(result(true)).at(-1)!,
    /and there are 8 seeds or more\. Each point is judged alone: of 2 whose truth lies at the limit, about 0\.1 would be sure by chance\.$/,
  );
  assert.match(robustNotes(result(false)).at(-1)!, /8 seeds or more\.$/);
});

test("ages are whole hours: aging goes hour by hour, and half an hour would be the machine of an hour", () => {
  const ages = (age: NonNullable<KnobsIn["age"]>, more: object = {}) =>
    robustPoints(spec({ age }, more)).points;
  assert.throws(
    () => ages(["10 minutes", "30 minutes"]),
    /over\.age: must be 0 or whole hours, because aging goes hour by hour: got 10 minutes, which ages a machine as 1 hour does/,
  );
  assert.throws(
    () => ages(["90 minutes", "2 hours"]),
    /got 1\.5 hours, which ages a machine as 2 hours does/,
  );
  assert.throws(() => ages({ from: "1 minute", to: "1 day" }, { count: 4 }), /got 1 minute/);
  assert.throws(() => ages({ from: 0, to: "2 hours", step: "30 minutes" }), /got 30 minutes/);
  assert.equal(ages([0, "1 hour"]).length, 2);
  for (const { values } of ages({ from: 0, to: "4 hours" }, { count: 32 }))
    assert.equal(Number(values.age) % 3_600_000, 0);
  // The reason: in the first hour there is one step of work, whatever of it a plan asks for.
  const counters = ["1 minute", "59 minutes", "2 hours"].map((duration) => {
    const system = System.boot({ board: "qemu-virt", memoryBytes: 2 ** 28 });
    new WorkloadRun(system, new Random(1)).toEnd({ kind: "uptime", duration });
    return system.counters.allocations;
  });
  assert.equal(counters[0], counters[1]);
  assert.ok(counters[2]! > counters[1]!);
});
