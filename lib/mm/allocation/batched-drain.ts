import type { PerCpuPages } from "../state/per-cpu-pages";
import type { Zone } from "../state/zone";

/** A drain that runs in batches, with the lock dropped in between. */
export interface BatchedDrain {
  zone: Zone;
  pcp: PerCpuPages;
  pindex: number;
  /** Pages still to free. */
  remaining: number;
  /** It belongs to a free, which checks ZONE_BELOW_HIGH at its end. */
  ofFree: boolean;
}
