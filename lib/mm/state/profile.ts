/**
 * Kernel profiles: complete sets of the allocator's switches; a machine can flip a single one.
 * hardware/kernel-switches.ts lists what each switch decides and which release introduced it.
 */
import { InputError, unknownName } from "../../base/errors";
import { KERNEL_RELEASES, kernelSwitches, type ModelledRelease } from "../../hardware/kernel-release";
import type { KernelSwitch, SwitchValue } from "../../hardware/kernel-switch";
import { ALLOCATOR_SWITCHES, type KernelSwitches } from "../../hardware/kernel-switches";
import { shown } from "../../schema/place";

export type { KernelSwitches };

/** The profiles of the modelled releases, oldest first. */
export const KERNEL_PROFILES = Object.fromEntries(
  KERNEL_RELEASES.map((release) => [release, kernelSwitches(release)]),
) as Readonly<Record<ModelledRelease, Readonly<KernelSwitches>>>;

/** Every value of a switch: true and false, or those that a release has or a user can set. */
function valuesOf(name: keyof KernelSwitches): Set<SwitchValue> {
  const { oldest, values, also } = ALLOCATOR_SWITCHES[name] as KernelSwitch;
  if (typeof oldest === "boolean") return new Set([true, false]);
  return new Set([oldest, ...values.map(([value]) => value), ...also]);
}

/**
 * The switches of `release`, spelled as 6.6 or 6.1.192, with `changes` applied. An unknown name throws an error that
 * lists the known ones.
 * @example
 * ```ts
 * import { kernelProfile } from "pageblock";
 *
 * kernelProfile("6.1").freelistHygiene; // => false
 * kernelProfile("6.1", { freelistHygiene: true }).freelistHygiene; // => true
 * ```
 */
export function kernelProfile(release: string, changes: Partial<KernelSwitches> = {}): KernelSwitches {
  const base = kernelSwitches(release);
  for (const [name, value] of Object.entries(changes)) {
    if (!Object.hasOwn(base, name)) throw unknownName("kernel switch", name, Object.keys(base));
    const known = valuesOf(name as keyof KernelSwitches);
    if (!known.has(value))
      throw new InputError(
        `kernel switch ${name}: must be one of ${[...known].map((v) => JSON.stringify(v)).join(", ")}: got ${shown(value)}`,
      );
  }
  return { ...base, ...changes };
}
