/**
 * What changed between the modelled kernels and has no switch: known differences that the model does not follow.
 * A release between two rows says which of them concern it.
 */

/** A difference that is not modelled, for releases from `from` up to, but without, `until`. */
export interface KernelGap {
  /** Default: from the oldest. */
  from?: string;
  /** Default: to the newest. */
  until?: string;
  note: string;
}

/** Oldest first. */
export const KERNEL_GAPS: readonly KernelGap[] = [
  {
    note: "the sizes of the kernel's image, init sections and early data are those of the board's own build",
  },
  {
    until: "5.5",
    note: "alloc_contig_pages() did not exist (posted in October 2019); only hugetlb had such a search",
  },
  {
    from: "5.10",
    until: "5.11",
    note: "5.10.22 took the ZONE_DMA of 5.11 on arm64, and 5.10.37 its place and limit of the default CMA area (d78050ee3544); both are here as 5.10.0 had them",
  },
  {
    from: "5.18",
    note: "large folios of mapped files (read-around, madvise), and of files that grow by small appends: both are single pages here",
  },
  { from: "6.1", note: "the multi-generational LRU, where a distribution switches it on" },
  {
    from: "6.8",
    note: "huge pages smaller than a PMD for anonymous memory (mTHP, 19eaf44954df); they are off by default",
  },
  {
    from: "6.9",
    note: "compaction keeps the free pages it isolated by order (733aea0b3a7b); the model keeps single frames, and gives a large folio an aligned run of them",
  },
  {
    from: "6.10",
    note: "readahead of large folios must not enter the file system (GFP_NOFS; 6.1.192 too): compaction on its behalf moves no page of a file there, but does in the model",
  },
  {
    from: "6.10",
    until: "6.15",
    note: "mainline still searched for the largest page when it fell back and could not claim (until c2f6ea38fc1b, 6.15); the model takes the smallest, as 6.12.107 does",
  },
  { from: "6.12", note: "alloc_contig_range() of one power-of-two folio (__GFP_COMP, e98337d11bbd)" },
  { from: "6.15", note: "gigantic pages taken from hugetlb_cma= at boot, hugetlb_cma_only" },
];

/** What differs before the oldest modelled kernel and matters for reading its reports; oldest end first. */
export const BEFORE_MODELLED: readonly KernelGap[] = [
  {
    until: "2.6.35",
    note: "no memory compaction (748446bb6b5a): a large request got what reclaim happened to free",
  },
  {
    until: "2.6.38",
    note: "no transparent huge pages and no isolated counts in reports of 2.6.31 and before",
  },
  {
    until: "3.5",
    note: "no CMA (c64be2bb1c6e): drivers reserved memory at boot or took it from the buddy lists",
  },
  {
    until: "3.7",
    note: "free CMA pages counted as usable for every request (d95ea5d18e69 subtracts them)",
  },
  {
    until: "4.4",
    note: "the watermark check held at every order, with half the mark for each order up; from 4.4 on one large enough block suffices (97a16fc82a7c)",
  },
  {
    until: "4.4",
    note: "a few page blocks of type R (MIGRATE_RESERVE) instead of the high-atomic reserve (0aaa29a56e4f)",
  },
  {
    until: "4.6",
    note: "reports print the flags of the request as a number only, and no letters of types before 3.7",
  },
  { until: "4.8", note: "reclaim kept its lists by zone, not by node (599d0c954f91)" },
  {
    until: "4.12",
    note: "requests of order 1 to 3 that wait were retried without limit; larger ones gave up after little reclaim",
  },
];
