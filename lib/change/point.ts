/** How a decision point is stated: the documentation, the check of its answers and the stock rule come from one place. */
import type { Points } from "../mm/state/decisions";

/** Fields of what a point is given, each with its meaning. */
type Meanings<G> = { readonly [K in keyof G]: string };

export interface Point<P extends keyof Points> {
  /** What is decided. */
  readonly decides: string;
  /** The C functions that the point stands for. */
  readonly c: string;
  /** Asked of a node as a whole, so that it is given no zone. */
  readonly ofNode?: true;
  /** Beside zone and node. */
  readonly given: Omit<Meanings<Points[P]["given"]>, "zone" | "node">;
  /** What a change may answer, in words. */
  readonly answers: string;
  /** The stock rule in words, with the releases in which it differs. */
  readonly rule: string;
  /** The stock rule: what the kernel would answer. */
  readonly stock: (given: Points[P]["given"]) => Points[P]["answer"];
  /** The answer, if it is one that the point may give; undefined if it is not. */
  readonly read: (value: unknown, given: Points[P]["given"]) => Points[P]["answer"] | undefined;
}

/** One of some words. */
export const oneOf =
  <T extends string>(...words: readonly T[]) =>
  (value: unknown): T | undefined =>
    words.find((word) => word === value);

export const truth = (value: unknown): boolean | undefined =>
  typeof value === "boolean" ? value : undefined;

/** A whole number within limits. */
export const wholeFrom =
  (least: number, most: number) =>
  (value: unknown): number | undefined =>
    typeof value === "number" && Number.isInteger(value) && value >= least && value <= most
      ? value + 0 // −0 is 0.
      : undefined;

/** The own fields of a plain object, exactly those named. */
export function fieldsOf<K extends string>(
  value: unknown,
  ...names: readonly K[]
): Readonly<Record<K, unknown>> | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const keys = Object.keys(value);
  if (keys.length !== names.length || !names.every((name) => keys.includes(name))) return undefined;
  return value as Record<K, unknown>;
}
