/** Which difference carries an effect: outcomes made by hand, whose cause is known, and points of a change on small machines. */
import assert from "node:assert/strict";
import test from "node:test";
import { change } from "../../lib/change/change";
import { bindChange } from "../../lib/change/decide";
import type { AblationResult, MetricAblation } from "../../lib/experiment/ablation";
import { kernelsHere } from "../../lib/experiment/compare-kernels";
import { differencesOf } from "../../lib/experiment/kernel-differences";
import { KernelsTable, kernelsPlans } from "../../lib/experiment/kernels";
import { ablationNotes, carriedText } from "../../lib/experiment/kernels-text";
import { changeNotes } from "../../lib/machine/change-field";
import { type KernelsIn, parseKernels } from "../../lib/plan/compare-kernels";
import { outcomeText } from "../support/outcome-text";

const BASE = { machine: { board: "pc-x86-64", memory: "256MiB", kernel: "6.1" }, request: { size: "2MiB" } };
/** Two differences: x is minFreeKbytes, y is watermarkScaleFactor. */
const two = (seeds: number) =>
  parseKernels({
    ...BASE,
    variants: [{ label: "A" }, { label: "B", machine: { minFreeKbytes: 4096, watermarkScaleFactor: 20 } }],
    metrics: ["fallbacks"],
    seeds,
    ablate: true,
  } as KernelsIn);

const outcome = (fallbacks: number) => outcomeText({ fallbacks });

/** A value for each setting of x and y, as in A (0) or in B (1), beside what the seed adds; null: no outcome. */
type Value = (x: 0 | 1, y: 0 | 1, seed: number, every: boolean) => number | null;
/** In the order of the runs: A, B, x from A, x back from B, y from A, y back from B, all. */
const ARMS = [
  [0, 0],
  [1, 1],
  [1, 0],
  [0, 1],
  [0, 1],
  [1, 0],
  [1, 1],
] as const;

function ablate(seeds: number, value: Value): { ablation: AblationResult; metric: MetricAblation } {
  const spec = two(seeds);
  assert.deepEqual(
    differencesOf(spec).flips.map(({ name }) => name),
    ["minFreeKbytes", "watermarkScaleFactor"],
  );
  assert.equal(kernelsPlans(spec).count, seeds * ARMS.length);
  const table = new KernelsTable(spec);
  for (let seed = 0; seed < seeds; seed++)
    ARMS.forEach(([x, y], arm) => {
      const n = value(x, y, seed, arm === 6);
      table.take(n === null ? '{"error":"out of memory at boot","plan":""}' : outcome(n));
    });
  const { ablation } = table.result("");
  return { ablation: ablation!, metric: ablation!.metrics[0]! };
}

/** Noise that no arm of a seed has of its own. */
const base = (seed: number) => 100 + 7 * (seed % 5);

test("two differences that add up: shares of the whole, each by itself", () => {
  const { metric } = ablate(12, (x, y, seed) => base(seed) + 30 * x + 10 * y + (seed % 2) * x);
  assert.deepEqual(
    metric.rows.map(({ name, shows, share }) => [name, shows, Math.round(100 * share!.mid)]),
    [
      // 30.5 and 10 of 40.5.
      ["minFreeKbytes", "both", 75],
      ["watermarkScaleFactor", "both", 25],
    ],
  );
  assert.deepEqual([metric.interaction, metric.seedsNeeded], [null, null]);
});

test("differences that act on one another: shares beyond 0 and 100 % are not stated, and their range is", () => {
  // Alone x costs 50 and y costs 10; together they are 20: forward of x 50, back 10, so 30 of 20, and y −30 + 10, so −10.
  const { metric } = ablate(12, (x, y, seed) => base(seed) + 50 * x + 10 * y - 40 * x * y);
  assert.deepEqual(
    metric.rows.map(({ name, forward, back, share }) => [name, forward, back, share]),
    [
      ["minFreeKbytes", 50, 10, null],
      ["watermarkScaleFactor", 10, -30, null],
    ],
  );
  assert.deepEqual(metric.interaction, { least: -0.5, most: 1.5 });
  assert.match(
    carriedText(metric),
    /the differences interact, so no shares are stated: they would be from −50 % to 150 %, and 0 is not told by the sum of effects\.$/,
  );
  assert.doesNotMatch(carriedText(metric), /with \d+ %/);
});

test("no carrier is denied by seeds that could not have shown one", () => {
  // The whole is 20, by each half of the time: the steps of x spread as widely as they are.
  const value: Value = (x, y, seed) => base(seed) + (seed % 2 === 0 ? 40 * x : 40 * y) - 20 * (x & y ? 1 : 0);
  const few = ablate(7, value).metric;
  assert.ok(few.decided);
  assert.ok(few.rows.every(({ shows }) => shows !== "both"));
  assert.ok(few.seedsNeeded! > 7);
  assert.match(
    carriedText(few),
    /7 seeds do not suffice to say which difference carries it; about \d+ would show one that carries all of it by itself/,
  );
  assert.doesNotMatch(carriedText(few), /no difference carries it/);
  // With very many, it may be said.
  const many = ablate(300, value).metric;
  assert.equal(many.seedsNeeded, null);
});

