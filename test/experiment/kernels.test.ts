/** Variants of a machine against one another: verdicts by hand, pairs that are one, and effects whose cause is known. */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { change } from "../../lib/change/change";
import { kernelsHere, runKernels } from "../../lib/experiment/compare-kernels";
import { differencesOf } from "../../lib/experiment/kernel-differences";
import { judged, measured } from "../../lib/experiment/kernel-verdict";
import { KernelsTable, kernelsPlans } from "../../lib/experiment/kernels";
import { carriedText, kernelCells, pairNotes } from "../../lib/experiment/kernels-text";
import { COMPARED } from "../../lib/experiment/metric-values";
import { robustHere, robustRuns, runRobust } from "../../lib/experiment/robust";
import { runToText } from "../../lib/experiment/run-text";
import { compareKernels } from "../../lib/fluent/compare-kernels";
import { KernelsComparison } from "../../lib/fluent/kernels-comparison";
import { machine } from "../../lib/fluent/machine";
import { ALLOCATOR_SWITCHES } from "../../lib/hardware/kernel-switches";
import { measureNames } from "../../lib/metrics/measures";
import { type KernelsIn, type KernelsSpec, parseKernels } from "../../lib/plan/compare-kernels";
import { labelled } from "../../lib/plan/strategy";
import { planKindOf, runPlan } from "../../lib/report/plan-kinds";
import { outcomeText } from "../support/outcome-text";

/** A small machine in which kernel pages and movable ones take from each other. */
const FRAGMENTING = {
  machine: { board: "pc-x86-64", memory: "256MiB" },
  workload: {
    sequence: [
      { kind: "mix", movable: 0.55, reclaimable: 0.1, unmovable: 0.12, polluted: 0.4 },
      { kind: "uptime", duration: "1 hour", profile: "server" },
      { kind: "network-server", duration: "endless" },
    ],
  },
  request: { size: "2MiB", times: 4, gap: "1s" },
};

const plan = (more: Partial<KernelsIn>): KernelsSpec =>
  parseKernels({ ...FRAGMENTING, variants: ["6.1", "6.15"], ...more });

test("a variant against itself: no metric differs, histories are equal, nothing is tested, and 3 seeds do not suffice", () => {
  const { pairs, family } = kernelsHere(
    plan({ variants: ["6.1", { label: "again", kernel: "6.1" }], seeds: 3 }),
  );
  assert.equal(family, 0);
  assert.deepEqual(pairs[0]!.pairing, { seeds: 3, equal: 3, apart: 0 });
  for (const { metric, verdict, difference, p, pairs: counts, seedsNeeded, words } of pairs[0]!.metrics) {
    // Taking a free block, or clearing a huge page, takes the same time in each of the three seeds.
    if (metric.endsWith("Ns") && verdict === "untested") continue;
    assert.equal(verdict, "open", metric);
    assert.deepEqual([difference.mid, p], [0, 1]);
    assert.match(words, /^seeds do not suffice: .* seeds would \(3 seeds\)$/);
    if (counts !== undefined) continue;
    assert.deepEqual([difference.low, difference.high, seedsNeeded], [0, 0, 29]);
    assert.match(words, /may miss a difference of one run in ten/);
  }
});

test("plans: seed by seed, every variant in turn, and everything else the same", () => {
  const spec = plan({
    variants: ["6.1", "6.15", { kernel: "6.15", defragMode: true }],
    seeds: 2,
    firstSeed: 7,
  });
  const plans = Array.from({ length: kernelsPlans(spec).count }, (_, i) => kernelsPlans(spec).at(i));
  assert.deepEqual(
    plans.map(({ seed, machine }) => [seed, machine.kernel, machine.defragMode]),
    [7, 8].flatMap((seed) => [
      [seed, "6.1", undefined],
      [seed, "6.15", undefined],
      [seed, "6.15", true],
    ]),
  );
  for (const one of plans) {
    assert.deepEqual(one.workload, plans[0]!.workload);
    assert.deepEqual(one.record, {});
    assert.deepEqual(one.strategy, { name: "buddy" });
  }
});

