/** Small machines and runs for the tests of workloads. */
import { Random } from "../../lib/base/random";
import { System } from "../../lib/machine/system";
import type { SystemOptions } from "../../lib/machine/system-options";
import { ownerKind } from "../../lib/mm/state/owners";
import { ALLOCATED } from "../../lib/mm/state/page-state";
import { WorkloadRun } from "../../lib/workload/scheduler";
import type { WorkloadInputs, WorkloadSpec } from "../../lib/workload/workload";

/** A PC; its memory in MiB. */
export function pc(mebibytes = 512, options?: SystemOptions): System {
  return System.boot({ board: "pc-x86-64", memoryBytes: mebibytes * 2 ** 20 }, options);
}

/** Runs a finite workload to its end. */
export function runOn(system: System, spec: WorkloadSpec, seed = 1, inputs?: WorkloadInputs): System {
  new WorkloadRun(system, new Random(seed), inputs).toEnd(spec);
  return system;
}

/** Pages in use by the kind of their owner. */
export function pagesByKind({ memory: m }: System): Map<string, number> {
  const found = new Map<string, number>();
  for (let pfn = 0; pfn < m.endPfn; pfn++) {
    const s = m.state[pfn]!;
    if (s < ALLOCATED) continue;
    const kind = ownerKind(m, pfn);
    found.set(kind, (found.get(kind) ?? 0) + 2 ** (s & 15));
  }
  return found;
}

/** All that can be seen of where pages lie, as one number. */
export function layoutHash({ memory: m, counters }: System): number {
  let h = 0x811c9dc5;
  for (let pfn = 0; pfn < m.endPfn; pfn++) h = Math.imul(h ^ m.state[pfn]!, 0x01000193);
  for (const n of Object.values(counters)) h = Math.imul(h ^ n, 0x01000193);
  return h >>> 0;
}

/** Share of the page cache's pages that are in folios of more than one page. */
export function pageCacheInFolios({ memory: m }: System): number {
  const pages = { large: 0, all: 0 };
  for (let pfn = 0; pfn < m.endPfn; pfn++) {
    const s = m.state[pfn]!;
    if (s < ALLOCATED) continue;
    const kind = ownerKind(m, pfn);
    if (kind !== "fileClean" && kind !== "fileDirty") continue;
    pages.all += 2 ** (s & 15);
    if ((s & 15) > 0) pages.large += 2 ** (s & 15);
  }
  return pages.large / Math.max(1, pages.all);
}
