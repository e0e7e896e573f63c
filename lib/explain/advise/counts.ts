/** What the counts of a snapshot say of a want before any machine is drawn: how much is free, in which blocks, above the watermarks. */
import { log2 } from "../../base/elementary";
import { largestOf } from "../../base/extremes";
import { formatSize } from "../../base/units";
import type { MachineState, ZoneState } from "../../machine/machine-state";
import { freePagesOf } from "../hugetlb-answer";
import type { Want } from "./want";

/** Free memory by its counts. All of it stands in buddyinfo, pagetypeinfo and zoneinfo. */
export interface Counted {
  ramBytes: number;
  freeBytes: number;
  /** Size of one piece, a power of two of pages, and how many are wanted. */
  pieceBytes: number;
  wanted: number;
  largestBlockBytes: number;
  /** Pieces that lie in free blocks as a whole, and those of them that the watermarks leave; 0 if no block is that large. */
  whole: number;
  usable: number;
  /** enough: it is to be had now; too large: the machine has less memory; open: the counts do not tell. */
  verdict: "enough" | "too large" | "open";
}

/** Types of free blocks that any request may take. */
const COMMON = ["Unmovable", "Movable", "Reclaimable"] as const;

/** `pageSize`: bytes. */
export function countedOf(want: Want, state: MachineState, pageSize: number): Counted {
  const order = orderOfPiece(want, pageSize);
  const piecePages = 2 ** order;
  const wanted = want.kind === "huge" ? want.count : 1;
  const sum = (of: (zone: ZoneState) => number) => state.zones.reduce((n, zone) => n + of(zone), 0);
  const usable = sum((zone) => usablePieces(zone, order));
  const ramBytes = sum((zone) => zone.present) * pageSize;
  const asked = want.kind === "order" ? piecePages * pageSize : want.bytes * wanted;
  return {
    ramBytes,
    freeBytes: sum(freePages) * pageSize,
    pieceBytes: piecePages * pageSize,
    wanted,
    largestBlockBytes: 2 ** state.largestOrder * pageSize,
    whole: sum((zone) => wholePieces(zone, order)),
    usable,
    verdict: asked > ramBytes ? "too large" : usable >= wanted ? "enough" : "open",
  };
}

function orderOfPiece(want: Want, pageSize: number): number {
  return want.kind === "order" ? want.order : Math.ceil(log2(Math.max(1, want.bytes / pageSize)));
}

const freePages = ({ free }: ZoneState) => freePagesOf(Object.values(free), 0);

/** Lists of the types that any request may take. */
const commonLists = ({ free }: ZoneState) => COMMON.map((type) => free[type] ?? []);

/** Pieces in blocks of their size or larger. */
const wholePieces = (zone: ZoneState, order: number) => freePagesOf(commonLists(zone), order);

/**
 * Pieces after which the zone still lies above its high watermark and what it keeps for requests of lower zones
 * (mm/page_alloc.c: __zone_watermark_ok(), which asks for less).
 */
function usablePieces(zone: ZoneState, order: number): number {
  const common = freePagesOf(commonLists(zone), 0);
  const kept = zone.watermarks.high + zone.boost + Math.max(0, largestOf(zone.reserve));
  return Math.max(0, Math.min(wholePieces(zone, order), Math.floor((common - kept) / 2 ** order)));
}

/** The counts in words, one line each. */
export function countedLines(c: Counted): string[] {
  const piece = formatSize(c.pieceBytes);
  const lines = [
    "By the counts, before any draw:",
    `  ${formatSize(c.freeBytes)} of ${formatSize(c.ramBytes)} are free; the largest blocks of the page allocator have ${formatSize(c.largestBlockBytes)}`,
  ];
  if (c.verdict === "too large")
    return [...lines, "  more is wanted than the machine has memory: no setting gives it"];
  if (c.pieceBytes > c.largestBlockBytes)
    return [
      ...lines,
      `  a piece of ${piece} needs free blocks side by side: where they lie the counts do not say`,
    ];
  const held = `${c.whole} free pieces of ${piece}; the watermarks leave ${c.usable} of them`;
  const verdict =
    c.verdict === "enough"
      ? `: enough for ${c.wanted} now`
      : `, ${c.wanted} wanted: the rest must be made free first`;
  return [...lines, `  ${held}${verdict}`];
}
