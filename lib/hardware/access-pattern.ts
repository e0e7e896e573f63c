/**
 * Access patterns over an area of memory: they choose the next address. Addresses are bytes from the start of the
 * area, drawn from a seeded stream (lib/base/random.ts): equal seeds give equal sequences. One draw has 32 bits, so
 * in areas above 4 GiB addresses are multiples of area / 2^32 (1 KiB at 4 TiB), which is finer than any page.
 */
import { InputError, unknownName } from "../base/errors";
import type { Random } from "../base/random";
import { formatSize, KiB, MiB, TiB } from "../base/units";
import { either, literal, name, number, object, share, size, whole } from "../schema/field";
import { zipfRanks } from "./zipf";

export type AccessPattern =
  /** Every address is equally likely; accesses are independent. */
  | { kind: "uniform" }
  /** Blocks whose popularity falls with their rank ^ -exponent, scattered over the area by a permutation. */
  | { kind: "zipf"; exponent: number; blockBytes: number }
  /** A `share` of the accesses goes to `blocks` equally likely blocks, scattered as for zipf; the rest is uniform. */
  | { kind: "hot"; share: number; blocks: number; blockBytes: number }
  /**
   * `streams` cursors that take turns, each in its own equal part of the area and each `strideBytes` further than its
   * last access. They start at random places in their parts: real streams are not a power of two apart.
   */
  | { kind: "scan"; strideBytes: number; streams: number }
  /** Like uniform, but the next address is known only after the last access is complete: nothing overlaps. */
  | { kind: "chase" };

export type PatternName = AccessPattern["kind"];

/** Parameters of the patterns given by name. 0.99 is the exponent of YCSB; the others are modelling choices. */
export const DEFAULT_PATTERNS: { readonly [K in PatternName]: Extract<AccessPattern, { kind: K }> } = {
  uniform: { kind: "uniform" },
  zipf: { kind: "zipf", exponent: 0.99, blockBytes: 64 * KiB },
  hot: { kind: "hot", share: 0.95, blocks: 24, blockBytes: 2 * MiB },
  scan: { kind: "scan", strideBytes: 64, streams: 1 },
  chase: { kind: "chase" },
};

/** The largest area: page numbers of 4 KiB stay below 2^30, tags of caches below 2^31. */
export const MAX_AREA_BYTES = 4 * TiB;

/** Maximum number of blocks in an area: the permutation multiplies two block numbers exactly, below 2^53. */
const MAX_BLOCKS = 2 ** 26;

/**
 * Resolves the name of a pattern, or checks a pattern. Throws InputError for an unknown name or parameters outside
 * their limits.
 */
export function toPattern(pattern: PatternName | AccessPattern): AccessPattern {
  const given = typeof pattern === "string" ? DEFAULT_PATTERNS[pattern] : pattern;
  if (given === undefined || !Object.hasOwn(DEFAULT_PATTERNS, given.kind))
    throw unknownName(
      "access pattern",
      String(typeof pattern === "string" ? pattern : pattern.kind),
      Object.keys(DEFAULT_PATTERNS),
    );
  if (given.kind === "zipf") {
    if (!(given.exponent > 0 && given.exponent <= 4))
      throw new InputError(
        `access pattern zipf: exponent must be above 0 and at most 4: got ${given.exponent}`,
      );
    wholeAtLeast1("access pattern zipf: blockBytes", given.blockBytes);
  }
  if (given.kind === "hot") {
    if (!(given.share >= 0 && given.share <= 1))
      throw new InputError(`access pattern hot: share must be from 0 to 1: got ${given.share}`);
    wholeAtLeast1("access pattern hot: blocks", given.blocks);
    wholeAtLeast1("access pattern hot: blockBytes", given.blockBytes);
  }
  if (given.kind === "scan") {
    wholeAtLeast1("access pattern scan: strideBytes", given.strideBytes);
    wholeAtLeast1("access pattern scan: streams", given.streams);
  }
  return given;
}

// Object.keys() knows no names.
export const PATTERN_NAMES = Object.keys(DEFAULT_PATTERNS) as PatternName[];
const most = Number.MAX_SAFE_INTEGER;

/** A pattern in a plan: a name, or one with its parameters. Their limits are those of toPattern(). */
export const PATTERN = either(
  "where accesses go",
  `be ${PATTERN_NAMES.join(", ")}, or one of these with its parameters`,
  [
    name("a pattern with its defaults", PATTERN_NAMES),
    object("each address equally likely", { kind: literal("uniform") }),
    object("the next address is known only when the last access is done", { kind: literal("chase") }),
    object("blocks whose popularity falls with their rank", {
      kind: literal("zipf"),
      exponent: number("of the rank", "", { above: true, most: 4 }),
      blockBytes: size("bytes of a block", { least: 1, most }),
    }),
    object("a share of the accesses goes to a few blocks", {
      kind: literal("hot"),
      share: share("of the accesses"),
      blocks: whole("how many", "blocks", { least: 1, most }),
      blockBytes: size("bytes of a block", { least: 1, most }),
    }),
    object("cursors that take turns", {
      kind: literal("scan"),
      strideBytes: size("bytes from one access to the next", { least: 1, most }),
      streams: whole("cursors", "cursors", { least: 1, most: 65536 }),
    }),
  ],
);

