/**
 * Areas of several ranges: cma_declare_contiguous_multi() (mm/cma.c, 6.15+). A single range is tried first. If none
 * is large enough, the largest free ranges above 4 GiB, at most 8, are taken in ascending order of address.
 */

import { roundDown, roundUp } from "../../base/alignment";
import { ERRNO, GRANTED, type Granted } from "../../base/answer";
import { GiB, MiB } from "../../base/units";
import type { KernelRelease } from "../../hardware/kernel-release";
import { CMA_MAX_RANGES } from "../contiguous/cma-area";
import { type CmaDeclaration, cmaDeclareContiguous, type RefusedCma } from "./cma";
import type { Memblock } from "./memblock";

/** The result: bytes and physical addresses, ranges ascending. */
export type CmaMultiOutcome =
  | (Granted & { ranges: { base: number; bytes: number }[]; alignment: number; messages: string[] })
  | RefusedCma;

/** The base, the limit and `fixed` of `request` are ignored. */
export function cmaDeclareContiguousMulti(
  memblock: Memblock,
  release: KernelRelease,
  minAlignment: number,
  request: CmaDeclaration,
  name: string,
): CmaMultiOutcome {
  const anywhere = { ...request, base: 0, limit: 0, fixed: false };
  const one = cmaDeclareContiguous(memblock, release, minAlignment, anywhere, name);
  if (one.ok) return { ...one, ranges: [{ base: one.base, bytes: one.bytes }] };
  if (one.errno !== ERRNO.ENOMEM) return one;
  const { alignment } = one;
  const bitBytes = (request.pageSize ?? 1) * 2 ** (request.orderPerBit ?? 0);
  const { start: low, end: high } = request.node ?? { start: 0, end: Number.MAX_SAFE_INTEGER };
  const total = roundUp(request.bytes, alignment);
  const candidates = memblock
    .freeRanges()
    .map((r) => ({ start: Math.max(r.start, low), end: Math.min(r.end, high) }))
    .filter((r) => r.start >= 4 * GiB && r.end > r.start)
    .map((r) => {
      const base = roundUp(r.start, alignment);
      return { base, bytes: roundDown(Math.max(0, roundDown(r.end, alignment) - base), bitBytes) };
    })
    .filter((r) => r.bytes > 0)
    .sort((a, b) => b.bytes - a.bytes || a.base - b.base)
    .slice(0, CMA_MAX_RANGES);
  const chosen: typeof candidates = [];
  let sum = 0;
  for (const range of candidates) {
    if (sum >= total) break;
    chosen.push(range);
    sum += range.bytes;
  }
  if (sum < total) return one;
  let left = total;
  const ranges: { base: number; bytes: number }[] = [];
  for (const { base, bytes } of chosen.sort((a, b) => a.base - b.base)) {
    const take = Math.min(left, bytes);
    if (take === 0) break;
    memblock.reserve(name, base, take);
    ranges.push({ base, bytes: take });
    left -= take;
  }
  if (request.slots !== undefined) request.slots.used++;
  const messages = [
    `cma: Reserved ${Math.floor(total / MiB)} MiB in ${ranges.length} range${ranges.length > 1 ? "s" : ""}`,
  ];
  return { ...GRANTED, ranges, alignment, messages };
}
