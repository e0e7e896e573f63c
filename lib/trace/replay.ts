/**
 * Replays a recording: loads S0, applies every recorded request and free to the model, checks the frame of every
 * allocation, and compares the end with S1. INPUTS in replayer.ts lists the records that a replay takes as given:
 * requests (A, b), frees (F), isolations (I, P), and the moments at which daemons worked. Some traces of CMA kernels
 * hold more records, which are compared with the model's predictions: contiguous requests (contig-follower.ts),
 * choices of the half rule and drained pages (decision-check.ts).
 */
import { at, InputError } from "../base/errors";
import type { KernelRelease } from "../hardware/kernel-release";
import type { Memory } from "../mm/state/memory";
import { type KernelSwitches, kernelProfile } from "../mm/state/profile";
import type { WrongContigEvent } from "./contig-follower";
import type { GivenAnswers } from "./given-answers";
import { datasetName, readInput, streamInput } from "./input";
import { ColumnCollector, ColumnReader } from "./record-columns";
import { openRecording, type Recording } from "./recording";
import type { LostStep, Mismatch } from "./replay-mismatch";
import { Replayer, recordedBy } from "./replayer";
import type { Snapshot } from "./snapshot";
import { compareWithSnapshot, type Difference } from "./snapshot-compare";
import { loadSnapshot } from "./snapshot-load";
import { parseSnapshot } from "./snapshot-parse";
import {
  type CachedTrace,
  readTraceCache,
  recordingHash,
  traceCachePath,
  writeTraceCache,
} from "./trace-cache";
import { REC, TraceReader } from "./trace-reader";

export interface ReplayResult {
  dataset: string;
  profile: KernelRelease;
  /** Records of the trace, without its time marks. */
  events: number;
  allocations: number;
  /** Allocations whose frame (or failure) was predicted. */
  exact: number;
  mismatches: number;
  firstMismatch: Mismatch | null;
  /** Where and why the recording could no longer be followed; the replay continued from the recorded frames. */
  lostStep?: LostStep;
  /** Decisions of the half rule (both counters and the outcome). Only in traces that record them. */
  halfRule?: { decisions: number; wrong: number };
  /** Pages drained from the per-CPU lists, each with order and type. Only if they are checked. */
  drains?: { pages: number; wrong: number };
  /** Events of contiguous requests and releases that were predicted. Only if they are followed. */
  cmaEvents?: { predicted: number; wrong: number; firstWrong: WrongContigEvent | null };
  /** What was taken from the recording though the model could have decided it. */
  given: GivenAnswers;
  finalStateIdentical: boolean;
  finalDifferences: Difference[];
}

/** The result and the machine at the end. */
export interface Replayed {
  result: ReplayResult;
  memory: Memory;
  /** The recorded end. */
  s1: Snapshot;
}

export interface ReplayOptions {
  /** Profile to use instead of the recording's `version` file. */
  release?: KernelRelease | undefined;
  /** Single switches to flip. */
  switches?: Partial<KernelSwitches> | undefined;
  /** Number of mismatches after which the replay stops; 0: no limit. */
  maxMismatches?: number | undefined;
  /** Reads the trace from a binary copy beside it, and makes that copy if there is none. Results are the same. */
  cache?: boolean | undefined;
  /** Is given the machine of the start before the first record. */
  prepare?: ((memory: Memory) => void) | undefined;
  /** Told why a cache is not used or can't be written. */
  note?: ((text: string) => void) | undefined;
}

/**
 * Replays the recording in `dir`. Bad input throws InputError; a mismatch is a result.
 * @example
 * ```ts
 * import { replay } from "pageblock";
 *
 * const replayed = await replay("test/fixtures/x86-6.1/boot-8G");
 * replayed.result.exact === replayed.result.allocations; // => true
 * ```
 */
