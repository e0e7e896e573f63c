/** Charts of results. But for the timeline their numbers are made up, to show the chart, and each says so. */

import { Random } from "../../../lib/base/random";
import {
  attemptTimeline,
  bars,
  byteCurves,
  latencyBoxes,
  latencyEcdf,
  pairedDifferences,
  seriesOverTime,
  successRates,
  sweepMap,
  tradeOffFrontier,
} from "../../../lib/chart";
import { machine } from "../../../lib/fluent/machine";
import type { Example } from "./index";

const KiB = 1024;
const MADE_UP = "made-up numbers";
const STRATEGIES = [
  "allocate and hope",
  "CMA area",
  "CMA with reclaim and compaction",
  "alloc_contig_pages",
  "reserve at boot",
];

/** Log-normal samples about `medianUs`. */
function samples(name: string, medianUs: number, spread: number, n: number): number[] {
  const random = new Random(1).fork(name);
  return Array.from({ length: n }, () => {
    const gauss = Array.from({ length: 12 }, () => random.float()).reduce((a, b) => a + b, -6);
    return medianUs * 10 ** (spread * gauss);
  });
}

const quantiles = (name: string, medianUs: number, spread: number) => {
  const sorted = samples(name, medianUs, spread, 400).sort((a, b) => a - b);
  const at = (q: number) => sorted[Math.floor(q * (sorted.length - 1))]!;
  return {
    name,
    p1Us: at(0.01),
    p25Us: at(0.25),
    p50Us: at(0.5),
    p75Us: at(0.75),
    p99Us: at(0.99),
    samples: 400,
  };
};

const estimate = (name: string, value: number, half: number) => ({
  name,
  value,
  low: Math.max(0, value - half),
  high: Math.min(1, value + half),
  basis: `${Math.round(value * 64)} of 64 runs`,
});

