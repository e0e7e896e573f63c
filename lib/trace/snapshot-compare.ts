/**
 * Checks whether a machine is in exactly the state of a snapshot: ordered lists, per-CPU lists and counts, page-block
 * types.
 */

import { listFrames } from "../mm/state/list-frames";
import type { Memory } from "../mm/state/memory";
import { BLOCK_HOLE, BLOCK_MT, pcpStoredType } from "../mm/state/page-state";
import type { Zone } from "../mm/state/zone";
import { fieldNumber, type Snapshot, type SnapshotZone } from "./snapshot";
import { modelType } from "./snapshot-load";

/** One difference, in words and as data. */
export interface Difference {
  zone: string;
  what: string;
  expected: string;
  predicted: string;
}

const SHOWN = 8;

function show(pfns: ArrayLike<number>, from: number): string {
  const part = Array.from({ length: Math.min(SHOWN, pfns.length - from) }, (_, i) => pfns[from + i]!);
  const more = pfns.length - from - part.length;
  return `${from > 0 ? "… " : ""}${part.join(" ")}${more > 0 ? " …" : ""}`;
}

/** The position at which two lists diverge, or −1. */
function firstUnlike(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = Math.max(a.length, b.length);
  for (let i = 0; i < n; i++) if (a[i] !== b[i]) return i;
  return -1;
}

/** Every difference between `m` and `snapshot`, at most `limit`. */
export function compareWithSnapshot(m: Memory, snapshot: Snapshot, limit = 1000): Difference[] {
  const found: Difference[] = [];
  const zones = new Map(m.zones.map((z) => [z.idx, z]));
  if (zones.size !== snapshot.zones.length)
    found.push({ zone: "", what: "zones", expected: `${snapshot.zones.length}`, predicted: `${zones.size}` });
  for (const z of snapshot.zones) {
    const zone = zones.get(z.idx);
    if (zone !== undefined) compareZone(m, zone, z, snapshot.file, found);
    if (found.length >= limit) return found.slice(0, limit);
  }
  return found;
}

function compareZone(m: Memory, zone: Zone, z: SnapshotZone, file: string, found: Difference[]): void {
  const note = (what: string, expected: string | number, predicted: string | number) =>
    found.push({ zone: z.name, what, expected: `${expected}`, predicted: `${predicted}` });
  const number = (what: string, expected: number, predicted: number) => {
    if (expected !== predicted) note(what, expected, predicted);
  };
  const lists = new Map(z.free.map((l) => [l.order * 8 + modelType(m, l.mt), l.pfns]));
  const none = new Int32Array(0);
  for (let order = 0; order <= m.maxOrder; order++) {
    number(`nr_free of order ${order}`, z.nrFree[order]!, zone.nrFree[order]!);
    for (let mt = 0; mt < 6; mt++) {
      const expected = lists.get(order * 8 + mt) ?? none;
      const predicted = listFrames(m, zone.listBase + order * 8 + mt);
      const i = firstUnlike(expected, predicted);
      if (i >= 0)
        note(`free list of order ${order}, type ${mt}, position ${i}`, show(expected, i), show(predicted, i));
    }
  }
  for (const p of z.pcps) {
    const { cpu } = p;
    const of = zone.pcps.length > 1 ? `CPU ${cpu} ` : "";
    const pcp = zone.pcps[cpu];
    if (pcp === undefined) {
      note("pcp", `cpu ${cpu}`, "none");
      continue;
    }
    const expect = (key: string) => fieldNumber(p.fields, key, file);
    number(`pcp ${cpu} count`, expect("count"), pcp.count);
    number(`pcp ${cpu} batch`, expect("batch"), pcp.batch);
    number(`pcp ${cpu} high`, expect("high"), pcp.high);
    if (m.sw.pcpAutoTune) {
      number(`pcp ${cpu} alloc_factor`, expect("alloc_factor"), pcp.allocFactor);
      number(`pcp ${cpu} free_count`, expect("free_count"), pcp.freeCount);
    } else number(`pcp ${cpu} free_factor`, expect("free_factor"), pcp.freeFactor);
    const recorded = new Map(p.lists.map((l) => [l.index, l]));
    for (let index = 0; index < pcp.lists.length; index++) {
      const list = recorded.get(index);
      const expected = list?.pfns ?? none;
      const predicted = pcp.lists[index]!.toArray();
      const i = firstUnlike(expected, predicted);
      if (i >= 0) note(`${of}pcplist ${index} position ${i}`, show(expected, i), show(predicted, i));
      else if (list !== undefined && !m.sw.freelistHygiene)
        list.mts.forEach((mt, k) => {
          const own = pcpStoredType(m.state[list.pfns[k]!]!);
          if (mt >= 0 && modelType(m, mt) !== own) note(`type of per-CPU page ${list.pfns[k]}`, mt, own);
        });
    }
  }
  compareBlocks(m, z, note);
  const diffs = (field: string) => z.pcps.reduce((s, p) => s + Number(p.fields.get(field) ?? 0), 0);
  const ours = zone.pcps.reduce((s, p) => s + p.diffNrFree, zone.nrFreePages);
  number(
    "free pages (counter and differences)",
    fieldNumber(z.fields, "nr_free_pages", file) + diffs("vmstat_diff_nr_free"),
    ours,
  );
  number(
    "nr_reserved_highatomic",
    fieldNumber(z.fields, "nr_reserved_highatomic", file),
    zone.nrReservedHighatomic,
  );
}

function compareBlocks(
  m: Memory,
  z: SnapshotZone,
  note: (what: string, expected: string | number, predicted: string | number) => void,
): void {
  for (const run of z.blocks) {
    const first = run.start >>> m.pageblockOrder;
    for (let b = first; b < first + run.count; b++) {
      const byte = m.blocks[b]!;
      const ours =
        byte & BLOCK_HOLE ? -1 : run.under >= 0 ? byte & BLOCK_MT : m.blockType(b << m.pageblockOrder);
      const recorded = run.mt < 0 ? -1 : run.under >= 0 ? run.under : modelType(m, run.mt);
      if (ours !== recorded) note(`type of the page block at frame ${b << m.pageblockOrder}`, recorded, ours);
    }
  }
}