test("what changes nothing is no test: six seeds suffice for one difference beside idle ones", () => {
  // The smallest p of six pairs is 2 / 2^6 = 3.1 %; counted with the idle difference it would be 6.3 %.
  const { metric } = ablate(6, (x, _y, seed) => base(seed) + 10 * x);
  const [x, y] = metric.rows;
  assert.deepEqual([x!.shows, x!.p, x!.pCorrected], ["both", 2 / 64, 2 / 64]);
  assert.deepEqual([y!.shows, y!.p, y!.pCorrected], ["none", 1, 1]);
});

test("a run that gives no outcome is named with its reason, and the rest is still divided", () => {
  const all = ablate(8, (x, y, seed, every) => (every ? null : base(seed) + 30 * x + 10 * y));
  assert.deepEqual(all.ablation.failed, [
    { arm: "A with every difference as in B", runs: 8, failedRuns: 8, error: "out of memory at boot" },
  ]);
  assert.equal(all.metric.rest, null);
  assert.equal(all.metric.rows[0]!.shows, "both");
  assert.match(
    ablationNotes(all.ablation).join("\n"),
    /^A with every difference as in B: 8 of 8 runs gave no outcome: out of memory at boot$/m,
  );
  const one = ablate(8, (x, y, seed) =>
    x === 1 && y === 0 && seed === 3 ? null : base(seed) + 30 * x + 10 * y,
  );
  assert.deepEqual(
    one.ablation.failed.map(({ arm, failedRuns }) => [arm, failedRuns]),
    [
      ["A with minFreeKbytes as in B", 1],
      ["B with watermarkScaleFactor as in A", 1],
    ],
  );
  assert.deepEqual(one.metric.rows, [], "neither flip has all of its runs");
  assert.doesNotMatch(ablationNotes(one.ablation).join("\n"), /Every difference was flipped alone/);
});

const both = change({
  name: "tail and no boost",
  about: "two points, of which one does nothing here",
  listEnd: () => "tail",
  watermarkBoost: (given, stock) => stock.watermarkBoost(given),
});
const points = (...variants: unknown[]) =>
  parseKernels({
    ...BASE,
    workload: {
      sequence: [
        { kind: "mix", movable: 0.55, reclaimable: 0.1, unmovable: 0.12, polluted: 0.4 },
        { kind: "uptime", duration: "1 hour", profile: "server" },
      ],
    },
    variants,
    metrics: ["fallbacks"],
    seeds: 2,
    ablate: true,
  } as never);

test("a change of several points is divided by point: each alone, and the change without it", () => {
  const spec = points({ label: "A" }, { label: "B", change: both.toJSON() });
  const { flips, all } = differencesOf(spec);
  assert.deepEqual(
    flips.map(({ of, name, a, b }) => [of, name, a, b]),
    [
      ["change", "listEnd", "stock", "tail and no boost"],
      ["change", "watermarkBoost", "stock", "tail and no boost"],
    ],
  );
  assert.deepEqual(
    flips.map(({ forward, back }) => [forward.machine.change!.points, back.machine.change!.points]),
    [
      [["listEnd"], ["watermarkBoost"]],
      [["watermarkBoost"], ["listEnd"]],
    ],
  );
  assert.deepEqual(all.machine.change, both.toJSON());
  const { ablation } = kernelsHere(spec);
  const [metric] = ablation!.metrics;
  const row = (name: string) => metric!.rows.find((one) => one.name === name)!;
  // The second point answers as the kernel does: the first is the whole change.
  assert.deepEqual([row("watermarkBoost").forward, row("watermarkBoost").back], [0, 0]);
  assert.equal(row("listEnd").effect.mid, metric!.total.mid);
  assert.notEqual(metric!.total.mid, 0);
});

test("a change that the first variant has is divided the other way round; one of a single point as a whole", () => {
  const back = differencesOf(
    points({ label: "A", change: both.toJSON() }, { label: "B", machine: { kernel: "6.1" } }),
  );
  assert.deepEqual(
    back.flips.map(({ name, a, b, forward: f, back: t }) => [
      name,
      a,
      b,
      f.machine.change!.points,
      t.machine.change!.points,
    ]),
    [
      ["listEnd", "tail and no boost", "stock", ["watermarkBoost"], ["listEnd"]],
      ["watermarkBoost", "tail and no boost", "stock", ["listEnd"], ["watermarkBoost"]],
    ],
  );
  const one = change({ name: "all to the tail", listEnd: () => "tail" });
  const { flips } = differencesOf(points({ label: "A" }, { label: "B", change: one.toJSON() }));
  assert.deepEqual(
    flips.map(({ of, name }) => [of, name]),
    [["machine", "change"]],
  );
});

test("points in force are part of the plan: unknown ones are refused, and results say which", () => {
  const code = { ...both.toJSON(), points: ["listEnd"] };
  assert.deepEqual(bindChange(code).points, ["listEnd"]);
  assert.match(
    changeNotes({ change: code })[0]!,
    /change "tail and no boost" \([0-9a-f]{12}\), of which only listEnd:/,
  );
  assert.throws(
    () => bindChange({ ...both.toJSON(), points: ["stealPage"] }),
    /change "tail and no boost": points: unknown name "stealPage": known are listEnd, watermarkBoost/,
  );
  assert.throws(
    () => points({ label: "A" }, { label: "B", change: { ...code, points: ["listend"] } }),
    /change\.points\[0\].*decision point: unknown name "listend".*did you mean listEnd\?/,
  );
});
