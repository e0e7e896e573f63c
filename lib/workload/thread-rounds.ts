/**
 * Rounds of threads that each touch their share of an amount of memory for the first time, an area of a huge page after the other. The
 * number of threads changes from round to round: 1, 2, 4, and so on up to the most, and again.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { filled, number, whole } from "../schema/field";
import { HugeAreas } from "./huge-areas";
import { Probe } from "./probe";
import { Repeated } from "./side-by-side";

/** Parameters of a workload of such rounds. */
export const THREADS = filled(
  whole("threads of the largest round", "threads", { default: 8, least: 1, most: 4096 }),
);
export const FAULTS = filled(
  number("areas of a huge page that a thread touches per second", "1/s", {
    default: 50,
    least: 0.001,
    most: 1e6,
    source: "modelling choice",
  }),
);

export interface RoundShape {
  /** Areas of all threads together. */
  areas: number;
  mostThreads: number;
  madvised: boolean;
  startMs: number;
  /** Milliseconds between two faults of a thread. */
  everyMs: number;
}

/** What happens around the faults of a round. */
export interface AroundRound {
  begin(threads: number): void;
  end(): void;
}

/** Numbers of threads that are tried. */
export function threadCounts(most: number): number[] {
  const counts: number[] = [];
  for (let n = 1; n < most; n *= 2) counts.push(n);
  return [...counts, most];
}

export class ThreadRounds extends Repeated {
  readonly probes: readonly Probe[];
  private readonly counts: readonly number[];
  private readonly mapped: HugeAreas;
  private round: number;
  private left: number;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly shape: RoundShape,
    private readonly around?: AroundRound,
  ) {
    super(shape.startMs, shape.everyMs);
    this.counts = threadCounts(shape.mostThreads);
    this.probes = this.counts.map((n) => new Probe(`threads${n}`));
    this.mapped = new HugeAreas(system, shape.madvised);
    this.round = -1;
    this.left = 0;
  }

  /** Each thread touches one area. */
  protected work(): number {
    if (this.left === 0) this.next();
    const at = this.round % this.counts.length;
    for (let thread = 0; thread < this.counts[at]! && this.left > 0; thread++, this.left--) {
      this.system.runAnywhere(this.random);
      // Without memory the kernel would kill the program: its round is over.
      if (!this.mapped.fault(this.probes[at]!)) this.left = 1;
    }
    if (this.left === 0) this.unmap();
    return 0;
  }

  private next(): void {
    this.round++;
    this.left = this.shape.areas;
    this.around?.begin(this.counts[this.round % this.counts.length]!);
  }

  private unmap(): void {
    this.mapped.unmap();
    this.around?.end();
  }

  stop(): void {
    if (this.left > 0) this.unmap();
    this.left = 0;
  }
}
