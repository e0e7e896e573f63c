/** The surface of comparisons of variants: what it shows and draws, and what it refuses. */
import assert from "node:assert/strict";
import test from "node:test";
import type { SeriesColumns } from "../../lib/experiment/bounded-series";
import { ablation, compareKernels } from "../../lib/fluent/compare-kernels";
import { machine } from "../../lib/fluent/machine";
import { workload } from "../../lib/fluent/workload";
import { meanSeries } from "../../lib/metrics/mean-series";
import { DISPLAY } from "../../lib/notebook/display";
import { runPlan } from "../../lib/report/plan-kinds";

const builder = ablation("6.1", { kernel: "6.1", label: "claiming", switches: { fallback: "claim" } })
  .on(machine("pc-x86-64").memory("256MiB"))
  .workload(workload.camera().after(workload.uptime("20 minutes")))
  .request({ size: "2MiB", times: 2 })
  .metrics("fallbacks", "mixedBlocksMean", "success")
  .seeds(3)
  .workers(1)
  .store("none");

test("a comparison of variants is shown with its verdicts, drawn, queried, and verified from its plan", async () => {
  const result = await builder.run();
  assert.deepEqual(await runPlan(result.plan), JSON.parse(JSON.stringify(result)));
  const shown = result[DISPLAY]();
  assert.match(String(shown["text/plain"]), /^claiming against 6\.1: 3 seeds from 1/);
  assert.match(String(shown["text/plain"]), /Histories are paired by seed/);
  assert.match(String(shown["text/html"]), /<caption[^>]*>claiming against 6\.1/);
  assert.equal(result.metric("success").metric, "success");
  assert.equal(result.pair("claiming").a, "6.1");
  assert.equal(result.ablation("fallbacks").rows.length, 1);
  assert.match(result.carriers.join(), /fallbacks: /);
  const rows = await result.sql("select machine_kernel, fallbacks, mixedBlocks from runs order by run");
  // Two variants and three seeds; the flips of the ablation are no variants.
  assert.equal(rows.length, 6);
  assert.equal(rows[0]!.machine_kernel, "6.1");
  const series = result.series("mixedBlocks");
  assert.deepEqual(
    series.map(({ name }) => name),
    ["6.1", "claiming"],
  );
  assert.ok(series[0]!.values.length > 1);
  for (const figure of [
    result.chart.differences(),
    result.chart.series("mixedBlocks"),
    result.chart.ablation("fallbacks"),
  ])
    assert.deepEqual((figure.runs![0]!.plan as { kind: string }).kind, "compare-kernels");
  assert.throws(() => result.metric("fallback"), /metric.*fallback.*fallbacks/s);
  assert.throws(() => result.pair("6.15"), /variant/);
  assert.throws(() => result.series("mixed"), /series: metric/);
});

test("what is wrong is said where it is written", async () => {
  const on = machine("pc-x86-64").memory("256MiB");
  assert.throws(() => compareKernels(7 as never, "6.15"), /a variant must be a kernel release/);
  assert.throws(() => compareKernels("6.1", "6.15").on("pc" as never), /on\(\) takes a machine/);
  assert.throws(() => compareKernels("6.1", "6.15").plan(), /needs a machine/);
  assert.throws(() => compareKernels("6.1", "6.15").on(on).plan(), /needs a request/);
  assert.throws(
    () => ablation("6.1", "6.15").and("6.16").on(on).request({ size: "2MiB" }).plan(),
    /exactly two variants: got 3/,
  );
  const asked = (...metrics: string[]) =>
    compareKernels("6.1", "6.15")
      .on(on)
      .workload(workload.pressure())
      .request({ size: "2MiB" })
      .metrics(...metrics)
      .plan();
  assert.throws(
    () => asked("success", "mixdBlocks"),
    /metrics\[1\].*"mixdBlocks".*did you mean mixedBlocks\?/s,
  );
  assert.throws(() => asked("stutterMappingP99Ns"), /unknown name/);
  const known = ["pressureOrder3P99Ns", "latencyNs", "probeThpShare", "fallbacks", "freeOrder3"];
  assert.deepEqual(asked(...known).metrics, known);
  const plain = await compareKernels("6.1", "6.1", {
    request: { size: "4KiB" },
    seeds: 1,
    metrics: ["success"],
  })
    .on(on)
    .workers(1)
    .store("none")
    .run();
  assert.throws(() => plain.ablation("success"), /add \.ablate\(\)/);
  assert.deepEqual(plain.carriers, []);
});

const columns = (widthMs: number, atMs: number[], n: number[]): SeriesColumns => ({
  widthMs,
  bin: atMs.map((ms) => Math.floor(ms / widthMs)),
  atMs,
  values: { n },
});

test("a mean series: bin by bin over the runs that have it, in the widest bins of any", () => {
  const runs = [columns(1000, [0, 1000, 2000], [1, 2, 3]), columns(1000, [0, 2500], [3, 5])];
  assert.deepEqual(meanSeries(runs, "n"), { atMs: [0, 1000, 2000], values: [2, 2, 4] });
  // In bins of two seconds the first run has 1 at 0 and 3 at 2000, the other 10 at 0 and 20 at 2000.
  assert.deepEqual(meanSeries([runs[0]!, columns(2000, [0, 2000], [10, 20])], "n"), {
    atMs: [0, 2000],
    values: [5.5, 11.5],
  });
  assert.deepEqual(meanSeries([], "n"), { atMs: [], values: [] });
  // The end shares a bin with an earlier moment: it is a point of its own, at the mean of the times.
  const ended = (at: number, n: number): SeriesColumns => columns(1000, [0, 1000, at], [1, 2, n]);
  assert.deepEqual(meanSeries([ended(1500, 8), ended(1700, 10)], "n"), {
    atMs: [0, 1000, 1600],
    values: [1, 2, 9],
  });
  // Bins that begin after boot.
  assert.deepEqual(meanSeries([{ ...columns(1000, [500, 1500], [1, 2]), fromMs: 500 }], "n"), {
    atMs: [500, 1500],
    values: [1, 2],
  });
});