export async function replay(dir: string, options: ReplayOptions = {}): Promise<Replayed> {
  const recording = openRecording(dir, options.release);
  const s0 = parseSnapshot(readInput(recording.s0), recording.s0);
  const memory = loadSnapshot(
    s0,
    kernelProfile(recording.release, {
      ...(recording.defragMode && { defragMode: true }),
      ...options.switches,
    }),
  );
  memory.watermarkBoostFactor = recording.watermarkBoostFactor;
  options.prepare?.(memory);
  const replayer = new Replayer(memory, recording.trace, options.maxMismatches ?? 0, recordedBy(s0.header));
  const { line, events } = await putTrace(recording, replayer, options);
  const complete = !replayer.gaveUp;
  if (complete && !replayer.sawEnd)
    throw new InputError(
      `${at(recording.trace, line)}: the trace is cut short: the marker "S 1" of its end is missing`,
    );
  const s1 = parseSnapshot(readInput(recording.s1), recording.s1);
  const finalDifferences = complete
    ? compareWithSnapshot(memory, s1)
    : [
        {
          zone: "",
          what: "the replay was given up",
          expected: "the end of the trace",
          predicted: `line ${line}`,
        },
      ];
  return {
    memory,
    s1,
    result: {
      dataset: datasetName(dir),
      profile: recording.release,
      events,
      allocations: replayer.allocations,
      exact: replayer.exact,
      mismatches: replayer.allocations - replayer.exact,
      firstMismatch: replayer.firstMismatch,
      ...(replayer.lostStep === null ? {} : { lostStep: replayer.lostStep }),
      ...decisionResults(replayer),
      given: replayer.given,
      finalStateIdentical: finalDifferences.length === 0,
      finalDifferences,
    },
  };
}

/** The last line and the events of a trace that was put to the model. */
interface Passed {
  line: number;
  events: number;
}

/** From the cache beside the recording if that is asked for and there is a good one, else from the text. */
async function putTrace(
  recording: Recording,
  replayer: Replayer,
  { cache = false, note = () => {}, maxMismatches = 0 }: ReplayOptions,
): Promise<Passed> {
  // How far a replay got that gave up is told in lines and events of the text, which a cache does not hold all.
  if (!cache || maxMismatches > 0) {
    const reader = new TraceReader(recording.trace, replayer, replayer.wanted);
    replayer.want = (kind) => reader.want(kind);
    return putText(recording, replayer, reader);
  }
  const { dir } = recording;
  const hash = recordingHash(dir);
  // Drains are asked for in the middle of a trace, once it shows compaction or reclaim.
  const holds = [...new Set([...replayer.wanted, REC.DRAINED])];
  const cached = readTraceCache(dir, hash, holds);
  if (typeof cached === "object") return putCached(cached, replayer);
  if (cached !== undefined) note(`${traceCachePath(dir)}: not used, and written anew: ${cached}`);
  const collector = new ColumnCollector(replayer, replayer.wanted);
  replayer.want = (kind) => collector.pass(kind);
  const passed = await putText(recording, replayer, new TraceReader(recording.trace, collector, holds));
  if (!replayer.gaveUp && replayer.sawEnd) {
    const trace = { events: passed.events, endLine: passed.line, columns: collector.columns() };
    try {
      writeTraceCache(dir, hash, trace, holds);
    } catch (error) {
      note((error as Error).message);
    }
  }
  return passed;
}

function putCached(cached: CachedTrace, replayer: Replayer): Passed {
  const reader = new ColumnReader(cached.columns, replayer, replayer.wanted);
  replayer.want = (kind) => reader.want(kind);
  reader.run();
  return { line: cached.endLine, events: cached.events };
}

async function putText(recording: Recording, replayer: Replayer, reader: TraceReader): Promise<Passed> {
  for await (const chunk of streamInput(recording.trace)) {
    reader.feed(chunk);
    if (replayer.gaveUp) return reader;
  }
  reader.finish();
  return reader;
}

function decisionResults(replayer: Replayer): Pick<ReplayResult, "halfRule" | "drains" | "cmaEvents"> {
  const { decisions, contig } = replayer;
  if (decisions === null || contig === null) return {};
  const { predicted, wrong, firstWrong } = contig;
  return {
    halfRule: { decisions: decisions.decisions, wrong: decisions.wrongDecisions },
    drains: { pages: decisions.drained, wrong: decisions.wrongDrained },
    cmaEvents: { predicted, wrong, firstWrong },
  };
}
