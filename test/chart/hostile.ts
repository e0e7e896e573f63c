/** Every builder that takes words from outside, given words that are markup. */
import {
  attemptTimeline,
  bars,
  blockers,
  blockMap,
  buddyinfoOverTime,
  byteCurves,
  cellTable,
  fragmentationOverTime,
  freeByOrder,
  holders,
  latencyBoxes,
  latencyEcdf,
  lines,
  memoryMap,
  pairedDifferences,
  successRates,
  sweepMap,
  tradeOffFrontier,
} from "../../lib/chart";
import type { Figure } from "../../lib/chart/figure";
import { usedMachine } from "./gallery/machine";

/** The name of a thing, as somebody with bad manners gives it. */
export const WORDS = `<b>x</b> & <a href="javascript:alert(1)">%{y}</a>`;

export function hostileFigures(): Record<string, Figure> {
  const W = WORDS;
  const words = { title: W, subtitle: W, xTitle: W, yTitle: W };
  const row = { name: W, value: 0.5, low: 0.4, high: 0.6, basis: W };
  const { snapshots, failure } = usedMachine();
  const boot = snapshots[0]!.summary;
  return {
    bars: bars({ ...words, categories: [W], series: [{ name: W, values: [1], labels: [W] }] }),
    lines: lines({ ...words, series: [{ name: W, x: [W], y: [1] }] }),
    cellTable: cellTable({
      ...words,
      rows: [W],
      columns: [W],
      cells: [[{ text: W, share: 0.5 }]],
      shareTitle: W,
    }),
    memoryMap: memoryMap({
      ...words,
      pageblockBytes: 2 ** 21,
      extents: [{ base: 0, bytes: 2 ** 24, kind: "free", label: W }],
    }),
    blockMap: blockMap({
      ...words,
      pageBytes: 4096,
      snapshots: [0, 1].map(() => ({ label: W, summary: boot })),
    }),
    freeByOrder: freeByOrder({ ...words, pageBytes: 4096, parts: [{ name: W, freeBlocks: [1, 2] }] }),
    buddyinfoOverTime: buddyinfoOverTime({ ...words, pageBytes: 4096, at: [0, 1], freeBlocks: [[1], [2]] }),
    fragmentationOverTime: fragmentationOverTime({
      ...words,
      pageBytes: 4096,
      at: [0],
      values: [[1]],
      index: "unusable",
    }),
    holders: holders({
      ...words,
      pageBytes: 4096,
      flows: [{ kind: "anon", class: "movable", migratetype: W, zone: W, pages: 3 }],
    }),
    successRates: successRates({ ...words, interval: W, series: [{ name: W, rows: [row] }] }),
    pairedDifferences: pairedDifferences({ ...words, interval: W, rows: [row] }),
    latencyEcdf: latencyEcdf({ ...words, series: [{ name: W, samplesUs: [1, 2] }] }),
    latencyBoxes: latencyBoxes({
      ...words,
      rows: [{ name: W, p1Us: 1, p25Us: 2, p50Us: 3, p75Us: 4, p99Us: 5, samples: 9 }],
    }),
    tradeOffFrontier: tradeOffFrontier({
      ...words,
      x: { better: "less" },
      y: { better: "more" },
      points: [{ name: W, x: 1, y: 1, group: W }],
    }),
    blockers: blockers({
      ...words,
      pageBytes: 4096,
      report: {
        ...failure,
        request: W,
        ranges: failure.ranges.map((range) => ({
          ...range,
          note: W,
          blockers: range.blockers.map((b) => ({ ...b, heldBy: [{ kind: "get", by: W, count: 1 }], why: W })),
        })),
      },
    }),
    attemptTimeline: attemptTimeline({
      ...words,
      lanes: [{ name: W, ok: true }],
      segments: [{ lane: 0, step: "test", startUs: 0, endUs: 1, note: W }],
    }),
    sweepMap: sweepMap({ ...words, x: [W], y: [W], valueTitle: W, cells: [[{ value: 1, basis: W }]] }),
    byteCurves: byteCurves({
      ...words,
      series: [{ name: W, bytes: [1, 2], values: [1, 2] }],
      marks: [{ bytes: 1, name: W }],
    }),
  };
}
