/**
 * Classes of page frames: what /proc/kpageflags says of each frame of a real machine, and what a frame of a model machine would
 * say there. Both sides are counted by the same functions.
 */
import { InputError } from "../base/errors";
import { readInput } from "../trace/input";

/** What a byte of a class map means. */
export const CLASSES = [
  "unknown",
  "slab",
  "file",
  "anon",
  "pageTable",
  "reserved",
  "hugetlb",
  "free",
  "hole",
  "unevictable",
  "anonHuge",
  "fileLarge",
] as const;
export type FrameClass = (typeof CLASSES)[number];

export const CLASS = Object.fromEntries(CLASSES.map((name, i) => [name, i])) as Readonly<
  Record<FrameClass, number>
>;

/** The limit of a map: 1 TiB of pages of 4 KiB. */
const MOST_FRAMES = 2 ** 28;

/** Reads a class map: one byte per frame from frame 0 up, packed or not. */
export function readClassMap(file: string): Uint8Array {
  const classes = readInput(file);
  if (classes.length === 0)
    throw new InputError(`${file}: is empty, a byte for each page frame was expected`);
  if (classes.length > MOST_FRAMES)
    throw new InputError(`${file}: the limit is ${MOST_FRAMES} page frames: got ${classes.length}`);
  for (let pfn = 0; pfn < classes.length; pfn++)
    if (classes[pfn]! >= CLASSES.length)
      throw new InputError(
        `${file}: frame ${pfn}: a class is from 0 to ${CLASSES.length - 1}: got ${classes[pfn]}`,
      );
  return classes;
}

/**
 * Frames of class "unknown" in a row that are so many are no kernel pages without flags but memory nobody has used yet, or no
 * memory: the kernel initialises memory by sections.
 */
const SECTION_FRAMES = 32_768;

/** Marks such frames as free, or as holes where the zones say that so many are missing. Returns a new map. */
export function settledClasses(
  classes: Uint8Array,
  zones: readonly { startPfn: number; spanned: number; present: number }[] = [],
): Uint8Array {
  const settled = Uint8Array.from(classes);
  for (let from = 0; from < settled.length; ) {
    if (settled[from] !== CLASS.unknown) {
      from++;
      continue;
    }
    let to = from;
    while (to < settled.length && settled[to] === CLASS.unknown) to++;
    if (to - from >= SECTION_FRAMES) {
      const missing = zones.find(
        (z) => z.startPfn >= 0 && from >= z.startPfn && from < z.startPfn + z.spanned,
      );
      const none = missing !== undefined && missing.spanned - missing.present >= to - from;
      settled.fill(none ? CLASS.hole : CLASS.free, from, to);
    }
    from = to;
  }
  return settled;
}
