/** Requests of vmalloc() that failed as a whole: for more than there is, for addresses, or for pages. */
import type { Remedy } from "./answer";
import { about, listed } from "./quantities";
import type { Reading } from "./reading";
import { machineOfAsked, offers } from "./remedy-conditions";
import type { VerdictOf } from "./verdict-of";

/** A report of vmalloc() itself, not of one of the pages that it asked for. */
export const isVmalloc = ({ asked, by, reading }: VerdictOf): boolean =>
  asked.order === null && (reading.vmallocBytes !== null || by.vmalloc);

/** Bytes of the machine's memory, as far as the texts tell. */
function memoryOf({ areas, reading }: VerdictOf): number | null {
  const sizes = reading.zones.map((zone) => zone.managedBytes ?? zone.presentBytes);
  const total = reading.totals["pages RAM"];
  if (listed(total)) return total;
  if (sizes.length > 0 && sizes.every(listed)) return sizes.reduce((sum, bytes) => sum + bytes, 0);
  return areas.ramBytes;
}

/** mm/vmalloc.c: a size above all pages of the machine is refused before anything is looked for. */
function exceedsMemory(of: VerdictOf): boolean {
  const { vmalloc, vmallocBytes } = of.reading;
  const memory = memoryOf(of);
  return vmalloc?.why === "total-pages" || (memory !== null && (vmallocBytes ?? 0) > memory);
}

/** Modules and the like have a range of addresses of their own. */
function isModuleRange({ stack, vmalloc }: Reading): boolean {
  const loads =
    /^(?:module_alloc|module_memory_alloc|execmem_|load_module|move_module|layout_and_allocate|bpf_jit_)/;
  return (
    vmalloc?.range !== undefined || stack.some((entry) => !entry.uncertain && loads.test(entry.function))
  );
}

/** Why vmalloc() failed, in sentences; `enough`: the zones had pages enough. */
export function vmallocCauses(of: VerdictOf): string[] {
  const { reading } = of;
  const { vmalloc, vmallocBytes } = reading;
  const asked = vmallocBytes === null ? "" : ` (${about(vmallocBytes)} were asked)`;
  if (exceedsMemory(of)) {
    const memory = memoryOf(of);
    return [
      `${vmallocBytes === null ? "More" : about(vmallocBytes)} ${vmallocBytes === null ? "was" : "were"} asked of vmalloc(), which is more than ${memory === null ? "all memory of the machine" : `the ${about(memory)} of memory that the machine has`}. Such a size is refused at once, whatever is free.`,
    ];
  }
  if (vmalloc?.why === "memory")
    return [
      `vmalloc() found addresses, but not all pages${asked}: by the numbers printed pages were free, so memory became free in between, or a limit of the caller's cgroup refused them.`,
    ];
  if (vmalloc?.why === "page-tables")
    return [
      `vmalloc() had addresses and pages${asked}, but could not enter them in the kernel's page tables: each level of these needs a page of its own, which was refused. By the numbers printed pages were free, so memory became free in between.`,
    ];
  const range = vmalloc?.range;
  if (range !== undefined)
    return [
      `The addresses from 0x${range[0].toString(16)} to 0x${range[1].toString(16)}, ${about(range[1] - range[0])} in all, to which this request is restricted, have no free range that is long enough${asked}. Memory was not short.`,
    ];
  if (isModuleRange(reading))
    return [
      `The addresses that the kernel keeps for modules have no free range that is long enough${asked}. Memory was not short.`,
    ];
  return [
    `No free range of addresses met what was asked of vmalloc()${asked}: its size, its alignment and where it may lie. Memory was not short.`,
  ];
}

/** What helps against it. */
export function vmallocRemedies(of: VerdictOf): Remedy[] {
  const { asked, reading } = of;
  if (exceedsMemory(of))
    return [
      {
        what: "Ask for less than the machine has",
        how: "a limit on the size in the code that asks, or in what user space hands to it",
        effect: "sizes beyond all of memory are refused before vmalloc() is called",
        cost: "a setting or a patch of the code that asks",
        releases: "every release",
        basis: "rule",
      },
    ];
  if (isModuleRange(reading))
    return [
      {
        what: "Need less of the addresses for modules",
        how: "fewer or smaller modules, modules built into the kernel, or a kernel without CONFIG_KASAN, which makes them larger",
        effect: "the range of addresses for modules has room again",
        cost: "another configuration of the kernel",
        releases: "every release",
        basis: "experience",
      },
    ];
  const why = reading.vmalloc?.why;
  if (why === "memory" || why === "page-tables" || !offers("vmalloc=", machineOfAsked(reading, asked)))
    return [];
  return [
    {
      what: "Give vmalloc() more address space",
      how: "vmalloc=<size> on the kernel command line",
      effect: "larger areas can be mapped",
      cost: "less memory that the kernel maps directly",
      releases: "every release",
      basis: "rule",
    },
  ];
}
