/** Memory of three zones of 1,024 frames from 1024 on: DMA32 and Normal of node 0, Normal of node 1; 4 KiB pages, 6.1, one CPU. */
import { bootMemory } from "../../lib/mm/boot/boot-memory";
import type { Memory } from "../../lib/mm/state/memory";

/** Every watermark is `mark` pages. */
export function twoNodes(mark: number): Memory {
  const zone = (idx: number, nid: number, startPfn: number) => ({
    ...{ idx, name: idx === 1 ? "DMA32" : "Normal", nid, startPfn },
    ...{ spanned: 1024, present: 1024, managed: 1024 },
    ...{ watermarks: { min: mark, low: mark, high: mark }, lowmemReserve: [0, 0, 0, 0] },
    ...{ pageset: { batch: 1, high: 4 }, freeRanges: [{ startPfn, pages: 1024 }] },
  });
  return bootMemory({
    ...{ release: "6.1", pageSize: 4096, maxOrder: 10, pageblockOrder: 9, cma: false, thp: false },
    ...{ mobilityDisabled: false, cpus: 1, zones: [zone(1, 0, 1024), zone(2, 0, 2048), zone(2, 1, 3072)] },
  });
}
