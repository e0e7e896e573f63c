/** A kernel build: compilers come and go, each with its anonymous memory, reading sources and writing objects. */
import type { Random } from "../base/random";
import { parseSize } from "../base/units";
import type { System } from "../machine/system";
import { parseDuration } from "./duration";
import { PageCache } from "./page-cache";
import { Process } from "./process";
import type { Actor, WorkloadKind } from "./workload";

interface Job {
  process: Process;
  endMs: number;
  pagesLeft: number;
}

class KernelBuild implements Actor {
  nextMs: number;
  private readonly jobs: Job[];
  private readonly cache: PageCache;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly p: { jobs: number; compileMs: number; rss: number; sources: number; objects: number },
    startMs: number,
  ) {
    this.nextMs = startMs;
    this.jobs = [];
    this.cache = new PageCache(system, random.fork("cache"), 1 << 16);
  }

  step(): void {
    const { system, random, p, jobs } = this;
    for (let i = jobs.length - 1; i >= 0; i--) {
      const job = jobs[i]!;
      const pages = Math.min(job.pagesLeft, Math.ceil((p.rss / system.pageSize) * 0.25));
      job.pagesLeft -= job.process.fault(pages) === pages ? pages : job.pagesLeft;
      if (job.endMs > this.nextMs) continue;
      job.process.exit();
      this.cache.write(Math.ceil((p.objects * (0.5 + random.float())) / system.pageSize));
      jobs.splice(i, 1);
    }
    while (jobs.length < p.jobs) {
      this.cache.read(Math.ceil((p.sources * (0.5 + random.float())) / system.pageSize));
      const pages = Math.ceil((p.rss * (0.5 + random.float())) / system.pageSize);
      jobs.push({
        process: new Process(system),
        endMs: this.nextMs + Math.max(1, random.exponential(p.compileMs)),
        pagesLeft: pages,
      });
    }
    this.nextMs += p.compileMs / 4;
  }

  stop(): void {
    for (const job of this.jobs) job.process.exit();
    this.jobs.length = 0;
    this.nextMs = Number.POSITIVE_INFINITY;
  }
}

export const kernelBuild: WorkloadKind = {
  kind: "kernelBuild",
  title: "kernel build",
  summary:
    "Compilers run side by side, fault in anonymous memory, read sources into the page cache and write objects. FACTS 9: bursts of movable order-0 pages, page tables and 16 KiB kernel stacks unmovable; sizes are modelling choices.",
  parameters: {
    duration: { unit: "time", default: "20 minutes", meaning: 'how long it lasts; "endless": until stopped' },
    jobs: { unit: "compilers", default: 8, meaning: "compilers at a time" },
    compileMs: { unit: "ms", default: 2000, meaning: "mean time of one compilation" },
    rss: { unit: "size", default: "40MiB", meaning: "mean anonymous memory of a compiler" },
    sources: { unit: "size", default: "2MiB", meaning: "sources and headers read for a compilation" },
    objects: { unit: "size", default: "256KiB", meaning: "objects written by a compilation" },
  },
  durationMs: (p) => parseDuration(p.duration!, "kernelBuild: duration"),
  start: (system, p, random, startMs) =>
    new KernelBuild(
      system,
      random,
      {
        jobs: p.jobs as number,
        compileMs: p.compileMs as number,
        rss: parseSize(p.rss as string, "kernelBuild: rss"),
        sources: parseSize(p.sources as string, "kernelBuild: sources"),
        objects: parseSize(p.objects as string, "kernelBuild: objects"),
      },
      startMs,
    ),
};
