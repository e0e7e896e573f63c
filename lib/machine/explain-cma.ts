/** Explains why no CMA area could be reserved: what occupies each place where it could have been. */

import { roundDown, roundUp } from "../base/alignment";
import { ERRNO } from "../base/answer";
import { formatSize, hex } from "../base/units";
import { CMA_AREA } from "../mm/boot/cma";
import type { PhysicalRange } from "../mm/boot/memblock";
import type { CmaAttempt } from "./cma-attempt";

/** Maximum number of places that are listed one by one. */
const PLACES_TOLD = 8;

/** One sentence or more; the kernel's own words first. */
export function explainCmaFailure(attempt: CmaAttempt, memory: readonly PhysicalRange[]): string {
  const { outcome, requestedBytes, by } = attempt;
  if (outcome.ok) return "";
  const words = [outcome.messages.join("; ")];
  const rounded = roundUp(requestedBytes, outcome.alignment);
  if (by === "device tree" && outcome.errno === ERRNO.EINVAL) {
    words.push(
      `the device tree's region of ${formatSize(requestedBytes)} is not a multiple of ${formatSize(outcome.alignment)}, the alignment a CMA area needs, and regions of the device tree are not rounded up`,
    );
    return words.join(": ");
  }
  if (rounded !== requestedBytes && outcome.errno === ERRNO.ENOMEM)
    words.push(
      `${formatSize(requestedBytes)} asked by the ${by} is rounded up to ${formatSize(rounded)}, a multiple of ${formatSize(outcome.alignment)}`,
    );
  if (outcome.errno === ERRNO.ENOMEM) words.push(whatStandsInTheWay(attempt, rounded, memory));
  if (outcome.errno === ERRNO.EBUSY)
    words.push(
      `${hex(attempt.searched.start)} is already taken by the ${holders(attempt, attempt.searched.start, attempt.searched.start + rounded)}`,
    );
  return words.join(": ");
}

function whatStandsInTheWay(attempt: CmaAttempt, bytes: number, memory: readonly PhysicalRange[]): string {
  const { alignment } = attempt.outcome;
  const { start, end } = attempt.searched;
  const ram = memory.filter((r) => r.start < end && r.end > start);
  const first = roundDown(Math.max(start, ram[0]?.start ?? 0), alignment);
  const places: string[] = [];
  for (let at = first; at < end && places.length <= PLACES_TOLD; at += alignment) {
    const to = at + alignment;
    const missing = alignment - ram.reduce((n, r) => n + overlap(r, at, to), 0);
    const held = holders(attempt, at, to);
    if (missing === 0 && held === "") continue;
    const holes = missing > 0 ? `${formatSize(missing)} of it is not memory of the kernel` : "";
    const taken = held === "" ? "" : `taken by the ${held}`;
    places.push(`${hex(at)}-${hex(to)} ${[taken, holes].filter(Boolean).join(" and ")}`);
  }
  const need = `no free ${formatSize(bytes)} aligned to ${formatSize(alignment)} below ${hex(end)}`;
  const longest = longestAligned(attempt);
  const rest =
    longest === 0 ? "no aligned range is free" : `the longest aligned free range is ${formatSize(longest)}`;
  if (places.length > PLACES_TOLD || places.length === 0) {
    const within = holders(attempt, Math.max(start, first), end);
    return `${need}: ${rest}${within === "" ? "" : `; within it lie the ${within}`}`;
  }
  return `${need}: ${places.join(", ")}; ${rest}`;
}

function overlap(range: PhysicalRange, start: number, end: number): number {
  return Math.max(0, Math.min(range.end, end) - Math.max(range.start, start));
}

function holders(attempt: CmaAttempt, start: number, end: number): string {
  const names = attempt.claims
    .filter((c) => c.what !== CMA_AREA && overlap(c, start, end) > 0)
    .map((c) => c.what);
  return [...new Set(names)].join(", ");
}

function longestAligned(attempt: CmaAttempt): number {
  const { alignment } = attempt.outcome;
  let longest = 0;
  for (const range of attempt.free) {
    const from = roundUp(Math.max(range.start, attempt.searched.start, 1), alignment);
    const to = roundDown(Math.min(range.end, attempt.searched.end), alignment);
    longest = Math.max(longest, to - from);
  }
  return longest;
}
