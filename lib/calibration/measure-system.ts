/** The quantities of a model machine, by the rules of measureSample(). */
import type { System } from "../machine/system";
import { KIND_NAMES, kindOf } from "../mm/reports/page-class";
import { walkPages } from "../mm/reports/page-walk";
import { blockCounts } from "../mm/reports/pagetypeinfo";
import { MIGRATE_NAMES } from "../mm/state/migratetype";
import type { OwnerKind } from "../mm/state/owners";
import { CLASS } from "./class-map";
import { FrameCounter } from "./frame-counter";
import type { Quantities } from "./quantities";

/** What /proc/kpageflags would say of a single page of each kind, and of a larger one; other kinds have no flag there. */
const SINGLE: Partial<Record<OwnerKind, number>> = {
  slab: CLASS.slab,
  slabReclaimable: CLASS.slab,
  pageTable: CLASS.pageTable,
  anon: CLASS.anon,
  fileClean: CLASS.file,
  fileDirty: CLASS.file,
  shmem: CLASS.file,
  hugetlb: CLASS.hugetlb,
  reserved: CLASS.reserved,
  hole: CLASS.hole,
};
const LARGE: Partial<Record<OwnerKind, number>> = {
  anon: CLASS.anonHuge,
  fileClean: CLASS.fileLarge,
  fileDirty: CLASS.fileLarge,
  shmem: CLASS.fileLarge,
};

/**
 * Measures a running machine as a sample of a real one is measured.
 * @example
 * ```ts
 * import { machine, measureSystem } from "pageblock";
 *
 * const { system } = machine("qemu-virt").memory("512MiB").running();
 * measureSystem(system).free === system.freePages; // => true
 * ```
 */
export function measureSystem(
  system: Pick<System, "memory" | "pageSize" | "managedPages" | "nowMs">,
): Quantities {
  const { memory: m, pageSize } = system;
  const kinds = new Float64Array(KIND_NAMES.length);
  const counter = new FrameCounter({ frames: m.endPfn, blockPages: m.pageblockPages, pageSize });
  let perCpu = 0;
  for (const zone of m.zones)
    walkPages(m, zone, (pfn, pages, use, owner) => {
      let cls: number = use === "free" ? CLASS.free : CLASS.unknown;
      if (use === "perCpu") perCpu += pages;
      else if (use === "used") {
        const kind = kindOf(owner);
        kinds[KIND_NAMES.indexOf(kind)]! += pages;
        cls = (pages > 1 ? LARGE[kind] : undefined) ?? SINGLE[kind] ?? CLASS.unknown;
      }
      counter.add(pfn, pages, cls);
    });
  const of = (...names: OwnerKind[]) => names.reduce((n, kind) => n + kinds[KIND_NAMES.indexOf(kind)]!, 0);
  const freeByOrder = Array.from({ length: m.maxOrder + 1 }, (_, order) =>
    m.zones.reduce((n, zone) => n + zone.nrFree[order]! * 2 ** order, 0),
  );
  return {
    pageSize,
    memoryPages: system.managedPages,
    uptime: system.nowMs / 1000,
    slabReclaimable: of("slabReclaimable"),
    slabUnreclaimable: of("slab"),
    pageTables: of("pageTable"),
    kernelStacks: of("kernelStack"),
    anon: of("anon"),
    file: of("fileClean", "fileDirty"),
    shmem: of("shmem"),
    free: freeByOrder.reduce((n, pages) => n + pages, 0),
    perCpu,
    freeByOrder,
    blocksByType: blocksByType(m),
    frames: counter.result(),
  };
}

function blocksByType(m: System["memory"]): Record<string, number> {
  const blocks: Record<string, number> = {};
  for (const zone of m.zones)
    blockCounts(m, zone).forEach((n, type) => {
      const name = MIGRATE_NAMES[type]!;
      if (n > 0) blocks[name] = (blocks[name] ?? 0) + n;
    });
  return blocks;
}
