/**
 * Sizes in bytes, as people write them: `64K`, `64KiB`, `1.5GiB`, `0x1000`, or a number of bytes.
 * As on a kernel command line, `K`, `M`, `G`, `T`, `KB`, `MB`… are powers of 1024.
 */
import { InputError, quoted } from "./errors";

export const KiB = 1024;
export const MiB = 1024 * KiB;
export const GiB = 1024 * MiB;
export const TiB = 1024 * GiB;

/** A size: bytes as a number, or text with a unit. */
export type Size = number | string;

const FACTORS: Record<string, number> = { "": 1, k: KiB, m: MiB, g: GiB, t: TiB };

/**
 * Bytes of `size`; throws InputError naming `what`. Integers up to 2^53 only, never negative. `K`, `KB` and `KiB` all
 * are 1024 bytes, and so on, as on a kernel command line: `2GB` is 2 GiB.
 * @example
 * ```ts
 * import { parseSize } from "pageblock";
 *
 * parseSize("64MiB", "memory"); // => 67108864
 * parseSize(4096, "page size"); // => 4096
 * ```
 */
export function parseSize(size: Size, what: string): number {
  if (typeof size === "number") {
    if (!Number.isSafeInteger(size) || size < 0)
      throw new InputError(`${what}: size must be a whole number of bytes >= 0: got ${size}`);
    return size;
  }
  const text = String(size).trim();
  const match = /^(0x[0-9a-f]+|\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?$/i.exec(text);
  if (!match)
    throw new InputError(`${what}: size must be a number with an optional K, M, G or T: got ${quoted(size)}`);
  const bytes = Number(match[1]) * FACTORS[match[2]!.toLowerCase()]!;
  if (!Number.isSafeInteger(bytes))
    throw new InputError(`${what}: size must be a whole number of bytes below 2^53: got ${quoted(size)}`);
  return bytes;
}

/**
 * `67108864` → `64 MiB`; exact, with at most three decimals.
 * @example
 * ```ts
 * import { formatSize } from "pageblock";
 *
 * formatSize(64 * 2 ** 20); // => "64 MiB"
 * ```
 */
export function formatSize(bytes: number): string {
  return sizeWith(bytes, (n) => Number(n.toFixed(3)));
}

/**
 * A size to three significant figures, for sentences and charts: `73.6 MiB`, where `formatSize()` has `73.551 MiB`.
 * @example
 * ```ts
 * import { roughSize } from "pageblock";
 *
 * roughSize(77_123_584); // => "73.6 MiB"
 * ```
 */
export function roughSize(bytes: number): string {
  return sizeWith(bytes, (n) => Number(n.toPrecision(3)));
}

function sizeWith(bytes: number, short: (n: number) => number): string {
  for (const [unit, factor] of [
    ["TiB", TiB],
    ["GiB", GiB],
    ["MiB", MiB],
    ["KiB", KiB],
  ] as const) {
    if (Math.abs(bytes) >= factor) return `${short(bytes / factor)} ${unit}`;
  }
  return `${bytes} B`;
}

/** `0x60000000` */
export function hex(n: number): string {
  return `0x${n.toString(16)}`;
}
