/** The kernel releases whose behaviour is modelled. A stable or distribution version names its series: 6.1.192 → 6.1. */
import { InputError, unknownName } from "../base/errors";

export const KERNEL_RELEASES = ["4.17", "6.1", "6.12", "6.19", "7.3"] as const;

/** A modelled kernel release. */
export type KernelRelease = (typeof KERNEL_RELEASES)[number];

/** `6.1`, `v6.1`, `6.1.192`, `6.12.107-1` → the modelled release; throws InputError naming the known ones. */
export function kernelRelease(text: string): KernelRelease {
  const series = /^v?(\d+\.\d+)(?:[.-].*)?$/.exec(text.trim())?.[1];
  if (series === undefined)
    throw new InputError(
      `kernel: a release is written like 6.1 or 6.1.192: known are ${KERNEL_RELEASES.join(", ")}: got ${JSON.stringify(text)}`,
    );
  const known = KERNEL_RELEASES.find((r) => r === series);
  if (known === undefined) throw unknownName("kernel", text, KERNEL_RELEASES);
  return known;
}

/** Whether `release` is `first` or newer. */
export function since(release: KernelRelease, first: KernelRelease): boolean {
  return KERNEL_RELEASES.indexOf(release) >= KERNEL_RELEASES.indexOf(first);
}
