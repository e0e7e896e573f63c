const REFERENCE_BYTES = 4 * 2 ** 30;

/**
 * Pages that never move grow more slowly than memory does: of what a machine of 4 GiB has in a share of its memory, one of
 * `bytes` has (bytes / 4 GiB)^¼ as much. The factor on the share. A modelling choice: kernel objects of a host follow what it
 * does, not how much memory it was bought with.
 */
export function fixedShare(bytes: number): number {
  return Math.min(1, (REFERENCE_BYTES / bytes) ** 0.75);
}