/** An outcome of one request, with metrics. */
const text = (granted: number, metrics: Record<string, number>) => outcomeText(metrics, { granted });

test("by hand: eight seeds in which B is granted in six more, and has less of another metric in each", () => {
  const spec = plan({ variants: ["6.1", "6.9"], seeds: 8, metrics: ["success", "fallbacks", "freeBytes"] });
  const table = new KernelsTable(spec);
  // Granted only in B in six seeds, in both in one, in none in one; fallbacks fall by 1 to 8.
  for (let i = 0; i < 8; i++) {
    table.take(text(i === 6 ? 1 : 0, { fallbacks: 20, freeBytes: 5, othersAsked: 100, othersFreed: 50 }));
    table.take(
      text(i <= 6 ? 1 : 0, {
        fallbacks: 20 - (i + 1),
        freeBytes: 5,
        othersAsked: 100 + (i === 0 ? 25 : 0),
        othersFreed: 50,
      }),
    );
  }
  const { pairs, family, variants } = table.result("");
  const [success, fallbacks, free] = pairs[0]!.metrics;
  assert.equal(family, 2, "freeBytes differs nowhere");
  assert.deepEqual(success!.pairs, { both: 1, onlyA: 0, onlyB: 6, neither: 1 });
  assert.equal(success!.test, "mcnemar");
  assert.equal(success!.p, 2 / 2 ** 6);
  assert.equal(success!.difference.mid, 0.75);
  // Holm: 2 × 1/128 for fallbacks, then the other p as it is.
  assert.equal(fallbacks!.p, 2 / 2 ** 8);
  assert.equal(fallbacks!.pCorrected, 4 / 2 ** 8);
  assert.equal(success!.pCorrected, 2 / 2 ** 6);
  assert.equal(success!.verdict, "better");
  assert.equal(fallbacks!.verdict, "better");
  assert.match(fallbacks!.words, /^6\.9 is better than 6\.1: −4\.5/);
  assert.equal(fallbacks!.ratio!.mid, 15.5 / 20);
  // Differences −1 to −8: mean −4.5, standard deviation √6.
  assert.ok(Math.abs(fallbacks!.standardised! + 4.5 / Math.sqrt(6)) < 1e-12);
  // Equal in eight seeds, which is fewer than 29: 0.9^28 is above 5 %, 0.9^29 below.
  assert.deepEqual([free!.verdict, free!.seedsNeeded], ["open", 29]);
  assert.ok(0.9 ** 28 > 0.05 && 0.9 ** 29 < 0.05);
  assert.deepEqual(pairs[0]!.pairing, { seeds: 8, equal: 7, apart: 0.2 });
  assert.deepEqual(
    variants.map(({ granted }) => granted),
    [1, 7],
  );
});

test("verdicts: worse, more, small, open with the seeds that would do, and always the seeds there were", () => {
  const of = (metric: string, a: number[], b: number[]) =>
    judged(measured(metric, a, b, new Random(1)), measured(metric, a, b, new Random(1)).p, 1, ["old", "new"]);
  const ten = Array.from({ length: 10 }, (_, i) => 100 + i);
  assert.equal(
    of(
      "fallbacks",
      ten,
      ten.map((n) => n + 50),
    ).verdict,
    "worse",
  );
  assert.equal(
    of(
      "compactMigrated",
      ten,
      ten.map((n) => n + 50),
    ).verdict,
    "more",
  );
  assert.equal(
    of(
      "freeOrder3",
      ten,
      ten.map((n) => n - 50),
    ).verdict,
    "less",
  );
  const wobbling = (count: number) => {
    const a = Array.from({ length: count }, (_, i) => 100 + (i % 10));
    return of(
      "fallbacks",
      a,
      a.map((n, i) => n + (i % 2 === 0 ? 1 : -1)),
    );
  };
  assert.equal(wobbling(30).verdict, "none");
  assert.match(wobbling(30).words, /no difference seen beyond 5 % of A: 0, .* \(30 seeds\)/);
  assert.deepEqual([wobbling(28).verdict, wobbling(28).seedsNeeded], ["open", 29]);
  const open = of(
    "fallbacks",
    ten,
    ten.map((n, i) => n + (i % 2 === 0 ? 60 : -40)),
  );
  assert.equal(open.verdict, "open");
  // Mean 10, standard deviation of the differences 50·√(10/9): ((1.96 + 0.8416) × 52.7 / 10)² = 218.1, over 3/π.
  assert.equal(open.seedsNeeded, Math.ceil(219 / (3 / Math.PI)));
  assert.match(
    open.words,
    /seeds do not suffice: \+10, .* of a shift, by ranks; about 230 seeds would \(10 seeds\)/,
  );
});

