/**
 * `pageblock replay <dir>`: does the model return the very frames that the recorded kernel returned? Of a trace that ftrace, trace-cmd or
 * perf recorded on a real machine, it tells what the trace shows (kernel-trace.ts).
 */

import type { Command } from "commander";
import { InputError, quoted } from "../base/errors";
import { peakRssBytes } from "../base/peak-rss";
import { printableJson } from "../base/printable";
import { writeAtomically } from "../base/write-atomically";
import { kernelRelease } from "../hardware/kernel-release";
import { findTraceFiles } from "../trace/ftrace/find-trace";
import type { GivenAnswers } from "../trace/given-answers";
import { type Replayed, replay } from "../trace/replay";
import { writeSnapshot } from "../trace/snapshot-write";
import { type KernelTraceOptions, replayKernelTrace } from "./kernel-trace";

/** What the replay did not decide itself, though the model could have; a line for each kind that occurred. */
function takenFromRecording(given: GivenAnswers): string[] {
  const n = (count: number) => count.toLocaleString("en");
  const kinds: [count: number, what: string][] = [
    [
      given.zones,
      `zones of requests (read with the page: ${n(given.zonesByLast)} as recorded; as the search began: ${n(given.zonesByFirst)})`,
    ],
    [given.rights, "rights of requests of reclaiming or chosen tasks"],
    [given.drains, "whole drains that only their pages show"],
    [given.rotations, "rotations of free lists"],
  ];
  return kinds
    .filter(([count]) => count > 0)
    .map(([count, what]) => `from the recording: ${n(count)} ${what}`);
}

function summary({ result }: Replayed, seconds: number): string {
  const { events, allocations, exact, finalDifferences } = result;
  const percent = allocations === 0 ? "100.0000" : ((100 * exact) / allocations).toFixed(4);
  const lines = [
    `${result.dataset} (profile ${result.profile}): ${events.toLocaleString("en")} events in ${seconds.toFixed(2)} s`,
    `allocations: ${exact.toLocaleString("en")} of ${allocations.toLocaleString("en")} exact (${percent} %)`,
    `final state: ${finalDifferences.length === 0 ? "identical" : `${finalDifferences.length} differences`}`,
  ];
  const { halfRule, drains, cmaEvents } = result;
  const share = (what: string, n: number, wrong: number) =>
    lines.push(`${what}: ${n.toLocaleString("en")}, ${wrong.toLocaleString("en")} not as recorded`);
  if (halfRule !== undefined) share("decisions of the half rule", halfRule.decisions, halfRule.wrong);
  if (drains !== undefined) share("pages drained from the per-CPU lists", drains.pages, drains.wrong);
  if (cmaEvents !== undefined) {
    share("events of CMA requests and releases predicted", cmaEvents.predicted, cmaEvents.wrong);
    const first = cmaEvents.firstWrong;
    if (first !== null)
      lines.push(
        `  first at line ${first.line}: recorded "${first.recorded}", predicted "${first.predicted}"`,
      );
  }
  lines.push(...takenFromRecording(result.given));
  const lost = result.lostStep;
  if (lost !== undefined) lines.push(`lost step: ${lost.file}:${lost.line}: ${lost.why}`);
  const first = result.firstMismatch;
  if (first !== null) {
    lines.push(
      `first mismatch: ${first.file}:${first.line}: order ${first.order}, gfp ${first.gfp}, type ${first.migratetype}: recorded ${first.expected}, predicted ${first.predicted}; the recorded frame was ${first.expectedPlace}`,
    );
    for (const list of first.lists) lines.push(`  ${list.name}: ${list.pfns.join(" ") || "(empty)"}`);
  }
  for (const d of finalDifferences.slice(0, 10))
    lines.push(`  ${d.zone} ${d.what}: recorded ${d.expected}, predicted ${d.predicted}`);
  return lines.join("\n");
}

/** Every allocation, decision and event as recorded, and the same end. */
function asRecorded(result: Replayed["result"]): boolean {
  const wrong =
    result.mismatches +
    (result.halfRule?.wrong ?? 0) +
    (result.drains?.wrong ?? 0) +
    (result.cmaEvents?.wrong ?? 0);
  return wrong === 0 && result.finalStateIdentical;
}

