/** Explains why no CMA area could be reserved: what occupies each place where it could have been. */

import { isAligned, roundDown, roundUp } from "../base/alignment";
import { ERRNO } from "../base/answer";
import { formatSize, hex } from "../base/units";
import { CMA_AREA } from "../mm/boot/cma";
import type { PhysicalRange } from "../mm/boot/memblock";
import type { CmaAttempt } from "./cma-attempt";

/** Maximum number of places that are listed one by one. */
const PLACES_TOLD = 8;

/** One sentence or more; the kernel's own words first. */
export function explainCmaFailure(attempt: CmaAttempt, memory: readonly PhysicalRange[]): string {
  const { outcome, by } = attempt;
  if (outcome.ok) return "";
  const words = [outcome.messages.join("; ")];
  if (by === "device tree") words.push(...regionRefused(attempt, memory));
  else words.push(...declarationRefused(attempt, memory));
  return words.join(": ");
}

/** rmem_cma_setup(): sizes count as they are stated, and `cma=` takes the place of the default region. */
function regionRefused(attempt: CmaAttempt, memory: readonly PhysicalRange[]): string[] {
  const { outcome, requestedBytes } = attempt;
  const { alignment } = outcome;
  const unfit = `${formatSize(requestedBytes)} is not a multiple of ${formatSize(alignment)}, the alignment a CMA area needs, and regions of the device tree are not rounded up`;
  if (outcome.errno === ERRNO.EINVAL) return [`the device tree's region of ${unfit}`];
  if (outcome.errno === ERRNO.EBUSY)
    return ["the command line has cma=, which this release puts before the device tree's default region"];
  if (outcome.errno !== ERRNO.ENOMEM) return [];
  const place = whatStandsInTheWay(attempt, requestedBytes, memory);
  return [
    isAligned(requestedBytes, alignment) ? place : `${place}; with room it would be refused too: ${unfit}`,
  ];
}

/** cma_declare_contiguous(): the size is rounded up. */
function declarationRefused(attempt: CmaAttempt, memory: readonly PhysicalRange[]): string[] {
  const { outcome, requestedBytes, by, searched } = attempt;
  const rounded = roundUp(requestedBytes, outcome.alignment);
  const words: string[] = [];
  if (rounded !== requestedBytes && outcome.errno === ERRNO.ENOMEM)
    words.push(
      `${formatSize(requestedBytes)} asked by the ${by} is rounded up to ${formatSize(rounded)}, a multiple of ${formatSize(outcome.alignment)}`,
    );
  if (outcome.errno === ERRNO.ENOMEM) words.push(whatStandsInTheWay(attempt, rounded, memory));
  if (outcome.errno === ERRNO.EBUSY)
    words.push(
      `${hex(searched.start)} is already taken by the ${holders(attempt, searched.start, searched.start + rounded)}`,
    );
  return words;
}

function whatStandsInTheWay(attempt: CmaAttempt, bytes: number, memory: readonly PhysicalRange[]): string {
  const { alignment } = attempt.outcome;
  const { start, end } = attempt.searched;
  const places = placesTaken(attempt, memory);
  const limit = end === Number.MAX_SAFE_INTEGER ? "" : ` below ${hex(end)}`;
  const need = `no free ${formatSize(bytes)} aligned to ${formatSize(alignment)}${limit}`;
  const longest = longestAligned(attempt);
  const rest = [
    ...boundaryOf(attempt),
    longest === 0 ? "no aligned range is free" : `the longest aligned free range is ${formatSize(longest)}`,
  ];
  if (places.length > PLACES_TOLD || places.length === 0) {
    const within = holders(attempt, start, end);
    return [`${need}: ${rest.join("; ")}`, ...(within === "" ? [] : [`within it lie the ${within}`])].join(
      "; ",
    );
  }
  const told = places.map(({ from, to, why }) => `${hex(from)}-${hex(to)} ${why}`);
  return `${need}: ${[told.join(", "), ...rest].join("; ")}`;
}

/** An area lies below the end of low memory or above it. */
function boundaryOf({ boundary }: CmaAttempt): string[] {
  if (boundary === undefined) return [];
  return [`low memory ends at ${hex(boundary)}, and no area may lie on both sides of that`];
}

interface Place {
  from: number;
  to: number;
  why: string;
}

/** Aligned places that are not free, neighbours with one reason as one; at most one more than are told. */
function placesTaken(attempt: CmaAttempt, memory: readonly PhysicalRange[]): Place[] {
  const { alignment } = attempt.outcome;
  const { start, end } = attempt.searched;
  const ram = memory.filter((r) => r.start < end && r.end > start);
  const last = Math.min(end, ram.at(-1)?.end ?? 0);
  const places: Place[] = [];
  const first = roundDown(Math.max(start, ram[0]?.start ?? 0), alignment);
  for (let at = first; at < last && places.length <= PLACES_TOLD; at += alignment) {
    const to = at + alignment;
    const present = ram.reduce((n, r) => n + overlap(r, at, to), 0);
    const why = whyTaken(holders(attempt, at, to), present, alignment);
    if (why === "") continue;
    const before = places.at(-1);
    if (before?.to === at && before.why === why) before.to = to;
    else places.push({ from: at, to, why });
  }
  return places;
}

function whyTaken(held: string, present: number, whole: number): string {
  if (present === 0) return "without memory";
  const part = present < whole ? `with only ${formatSize(present)} of memory` : "";
  return [held === "" ? "" : `taken by the ${held}`, part].filter(Boolean).join(", ");
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

function longestAligned({ outcome, searched, free, boundary = searched.end }: CmaAttempt): number {
  const { alignment } = outcome;
  let longest = 0;
  for (const range of free)
    for (const part of [
      { start: searched.start, end: Math.min(boundary, searched.end) },
      { start: boundary, end: searched.end },
    ]) {
      const from = roundUp(Math.max(range.start, part.start, 1), alignment);
      const to = roundDown(Math.min(range.end, part.end), alignment);
      longest = Math.max(longest, to - from);
    }
  return longest;
}