/** Whether each access waits for the previous one. */
export function isDependent(pattern: AccessPattern): boolean {
  return pattern.kind === "chase";
}

/** Fills `out` with the next addresses of the pattern. */
export type AddressSource = (out: Float64Array) => void;

/**
 * Addresses of `pattern` in an area of `areaBytes`. Throws InputError for an area that is empty, above 4 TiB or too
 * small.
 */
export function addressSource(pattern: AccessPattern, areaBytes: number, random: Random): AddressSource {
  wholeAtLeast1("access pattern: area bytes", areaBytes);
  if (areaBytes > MAX_AREA_BYTES)
    throw new InputError(
      `access pattern: area must be at most ${formatSize(MAX_AREA_BYTES)}: got ${formatSize(areaBytes)}`,
    );
  if (pattern.kind === "scan") return scanSource(pattern.strideBytes, pattern.streams, areaBytes, random);
  if (pattern.kind === "hot") return hotSource(pattern, areaBytes, random);
  if (pattern.kind === "zipf") return zipfSource(pattern, areaBytes, random);
  return (out) => {
    const perDraw = areaBytes / 4294967296;
    for (let i = 0; i < out.length; i++) out[i] = Math.floor(random.uint32() * perDraw);
  };
}

function scanSource(strideBytes: number, streams: number, areaBytes: number, random: Random): AddressSource {
  const lane = Math.floor(areaBytes / streams);
  if (lane < strideBytes)
    throw new InputError(
      `access pattern scan: ${streams} streams of ${strideBytes} bytes need more than ${areaBytes} bytes`,
    );
  const steps = Math.floor(lane / strideBytes);
  const cursors = Float64Array.from(
    { length: streams },
    () => Math.floor(random.float() * steps) * strideBytes,
  );
  const end = steps * strideBytes;
  let stream = 0;
  return (out) => {
    for (let i = 0; i < out.length; i++) {
      const offset = cursors[stream]!;
      out[i] = stream * lane + offset;
      cursors[stream] = offset + strideBytes < end ? offset + strideBytes : 0;
      if (++stream === streams) stream = 0;
    }
  };
}

function hotSource(
  { share, blocks, blockBytes }: { share: number; blocks: number; blockBytes: number },
  areaBytes: number,
  random: Random,
): AddressSource {
  const all = blocksIn("hot", areaBytes, blockBytes);
  if (blocks > all)
    throw new InputError(`access pattern hot: ${blocks} hot blocks must fit into the area's ${all}`);
  const place = scattered(all, random);
  const perDraw = areaBytes / 4294967296;
  const within = blockBytes / 4294967296;
  return (out) => {
    for (let i = 0; i < out.length; i++)
      out[i] = random.chance(share)
        ? place(random.below(blocks)) * blockBytes + Math.floor(random.uint32() * within)
        : Math.floor(random.uint32() * perDraw);
  };
}

function blocksIn(kind: string, areaBytes: number, blockBytes: number): number {
  const blocks = Math.floor(areaBytes / blockBytes);
  if (blocks < 1 || blocks > MAX_BLOCKS)
    throw new InputError(
      `access pattern ${kind}: an area of ${formatSize(areaBytes)} must have 1 to 2^26 blocks: got ${blocks} of ${blockBytes} bytes`,
    );
  return blocks;
}

function zipfSource(
  { exponent, blockBytes }: { exponent: number; blockBytes: number },
  areaBytes: number,
  random: Random,
): AddressSource {
  const blocks = blocksIn("zipf", areaBytes, blockBytes);
  const rank = zipfRanks(blocks, exponent, random);
  const place = scattered(blocks, random);
  const within = blockBytes / 4294967296;
  return (out) => {
    for (let i = 0; i < out.length; i++)
      out[i] = place(rank() - 1) * blockBytes + Math.floor(random.uint32() * within);
  };
}

/**
 * A permutation of 0 to n-1 that moves neighbours far apart: multiples, modulo n, of a step near the golden section
 * of n and coprime to n.
 */
function scattered(n: number, random: Random): (i: number) => number {
  let step = Math.max(1, Math.floor(n * (0.6 + 0.05 * random.float())));
  while (divisor(step, n) !== 1) step++;
  const perN = 1 / n;
  return (i) => {
    // i * step % n, exact below 2^53 and several times as fast as the operator; the rounded quotient is off by one at most.
    const product = i * step;
    const rest = product - Math.floor(product * perN) * n;
    return rest < 0 ? rest + n : rest >= n ? rest - n : rest;
  };
}

function divisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

function wholeAtLeast1(what: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1)
    throw new InputError(`${what} must be a whole number of at least 1: got ${value}`);
}
