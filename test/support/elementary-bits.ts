/** The bits of logarithms, powers and roots, as one hash per function: also in browsers, so nothing of Node.js is used. */
import * as elementary from "../../lib/base/elementary";
import { erf } from "../../lib/base/error-function";
import { pow } from "../../lib/base/power";
import { Random } from "../../lib/base/random";
import { Sha256 } from "../../lib/base/sha256";

export type Of = (x: number, y: number) => number;
export const FUNCTIONS = { ...elementary, pow, erf } as Readonly<Record<string, Of>>;

/** Random arguments of a hash. */
export const COUNT = 100_000;

/** Arguments of many sizes, and the special ones. */
const SPECIAL = [
  ...[0, -0, 1, -1, 2, 0.5, -0.5, 3, -3, 1024, -1074, 2 ** 53, 2 ** 64, 1 + 2 ** -52, 1 - 2 ** -53, 709.78],
  ...[5e-324, -5e-324, 2 ** -1022, 1.7976931348623157e308, Number.NaN, Number.POSITIVE_INFINITY],
  Number.NEGATIVE_INFINITY,
];

function* argumentsOf(seed: number, count: number): Generator<[number, number]> {
  for (const x of SPECIAL) for (const y of SPECIAL) yield [x, y];
  const random = new Random(seed);
  const scratch = new DataView(new ArrayBuffer(8));
  for (let i = 0; i < count; i++) {
    scratch.setUint32(0, random.uint32());
    scratch.setUint32(4, random.uint32());
    const [any, near] = [scratch.getFloat64(0), random.float() * 4 - 1];
    yield [i % 2 ? any : near, (random.float() - 0.5) * (i % 3 ? 8 : 2000)];
  }
}

/** The start of the SHA-256 of the bits of results; all NaNs are one. */
export function bitsOf(of: Of, count: number): string {
  const bits = new DataView(new ArrayBuffer(8));
  const hash = new Sha256();
  for (const [x, y] of argumentsOf(1, count)) {
    const result = of(x, y);
    bits.setFloat64(0, Number.isNaN(result) ? Number.NaN : result, true);
    hash.update(new Uint8Array(bits.buffer));
  }
  return hash.digest().slice(0, 16);
}

/** The hash of every function. */
export const allBits = (count: number): Record<string, string> =>
  Object.fromEntries(Object.entries(FUNCTIONS).map(([name, of]) => [name, bitsOf(of, count)]));
