/**
 * One snapshot (`S0.txt`, `S1.txt`, `Sboot.txt`) as data: zones with page blocks, ordered free lists, per-CPU lists and frame
 * classes. Frames and counts are numbers; fields keep their order and text. Read by snapshot-parse.ts.
 */
import { InputError } from "../base/errors";

/** `key=value` fields of a line, in order. */
export type Fields = Map<string, string>;

export interface SnapshotBlockRun {
  start: number;
  count: number;
  /** Migrate type as the snapshot numbers it; −1 for a hole. */
  mt: number;
  skip: number;
  /** The type under an isolated block (7.x), or −1. */
  under: number;
}

export interface SnapshotFreeList {
  order: number;
  mt: number;
  /** Head first. */
  pfns: Int32Array;
}

export interface SnapshotPcpList {
  index: number;
  pfns: Int32Array;
  /** The page's own type if it differs from its list's, otherwise −1. */
  mts: Int8Array;
}

export interface SnapshotPcp {
  cpu: number;
  fields: Fields;
  lists: SnapshotPcpList[];
}

export interface SnapshotZone {
  idx: number;
  name: string;
  fields: Fields;
  blocks: SnapshotBlockRun[];
  nrFree: number[];
  free: SnapshotFreeList[];
  pcps: SnapshotPcp[];
  classStart: number;
  classSpanned: number;
  /** Run-length coded classes: class[i] for run[i] frames; class 15 is "no struct page". */
  classes: Uint8Array;
  runs: Int32Array;
  line: number;
}

export interface Snapshot {
  file: string;
  header: Fields;
  zones: SnapshotZone[];
}

/** A field's whole number; a missing or malformed one is an error at the line. */
export function fieldNumber(fields: Fields, key: string, where: string): number {
  const text = fields.get(key);
  const value = text === undefined ? Number.NaN : Number(text);
  if (!Number.isSafeInteger(value))
    throw new InputError(
      `${where}: field ${key} must be a whole number: ${text === undefined ? "it is missing" : `got ${text}`}`,
    );
  return value;
}
