/**
 * The form of the tables of kernel differences: one entry per difference, with its meaning and the release that
 * introduced each value. The tables are kernel-switches.ts and kernel-boot-rules.ts; kernel-release.ts reads them.
 */

/** A value of a switch. */
export type SwitchValue = boolean | number | string;

/** The mainline release that introduced a value. */
export interface Arrival {
  /** The first mainline release that has it, such as `5.10`. */
  release: string;
  /** The commit, its subject, or the function and file that show it. */
  by: string;
  /** False: inferred; the value was introduced by this release at the latest, or at about this time. */
  known: boolean;
}

/** One difference between kernels. */
export interface KernelSwitch<V extends SwitchValue = SwitchValue> {
  /** What it decides, in words. */
  concerns: string;
  /** What 4.17 does. */
  oldest: V;
  /** Later values, oldest first. */
  values: readonly (readonly [value: V, arrival: Arrival])[];
  /** Values that no release has by default but that a user can set. */
  also: readonly V[];
  /**
   * Modelled releases that have a value earlier than mainline, because they represent a stable version that carries
   * it.
   */
  backports: Readonly<Record<string, V>>;
}

/** Optional parts of an entry. */
type More<V extends SwitchValue> = Partial<Pick<KernelSwitch<V>, "also" | "backports">>;

/** A date from a commit or from the source of the releases on both sides. */
export const came = (release: string, by: string): Arrival => ({ release, by, known: true });

/** An inferred date: the change is between two sources that were read, or the commit's release is not verified. */
export const likely = (release: string, by: string): Arrival => ({ release, by, known: false });

/** A switch that is off in 4.17 and on from `arrival`. */
export function onOff(concerns: string, arrival: Arrival, more: More<boolean> = {}): KernelSwitch<boolean> {
  return { concerns, oldest: false, values: [[true, arrival]], also: [], backports: {}, ...more };
}

/** A switch with values of its own: that of 4.17, then later ones. */
export function choice<V extends SwitchValue>(
  concerns: string,
  oldest: V,
  values: readonly (readonly [V, Arrival])[],
  more: More<V> = {},
): KernelSwitch<V> {
  return { concerns, oldest, values, also: [], backports: {}, ...more };
}

/** A switch that no release changes; `also`: values that a user can set. */
export function constant<V extends SwitchValue>(
  concerns: string,
  value: V,
  also: readonly V[],
): KernelSwitch<V> {
  return { concerns, oldest: value, values: [], also, backports: {} };
}

/** The values of a whole table for one kernel: `{ name: value }`. */
export type ValuesOf<T extends Readonly<Record<string, KernelSwitch>>> = {
  -readonly [K in keyof T]: T[K] extends KernelSwitch<infer V> ? V : never;
};