/** The verdict on one metric alone. */
const verdictOf = (metric: string, a: number[], b: number[]) => {
  const raw = measured(metric, a, b, new Random(1));
  return judged(raw, raw.p, 1, ["old", "new"]);
};

test("one seed has no interval, and says so", () => {
  const { difference, verdict, words } = verdictOf("fallbacks", [5], [6]);
  assert.deepEqual(difference, { low: null, mid: 1, high: null });
  assert.equal(verdict, "open");
  assert.match(words, /^seeds do not suffice: \+1, no interval from one seed, p = 1 /);
});

test("a count that means one thing before 6.10 and another since has no better direction, and the table says why", () => {
  const pairOf = (...variants: KernelsIn["variants"]) => {
    const spec = plan({ variants, metrics: ["fallbacksFragmenting", "reclaimedForNothing"], seeds: 8 });
    const table = new KernelsTable(spec);
    for (let i = 0; i < 8; i++) {
      table.take(text(1, { fallbacksFragmenting: 10 + i, reclaimedForNothing: 1 }));
      table.take(text(1, { fallbacksFragmenting: 500 + i, reclaimedForNothing: 1 }));
    }
    const result = table.result("");
    return { ...result.pairs[0]!, notes: pairNotes(result, result.pairs[0]!).join("\n"), result };
  };
  // mm_page_alloc_extfrag: 6.9 traces __rmqueue_fallback(), 6.10 each page that is claimed or stolen.
  for (const variants of [
    ["6.9", "6.10"],
    ["6.1", "7.3"],
    ["6.1", { kernel: "6.1", switches: { fallback: "claim" } }],
  ] as const) {
    const { metrics, notes } = pairOf(...variants);
    const [fallbacks, reclaimed] = metrics;
    assert.equal(fallbacks!.verdict, "more");
    assert.match(kernelCells(fallbacks!).at(-1)!, /^B has more; counted differently$/);
    assert.equal(reclaimed!.note, undefined);
    assert.match(
      notes,
      /^fallbacksFragmenting: counted differently: fallback steal \(before 6\.10\): .*; fallback claim \(since 6\.10\): /m,
    );
  }
  for (const variants of [
    ["6.1", "6.9"],
    ["6.10", "6.15"],
    ["6.1", { kernel: "6.15", switches: { fallback: "steal" } }],
  ] as const) {
    const { metrics, notes } = pairOf(...variants);
    assert.equal(metrics[0]!.verdict, "worse");
    assert.doesNotMatch(notes, /counted differently/);
  }
});

test("yes or no in each run: no difference only if Newcombe's interval lies within 5 percentage points", () => {
  const all = (n: number) =>
    verdictOf(
      "success",
      Array.from({ length: n }, () => 1),
      Array.from({ length: n }, () => 1),
    );
  // All of n granted: Wilson's lower limit is n / (n + z²), so 1 − that is at most 0.05 from n = 19 z² = 72.99 on.
  for (const n of [1, 12, 72]) assert.deepEqual([all(n).verdict, all(n).seedsNeeded], ["open", 73], `${n}`);
  assert.equal(all(73).verdict, "none");
  assert.match(all(73).words, /beyond 5 percentage points/);
});

