/** A kernel build: compilers come and go; each has anonymous memory, reads sources and writes objects. */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { filled, size, time, whole } from "../schema/field";
import { KernelCaches } from "./kernel-caches";
import { definePaced, type Load, pagesOf, scaled } from "./load";
import { PageCache } from "./page-cache";
import { duration, LONGEST_MS } from "./parameters";
import { Process } from "./process";

export interface BuildShape {
  jobs: number;
  /** Mean pages of a compiler, and of what it reads and writes. */
  rssPages: number;
  sourcePages: number;
  objectPages: number;
  /** Pages of sources and objects that are kept; older ones are dropped. */
  cachePages: number;
  caches: KernelCaches;
}

interface Job {
  process: Process;
  pagesLeft: number;
}

/** A chunk of faults of one compiler, before another has its turn. */
const CHUNK = 64;
/** Sources are small: one file per 16 KiB read. A modelling choice. */
const BYTES_A_FILE = 16384;

export class BuildLoad implements Load {
  private readonly system: System;
  private readonly random: Random;
  private readonly shape: BuildShape;
  private readonly jobs: Job[];
  private readonly cache: PageCache;
  private next: number;
  private most: number;

  constructor(system: System, random: Random, shape: BuildShape) {
    this.system = system;
    this.random = random;
    this.shape = shape;
    this.jobs = [];
    this.cache = new PageCache(system, random.fork("cache"), shape.cachePages);
    this.next = 0;
    this.most = shape.jobs;
  }

  scale(factor: number): void {
    this.most = scaled(this.shape.jobs, factor);
    while (this.jobs.length > this.most) this.jobs.pop()!.process.exit();
  }

  turn(pages: number): number {
    let asked = 0;
    while (asked < pages) {
      if (this.jobs.length < this.most) {
        const n = this.begin();
        if (n < 0) return asked;
        asked += n;
        continue;
      }
      this.next = (this.next + 1) % this.jobs.length;
      const job = this.jobs[this.next]!;
      const got = job.process.fault(Math.min(CHUNK, job.pagesLeft));
      asked += Math.max(1, got);
      job.pagesLeft -= CHUNK;
      // A compiler that gets no memory is killed; else it writes its object and ends.
      if (got > 0 && job.pagesLeft > 0) continue;
      job.process.exit();
      this.jobs.splice(this.next, 1);
      asked += this.cache.write(Math.ceil(this.shape.objectPages * (0.5 + this.random.float())));
    }
    return asked;
  }

  /** Starts a compiler, which reads its sources; returns the pages requested, or −1 if there was no memory. */
  private begin(): number {
    const { shape, random, system } = this;
    const process = new Process(system, { caches: shape.caches });
    if (!process.alive) return -1;
    const wanted = Math.ceil(shape.sourcePages * (0.5 + random.float()));
    const read = this.cache.read(wanted);
    const files = Math.ceil((Math.max(0, read) * system.pageSize) / BYTES_A_FILE);
    const objects = shape.caches.found(files) + shape.caches.cached(read);
    this.jobs.push({ process, pagesLeft: Math.ceil(shape.rssPages * (0.5 + random.float())) });
    return Math.max(0, read) + Math.max(0, objects) + process.kernelPages;
  }

  stop(): void {
    for (const job of this.jobs) job.process.exit();
    this.jobs.length = 0;
  }
}

const MiB = 2 ** 20;

export const kernelBuild = definePaced({
  kind: "kernel-build",
  title: "kernel build",
  summary:
    "Compilers run side by side, fault in anonymous memory, read sources into the page cache and write objects. Dentries and inodes grow with the files read.",
  parameters: {
    duration: duration("2 minutes"),
    jobs: filled(whole("compilers at a time", "compilers", { default: 8, least: 1 })),
    compile: filled(time("mean time of one compilation", { default: "2s", most: LONGEST_MS })),
    rss: filled(size("mean anonymous memory of a compiler", { default: "40MiB", least: 1 })),
    sources: filled(size("sources and headers read per compilation", { default: "2MiB" })),
    objects: filled(size("objects written per compilation", { default: "256KiB" })),
  },
  leaves: ["fileClean", "fileDirty", "slabReclaimable"],
  pagesPerSecond: (p, { pageSize }) =>
    ((p.rss + p.sources + p.objects) / pageSize) * (p.jobs / Math.max(0.001, p.compile / 1000)),
  load: (system, p, random) =>
    new BuildLoad(system, random, {
      jobs: p.jobs,
      rssPages: pagesOf(system, p.rss),
      sourcePages: pagesOf(system, p.sources),
      objectPages: pagesOf(system, p.objects),
      cachePages: pagesOf(system, 256 * MiB),
      caches: new KernelCaches(system, random.fork("caches")),
    }),
});
