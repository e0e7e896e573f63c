/**
 * LLFree (Wrenger and others, USENIX ATC 2023) as a policy: every processor reserves a tree, a range of page blocks, and takes its pages
 * there until the tree has none.
 *
 * Modelled: requests stay within the tree of 8 page blocks that their processor used last for this type. If it has no page, they take
 * what the kernel would, which is a page of the smallest order that fits, and so a tree in use.
 *
 * Not modelled: the lock-free tables of bits and counters that take the place of the buddy lists, and their speed (up to 88 % less time a
 * page); the choice of trees by their counters; the kernel's per-CPU lists and merging of pages stay. The size of a tree is our choice, for
 * small machines.
 *
 * Held against: 64 % fewer page movements for compaction (ATC 2023).
 */
import { codeOf, type Idea } from "./idea";

/** The source of the point: requests stay in the tree of 8 page blocks that their processor used last. */
export const IN_OWN_TREE = `
  freePage: ({ lastPfn, blockPages }) => {
    if (lastPfn < 0) return "first";
    const pages = 8 * blockPages;
    const from = lastPfn - (lastPfn % pages);
    return { from, to: from + pages };
  },
`;

const change = codeOf(
  "llfree",
  "every processor takes pages from its tree of 8 page blocks until the tree has none",
  IN_OWN_TREE,
);

export const LLFREE: Idea = {
  name: "llfree",
  title: "LLFree: a tree of page blocks reserved by every processor",
  kind: "change",
  modelled:
    "requests stay within the 8 page blocks that their processor used last for this type, while these have a page",
  notModelled:
    "the lock-free tables and their speed, the choice of trees by counters; per-CPU lists and merging stay",
  published: "compaction moves 64 % fewer pages",
  sources: [
    "Wrenger, Rommel, Halbuer, Dietrich, Lohmann: LLFree: Scalable and Optionally-Persistent Page-Frame Allocation, USENIX ATC 2023",
  ],
  since: "4.17",
  machine: { change },
  strategy: null,
};