test("a mean and ranks that point in opposite ways are not decided", () => {
  const b = [...Array.from({ length: 30 }, (_, i) => 100 + 1 + i / 100), 40, 40, 40];
  const a = b.map(() => 100);
  const { difference, p, verdict, words } = verdictOf("fallbacks", a, b);
  // 30 × 1.145 − 3 × 60 is below 0, while ranks 1 to 30 outweigh 31 to 33.
  assert.ok(difference.mid < 0 && p < 0.05);
  assert.equal(verdict, "open");
  assert.match(words, /the mean and the ranks of the differences point in opposite ways/);
});

test("a difference is known: one switch between the variants carries the whole effect, in both directions", () => {
  const spec = plan({
    variants: ["6.1", { label: "claiming", kernel: "6.1", switches: { fallback: "claim" } }],
    metrics: ["reclaimedForNothing"],
    seeds: 10,
    ablate: true,
  });
  const { ablation, pairs } = kernelsHere(spec);
  const [metric] = ablation!.metrics;
  assert.deepEqual(ablation!.fixed, []);
  assert.deepEqual(
    metric!.rows.map(({ name, a, b, shows }) => [name, a, b, shows]),
    [["fallback", "steal", "claim", "both"]],
  );
  const [row] = metric!.rows;
  assert.equal(row!.forward, pairs[0]!.metrics[0]!.difference.mid);
  assert.equal(row!.back, row!.forward);
  assert.deepEqual(row!.share, { low: 1, mid: 1, high: 1 });
  assert.deepEqual([metric!.rest!.mid, metric!.together], [0, 0]);
});

test("6.1 against 6.15 where memory fragments: the claim rules carry the effect, found by flipping each switch alone", () => {
  const spec = plan({ metrics: ["reclaimedForNothing", "fallbacksFragmenting"], seeds: 12, ablate: true });
  const { ablation, pairs } = kernelsHere(spec);
  assert.deepEqual(
    pairs[0]!.metrics.map(({ verdict }) => verdict),
    ["better", "more"],
  );
  for (const { rows, metric, total, interaction } of ablation!.metrics) {
    assert.equal(rows[0]!.name, "fallback", metric);
    assert.equal(rows[0]!.shows, "both");
    assert.ok(rows[0]!.effect.mid / total.mid > 0.5, `${metric}: ${JSON.stringify(rows[0])}`);
    // Another switch undone alone makes ten thousand fallbacks: a kernel that never was, of which no share can be said.
    if (metric === "fallbacksFragmenting") assert.ok(interaction!.least < -1 && rows[0]!.share === null);
    // Every switch of the table whose value differs between the two releases is flipped.
    assert.ok(rows.length >= 8 && rows.every(({ name }) => name in ALLOCATOR_SWITCHES));
  }
  assert.match(carriedText(ablation!.metrics[0]!), /carried by fallback \(steal → claim\)/);
  const fixed = ablation!.fixed.map(({ name }) => name);
  assert.ok(fixed.includes("pageblockFollowsThp") && fixed.includes("zoneinfoPromo"), fixed.join());
});

test("differences one by one: switches of releases, sysctls, mechanisms and sizes; each flipped forward and back", () => {
  const spec = plan({
    variants: [
      "6.12",
      {
        kernel: "6.15",
        minFreeKbytes: 8192,
        switches: { mobilityGrouping: false },
        system: { compaction: false },
      },
    ],
  });
  const { flips, all } = differencesOf(spec);
  const named = new Map(flips.map((flip) => [flip.name, flip]));
  assert.deepEqual(
    flips.filter(({ of }) => of !== "switch").map(({ of, name, a, b }) => [of, name, a, b]),
    [
      ["machine", "minFreeKbytes", "not set", "8192"],
      ["system", "compaction", "not set", "off"],
    ],
  );
  const { forward, back } = named.get("minFreeKbytes")!;
  assert.deepEqual([forward.machine.kernel, forward.machine.minFreeKbytes], ["6.12", 8192]);
  assert.deepEqual([back.machine.kernel, "minFreeKbytes" in back.machine], ["6.15", false]);
  assert.equal(named.get("mobilityGrouping")!.forward.machine.switches!.mobilityGrouping, false);
  assert.equal(named.get("mobilityGrouping")!.back.machine.switches!.mobilityGrouping, true);
  assert.deepEqual(all.system, { compaction: false });
  assert.equal(all.machine.kernel, "6.12");
});

