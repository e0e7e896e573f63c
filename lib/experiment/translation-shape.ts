/**
 * What a device or a CPU can make of the physical pieces of a request: how many are left after merging adjacent ones, and the
 * largest page that fits wherever the physical addresses jump, if the virtual address is chosen to agree with the first piece.
 */
import { type PhysicalPiece, registerRegion } from "../hardware/rdma-adapter";
import type { RdmaAdapter } from "../hardware/rdma-adapter-data";
import type { Attempt } from "../strategy/strategy";

/** Pages larger than this do not occur. */
const LARGEST = 2 ** 40;
const figure = (value: number) => ({ value, source: "no limit: an adapter that takes every page size" });

/** Figures of the last request granted, by metric name; none where nothing was granted. */
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
