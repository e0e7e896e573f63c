/**
 * Granules: on a large machine workloads take movable memory (page cache, anonymous memory, shared memory) in pieces of 2^k
 * frames, as large folios and transparent huge pages do, so that a machine of terabytes does not cost a thousand times a
 * machine of gigabytes. A modelling choice, stated in docs/workloads/uptime.md and docs/fidelity.md:
 *
 *     k = ⌊1.5 × log2(memory / 4 GiB) + ¾⌋, from 0 to 9: 0 up to 4 GiB, 2 at 8, 5 at 32, 6 at 64, 9 from 256 GiB on
 *
 * Where no piece of 2^k frames lies free, smaller ones are taken. Pages that never move stay single pages or of their own order;
 * fixedShare() says how many of them there are.
 */
const REFERENCE_BYTES = 4 * 2 ** 30;
/** The order of a page block of 2 MiB with pages of 4 KiB. */
export const MAX_GRANULE_ORDER = 9;

/** k for a machine of so many bytes. */
export function granuleOrder(bytes: number): number {
  const k = Math.floor(1.5 * Math.log2(bytes / REFERENCE_BYTES) + 0.75);
  return Math.max(0, Math.min(MAX_GRANULE_ORDER, k));
}

/**
 * Pages that never move grow more slowly than memory does: of what a machine of 4 GiB has in a share of its memory, one of
 * `bytes` has (bytes / 4 GiB)^¼ as much. The factor on the share. A modelling choice: kernel objects of a host follow what it
 * does, not how much memory it was bought with.
 */
export function fixedShare(bytes: number): number {
  return Math.min(1, (REFERENCE_BYTES / bytes) ** 0.75);
}
