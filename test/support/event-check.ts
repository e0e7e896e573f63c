/**
 * A recording replayed with every trace point of the model beside the kernel's: pages taken under the zone lock (Z),
 * pages drained (D), fallbacks (X), blocks whose free pages move (V), choices of the half rule (H). Each kind is
 * compared as a sequence: the n-th predicted event against the n-th recorded one, field by field.
 */
import { kernelProfile } from "../../lib/mm/state/profile";
import type { TracePoints } from "../../lib/mm/state/trace-points";
import { readInput, streamInput } from "../../lib/trace/input";
import { openRecording } from "../../lib/trace/recording";
import { Replayer, recordedBy } from "../../lib/trace/replayer";
import { loadSnapshot } from "../../lib/trace/snapshot-load";
import { parseSnapshot } from "../../lib/trace/snapshot-parse";
import { REC, TraceReader } from "../../lib/trace/trace-reader";

/** Fields of each kind that are compared. V of 6.1 names the block by any page of it, and has no old type. */
const FIELDS = { Z: 3, D: 3, X: 6, V: 2, H: 4 };
type Kind = keyof typeof FIELDS;
const KINDS = new Map<number, Kind>([
  [REC.ZONE_TAKE, "Z"],
  [REC.DRAINED, "D"],
  [REC.EXTFRAG, "X"],
  [REC.MOVE_BLOCK, "V"],
  [REC.HALF, "H"],
]);

export interface EventCount {
  recorded: number;
  predicted: number;
  /** Pairs that agree in every field. */
  equal: number;
  /** The first that does not: its line in the trace, both texts. */
  first?: string;
}

export async function checkEvents(dir: string): Promise<Record<Kind, EventCount>> {
  const recording = openRecording(dir);
  const s0 = parseSnapshot(readInput(recording.s0), recording.s0);
  const m = loadSnapshot(s0, kernelProfile(recording.release));
  m.watermarkBoostFactor = recording.watermarkBoostFactor;
  const replayer = new Replayer(m, recording.trace, 0, recordedBy(s0.header));
  // A replay has trace points of its own: ours stand in front and hand on; those it sets later do the same.
  const own: TracePoints | null = m.trace;
  const counts = {} as Record<Kind, EventCount>;
  // Events of one side that wait for the other's, per kind.
  const waiting = {} as Record<Kind, { mine: string[]; theirs: string[] }>;
  for (const kind of Object.keys(FIELDS) as Kind[]) {
    counts[kind] = { recorded: 0, predicted: 0, equal: 0 };
    waiting[kind] = { mine: [], theirs: [] };
  }
  const type = (mt: number) => (!m.cma && mt === 5 ? 4 : mt);
  const settle = (kind: Kind, line: number) => {
    const { mine, theirs } = waiting[kind];
    while (mine.length > 0 && theirs.length > 0) {
      const a = mine.shift()!;
      const b = theirs.shift()!;
      if (a === b) counts[kind].equal++;
      else counts[kind].first ??= `line ${line}: recorded ${b}, predicted ${a}`;
    }
  };
  let line = 0;
  const predict = (kind: Kind, ...fields: number[]) => {
    counts[kind].predicted++;
    waiting[kind].mine.push(fields.join(" "));
    settle(kind, line);
  };
  const points: TracePoints = {
    zoneLocked: (pfn, order, mt) => predict("Z", pfn, order, type(mt)),
    pcpuDrain: (pfn, order, mt) => {
      predict("D", pfn, order, type(mt));
      own?.pcpuDrain?.(pfn, order, mt);
    },
    extfrag: (e) =>
      predict("X", e.pfn, e.order, e.fallbackOrder, e.mt, e.fallbackMt, e.changedOwnership ? 1 : 0),
    moveBlock: (pfn, mt) => predict("V", pfn - (pfn % m.pageblockPages), type(mt)),
    halfRule: (zone, cma, free, out) => predict("H", zone, cma, free, out),
  };
  m.trace = points;
  const handler = {
    record(kind: number, f: Float64Array, n: number, at: number, text: string) {
      line = at;
      const name = KINDS.get(kind);
      if (name !== undefined) {
        const fields = Array.from(f.subarray(0, FIELDS[name]));
        if (name === "V") fields[0]! -= fields[0]! % m.pageblockPages;
        counts[name].recorded++;
        waiting[name].theirs.push(fields.join(" "));
        settle(name, at);
      }
      if (name === undefined || replayer.wanted.includes(kind)) replayer.record(kind, f, n, at, text);
    },
  };
  const reader = new TraceReader(recording.trace, handler, [...replayer.wanted, ...KINDS.keys()]);
  for await (const chunk of streamInput(recording.trace)) reader.feed(chunk);
  reader.finish();
  return counts;
}