export const RESULTS: Example[] = [
  {
    name: "success-rates",
    builder: "successRates",
    words: "How often each strategy succeeds, with the interval of the estimate.",
    draw: () =>
      successRates({
        title: "Success by strategy",
        subtitle: MADE_UP,
        interval: "95 % interval",
        series: [
          { name: "fresh", rows: STRATEGIES.map((name, i) => estimate(name, 0.6 + i * 0.1, 0.11)) },
          { name: "aged", rows: STRATEGIES.map((name, i) => estimate(name, 0.05 + i * 0.22, 0.1)) },
        ],
      }),
  },
  {
    name: "paired-differences",
    builder: "pairedDifferences",
    words: "Differences of runs with equal seeds. An interval that crosses the line may be chance.",
    draw: () =>
      pairedDifferences({
        title: "Against the CMA area",
        subtitle: MADE_UP,
        interval: "95 % interval",
        rows: STRATEGIES.map((name, i) => ({
          name,
          value: i * 12 - 20,
          low: i * 12 - 31,
          high: i * 12 - 11,
        })),
      }),
  },
  {
    name: "kernel-differences",
    builder: "pairedDifferences",
    words: "Two variants of a machine: every metric in standard deviations, so that all fit on one axis.",
    draw: () =>
      pairedDifferences({
        title: "6.15 against 6.1",
        subtitle: MADE_UP,
        xTitle: "difference (standard deviations)",
        interval: "95 % interval",
        rows: ["fallbacksFragmenting", "mixedBlocksMean", "reclaimedForNothing", "success"].map(
          (name, i) => ({
            name,
            value: [2.1, 0.1, -1.4, -0.6][i]!,
            low: [1.6, -0.4, -1.9, -1][i]!,
            high: [2.6, 0.6, -0.9, -0.2][i]!,
          }),
        ),
      }),
  },
  {
    name: "series-over-time",
    builder: "seriesOverTime",
    words: "A recorded series of each variant over simulated time, as steps.",
    draw: () =>
      seriesOverTime({
        title: "Mixed page blocks over time",
        subtitle: MADE_UP,
        metric: "mixedBlocks",
        series: [0, 6].map((more, k) => ({
          name: k === 0 ? "6.1" : "6.15",
          atMs: Array.from({ length: 24 }, (_, i) => i * 3_600_000),
          values: Array.from(
            { length: 24 },
            (_, i) => Math.round(30 * (1 - 0.9 ** i)) + (i === 0 ? 0 : more),
          ),
        })),
      }),
  },
  {
    name: "latency-ecdf",
    builder: "latencyEcdf",
    words: "The share of requests that are answered within a time.",
    draw: () =>
      latencyEcdf({
        title: "Latency of a request",
        subtitle: MADE_UP,
        series: STRATEGIES.slice(0, 4).map((name, i) => ({
          name,
          samplesUs: samples(name, 20 * 4 ** i, 0.35, 500),
        })),
      }),
  },
  {
    name: "latency-rows",
    builder: "latencyEcdf",
    words: "The same with more strategies than steps can be told apart: a row each.",
    draw: () =>
      latencyEcdf({
        title: "Latency of a request",
        subtitle: MADE_UP,
        series: STRATEGIES.map((name, i) => ({ name, samplesUs: samples(name, 20 * 4 ** i, 0.35, 500) })),
      }),
  },
  {
    name: "latency-boxes",
    builder: "latencyBoxes",
    words: "The same data as boxes from quantiles.",
    draw: () =>
      latencyBoxes({
        title: "Latency of a request",
        subtitle: MADE_UP,
        rows: STRATEGIES.map((name, i) => quantiles(name, 20 * 4 ** i, 0.35)),
      }),
  },
  {
    name: "frontier",
    builder: "tradeOffFrontier",
    words: "What memory set aside buys. The front joins the choices that no other choice beats.",
    draw: () =>
      tradeOffFrontier({
        title: "Memory set aside against success",
        subtitle: MADE_UP,
        xTitle: "memory set aside (MiB)",
        yTitle: "successful requests (%)",
        x: { better: "less", log: true },
        y: { better: "more" },
        points: [16, 32, 64, 128, 256, 512].flatMap((mib, i) => [
          { name: `CMA ${mib} MiB`, x: mib, y: 40 + i * 11 - (i === 3 ? 12 : 0), group: "CMA area" },
          { name: `boot ${mib} MiB`, x: mib * 1.3, y: 30 + i * 12.5, group: "reserve at boot" },
        ]),
      }),
  },
  {
    name: "frontier-of-ways",
    builder: "tradeOffFrontier",
    words:
      "Ways by their names: each has its own colour and symbol in every chart. Points that coincide stand side by side.",
    draw: () =>
      tradeOffFrontier({
        title: "Memory set aside against success",
        subtitle: MADE_UP,
        xTitle: "memory set aside (MiB)",
        yTitle: "successful requests (%)",
        x: { better: "less" },
        y: { better: "more" },
        points: [
          { name: "buddy", x: 0, y: 17, basis: "27 of 160" },
          { name: "cma-64k", x: 0, y: 0, basis: "0 of 160" },
          { name: "reservation", x: 0, y: 1, basis: "2 of 160" },
          { name: "cma-4k", x: 0, y: 100, basis: "160 of 160" },
          { name: "sub-block", x: 0, y: 100, basis: "160 of 160" },
          { name: "small-pageblocks", x: 1, y: 100, basis: "160 of 160" },
          { name: "carve-out", x: 128, y: 100, basis: "160 of 160" },
          { name: "guaranteed-cma", x: 40, y: 96, basis: "154 of 160" },
          { name: "zone-2018", x: 64, y: 0, basis: "0 of 160" },
        ],
      }),
  },
  {
    name: "bars-of-ways",
    builder: "bars",
    words: "Bars of many names lie, so that every name can be read.",
    draw: () =>
      bars({
        title: "Idle before the request",
        subtitle: MADE_UP,
        xTitle: "way",
        yTitle: "idle (MiB)",
        categories: ["buddy", "cma-4k", "two-kernels", "small-pageblocks", "carve-out", "guaranteed-cma"],
        series: [
          { name: "idle", values: [0, 12.345, 12.345, 73.551, 128, 36] },
          { name: "lost to rounding", values: [0, 0, 0, 0, 0, null] },
        ],
      }),
  },
  {
    name: "attempt-timeline",
    builder: "attemptTimeline",
    words:
      "The modelled time of one request, recorded from a small machine: which range and which step took it. Steps without a modelled cost (isolating, draining, testing) have no bar.",
    draw: () => {
      const m = machine("raspberry-pi-4").memory("1GiB").cma("256MiB").running();
      for (let i = 0; i < 64; i++) m.fill("anon", "7MiB").fill("fileClean", "7MiB");
      m.fill("fileClean", { share: 0.97 }).pin(0.0003, "longterm", "RDMA", 3);
      const attempt = m.allocContigPages("16MiB", { timeline: true });
      return attemptTimeline({
        title: "alloc_contig_pages() of 16 MiB",
        subtitle: "model: a full machine, three pages in ten thousand pinned",
        ...attempt.timeline(),
      });
    },
  },
  {
    name: "sweep-map",
    builder: "sweepMap",
    words: "A value over two parameters. Hovering shows its interval.",
    draw: () =>
      sweepMap({
        title: "Success over area and age",
        subtitle: MADE_UP,
        xTitle: "CMA area (MiB)",
        yTitle: "workload",
        valueTitle: "success rate (%)",
        range: [0, 100],
        x: [16, 32, 64, 128, 256, 512],
        y: ["desktop", "database", "file server", "camera"],
        cells: [0, 1, 2, 3].map((j) =>
          [0, 1, 2, 3, 4, 5].map((i) =>
            i === 5 && j === 2
              ? null
              : {
                  value: Math.min(100, 12 + i * 17 - j * 4),
                  low: Math.max(0, i * 17 - j * 4),
                  high: Math.min(100, 24 + i * 17 - j * 4),
                  basis: "64 runs",
                },
          ),
        ),
      }),
  },
  {
    name: "byte-curves",
    builder: "byteCurves",
    words:
      "Curves over a size, such as those of TLBs and adapters, with marks where a resource is exhausted.",
    draw: () => {
      const bytes = Array.from({ length: 19 }, (_, i) => 64 * KiB * 2 ** i);
      const curve = (reach: number) => bytes.map((b) => Math.max(0, 1 - reach / b) * 30);
      return byteCurves({
        title: "Translation misses over the working set",
        subtitle: MADE_UP,
        yTitle: "time lost to misses (%)",
        series: [
          { name: "4 KiB pages", bytes, values: curve(6144 * KiB) },
          { name: "2 MiB pages", bytes, values: curve(3 * 1024 * 1024 * KiB) },
          {
            name: "1 GiB pages",
            bytes,
            values: curve(16 * 1024 * 1024 * KiB),
            low: curve(20 * 1024 * 1024 * KiB),
            high: curve(12 * 1024 * 1024 * KiB),
          },
        ],
        marks: [{ bytes: 6144 * KiB, name: "reach of 1536 entries of 4 KiB" }],
      });
    },
  },
];
