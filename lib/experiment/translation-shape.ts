/**
 * How a device or a CPU can translate the physical pieces of a request: how many remain after merging adjacent ones,
 * and the largest page that fits at every gap between pieces, if the virtual address is aligned like the first piece.
 */
import { type PhysicalPiece, registerRegion } from "../hardware/rdma-adapter";
import type { RdmaAdapter } from "../hardware/rdma-adapter-data";
import type { Attempt } from "../strategy/strategy";

/** No page is larger than this. */
const LARGEST = 2 ** 40;
const figure = (value: number) => ({ value, source: "no limit: an adapter that takes every page size" });

/** Metrics of the last granted request, by name; empty if none was granted. */
export function translationShape(pieces: Attempt["pieces"], pageSize: number): Record<string, number> {
  if (pieces.length === 0) return {};
  const any = {
    title: "any adapter",
    smallestPageBytes: figure(pageSize),
    largestPageBytes: figure(LARGEST),
    entryBytes: figure(8),
    shrinksPage: false,
  } as unknown as RdmaAdapter;
  const physical: PhysicalPiece[] = pieces.map((p) => ({
    physicalAddress: p.pfn * pageSize,
    bytes: p.pages * pageSize,
  }));
  const region = registerRegion(any, physical, physical[0]!.physicalAddress);
  if (!region.ok) return {};
  return {
    physicalPieces: region.pieces,
    firstByteAddress: physical[0]!.physicalAddress,
    fittingPageBytes: region.pageBytes,
  };
}
