/** What a pool of huge pages (contiguous/hugetlb.ts) is told by whoever moves pages. */
export interface HugetlbMoves {
  /** Its page at `from` is now at `to`: `used` or `free`; null if it is not a page of this pool. */
  moved(from: number, to: number): "used" | "free" | null;
}
