/** The size of a page block, which reports do not print. */
import type { Reading } from "./reading";

/** Architectures whose huge page, and with it the page block, can be smaller than a page of page table entries maps. */
const LEAST: Readonly<Record<string, number>> = {
  // 16 MiB with a hash page table, 2 MiB with a radix one.
  ppc64: 2 ** 21,
  ppc64le: 2 ** 21,
  s390x: 2 ** 20,
};

/** The least size that a page block of this machine has, in bytes. */
export function leastBlockBytes({ arch, pageblockOrder }: Reading, pageBytes: number): number {
  if (pageblockOrder !== null) return pageBytes * 2 ** pageblockOrder;
  // A page table of one page has an entry of 8 bytes for each page that a huge page replaces.
  const mapped = (pageBytes * pageBytes) / 8;
  const known = LEAST[arch ?? ""] ?? (arch === null && pageBytes > 4096 ? 2 ** 21 : mapped);
  return Math.min(known, mapped);
}
