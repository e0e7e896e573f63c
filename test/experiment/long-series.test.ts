/** Series and comparisons that are longer than the arguments that a call can have. */
import assert from "node:assert/strict";
import test from "node:test";
import { seriesOverTime } from "../../lib/chart/series";
import { pairingOf } from "../../lib/experiment/kernels";
import type { Outcome } from "../../lib/experiment/plan";

/** More than V8 takes as arguments of one call. */
const LONG = 200_000;

test("a series of 200,000 moments is drawn, with the unit that its metric has", () => {
  const atMs = Array.from({ length: LONG }, (_, i) => i * 1000);
  const drawn = (metric: string) =>
    seriesOverTime({ title: "t", metric, series: [{ name: "a", atMs, values: atMs }] });
  const titles = ["freeBytes", "cpuReclaimNs", "reclaimedPages", "unusableIndex", "mixedBlocks"].map(
    (metric) => (drawn(metric).layout.yaxis as { title: { text: string } }).title.text,
  );
  assert.deepEqual(titles, [
    "freeBytes (bytes)",
    "cpuReclaimNs (ns)",
    "reclaimedPages (pages)",
    "unusableIndex (ratio)",
    "mixedBlocks (count)",
  ]);
});

test("how far 200,000 seeds are apart: the greatest share, wherever it is", () => {
  const outcome = (othersAsked: number) =>
    ({ metrics: { othersAsked, othersFreed: 7 } }) as unknown as Outcome;
  const a = Array.from({ length: LONG }, () => outcome(100));
  const b = a.map((one, i) => (i === 150_000 ? outcome(80) : one));
  assert.deepEqual(pairingOf(a, b), { seeds: LONG, equal: LONG - 1, apart: 0.2 });
});