test("variants are checked as the runs they make, and the error says which", () => {
  const refused = (variants: unknown, message: RegExp, more: object = {}) =>
    assert.throws(() => parseKernels({ ...FRAGMENTING, variants, ...more }), message);
  refused(["6.1", { kernel: "6.1", defragMode: true }], /variants\[1\]: 6\.1, defragMode on: .*defrag_mode/);
  refused(["6.1", { kernle: "6.15" }], /variants.*kernle.*kernel/s);
  refused(["6.1", { board: "qemu-virt" }], /board/);
  refused(
    [
      { label: "x", kernel: "6.1" },
      { label: "x", kernel: "6.15" },
    ],
    /two variants are called "x"/,
  );
  refused(["6.1", { kernel: "6.15", machine: { kernel: "6.16" } }], /stated twice/);
  refused(["6.1", "6.12", "6.15"], /ablate: needs exactly two variants: got 3/, { ablate: true });
  refused(["6.1", 7], /kernel release, or an object/);
  assert.deepEqual(
    plan({ variants: [{ kernel: "6.15" }] }).variants.map(({ label }) => label),
    ["as it is", "6.15"],
  );
  assert.deepEqual(
    plan({ variants: ["6.1", "6.1"] }).variants.map(({ label }) => label),
    ["6.1", "6.1 (2)"],
  );
});

test("robust: at each point the sign that a comparison there has, and no variant that the statement is not about", async () => {
  const spec = plan({ seeds: 3, metrics: ["fallbacksFragmenting"] });
  const result = new KernelsComparison(spec, kernelsHere(spec), []);
  const builder = result.robust("fallbacksFragmenting", {
    memory: ["256MiB", "512MiB"],
    unmovable: [0, 0.05],
  });
  const asked = builder.plan();
  assert.deepEqual(asked.statement, {
    metric: "fallbacksFragmenting",
    of: "6.15",
    moreThan: "6.1",
    by: 0,
  });
  const { robust } = await runRobust(asked, { store: "none", workers: 1 });
  assert.equal(robust!.judged, 4);
  assert.deepEqual(robustHere(asked), robust);
  for (const { values, held, sides } of robust!.results) {
    if (values.unmovable !== 0) continue;
    const there = kernelsHere({ ...spec, machine: { ...spec.machine, memoryBytes: Number(values.memory) } });
    const runs = there.variants.map(({ means }) => means.fallbacksFragmenting!);
    assert.equal(held, runs[1]! > runs[0]!, JSON.stringify(values));
    assert.deepEqual(
      sides.map(({ label }) => label),
      ["6.15", "6.1"],
    );
  }
  assert.deepEqual(await runPlan({ kind: "robust", ...asked }), JSON.parse(JSON.stringify(robust)));
  const two = { ...asked, plan: { ...asked.plan, strategies: labelled(["buddy", "iommu"]) } };
  assert.throws(() => robustRuns(two), /variants are compared under one strategy: got 2/);
  assert.throws(
    () => robustRuns({ ...asked, statement: { metric: "success", of: "7.3", atLeast: 1 } }),
    /7\.3/,
  );
});

