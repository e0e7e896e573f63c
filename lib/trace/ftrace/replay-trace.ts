/** A trace of a real machine, told and, with counts of /proc from before it, replayed as far as they reach. */
import { basename } from "node:path";
import { InputError } from "../../base/errors";
import { KERNEL_RELEASES, type KernelRelease } from "../../hardware/kernel-release";
import { readInput } from "../input";
import { profileForVersion } from "../recording";
import { type AlignedReplay, AlignedReplayer, agreementOf, orderRows } from "./aligned-replay";
import { countedMachine } from "./counted-machine";
import { KernelTrace } from "./kernel-trace";
import { readProcCounts } from "./proc-counts";
import { eachRecord } from "./read-trace";
import type { TraceSummary } from "./trace-summary";

/** Texts of /proc beside a trace, and the model to use. */
export interface TraceReplayOptions {
  /** Files of buddyinfo, pagetypeinfo and zoneinfo as they were before the trace, in any order. */
  before?: readonly string[];
  /** The same of after it. */
  after?: readonly string[];
  /** Profile to use. Default: by `version`, else 6.1. */
  release?: KernelRelease | undefined;
  /** File with the text of /proc/version. */
  version?: string | undefined;
  /** Draws where free blocks lie that /proc only counts. Default 1. */
  seed?: number;
}

/** What a trace tells, and how its replay on counts went (null without counts from before). */
export interface TraceReplay {
  trace: TraceSummary;
  replay: AlignedReplay | null;
}

const CPUS_MOST = 1024;

/**
 * Reads the texts of a trace and says what they tell. Events may be of any release from 2.6.32 on, as printed by ftrace (`trace`,
 * `trace_pipe`), `trace-cmd report`, `perf script` or `perf trace`, plain or packed; files of any size are read as a stream. With
 * `before`, the requests and frees are replayed on a machine with those free blocks.
 * @param paths one text, or several of the same time (such as `per_cpu/cpu0/trace`), merged by their times
 * @returns counts of what the trace shows, what an exact replay would need besides, and the replay
 * @throws InputError for a file that cannot be read, for recordings in binary form, and if no event of memory is in it
 * @example
 * ```ts
 * import { replayTrace } from "pageblock";
 *
 * const { trace } = await replayTrace(["test/fixtures/field-traces/two-cpus.txt"]);
 * trace.cpus; // => [0, 1]
 * trace.pages.allocated.pages; // => 526
 * ```
 */
export async function replayTrace(
  paths: readonly string[],
  options: TraceReplayOptions = {},
): Promise<TraceReplay> {
  const { before = [], after = [], seed = 1 } = options;
  if (!Number.isSafeInteger(seed)) throw new InputError(`seed: must be a whole number: got ${seed}`);
  if (before.length === 0 && after.length > 0)
    throw new InputError("replay: counts from after the trace need counts from before it");
  const first = new KernelTrace();
  const lines = await eachRecord(paths, (record) => first.take(record));
  const trace = first.summary(paths, lines, before.length > 0);
  if (before.length === 0) return { trace, replay: null };
  const counts = readProcCounts(before);
  const end = after.length === 0 ? null : readProcCounts(after);
  const { release, assumed } = releaseOf(options);
  const machine = countedMachine(counts, {
    release,
    seed,
    cpus: Math.min(CPUS_MOST, (trace.cpus.at(-1) ?? 0) + 1),
    largestPfn: first.largestPfn,
  });
  const replayer = new AlignedReplayer(machine.memory, (type) => first.types.today(type));
  const second = new KernelTrace(replayer);
  await eachRecord(paths, (record) => {
    replayer.moved(record);
    return second.take(record);
  });
  const rows = orderRows(machine.memory, counts, end);
  const replay: AlignedReplay = {
    profile: release,
    seed,
    served: replayer.served,
    sameZone: replayer.sameZone,
    fallbacks: { model: replayer.modelFallbacks, recorded: trace.fallbacks.records },
    earlierPages: replayer.earlier,
    rows,
    agreement: agreementOf(rows, "model"),
    agreementOfBefore: agreementOf(rows, "before"),
    assumed: [...assumed, ...machine.assumed],
  };
  return { trace, replay };
}

function releaseOf({ release, version }: TraceReplayOptions): { release: KernelRelease; assumed: string[] } {
  if (release !== undefined) return { release, assumed: [] };
  if (version === undefined) return { release: "6.1", assumed: ["the rules of 6.1: no release is named"] };
  const text = readInput(version).toString("latin1").slice(0, 400);
  const said = /Linux version (\S{1,80})/.exec(text)?.[1];
  const known = said === undefined ? undefined : profileForVersion(said);
  if (known !== undefined) return { release: known, assumed: [] };
  const oldest = KERNEL_RELEASES[0]!;
  return {
    release: oldest,
    assumed: [
      `the rules of ${oldest}: ${basename(version)} names ${said === undefined ? "no release" : "an older one"}`,
    ],
  };
}
