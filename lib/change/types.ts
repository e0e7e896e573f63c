/** The types of a change. Type checks of its files read this file too, so that it imports nothing but the decisions. */
import type { Points } from "../mm/state/decisions";

/** The name of a decision point. */
export type PointName = keyof Points;

/** The stock rules, by point: what the kernel would answer. */
export type Stock = { readonly [P in PointName]: (given: Points[P]["given"]) => Points[P]["answer"] };

/** What a decision point is given. */
export type Given<P extends PointName> = Points[P]["given"];

/** The functions of a change, by decision point; points that are left out are decided by the kernel. */
export type ChangePoints = {
  readonly [P in PointName]?: (given: Points[P]["given"], stock: Stock) => Points[P]["answer"];
};

/** A change as it is written. */
export interface ChangeSpec extends ChangePoints {
  /** 1 to 60 printable characters. Results show it. */
  readonly name: string;
  /** What it changes and why, in words. */
  readonly about?: string;
}
