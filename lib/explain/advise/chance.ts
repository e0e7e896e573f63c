/** The chance of a want, by what was done to the machine before it was asked. */
import { type Interval, quantiles, wilson } from "../../experiment/statistics";
import type { Way, WayName } from "./want";

/** The machine as it is, and what may be done with it before the request is made. */
export const SITUATIONS = ["now", "compacted", "dropped", "day"] as const;
export type Situation = (typeof SITUATIONS)[number];

/** In how many machines a way granted the want. */
export interface Chance {
  situation: Situation;
  by: WayName;
  /** What was asked for, in words. */
  what: string;
  /** Machines that granted all of it, of so many that were asked. */
  granted: number;
  of: number;
  /** The share, with the limits of its 95 % interval after Wilson; 0 to 1. */
  chance: Interval;
  /** Pieces that were wanted, and the 5 %, 50 % and 95 % quantiles of those that were had; null if no machine was asked. */
  wanted: number;
  had: { low: number; mid: number; high: number } | null;
  /** By seed, 1 first. */
  values: number[];
  /** Why it can never be granted, by a rule of the kernel; null if it can. */
  never: string | null;
}

/** `values`: pieces that were had, by seed. */
export function chanceOf(situation: Situation, { by, what, wanted, never }: Way, values: number[]): Chance {
  const granted = values.filter((n) => n >= wanted).length;
  const [low, mid, high] = values.length === 0 ? [0, 0, 0] : quantiles(values, [0.05, 0.5, 0.95]);
  const impossible = { low: 0, mid: 0, high: 0 };
  return {
    situation,
    by,
    what,
    granted,
    of: values.length,
    chance: never === undefined ? wilson(granted, values.length) : impossible,
    wanted,
    had: values.length === 0 ? null : { low: low!, mid: mid!, high: high! },
    values,
    never: never ?? null,
  };
}
