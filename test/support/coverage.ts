/**
 * How often an interval covers the truth and how often a verdict errs, by drawing differences whose mean is known. The draws are
 * from a generator of its own. `node --require ./test/support/register.cjs test/support/coverage.ts` prints the tables of
 * docs/compare-kernels.md.
 */
import { Random } from "../../lib/base/random";
import { judged, measured, type VerdictName } from "../../lib/experiment/kernel-verdict";
import { meanInterval } from "../../lib/experiment/mean-interval";
import { meanOf, wilcoxonSignedRank } from "../../lib/experiment/paired-statistics";

export const COVERAGE_TRIALS = 10_000;
export const VERDICT_TRIALS = 2_000;
export const PAIRS = [3, 4, 6, 8, 12, 16, 29, 64] as const;

/** Marsaglia's xorshift of 32 bits (2003), two words to a number. */
export function draws(seed: number): () => number {
  let x = (seed * 2_654_435_761) >>> 0 || 1;
  const word = () => {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    x >>>= 0;
    return x;
  };
  for (let i = 0; i < 20; i++) word();
  return () => ((word() >>> 5) * 67_108_864 + (word() >>> 6) + 0.5) / 2 ** 53;
}

export type Draw = () => number;
export const normal = (u: Draw) => Math.sqrt(-2 * Math.log(u())) * Math.cos(2 * Math.PI * u());
const jump = (u: Draw) => (u() < 0.1 ? 10 : 0) - 1;

/** Differences whose mean is 0. */
export const SHAPES: Readonly<Record<string, (u: Draw) => number>> = {
  normal,
  "normal, one in ten five times as wide": (u) => normal(u) * (u() < 0.1 ? 5 : 1),
  exponential: (u) => -Math.log(u()) - 1,
  lognormal: (u) => Math.exp(normal(u)) - Math.sqrt(Math.E),
  "one in ten jumps, with noise": (u) => normal(u) + jump(u),
  "one in ten jumps, else equal": jump,
};

const sample = (n: number, draw: Draw) => Array.from({ length: n }, draw);

/** Share of trials in which the interval covers 0. */
export function coverage(shape: string, n: number, trials = COVERAGE_TRIALS): number {
  const u = draws(n + 1000 * Object.keys(SHAPES).indexOf(shape) + 1);
  let covered = 0;
  for (let k = 0; k < trials; k++) {
    const { low, high } = meanInterval(sample(n, () => SHAPES[shape]!(u)));
    if (low! <= 0 && high! >= 0) covered++;
  }
  return covered / trials;
}

/** Share of trials whose verdict is one of these; `difference` draws B − A beside an A of about 100. */
export function verdicts(
  wanted: readonly VerdictName[],
  n: number,
  difference: (u: Draw) => number,
  trials = VERDICT_TRIALS,
): number {
  const u = draws(n + 77_000);
  // The ratio of means, which is resampled, has no part in the verdict: it is made once.
  const once = measured("fallbacks", [1], [1], new Random(1));
  let found = 0;
  for (let k = 0; k < trials; k++) {
    const a = sample(n, () => 100 + normal(u));
    const differences = sample(n, () => difference(u));
    const raw = {
      ...once,
      seeds: n,
      a: meanOf(a),
      difference: meanInterval(differences),
      differences,
      p: wilcoxonSignedRank(differences),
    };
    if (wanted.includes(judged(raw, raw.p, 1, ["A", "B"]).verdict)) found++;
  }
  return found / trials;
}

/** B is 10 % above A, by one run of ten that doubles. */
export const DOUBLES = (u: Draw): number => normal(u) + (u() < 0.1 ? 100 : 0);

export const percentRow = (name: string, shares: readonly number[]) =>
  `| ${[name, ...shares.map((share) => `${(100 * share).toFixed(1)} %`)].join(" | ")} |`;

const head = (name: string) => [`| ${[name, ...PAIRS].join(" | ")} |`, `|---|${"---|".repeat(PAIRS.length)}`];

export const coverageTable = (): string[] => [
  ...head("differences"),
  ...Object.keys(SHAPES).map((shape) =>
    percentRow(
      shape,
      PAIRS.map((n) => coverage(shape, n)),
    ),
  ),
];

/** Errors of the verdict, in percent. */
export const verdictTable = (): string[] => [
  ...head("decided, although the mean is 0"),
  ...Object.entries(SHAPES).map(([shape, draw]) =>
    percentRow(
      shape,
      PAIRS.map((n) => verdicts(["better", "worse"], n, draw)),
    ),
  ),
  percentRow(
    "**no difference seen**, although B is 10 % above A",
    PAIRS.map((n) => verdicts(["none"], n, DOUBLES)),
  ),
];

if (require.main === module)
  process.stdout.write(`${[...coverageTable(), "", ...verdictTable()].join("\n")}\n`);
