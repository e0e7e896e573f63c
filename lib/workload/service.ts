/** A long-running service: workers with large heaps that request huge pages (a JVM, a cache) and are restarted in turn. */
import type { System } from "../machine/system";
import type { KernelCaches } from "./kernel-caches";
import type { Load } from "./load";
import { Process } from "./process";

const WORKERS = 8;
/** Threads of a worker: a modelling choice. */
const THREADS = 64;

interface Worker {
  process: Process;
  /** Pages of its heap, huge and single ones together. */
  pages: number;
}

export class ServiceLoad implements Load {
  private readonly system: System;
  private readonly heapPages: number;
  private readonly caches: KernelCaches;
  private readonly workers: Worker[];

  /** `pages`: of all heaps together. */
  constructor(system: System, pages: number, caches: KernelCaches) {
    this.system = system;
    this.caches = caches;
    this.heapPages = Math.ceil(pages / WORKERS);
    this.workers = [];
  }

  /** Workers fault in their heaps one after the other; nothing happens once all are complete. */
  turn(pages: number): number {
    let asked = 0;
    while (asked < pages) {
      let worker = this.workers[this.workers.length - 1];
      if (worker === undefined || worker.pages >= this.heapPages) {
        if (this.workers.length === WORKERS) return asked;
        worker = { process: new Process(this.system, { threads: THREADS, caches: this.caches }), pages: 0 };
        this.workers.push(worker);
      }
      const got = this.grow(worker);
      if (got === 0) return asked;
      asked += got;
    }
    return asked;
  }

  private grow(worker: Worker): number {
    const huge = 1 << this.system.memory.thpOrder;
    const left = this.heapPages - worker.pages;
    const n = Math.min(left, huge);
    const ok = n === huge ? worker.process.faultHuge() : worker.process.fault(n) === n;
    if (!ok) return 0;
    worker.pages += n;
    return n;
  }

  /** The worker that has run the longest ends, and another faults in its heap at once, as far as memory allows. */
  restart(): void {
    this.workers.shift()?.process.exit();
    this.turn(this.heapPages);
  }

  stop(): void {
    for (const worker of this.workers) worker.process.exit();
    this.workers.length = 0;
  }
}
