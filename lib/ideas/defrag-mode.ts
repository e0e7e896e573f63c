/**
 * `vm.defrag_mode` (Weiner, 6.15): requests reclaim and compact before they mix page blocks, and kswapd and kcompactd keep whole blocks
 * free.
 *
 * It is a setting that the model's kernels from 6.15 on have. Nothing is left out that the series names.
 *
 * Held against: of huge page faults 75.29 % fewer fall back, at 45.19 % less time for huge pages ("mm: reliable huge page allocator",
 * 13 March 2025, kernel builds with bursts of huge pages). The series also changed how blocks are claimed, in both settings.
 */
import type { Idea } from "./idea";

export const DEFRAG_MODE: Idea = {
  name: "defrag-mode",
  title: "vm.defrag_mode: whole page blocks are kept free",
  kind: "settings",
  modelled: "the sysctl of 6.15 and later",
  notModelled: "nothing that the series names",
  published:
    "huge page faults that fall back −75.29 %, time of huge page requests −45.19 %, for the whole series on kernel builds",
  sources: ["Johannes Weiner: mm: reliable huge page allocator, linux-mm, 13 March 2025"],
  since: "6.15",
  machine: { defragMode: true },
  strategy: null,
};
