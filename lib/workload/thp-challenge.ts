/** In the manner of mmtests' thpchallenge: threads fault in memory by huge pages while many small files are written, then read. */
import { filled, number, share, size, time, truth } from "../schema/field";
import { FileSet } from "./file-set";
import { KernelCaches } from "./kernel-caches";
import { type Load, Paced, pagesOf } from "./load";
import { duration, FILE_SYSTEM, LONGEST_MS } from "./parameters";
import { SideBySide } from "./side-by-side";
import { FAULTS, THREADS, ThreadRounds } from "./thread-rounds";
import { defineWorkload } from "./workload";

/** fio writes every file once, in order; then it reads files chosen at random. */
export class FioLoad implements Load {
  private written: number;

  constructor(
    private readonly set: FileSet,
    private readonly files: number,
  ) {
    this.written = 0;
  }

  turn(pages: number): number {
    let asked = 0;
    while (asked < pages && this.written < this.files) {
      const got = this.set.write(this.written++);
      if (got < 0) return asked;
      asked += got;
    }
    return asked < pages ? asked + this.set.use(pages - asked, 0) : asked;
  }

  /** The files are deleted. */
  stop(): void {
    this.set.drop();
  }
}

export const thpChallenge = defineWorkload({
  kind: "thp-challenge",
  title: "huge pages beside small files (thpchallenge)",
  summary:
    "Many small files are written, which mixes page cache with slab, and then read at random. Meanwhile 1, 2, 4 and more threads fault in memory by huge pages and unmap it. The result is the share of huge pages and the time of a fault, by number of threads. In the manner of mmtests' thpchallenge.",
  parameters: {
    duration: duration("10 minutes"),
    memory: filled(
      share("memory that the threads of a round touch", { default: 0.4, source: "modelling choice" }),
    ),
    threads: THREADS,
    faults: FAULTS,
    madvise: filled(truth("the memory is an area with madvise(MADV_HUGEPAGE)", { default: true })),
    files: filled(
      number("all files together, relative to memory", "factor", { default: 1.5, least: 0.001, most: 16 }),
    ),
    meanFile: filled(size("mean size of a file", { default: "64KiB", least: 1 })),
    traffic: filled(
      size("written, then read from disk, per second", { default: "64MiB", source: "modelling choice" }),
    ),
    warmup: filled(
      time("time before the first threads begin", {
        default: "30s",
        most: LONGEST_MS,
        source: "modelling choice",
      }),
    ),
    fileSystem: FILE_SYSTEM,
  },
  leaves: ["slabReclaimable"],
  durationMs: (p) => p.duration,
  pagesPerSecond: (p, { pageSize }) => p.traffic / pageSize,
  start: (system, p, random, startMs) => {
    const meanPages = pagesOf(system, p.meanFile);
    const files = Math.max(1, Math.round((system.managedPages * p.files) / meanPages));
    const set = new FileSet(system, random.fork("files"), {
      files,
      meanPages,
      // fio draws files evenly: hardly any is more popular.
      zipf: 0.1,
      mostDirty: Math.ceil(system.managedPages / 10),
      caches: new KernelCaches(system, random.fork("caches")),
      fileSystem: p.fileSystem,
    });
    const rounds = new ThreadRounds(system, random.fork("threads"), {
      areas: Math.max(1, Math.floor((system.managedPages * p.memory) / (1 << system.memory.thpOrder))),
      mostThreads: p.threads,
      madvised: p.madvise,
      startMs: startMs + p.warmup,
      everyMs: 1000 / p.faults,
    });
    const fio = new Paced(new FioLoad(set, files), p.traffic / system.pageSize, startMs);
    return new SideBySide([fio, rounds], rounds.probes);
  },
});
