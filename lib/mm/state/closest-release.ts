/** Infers a release from a set of switches if none is stated: the format of reports differs between releases. */
import { KERNEL_RELEASES, type KernelRelease, kernelSwitches } from "../../hardware/kernel-release";
import type { KernelSwitches } from "./profile";

/** The modelled release whose profile differs from `switches` the least; the newest if several do. */
export function closestRelease(switches: KernelSwitches): KernelRelease {
  const names = Object.keys(switches) as (keyof KernelSwitches)[];
  let best: KernelRelease = KERNEL_RELEASES[0]!;
  let fewest = Number.POSITIVE_INFINITY;
  for (const release of KERNEL_RELEASES) {
    const profile = kernelSwitches(release);
    const unlike = names.filter((n) => profile[n] !== switches[n]).length;
    if (unlike <= fewest) {
      best = release;
      fewest = unlike;
    }
  }
  return best;
}
