/** The chance of a want, by what was done to the machine before it was asked. */
import { GiB } from "../../base/units";
import { type Interval, quantiles, wilson } from "../../experiment/statistics";
import type { Way, WayName } from "./want";

/** The machine as it is, and what may be done with it before the request is made. */
export const SITUATIONS = ["now", "compacted", "dropped", "day"] as const;
export type Situation = (typeof SITUATIONS)[number];

/** Situations in words. */
export const WHEN: Readonly<Record<Situation, string>> = {
  now: "now",
  compacted: "after compaction",
  dropped: "after dropping caches and compaction",
  day: "after a day more of its mix",
};

/**
 * Requests that were put beside a recorded machine, none of which the model was made with: in how many the recorded number lay between
 * the 5 % and the 95 % quantile of the machines drawn. The table of docs/live-machine.md has them one by one.
 */
export const RECORD = {
  inside: 6,
  of: 9,
  machineBytes: 24 * GiB,
  /** Rows that wanted most, in huge pages of 2 MiB: wanted, what the machine gave, and the median of the machines drawn. */
  large: [
    [8000, 7176, 5899],
    [11_000, 10_773, 9620],
    [8000, 7176, 6910],
    [11_000, 10_773, 11_000],
  ],
} as const;
/** The least share of requests in which the model is right, as far as the record can say: the lower limit of its 95 % interval. */
const TRUSTED = wilson(RECORD.inside, RECORD.of).low;

/** In how many machines a way granted the want. */
export interface Chance {
  situation: Situation;
  by: WayName;
  /** What was asked for, in words. */
  what: string;
  /** Machines that granted all of it, of so many that were asked. */
  granted: number;
  of: number;
  /** The share, with the limits of its 95 % interval after Wilson; 0 to 1. It covers the draws, and not the error of the model. */
  chance: Interval;
  /** The same with the error of the model, as large as `RECORD` allows it to be. */
  withModel: { low: number; high: number };
  /** Bytes of one piece. */
  bytes: number;
  /** Pieces that were wanted, and the 5 %, 50 % and 95 % quantiles of those that were had; null if no machine was asked. */
  wanted: number;
  had: { low: number; mid: number; high: number } | null;
  /** By seed, 1 first. */
  values: number[];
  /** Why it can never be granted, by a rule of the kernel; null if it can. */
  never: string | null;
  /**
   * Why no further machine was drawn after the first, which granted it; null: none of these. `counts`: all machines drawn have the
   * same, and they suffice. `spare`: the day left at least twice the free pieces that are wanted.
   */
  ended: "counts" | "spare" | null;
  /** Milliseconds that one draw of the row takes, as measured while the time given ran out; null if it did not. */
  drawMs: number | null;
}

/** `values`: pieces that were had, by seed. */
export function chanceOf(
  situation: Situation,
  { by, what, wanted, bytes, never }: Way,
  values: number[],
  { drawMs = null, ended = null }: Partial<Pick<Chance, "drawMs" | "ended">> = {},
): Chance {
  const granted = values.filter((n) => n >= wanted).length;
  const [low, mid, high] = values.length === 0 ? [0, 0, 0] : quantiles(values, [0.05, 0.5, 0.95]);
  const impossible = { low: 0, mid: 0, high: 0 };
  const sure = { low: 1, mid: 1, high: 1 };
  const chance =
    never !== undefined ? impossible : ended === "counts" ? sure : wilson(granted, values.length);
  return {
    situation,
    by,
    what,
    granted,
    of: values.length,
    chance,
    withModel: never === undefined ? withModel(chance) : { low: 0, high: 0 },
    bytes,
    wanted,
    had: values.length === 0 ? null : { low: low!, mid: mid!, high: high! },
    values,
    never: never ?? null,
    ended,
    drawMs,
  };
}

/** In the share of requests in which the model need not be right, every chance is possible. */
function withModel({ low, high }: Interval): { low: number; high: number } {
  return { low: TRUSTED * low, high: 1 - TRUSTED * (1 - high) };
}
