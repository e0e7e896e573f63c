/** `pageblock bench`: the allocator workload on the full engine (zones, migrate types, per-CPU lists, counters). */
import { type Command, Option } from "commander";
import { InputError } from "../base/errors";
import { peakRssBytes } from "../base/peak-rss";
import { tuneForHotLoops } from "../base/v8-flags";
import { replay } from "../trace/replay";
import { Ageing } from "../workload/ageing-bench";
import { Churn, type ChurnMode, churnMachine } from "../workload/allocator-churn";

const WORKLOADS = ["c0", "mu", "mg", "fill", "init", "ageing"] as const;

/** Sizes that a workload has unless told otherwise: 1 TiB boots, 4 GiB ages. */
const DEFAULT_LOG2: Partial<Record<(typeof WORKLOADS)[number], string>> = { init: "28", ageing: "20" };

const AGEING_HELP = `
ageing: a PC of 4 GiB (--log2-pages 20) lives as workload uptime with profile server has it, until --ops pages were
allocated or freed; memory is full of page cache, so reclaim is part of it. An operation is one allocation or one free.`;

/** One line of figures. Times are of this process: CPU (user and system) and wall clock, driver included. */
interface BenchResult {
  workload: string;
  ops: number;
  cpuNsPerOp: number;
  wallNsPerOp: number;
  failures: number;
  hash: number;
  peakRssBytes: number;
}

function measure(run: () => { ops: number; failures: number }): {
  cpuNs: number;
  wallNs: number;
  ops: number;
  failures: number;
} {
  const cpu = process.cpuUsage();
  const wall = process.hrtime.bigint();
  const { ops, failures } = run();
  const wallNs = Number(process.hrtime.bigint() - wall);
  const used = process.cpuUsage(cpu);
  return { cpuNs: (used.user + used.system) * 1000, wallNs, ops, failures };
}

function bench(workload: (typeof WORKLOADS)[number], ops: number, log2Pages: number): BenchResult {
  tuneForHotLoops();
  const pages = 2 ** log2Pages;
  let hash = 0;
  let m: ReturnType<typeof measure>;
  if (workload === "ageing") {
    const ageing = new Ageing(pages * 4096);
    m = measure(() => ageing.run(ops));
    hash = ageing.hash;
  } else if (workload === "init")
    m = measure(() => ({ ops: 1, failures: churnMachine(pages).zones.length === 0 ? 1 : 0 }));
  else {
    const churn = new Churn(churnMachine(pages), pages, workload as ChurnMode);
    if (workload === "fill") m = measure(() => ({ ops: churn.fill(), failures: 0 }));
    else {
      churn.prepare(ops);
      m = measure(() => ({ ops, failures: churn.churn(ops) }));
    }
    hash = churn.result;
  }
  const round = (ns: number) => Number((ns / m.ops).toFixed(2));
  return {
    workload,
    ops: m.ops,
    cpuNsPerOp: round(m.cpuNs),
    wallNsPerOp: round(m.wallNs),
    failures: m.failures,
    hash,
    peakRssBytes: peakRssBytes(),
  };
}

/** The replay of a recording, from opening its files to the comparison with S1. */
async function benchReplay(dir: string) {
  const wall = process.hrtime.bigint();
  const { result } = await replay(dir);
  const seconds = Number(process.hrtime.bigint() - wall) / 1e9;
  const { dataset, events, allocations, exact } = result;
  return {
    workload: "replay",
    dataset,
    events,
    allocations,
    exact,
    seconds,
    eventsPerSecond: Math.round(events / seconds),
    peakRssBytes: peakRssBytes(),
  };
}

function whole(text: string, what: string, least: number, most: number): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < least || n > most)
    throw new InputError(
      `${what}: must be a whole number from ${least} to ${most}: got ${JSON.stringify(text)}`,
    );
  return n;
}

export function register(program: Command): void {
  program
    .command("bench")
    .description("time the allocator workload; compare with the same workload on another allocator")
    .addOption(new Option("--workload <name>", "what to run").choices(WORKLOADS).default("mu"))
    .option("--ops <n>", "operations", "10000000")
    .option("--log2-pages <n>", "size of the machine in 4 KiB pages (22 is 16 GiB; init: 28 is 1 TiB)")
    .option("--replay <dir>", "time the replay of a recording instead, reading and parsing included")
    .option("--json", "print one JSON object")
    .addHelpText("after", AGEING_HELP)
    .action(
      async (options: {
        workload: (typeof WORKLOADS)[number];
        ops: string;
        log2Pages?: string;
        replay?: string;
        json?: boolean;
      }) => {
        const { workload } = options;
        if (options.replay !== undefined) {
          const result = await benchReplay(options.replay);
          const text = `replay of ${result.dataset}: ${result.events} events, ${result.eventsPerSecond} a second, peak memory ${(result.peakRssBytes / 2 ** 20).toFixed(0)} MiB`;
          process.stdout.write(`${options.json ? JSON.stringify(result) : text}\n`);
          return;
        }
        const log2 = whole(options.log2Pages ?? DEFAULT_LOG2[workload] ?? "22", "--log2-pages", 12, 30);
        const result = bench(workload, whole(options.ops, "--ops", 1, 2 ** 40), log2);
        const text = `${workload}: ${result.ops} operations, ${result.cpuNsPerOp} ns CPU and ${result.wallNsPerOp} ns wall clock each, ${result.failures} failures, hash ${result.hash}, peak memory ${(result.peakRssBytes / 2 ** 20).toFixed(0)} MiB`;
        process.stdout.write(`${options.json ? JSON.stringify(result) : text}\n`);
      },
    );
}
