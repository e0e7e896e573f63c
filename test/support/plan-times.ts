/**
 * How far the estimated time of plans is off: 20 plans of all kinds, each run and timed on one core. `node --require
 * ./test/support/register.cjs test/support/plan-times.ts` writes the table of docs/experiments.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { timeOf } from "../../lib/experiment/weight";
import { planWeight, runPlan } from "../../lib/report/plan-kinds";

const PAGE = join(__dirname, "../../docs/experiments.md");

const pc = (memory: string) => ({ board: "pc-x86-64", memory });
const run = (machine: object, workload: object, strategy: unknown, request: object) => ({
  machine,
  workload,
  strategy,
  request,
});
const cma = { name: "cma", area: "256MiB" };
const hour = { gap: "1 minute", times: 60 };

/** Names and plans. None of them was looked at when the costs of lib/experiment/plan-time.ts were measured. */
export const TIMED_PLANS: readonly (readonly [name: string, plan: object])[] = [
  [
    "kernel build, 20 minutes, CMA",
    run({ board: "raspberry-pi-4", memory: "2GiB" }, { kind: "kernel-build", duration: "20 minutes" }, cma, {
      size: "16MiB",
      times: 20,
    }),
  ],
  [
    "file server for an hour, 64 KiB pages",
    run(
      { board: "qemu-virt", memory: "2GiB", pageSize: "64KiB" },
      { kind: "file-server", duration: "1 hour" },
      "buddy",
      { size: "2MiB", times: 10 },
    ),
  ],
  [
    "network, 2 hours, 2 GiB",
    run(pc("2GiB"), { kind: "network-server", duration: "2 hours" }, "buddy", { size: "64KiB", times: 200 }),
  ],
  [
    "database, a day, huge pages",
    run(pc("16GiB"), { kind: "database", duration: "1 day" }, "hugetlb-runtime", { size: "1GiB", times: 4 }),
  ],
  [
    "camera meanwhile, CMA",
    run({ board: "raspberry-pi-3", memory: "1GiB" }, { kind: "camera", duration: "endless" }, "cma", {
      size: "16MiB",
      ...hour,
    }),
  ],
  [
    "desktop, 12 hours",
    run(pc("8GiB"), { kind: "desktop", duration: "12 hours" }, "alloc-contig-pages", {
      size: "64MiB",
      times: 10,
    }),
  ],
  [
    "containers, 4 hours",
    run(pc("4GiB"), { kind: "containers", duration: "4 hours" }, "buddy", { size: "4MiB", times: 50 }),
  ],
  [
    "slab growth, 2 hours",
    run(pc("1GiB"), { kind: "slab-growth", duration: "2 hours" }, "cma-movable-zone", {
      size: "64MiB",
      times: 5,
    }),
  ],
  [
    "zram, half an hour",
    run({ board: "raspberry-pi-4", memory: "1GiB" }, { kind: "zram", duration: "30 minutes" }, "cma", {
      size: "4MiB",
      times: 100,
    }),
  ],
  [
    "uptime of 30 days, server",
    run(pc("32GiB"), { kind: "uptime", duration: "30 days", profile: "server" }, "alloc-contig-pages", {
      size: "1GiB",
      times: 2,
    }),
  ],
  ["mix, 64 GiB", run(pc("64GiB"), { kind: "mix" }, "alloc-contig-pages", { size: "2GiB" })],
  [
    "churn, 20 minutes",
    run(pc("2GiB"), { kind: "churn", duration: "20 minutes" }, "buddy", { size: "2MiB", times: 10 }),
  ],
  [
    "pressure beside pins",
    run(
      pc("2GiB"),
      {
        together: [
          { kind: "pressure", duration: "3 minutes" },
          { kind: "pin-pages", duration: "3 minutes" },
        ],
      },
      "buddy",
      { size: "2MiB" },
    ),
  ],
  [
    "thpchallenge, 3 minutes",
    run(pc("8GiB"), { kind: "thp-challenge", duration: "3 minutes" }, "buddy", { size: "2MiB" }),
  ],
  [
    "faults of huge pages, 2 minutes",
    run(pc("2GiB"), { kind: "fault-latency", duration: "2 minutes" }, "buddy", { size: "2MiB" }),
  ],
  [
    "30,000 requests, nothing else",
    { machine: pc("1GiB"), strategy: "buddy", request: { size: "16KiB", times: 30_000 } },
  ],
  [
    "a comparison, 3 ways, 8 seeds",
    {
      machine: pc("2GiB"),
      workload: { kind: "uptime", duration: "2 days" },
      strategies: ["buddy", "cma", "alloc-contig-pages"],
      request: { size: "64MiB", times: 5 },
      seeds: 8,
    },
  ],
  [
    "a sweep, 60 runs",
    {
      plan: {
        machine: { board: "qemu-virt", memory: "512MiB" },
        workload: { kind: "kernel-build", duration: "30s" },
        strategy: "cma",
        request: { size: "4MiB" },
      },
      over: { size: ["1MiB", "4MiB", "16MiB"], seed: { from: 1, to: 20, step: 1 } },
    },
  ],
  [
    "steps: fill, free, compact",
    {
      kind: "steps",
      machine: pc("8GiB"),
      steps: [
        { do: "fill", kind: "anon", size: "7GiB" },
        { do: "free", share: 0.4 },
        { do: "compact" },
        { do: "hugePages", size: "2MiB", count: 1000 },
      ],
    },
  ],
  [
    "a curve of TLBs",
    {
      kind: "tlb-curve",
      cpu: "haswell",
      pages: ["4KiB", "2MiB"],
      areas: ["1MiB", "64MiB", "1GiB"],
      pattern: "uniform",
      accesses: 1_000_000,
    },
  ],
];

/** Estimated and measured seconds of one core; the first run of a process compiles code, so the lesser of two counts. */
export async function timed(plan: object, tries = 2): Promise<[estimated: number, measured: number]> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < tries; i++) {
    const before = process.cpuUsage();
    await runPlan(plan);
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1e6);
  }
  return [planWeight(plan).seconds, least];
}

async function writeTable(): Promise<void> {
  const rows = ["| plan | estimated | measured | estimate, of what was measured |", "|---|---|---|---|"];
  for (const [name, plan] of TIMED_PLANS) {
    const [estimated, measured] = await timed(plan);
    const ratio = Number((estimated / measured).toPrecision(2));
    rows.push(`| ${name} | ${timeOf(estimated)} | ${timeOf(measured)} | ${ratio} times |`);
    process.stderr.write(`${rows.at(-1)}\n`);
  }
  const page = readFileSync(PAGE, "utf8");
  writeFileSync(
    PAGE,
    page.replace(
      /(<!-- plan times: .*? -->\n\n)[\s\S]*?(\n\n<!-- end of plan times -->)/,
      `$1${rows.join("\n")}$2`,
    ),
  );
}

if (require.main === module) writeTable();