test("a change of the kernel's decisions is a variant like any other, recorded as it runs, and can be flipped alone", () => {
  const tail = change({ name: "all to the tail", about: "freed pages rest longer", listEnd: () => "tail" });
  const spec = compareKernels("6.1", { kernel: "6.1", change: tail }, { metrics: ["fallbacks"], seeds: 2 })
    .on(machine("pc-x86-64").memory("256MiB"))
    .workload(FRAGMENTING.workload)
    .request({ size: "2MiB" })
    .ablate()
    .plan();
  assert.deepEqual(
    spec.variants.map(({ label }) => label),
    ["6.1", "6.1, change all to the tail"],
  );
  const { ablation, pairs, variants } = kernelsHere(spec);
  assert.deepEqual(
    variants.map(({ runs, error }) => [runs, error]),
    [
      [2, null],
      [2, null],
    ],
  );
  assert.notEqual(pairs[0]!.metrics[0]!.equal, 2, "the change takes part");
  const [row] = ablation!.metrics[0]!.rows;
  assert.deepEqual([row!.name, row!.a, row!.b], ["change", "not set", "all to the tail"]);
  assert.equal(row!.effect.mid, ablation!.metrics[0]!.total.mid);
});

test("on workers, in this thread, and as a plan that is verified: one result", async () => {
  const spec = plan({ seeds: 2, metrics: ["fallbacks"] });
  const here = kernelsHere(spec);
  const { kernels } = await runKernels(spec, { workers: 2, store: "none" });
  assert.deepEqual(kernels, here);
  assert.equal(planKindOf(spec).name, "compare-kernels");
  assert.deepEqual(await runPlan(spec), JSON.parse(JSON.stringify(here)));
});

test("metrics that are compared by default have a meaning, and a better direction", () => {
  for (const metric of COMPARED) assert.ok(metric === "latencyNs" || measureNames().includes(metric), metric);
});

test("no label and no name passes for a release that the kernel is not", () => {
  const tail = change({ name: "all to the tail", listEnd: () => "tail" });
  const plan = (...variants: unknown[]) =>
    parseKernels({
      machine: { board: "qemu-virt", memory: "256MiB", kernel: "6.12" },
      variants,
      request: { size: "2MiB" },
    } as never);
  assert.throws(
    () => plan("6.12", { label: "6.15", kernel: "6.1" }),
    /variants\[1\].*label must not be that of another release than its kernel, 6\.1: got "6\.15"/,
  );
  assert.throws(
    () => plan("6.1", { label: "6.15", defragMode: true }),
    /label must not be that of another release/,
  );
  const labels = plan({ label: "6.12", kernel: "6.12" }, { label: "6.12 ", change: tail.toJSON() }).variants;
  assert.deepEqual(
    labels.map(({ label }) => label),
    ["6.12", "6.12 , change all to the tail"],
  );
  for (const name of ["6.12", "v6.12-rc1", "Linux 6.12.3", " 6.1 "])
    assert.throws(() => change({ name, listEnd: () => "tail" }), /name must not be that of a release/);
  assert.equal(change({ name: "6.12 without boost", watermarkBoost: () => 0 }).name, "6.12 without boost");
});

test("a table of variants says which kernel has a change, by its name and its SHA-256", () => {
  const tail = change({ name: "all to the tail", listEnd: () => "tail" });
  const spec = parseKernels({
    machine: { board: "qemu-virt", memory: "256MiB", kernel: "6.12" },
    variants: ["6.12", { label: "B", change: tail.toJSON() }],
    metrics: ["fallbacks"],
    request: { size: "2MiB", times: 1 },
    seeds: 1,
  } as never);
  const table = new KernelsTable(spec);
  const plans = kernelsPlans(spec);
  for (let i = 0; i < plans.count; i++) table.take(runToText(plans.at(i)).text);
  const result = table.result("");
  const words = `change "all to the tail" (${tail.sha256.slice(0, 12)})`;
  assert.deepEqual(
    result.variants.map((row) => row.change),
    [undefined, words],
  );
  assert.ok(pairNotes(result, result.pairs[0]!).includes(`B has the ${words}: it is no released kernel.`));
});
