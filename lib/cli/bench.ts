/** `pageblock bench`: times the engine and what stands around it, beside a calibration loop or a C program. */

import { basename, join } from "node:path";
import { type Command, Option } from "commander";
import { InputError } from "../base/errors";
import { printableJson } from "../base/printable";
import { BENCHMARKS, CHECKED, SIZES } from "../bench";
import { type Opponent, opponent, pairedWith } from "../bench/against";
import { type BenchResult, type BenchSettings, measure, type Spread, spreadOf } from "../bench/measure";
import {
  checkPerformance,
  type Entry,
  figureOf,
  machineKind,
  readPerformance,
  recordPerformance,
} from "../bench/performance";
import { engineVersion } from "../experiment/engine-version";

const HELP = `
Workloads:
${Object.entries(BENCHMARKS)
  .map(([name, { operation }]) => `  ${name.padEnd(18)} ${operation}`)
  .join("\n")}

A run is timed by the CPU time of this process and its threads. cpuNsPerOp and wallNsPerOp are medians of the runs; the first
one is cold. --against runs c0, mu, mg, fill, random-free and init in pairs with the C program.`;

interface Flags {
  workload?: string;
  ops?: string;
  log2Pages?: string;
  runs?: string;
  size: "full" | "small";
  replay?: string;
  against?: string;
  json?: boolean;
  check?: boolean;
  record?: boolean;
  sizes?: boolean;
  performance: string;
}

/** A result, and the pairs with the C program: our CPU time an operation over its. */
type Told = BenchResult & { against?: { program: string; cpuNsPerOp: Spread; ratio: Spread } };

function whole(text: string, what: string, least: number, most: number): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < least || n > most)
    throw new InputError(
      `${what}: must be a whole number from ${least} to ${most}: got ${JSON.stringify(text)}`,
    );
  return n;
}

function settingsOf({ ops, log2Pages, size, replay }: Flags): BenchSettings {
  return {
    size,
    ops: ops === undefined ? undefined : whole(ops, "--ops", 1, 2 ** 40),
    log2Pages: log2Pages === undefined ? undefined : whole(log2Pages, "--log2-pages", 12, 30),
    recording: replay,
  };
}

async function bench(name: string, flags: Flags, other: Opponent | null): Promise<Told> {
  const settings = settingsOf(flags);
  const benchmark = BENCHMARKS[name]!;
  const runs = flags.runs === undefined ? benchmark.runs : whole(flags.runs, "--runs", 1, 1000);
  if (other === null || !pairedWith(name)) return measure(name, benchmark, settings, runs);
  const theirs: number[] = [];
  const ratios: number[] = [];
  const small = flags.size === "small";
  const ops = settings.ops ?? (small ? 20_000 : 10_000_000);
  const log2 = settings.log2Pages ?? (small ? (name === "init" ? 20 : 14) : undefined);
  const result = await measure(name, benchmark, settings, runs, (ours) => {
    const ns = other.run(name, ops, log2);
    theirs.push(ns);
    ratios.push(ours / ns);
  });
  return {
    ...result,
    against: { program: flags.against!, cpuNsPerOp: spreadOf(theirs), ratio: spreadOf(ratios) },
  };
}

function text(r: Told): string {
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(0);
  const { cpuMs, against } = r;
  const pair = against === undefined ? "" : `, ${against.ratio.median} times ${against.program}`;
  return [
    `${r.workload}: ${r.ops} operations, ${r.cpuNsPerOp} ns CPU and ${r.wallNsPerOp} ns wall clock each${pair}`,
    `  ${r.runs} runs: ${cpuMs.median} ms CPU (${cpuMs.min} to ${cpuMs.max}, the first ${cpuMs.first})`,
    `  ${r.failures} failures, hash ${r.hash}, peak memory ${mib(r.peakRssBytes)} MiB, grown by ${mib(r.grownBytes)} MiB`,
  ].join("\n");
}

/** Settings other than those of the docs, in words. */
function settingsText({ size, ops, log2Pages, replay }: Flags): string {
  const given = {
    size: size === "full" ? undefined : size,
    ops,
    log2Pages,
    replay: replay && basename(replay),
  };
  return Object.entries(given)
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
    .join(", ");
}

/** Measures all figures, compares them with the last entry, and appends them if asked. Exit status 1: something is slower. */
async function checkOrRecord(names: readonly string[], flags: Flags, other: Opponent | null): Promise<void> {
  // Read first: a file that is none is told before minutes of measuring.
  const { entries } = readPerformance(flags.performance);
  const figures: Entry["figures"] = {};
  for (const name of names) {
    const result = await bench(name, flags, other);
    process.stderr.write(`${text(result)}\n`);
    figures[name] = figureOf(result, result.against?.ratio, settingsText(flags));
  }
  const date = new Date().toISOString().slice(0, 10);
  const now = { date, machine: machineKind(), engine: engineVersion(), figures };
  const verdict = checkPerformance(entries, now);
  process.stdout.write(
    flags.json ? `${JSON.stringify({ ...verdict, now })}\n` : `${verdict.lines.join("\n")}\n`,
  );
  if (flags.check && verdict.slower.length > 0) {
    process.stderr.write(`pageblock: bench: slower by more than 15 %: ${verdict.slower.join(", ")}\n`);
    process.exitCode = 1;
  }
  if (flags.record) recordPerformance(flags.performance, now);
}

export function register(program: Command): void {
  program
    .command("bench")
    .description("time the engine and what stands around it, with spread; compare with a C program")
    .addOption(new Option("--workload <name>", "what to run (default mu)").choices(Object.keys(BENCHMARKS)))
    .option("--ops <n>", "operations, or plans")
    .option("--log2-pages <n>", "size of the machine in 4 KiB pages (22 is 16 GiB; init: 28 is 1 TiB)")
    .option("--runs <n>", "how often (default: 5, or 1 of what takes minutes)")
    .addOption(
      new Option("--size <size>", "as in the docs, or for tests").choices(["full", "small"]).default("full"),
    )
    .option("--replay <dir>", "a recording for replay and replay-cached; alone: time its replay")
    .option("--against <file>", "the C program that runs in pairs beside, or its source")
    .option(
      "--check",
      "compare the ratios with the last entry of this kind of machine; exit 1 if one is 15 % up",
    )
    .option("--record", "append an entry")
    .option("--sizes", "check or record mg on 1 GiB, 64 GiB and 1 TiB (needs 5 GB) in place of the others")
    .option("--performance <file>", "the entries", join(__dirname, "../../docs/performance.json"))
    .option("--json", "print one JSON object")
    .addHelpText("after", HELP)
    .action(async (flags: Flags) => {
      const other = flags.against === undefined ? null : opponent(flags.against);
      try {
        if (flags.check || flags.record) {
          const all = flags.sizes ? Object.keys(SIZES) : CHECKED;
          await checkOrRecord(flags.workload === undefined ? all : [flags.workload], flags, other);
          return;
        }
        const name = flags.workload ?? (flags.replay === undefined ? "mu" : "replay");
        const result = await bench(name, flags, other);
        process.stdout.write(`${flags.json ? printableJson(result) : text(result)}\n`);
      } finally {
        other?.close();
      }
    });
}
