/** One attempt to reserve the default CMA area: the requester, the size and the outcome. */
import type { CmaOutcome } from "../mm/boot/cma";
import type { PhysicalRange } from "../mm/boot/memblock";

export interface CmaAttempt {
  by: "command line" | "device tree" | "kernel configuration";
  /** The kernel's name of the area. */
  name: string;
  requestedBytes: number;
  /** The search range. */
  searched: PhysicalRange;
  /** Exactly there, not anywhere in the range. */
  fixed: boolean;
  /** The search goes from the bottom of the range up. */
  bottomUp: boolean;
  /** The end of low memory within the search range, which no area may cross. */
  boundary?: number;
  outcome: CmaOutcome;
  /** memblock at the time of the attempt, to explain a failure. */
  free: PhysicalRange[];
  claims: { what: string; start: number; end: number }[];
}
