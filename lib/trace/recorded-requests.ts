/**
 * Requests of a recording that tells when one left its first attempt (`E pid slowpath`). Such a request searches with the
 * rights of the slow path, whatever is free by then; every other one was served by its first attempt. With several CPUs a
 * task may read a zone's counter, lose its CPU, and take its page after others changed the counter: if no zone allows the
 * attempt, it is made again with the counters as they were when its CPU last acted.
 */
import { allocPages, allocPagesAgain, allocPagesFirst } from "../mm/allocation/page-alloc";
import type { Memory } from "../mm/state/memory";

export class RecordedRequests {
  /** The recording tells who left the first attempt. */
  private told = false;
  /** Tasks whose request is on the slow path. */
  private readonly slow = new Set<number>();
  /** By CPU: every zone's counter when another CPU came to act. */
  private readonly left: (number[] | undefined)[] = [];

  constructor(private readonly m: Memory) {}

  /** `E pid slowpath`, or `E pid search`: a search of the slow path begins, and reads the counters from now on. */
  slowpath(pid: number): void {
    this.told = true;
    this.slow.add(pid);
    this.left[this.m.cpu] = undefined;
  }

  /** The acting CPU gives way to another one. */
  leaves(): void {
    this.left[this.m.cpu] = this.m.zones.map((zone) => zone.nrFreePages);
  }

  /** The model's answer to a request: the first frame, or −1. */
  answer(gfp: number, order: number, pid: number): number {
    const { m } = this;
    if (!this.told) return allocPages(m, gfp, order);
    const search = this.slow.delete(pid) ? allocPagesAgain : allocPagesFirst;
    const pfn = search(m, gfp, order);
    const before = this.left[m.cpu];
    // Only what the CPU was at when it gave way can have read the counter before.
    this.left[m.cpu] = undefined;
    if (pfn >= 0 || before === undefined) return pfn;
    const since = m.zones.map((zone, i) => zone.nrFreePages - before[i]!);
    m.zones.forEach((zone, i) => {
      zone.nrFreePages -= since[i]!;
    });
    const raced = search(m, gfp, order);
    m.zones.forEach((zone, i) => {
      zone.nrFreePages += since[i]!;
    });
    return raced;
  }
}
