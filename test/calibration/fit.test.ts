/** A fit gives back what it was fitted to, and what it cannot know it says. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { GiB, MiB } from "../../lib/base/units";
import { agreementOf, halfOf, machineLike } from "../../lib/calibration/agreement";
import { readKernelShares, sharesTable } from "../../lib/calibration/kernel-shares";
import { modelHuge, modelRun } from "../../lib/calibration/model-run";
import { fitSeries } from "../../lib/calibration/moments";
import { readSeries } from "../../lib/calibration/sample";
import { parsePlan } from "../../lib/plan/run";
import { fitMoments, type Moment } from "../../lib/workload/fit-series";
import { FIXTURES, pageblock } from "../support/cli";

const REAL = join(FIXTURES, "real-machine");
const series = readSeries(join(REAL, "series"));

test("amounts of a fitted machine are those of the samples", () => {
  const { workload, assumed } = fitSeries(series.slice(0, 3));
  assert.deepEqual(assumed, []);
  assert.equal(workload.settled, 3190910);
  const pages = 24683652 / 4;
  assert.ok(Math.abs(Number(workload.slabReclaimable) * pages - 159283) < 100);
  // As many jobs of such a size as give the mean.
  const anon = [990966, 2099860, 2082738].reduce((a, b) => a + b) / 3 / pages;
  assert.ok(Math.abs(Number(workload.base) + Number(workload.jobs) * Number(workload.jobAnon) - anon) < 1e-3);
});

test("a model machine with a fitted workload reaches the amounts by its own allocations", () => {
  const { workload } = fitSeries(series.slice(0, 3));
  // The same shares on a small machine, ten times as fast.
  const small = { ...workload, settled: 300_000, jobTime: 60_000 };
  const machine = { board: "pc-x86-64", memoryBytes: GiB, kernel: "6.18" } as const;
  const [q] = modelRun({ machine, workload: small }, 1, [300]);
  assert.ok(Math.abs(q!.slabReclaimable! / q!.memoryPages - Number(workload.slabReclaimable)) < 0.002);
  assert.ok(Math.abs(q!.frames!.pages.fileLarge / q!.file! - Number(workload.largeFolios)) < 0.1);
  assert.ok(q!.file! / q!.memoryPages > 0.9 * Number(workload.kept));
  assert.ok(q!.pageTables! > 0.5 * Number(workload.tables) * q!.anon!);
  // Kernel pages lie in more page blocks than they need: those of the peak.
  const [even] = modelRun({ machine, workload: { ...small, peak: 0 } }, 1, [300]);
  assert.ok(q!.frames!.unmovableBlocks > even!.frames!.unmovableBlocks);
  assert.deepEqual(modelRun({ machine, workload: small }, 1, [300])[0], q);
});

test("one sample, and meminfo without anything: what is assumed is said", () => {
  const one = fitMoments([{ memoryPages: 1e6, anon: 3e5 }]);
  assert.match(one.assumed.join("\n"), /no uptime/);
  assert.match(one.assumed.join("\n"), /slabReclaimable: 2 % of memory/);
  assert.match(one.assumed.join("\n"), /one sample/);
  const none = fitMoments([{ memoryPages: 1e6 }]);
  assert.match(none.assumed.join("\n"), /no meminfo/);
  assert.throws(() => fitMoments([]), /at least one sample/);
  for (const { workload } of [one, none])
    parsePlan({
      machine: { board: "pc-x86-64" },
      workload,
      strategy: { name: "buddy" },
      request: { size: "2MiB" },
    });
});

test("steady machines get many small jobs, bursty ones few large ones", () => {
  const at = (anon: number, i: number): Moment => ({ memoryPages: 1e6, uptime: 600 * (i + 1), anon });
  const steady = fitMoments(Array.from({ length: 30 }, (_, i) => at(4e5 + (i % 2) * 1e3, i))).workload;
  const bursty = fitMoments(Array.from({ length: 30 }, (_, i) => at(i % 3 === 0 ? 6e5 : 5e4, i))).workload;
  assert.ok(Number(steady.jobs) > 5 * Number(bursty.jobs));
  assert.ok(Number(bursty.jobAnon) > 5 * Number(steady.jobAnon));
});

test("slab that grew from sample to sample goes on growing", () => {
  const moments = [0, 1, 2].map(
    (i): Moment => ({
      memoryPages: 1e6,
      uptime: 3600 * (i + 1),
      slabReclaimable: 1e4 * (i + 1),
      slabUnreclaimable: 0,
      anon: 1e5,
    }),
  );
  assert.ok(Math.abs(Number(fitMoments(moments).workload.growthSlab) - 0.01) < 1e-9);
  assert.equal(fitMoments(moments.slice(0, 1)).workload.growthSlab, 0);
});

test("the machine of a series, its halves, and what an agreement needs", () => {
  assert.deepEqual(machineLike(series[0]!), {
    board: "pc-x86-64",
    memoryBytes: 24 * GiB,
    kernel: "6.18",
    cpus: 2,
  });
  assert.deepEqual([2, 3, 5].map(halfOf), [1, 2, 3]);
  assert.throws(() => agreementOf(series.slice(0, 1)), /at least two samples/);
  const { uptime: _, ...timeless } = series[1]!;
  assert.throws(() => agreementOf([series[0]!, timeless]), /has no uptime/);
});

test("huge pages of a fitted machine", () => {
  const machine = { board: "pc-x86-64", memoryBytes: 512 * MiB } as const;
  const got = modelHuge({ machine }, 1, 60, [{ bytes: 2 * MiB, wanted: 16 }]);
  assert.deepEqual(got, [16]);
});

test("pageblock fit prints a piece of a plan; --shares a table of reports", () => {
  const run = pageblock(["fit", join(REAL, "series")]);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^workload:\n {2}kind: like$/m);
  assert.match(run.stdout, /memoryBytes: 25769803776/);
  const shares = pageblock(["fit", "--shares", join(REAL, "kernel-shares.csv")]);
  assert.equal(shares.stdout.trim(), sharesTable(readKernelShares(join(REAL, "kernel-shares.csv"))));
  assert.equal(pageblock(["fit", "--check", "--seeds", "x", join(REAL, "series")]).status, 2);
});
