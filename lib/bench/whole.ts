/** Benchmarks of what stands around the allocator: sweeps and scorecards on all cores, the store, replays. */
import { createHash } from "node:crypto";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runAll } from "../experiment/compare";
import { comparisonPlans } from "../experiment/comparison";
import type { Plans } from "../experiment/plans";
import type { RunSummary } from "../experiment/run-plans";
import { scenario } from "../experiment/scenarios";
import { expandSweep, type Sweep } from "../experiment/sweep";
import { parsePlan } from "../plan/run";
import { sweepIn } from "../plan/sweep";
import { readPlanFile } from "../schema/plan-file";
import { replay } from "../trace/replay";
import { FRESH_BENCHMARKS } from "./fresh";
import type { Benchmark, Size, Work } from "./measure";
import { recordingOf } from "./recording";

const ROOT = join(__dirname, "../..");
/** Threads: what the table has is on two cores; starting them is most of what a small run takes. */
const WORKERS = { full: 2, small: 1 };

function planned(plans: Plans, size: Size, store = "none"): Promise<RunSummary> {
  return runAll(plans, { workers: WORKERS[size], store });
}

function workOf({ plans, failed, resultsHash }: RunSummary): Work {
  return { ops: plans, failures: failed, hash: resultsHash ?? "" };
}

const scorecard: Benchmark = {
  operation: "one run of 2 GiB by one of ten strategies on 64 GiB used for 30 days; 32 seeds, two threads",
  runs: 1,
  prepare({ size }) {
    const spec = scenario(
      "rdma-2gb",
      size === "small" ? { seeds: 1, uptime: "10 minutes", memory: "16GiB", size: "64MiB" } : { seeds: 32 },
    );
    return { run: async () => workOf(await planned(comparisonPlans(spec), size)) };
  },
};

const sweep1000: Benchmark = {
  operation: "a plan of docs/examples/sweep-1000.yaml, two threads, no store",
  runs: 3,
  prepare({ size }) {
    const spec = sweepIn(readPlanFile(join(ROOT, "docs/examples/sweep-1000.yaml")));
    if (size === "small") spec.over = { ...spec.over, seed: [1] };
    const all = expandSweep(spec);
    return { run: async () => workOf(await planned(all, size)) };
  },
};

const BOARDS = [
  { board: "qemu-virt", memory: "1GiB" },
  { board: "raspberry-pi-3", memory: "1GiB" },
  { board: "raspberry-pi-4", memory: "2GiB" },
  { board: "raspberry-pi-cm4-8gb", memory: "8GiB" },
  { board: "raspberry-pi-5", memory: "4GiB" },
  { board: "pc-x86-64", memory: "4GiB" },
  { board: "power-64k", memory: "8GiB" },
  { board: "server-arm64", memory: "8GiB" },
];

function boards(each: number, duration: string): Plans {
  const twins = BOARDS.map((machine) =>
    parsePlan({
      machine,
      workload: { kind: "uptime", duration, profile: "desktop" },
      strategy: { name: "buddy" },
      request: { size: "1MiB" },
    }),
  );
  const at = (index: number) => ({ ...twins[Math.floor(index / each)]!, seed: (index % each) + 1 });
  return { count: each * BOARDS.length, at };
}

const boards10000: Benchmark = {
  operation: "a machine of one of 8 kinds of boards, used for a day as a desktop; two threads",
  runs: 1,
  prepare({ size, ops }) {
    const each = Math.ceil((ops ?? (size === "small" ? BOARDS.length : 10_000)) / BOARDS.length);
    const plans = boards(each, size === "small" ? "10 minutes" : "1 day");
    return { run: async () => workOf(await planned(plans, size)) };
  },
};

/** A sweep of short plans of a machine of 128 MiB without workload. */
function shortPlans(count: number): Sweep {
  const plan = parsePlan({
    machine: { board: "qemu-virt", memory: "128MiB" },
    strategy: { name: "buddy" },
    request: { size: "64KiB" },
  });
  return expandSweep({
    plan,
    over: { "request.bytes": ["4KiB", "64KiB"], seed: { from: 1, to: count / 2, step: 1 } },
  });
}

const store100000: Benchmark = {
  operation: "a finished plan answered by a store of them (which is filled before)",
  runs: 1,
  async prepare({ size, ops }) {
    const all = shortPlans(ops ?? (size === "small" ? 100 : 100_000));
    const folder = mkdtempSync(join(tmpdir(), "pageblock-bench-"));
    const store = join(folder, "results.duckdb");
    await planned(all, size, store);
    return {
      async run() {
        const summary = await planned(all, size, store);
        return { ...workOf(summary), failures: summary.run };
      },
      close: () => rmSync(folder, { recursive: true, force: true }),
    };
  },
};

async function replayed(dir: string, cache: boolean): Promise<Work> {
  const { result } = await replay(dir, { cache });
  const { dataset: _folder, ...found } = result;
  const { events, mismatches, finalStateIdentical } = result;
  const hash = createHash("sha256").update(JSON.stringify(found)).digest("hex").slice(0, 16);
  return { ops: events, failures: mismatches + (finalStateIdentical ? 0 : 1), hash };
}

const replayText: Benchmark = {
  operation: "an event of a recording, unpacking, parsing and the comparison with its end included",
  runs: 5,
  prepare: (settings) => ({ run: () => replayed(recordingOf(settings), false) }),
};

const replayCached: Benchmark = {
  operation: "an event of a recording that is read from its cache, the comparison with its end included",
  runs: 5,
  async prepare(settings) {
    const folder = mkdtempSync(join(tmpdir(), "pageblock-bench-"));
    const dir = join(folder, "recording");
    cpSync(recordingOf(settings), dir, { recursive: true });
    await replayed(dir, true);
    return { run: () => replayed(dir, true), close: () => rmSync(folder, { recursive: true, force: true }) };
  },
};

export const WHOLE_BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  scorecard,
  "sweep-1000": sweep1000,
  "boards-10000": boards10000,
  "store-100000": store100000,
  replay: replayText,
  "replay-cached": replayCached,
  ...FRESH_BENCHMARKS,
};
