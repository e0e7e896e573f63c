/** Which release a set of switches stands for, where nothing says so: reports differ in form from release to release. */
import type { KernelRelease } from "../../hardware/kernel-release";
import { KERNEL_PROFILES, type KernelSwitches } from "./profile";

/** The release whose profile differs from `switches` in the fewest; of equals the newest. */
export function closestRelease(switches: KernelSwitches): KernelRelease {
  const names = Object.keys(switches) as (keyof KernelSwitches)[];
  let best: KernelRelease = "6.1";
  let fewest = Number.POSITIVE_INFINITY;
  for (const release of Object.keys(KERNEL_PROFILES) as KernelRelease[]) {
    const unlike = names.filter((n) => KERNEL_PROFILES[release][n] !== switches[n]).length;
    if (unlike <= fewest) {
      best = release;
      fewest = unlike;
    }
  }
  return best;
}
