/** Fields that several workloads share. */
import { FILE_SYSTEMS } from "../hardware/file-systems";
import { filled, name, optional, time } from "../schema/field";

/** Longest simulated time of anything: ten years. */
export const LONGEST_MS = 3650 * 86_400_000;

/** How long a workload lasts: the parameter that nearly all of them have. */
export function duration(usual: string) {
  return filled(
    time('how long it lasts; "endless": until stopped', { default: usual, most: LONGEST_MS, endless: true }),
  );
}

/** The parameter of workloads that read and write whole files. Left out of a plan, it is ext4. */
export const FILE_SYSTEM = optional(
  name(
    "file system, which decides with the release how large the folios of the page cache are",
    FILE_SYSTEMS,
    {
      default: "ext4",
    },
  ),
);