function giveUpAfter(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 0)
    throw new InputError(`--give-up: must be a whole number of mismatches >= 0: got ${JSON.stringify(text)}`);
  return n;
}

/** The flags as the command line gives them. */
interface ReplayFlags {
  kernel?: string;
  giveUp: string;
  save?: string;
  json?: boolean;
  cache?: boolean;
  before?: string[];
  after?: string[];
  seed: string;
}

function seedOf(text: string): number {
  const seed = Number(text);
  if (!/^\d{1,10}$/.test(text) || seed >= 2 ** 32)
    throw new InputError(`--seed: must be a whole number from 0 to 2^32 - 1: got ${quoted(text)}`);
  return seed;
}

/** What a trace of ftrace, trace-cmd or perf takes; the rest is for recordings of this project. */
function traceOptions(flags: ReplayFlags): KernelTraceOptions {
  for (const flag of ["save", "cache"] as const)
    if (flags[flag] !== undefined)
      throw new InputError(
        `--${flag}: only for a folder with S0.txt, not for a trace of ftrace, trace-cmd or perf`,
      );
  return {
    json: flags.json === true,
    before: flags.before ?? [],
    after: flags.after ?? [],
    release: flags.kernel === undefined ? undefined : kernelRelease(flags.kernel),
    seed: seedOf(flags.seed),
  };
}

function forTracesOnly(flags: ReplayFlags): void {
  for (const flag of ["before", "after"] as const)
    if (flags[flag] !== undefined)
      throw new InputError(`--${flag}: only for a trace of ftrace, trace-cmd or perf, not for a recording`);
}

function onlyPath([dir, another]: string[]): string {
  if (another !== undefined)
    throw new InputError(`replay: one recording at a time: got ${quoted(another)} besides`);
  return dir!;
}

export function register(program: Command): void {
  program
    .command("replay")
    .description(
      "replay a recording and check every frame and the final state; or tell what a trace of ftrace, trace-cmd or perf shows",
    )
    .argument(
      "<path...>",
      "folder with S0.txt, trace.txt, S1.txt and version (plain, .gz or .br); or the text of a trace, or one text for each CPU",
    )
    .option("--kernel <release>", "profile to use instead of the recording's version file")
    .option("--give-up <n>", "stop after n mismatches", "0")
    .option("--save <file>", "write the state at the end as a snapshot")
    .option(
      "--cache",
      "read the trace from a binary copy beside it (trace.pageblock-cache), made if missing; not with --give-up",
    )
    .option(
      "--before <file...>",
      "of a trace: buddyinfo, pagetypeinfo, zoneinfo from before it; they are loaded",
    )
    .option("--after <file...>", "of a trace: the same from after it; the model's end is compared with them")
    .option("--seed <n>", "of a trace: draws where the free blocks lie that /proc only counts", "1")
    .option("--json", "print one JSON object")
    .action(async (paths: string[], options: ReplayFlags) => {
      const kernelTrace = await findTraceFiles(paths);
      if (kernelTrace !== undefined) return replayKernelTrace(kernelTrace, traceOptions(options));
      forTracesOnly(options);
      const dir = onlyPath(paths);
      const started = process.hrtime.bigint();
      const replayed = await replay(dir, {
        release: options.kernel === undefined ? undefined : kernelRelease(options.kernel),
        maxMismatches: giveUpAfter(options.giveUp),
        cache: options.cache,
        note: (text) => process.stderr.write(`note: ${text}\n`),
      });
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      const { result } = replayed;
      if (options.save !== undefined)
        writeAtomically(options.save, writeSnapshot(replayed.memory, replayed.s1));
      if (options.json) {
        const timing = {
          seconds,
          eventsPerSecond: Math.round(result.events / seconds),
          peakRssBytes: peakRssBytes(),
        };
        process.stdout.write(`${printableJson({ ...result, ...timing })}\n`);
      } else process.stdout.write(`${summary(replayed, seconds)}\n`);
      process.exitCode = asRecorded(result) ? 0 : 1;
    });
}
