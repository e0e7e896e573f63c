/** Who hears of drains of per-CPU lists while a recording is replayed. */
import type { Memory } from "../mm/state/memory";

/** Calls `hear` with the first frame of every page that a drain gives back, behind those who hear of drains already. */
export function hearDrains(m: Memory, hear: (pfn: number) => void): void {
  const others = m.trace?.pcpuDrain;
  m.trace = {
    ...m.trace,
    pcpuDrain: (pfn, order, mt) => {
      others?.(pfn, order, mt);
      hear(pfn);
    },
  };
}
