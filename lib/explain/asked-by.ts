/**
 * Who asked, from the call trace: functions that only pass a request on are skipped; the first other function names a
 * driver by its module, or a subsystem by the table of callers.
 */
import { CALLERS, type Caller } from "./callers";
import type { StackReading } from "./reading";

/** Functions through which requests pass. They say how memory is asked for, not by whom. */
const PLUMBING: readonly string[] = [
  "dump_stack",
  "show_stack",
  "dump_backtrace",
  "unwind_backtrace",
  "warn_alloc",
  "dump_header",
  "oom_kill",
  "out_of_memory",
  "pagefault_out_of_memory",
  "__out_of_memory",
  "mem_cgroup_",
  "__mem_cgroup_",
  "try_charge",
  "charge_memcg",
  "obj_cgroup_",
  "__alloc_pages",
  "__alloc_frozen_pages",
  "alloc_frozen_pages",
  "alloc_pages",
  "alloc_kmem_pages",
  "__alloc_contig",
  "__get_free_pages",
  "get_free_pages",
  "get_zeroed_page",
  "kmalloc",
  "__kmalloc",
  "___kmalloc",
  "__do_kmalloc",
  "kzalloc",
  "kmem_cache_alloc",
  "cache_alloc",
  "____cache_alloc",
  "allocate_slab",
  "new_slab",
  "___slab_alloc",
  "__slab_alloc",
  "slab_alloc",
  "krealloc",
  "__krealloc",
  "kmemdup",
  "memdup_user",
  "vmemdup_user",
  "kvmalloc",
  "__kvmalloc",
  "kvrealloc",
  "kvzalloc",
  "__vmalloc",
  "vmalloc",
  "vzalloc",
  "devm_k",
  "folio_alloc",
  "__folio_alloc",
  "vma_alloc_folio",
  "filemap_alloc_folio",
  "__page_cache_alloc",
  "xwrite",
];

/** The same for memory that a device reads or writes. */
const DEVICE_PLUMBING: readonly string[] = [
  "dma_",
  "__dma_",
  "dmam_",
  "arm_dma",
  "__arm_dma",
  "mips_dma",
  "x86_swiotlb_alloc",
  "swiotlb_alloc",
  "iommu_dma",
  "__iommu_dma",
  "intel_alloc_coherent",
  "cma_alloc",
  "__cma_alloc",
  "alloc_contig",
  "pci_alloc_consistent",
  "hcd_buffer_alloc",
  "usb_alloc_coherent",
];

/** Who asked. */
export interface AskedBy {
  /** In words. */
  who: string;
  /** The first function of the call trace that is not plumbing; null without a trace. */
  function: string | null;
  /** The module of a driver; null for built-in code. */
  module: string | null;
  known: Caller | null;
  /** Asked for a device: dma_alloc_coherent() and the like. */
  forDevice: boolean;
  /** Asked with kvmalloc(): pages next to each other are tried first, then any. */
  kvmalloc: boolean;
  /** Asked with vmalloc(): single pages that are mapped side by side. */
  vmalloc: boolean;
}

const begins = (name: string, starts: readonly string[]) => starts.some((start) => name.startsWith(start));

/** Who asked, by a call trace and the task that ran. */
export function askedBy(stack: readonly StackReading[], task: string | null): AskedBy {
  const certain = stack.filter((entry) => !entry.uncertain);
  const entries = certain.length > 0 ? certain : stack;
  const first = entries.find(({ function: name }) => !begins(name, PLUMBING) && !isDevicePlumbing(name));
  const known = first === undefined ? null : callerOf(first, entries);
  const passed = (starts: readonly string[]) => entries.some((entry) => begins(entry.function, starts));
  return {
    who: whoInWords(first, known, task, moduleBehind(first, entries)),
    function: first?.function ?? null,
    module: first?.module ?? moduleBehind(first, entries),
    known,
    forDevice: entries
      .slice(0, first === undefined ? undefined : entries.indexOf(first))
      .some((e) => isDevicePlumbing(e.function)),
    kvmalloc: passed(["kvmalloc", "__kvmalloc", "kvzalloc", "kvrealloc"]),
    vmalloc: passed(["__vmalloc", "vmalloc", "vzalloc"]),
  };
}

const isDevicePlumbing = (name: string) => begins(name, DEVICE_PLUMBING) && !name.startsWith("dma_common_");

/** The module that called the first function, if that is built in. */
function moduleBehind(first: StackReading | undefined, entries: readonly StackReading[]): string | null {
  if (first === undefined || first.module !== null) return null;
  const at = entries.indexOf(first);
  return entries.slice(at + 1, at + 6).find((entry) => entry.module !== null)?.module ?? null;
}

/** The table's entry for the first function; for a module's own function that it does not have, none. */
function callerOf(first: StackReading, entries: readonly StackReading[]): Caller | null {
  const found = CALLERS.find(({ functions }) => begins(first.function, functions));
  if (found !== undefined || first.module !== null) return found ?? null;
  for (const entry of entries.slice(entries.indexOf(first) + 1, entries.indexOf(first) + 6)) {
    if (entry.module !== null) return null;
    const later = CALLERS.find(({ functions }) => begins(entry.function, functions));
    if (later !== undefined) return later;
  }
  return null;
}

function whoInWords(
  first: StackReading | undefined,
  known: Caller | null,
  task: string | null,
  behind: string | null,
): string {
  const by = task === null ? "" : `, while ${task} ran`;
  if (first === undefined) return task === null ? "not said: the text has no call trace" : `the task ${task}`;
  const built =
    behind === null ? `${first.function}()` : `${first.function}(), called by the module ${behind}`;
  const where = first.module === null ? built : `${first.function}() of the module ${first.module}`;
  return known === null ? `${where}${by}` : `${known.what}: ${where}${by}`;
}
