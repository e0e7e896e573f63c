/**
 * Smaller page blocks (Yescas, `CONFIG_PAGE_BLOCK_MAX_ORDER`, 6.16): mobility is grouped in smaller units than huge pages.
 *
 * It is a choice of whoever builds the kernel, which the model's kernels from 6.16 on have. Here: order 7, 512 KiB with pages of 4 KiB.
 *
 * Held against: the alignment of CMA areas, 512 MiB with pages of 64 KiB by default (table of the patch, May 2025); and its warning that
 * huge pages succeed less often, which has no figure.
 */
import type { Idea } from "./idea";

export const SMALL_PAGE_BLOCKS: Idea = {
  name: "small-page-blocks",
  title: "page blocks smaller than huge pages",
  kind: "settings",
  modelled: "the build option of 6.16 and later, at order 7",
  notModelled: "nothing",
  published: "CMA areas are aligned to 512 MiB with pages of 64 KiB and page blocks as by default",
  sources: [
    "Juan Yescas: mm: Add CONFIG_PAGE_BLOCK_ORDER to select page block order, v7 of 21 May 2025",
    "help text of CONFIG_PAGE_BLOCK_MAX_ORDER, mm/Kconfig",
  ],
  since: "6.16",
  machine: { pageblockMaxOrder: 7 },
  strategy: null,
};
