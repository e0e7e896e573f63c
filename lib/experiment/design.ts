/**
 * What a comparison of variants can decide at all, told before it runs and with its result: a test of n pairs has no p below 2^(1 − n),
 * and Holm's method multiplies the smallest by the number of tests.
 */
import { largestOf } from "../base/extremes";
import type { KernelsSpec } from "../plan/compare-kernels";
import type { RobustSpec } from "../plan/robust";
import { differencesOf } from "./kernel-differences";
import { COMPARED } from "./metric-values";
import { LEAST_SEEDS_FOR_SURE } from "./robust-verdict";
import { leastSeeds } from "./statistics";

/** The smallest p that a test can have, corrected for `tests` tests. */
export const leastP = (seeds: number, tests: number): number => Math.min(1, tests * 2 ** (1 - seeds));

const ALPHA = 0.05;
const figure = (p: number) => String(Number(p.toPrecision(2)));

/** Why seeds can decide nothing, or only a part; null if a verdict is possible on every metric at once. */
export function designNote(spec: KernelsSpec): string | null {
  const { seeds, variants } = spec;
  const tests = (spec.metrics ?? COMPARED).length * (variants.length - 1);
  const notes = [hopeless(seeds, tests, "metric"), spec.ablate === true ? ablationNote(spec) : null];
  const told = notes.filter((note) => note !== null);
  return told.length === 0 ? null : told.join("; ");
}

function ablationNote(spec: KernelsSpec): string | null {
  const { flips } = differencesOf(spec);
  return flips.length < 2 ? null : hopeless(spec.seeds, flips.length, "difference");
}

/** `of`: what the tests are of. */
function hopeless(seeds: number, tests: number, of: "metric" | "difference"): string | null {
  if (leastP(seeds, tests) < ALPHA) return null;
  const least = `the smallest p that ${seeds === 1 ? "a single seed" : `${seeds} seeds`} can give is ${figure(leastP(seeds, 1))}`;
  const what = of === "metric" ? "can be decided" : "can be shown to carry the effect";
  if (leastP(seeds, 1) >= ALPHA)
    return `no ${of} ${what}: ${least}; ${leastSeeds(1)} seeds could decide one ${of}, ${leastSeeds(tests)} each of ${tests}`;
  return `if all ${tests} ${of}s differ, none ${what}: ${least}, and ${figure(leastP(seeds, tests))} after the correction for ${tests} tests; ${leastSeeds(tests)} seeds could${of === "metric" ? ", or fewer metrics" : ""}`;
}

/** The same with a result, by the tests that there were. */
export function reachNote(seeds: number, family: number): string | null {
  if (family === 0 || leastP(seeds, family) < ALPHA) return null;
  return `No verdict was possible: the smallest p that ${seeds} seeds can give is ${figure(leastP(seeds, 1))}, and ${figure(leastP(seeds, family))} after the correction for ${family} ${family === 1 ? "test" : "tests"}. ${leastSeeds(family)} seeds could decide.`;
}

/** Why no point of a robustness run can be sure; null if one can. */
export function robustDesignNote({ plan, over }: RobustSpec): string | null {
  const seeds = largestOf(over.seeds ?? [plan.seeds]);
  if (seeds >= LEAST_SEEDS_FOR_SURE) return null;
  return `no point can be sure with ${seeds} ${seeds === 1 ? "seed" : "seeds"}: ${LEAST_SEEDS_FOR_SURE} are needed`;
}
