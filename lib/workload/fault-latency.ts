/**
 * In the manner of mmtests' thpcompact: memory is filled by huge pages, half of each is unmapped, file pages fill the holes; then
 * threads fault in huge pages, for which memory must be compacted.
 */
import type { System } from "../machine/system";
import { filled, share, truth } from "../schema/field";
import { HugeAreas } from "./huge-areas";
import { duration } from "./parameters";
import { Probe } from "./probe";
import { takeRun } from "./slot-run";
import { type AroundRound, FAULTS, THREADS, ThreadRounds } from "./thread-rounds";
import { defineWorkload } from "./workload";

/** The first mapping with its holes, and the file in them. Its own faults are not part of the result. */
class PunchedMemory implements AroundRound {
  private readonly mapping: HugeAreas;
  private readonly unreported: Probe;
  private file: { base: number; pages: number } | null;

  constructor(
    private readonly system: System,
    private readonly areas: number,
  ) {
    this.mapping = new HugeAreas(system);
    this.unreported = new Probe("mapping");
    this.file = null;
  }

  begin(): void {
    const { system, mapping, areas } = this;
    for (let i = 0; i < areas && mapping.fault(this.unreported); i++);
    mapping.punch();
    // The file is a quarter of the mapping: half of the holes.
    this.file = takeRun(system, "fileClean", (areas * mapping.areaPages) >> 2);
  }

  end(): void {
    this.mapping.unmap();
    if (this.file !== null) this.system.freeRun(this.file.base, this.file.pages);
    this.file = null;
  }
}

export const faultLatency = defineWorkload({
  kind: "fault-latency",
  title: "latency of huge page faults (thpcompact)",
  summary:
    "Memory is filled by huge pages, of which the upper halves are unmapped; a file fills half of the holes. Then 1, 2, 4 and more threads fault in half as much memory by huge pages, which compaction must make room for. The result is the share of huge pages and the time of a fault, by number of threads. In the manner of mmtests' thpcompact.",
  parameters: {
    duration: duration("1 minute"),
    memory: filled(
      share("memory that the first mapping takes", { default: 0.8, source: "modelling choice" }),
    ),
    threads: THREADS,
    faults: FAULTS,
    madvise: filled(
      truth("the memory that is measured is an area with madvise(MADV_HUGEPAGE)", { default: true }),
    ),
  },
  leaves: [],
  durationMs: (p) => p.duration,
  pagesPerSecond: (p, { memory }) => p.faults * 2 ** memory.thpOrder,
  start: (system, p, random, startMs) => {
    const areas = Math.max(2, Math.floor((system.managedPages * p.memory) / (1 << system.memory.thpOrder)));
    const shape = {
      areas: areas >> 1,
      mostThreads: p.threads,
      madvised: p.madvise,
      startMs,
      everyMs: 1000 / p.faults,
    };
    return new ThreadRounds(system, random, shape, new PunchedMemory(system, areas));
  },
});
