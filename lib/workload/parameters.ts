/** Fields that several workloads share. */
import { filled, time } from "../schema/field";

/** Longest simulated time of anything: ten years. */
export const LONGEST_MS = 3650 * 86_400_000;

/** How long a workload lasts: the parameter that nearly all of them have. */
export function duration(usual: string) {
  return filled(
    time('how long it lasts; "endless": until stopped', { default: usual, most: LONGEST_MS, endless: true }),
  );
}
