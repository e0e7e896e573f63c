/**
 * Receive buffers of a network card. A number of buffers is always in flight, and each packet replaces one of them: the driver
 * allocates a new one in its interrupt (GFP_ATOMIC), and a reader frees an old one. The old one is chosen at random, because sockets
 * are read at their own pace. With the option `smp` both are on some CPU each: packets come to the queues of all CPUs. An unavailable order falls back to single pages, as in __page_frag_cache_refill().
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { __GFP_COMP, __GFP_NOMEMALLOC, __GFP_NORETRY, __GFP_NOWARN, GFP_ATOMIC } from "../mm/state/gfp";

/**
 * __page_frag_cache_refill(), mm/page_alloc.c, 6.1: its large tries carry __GFP_NOMEMALLOC, which bars them from the
 * reserves of atomic requests; the single page that it falls back to does not. skb_page_frag_refill() (net/core/sock.c),
 * from which virtio_net takes receive buffers, does not set the flag: not modelled.
 */
const GFP_FRAGMENT = GFP_ATOMIC | __GFP_COMP | __GFP_NOWARN | __GFP_NORETRY | __GFP_NOMEMALLOC;

export class ReceiveRing {
  private readonly system: System;
  private readonly random: Random;
  private readonly order: number;
  /** Buffers in flight: frame × 2, + 1 for one of the ring's order, else a single page; −1: none. */
  private readonly buffers: Float64Array;
  private filled: number;
  /** Buffers in flight, at most. */
  private most: number;
  /** Packets for which there was no memory. */
  lost: number;

  constructor(system: System, random: Random, buffers: number, order: number) {
    this.system = system;
    this.random = random;
    this.order = order;
    this.buffers = new Float64Array(Math.max(1, buffers)).fill(-1);
    this.filled = 0;
    this.most = this.buffers.length;
    this.lost = 0;
  }

  /** Keeps at most `buffers` in flight, up to its original number. */
  limit(buffers: number): void {
    this.most = Math.max(1, Math.min(this.buffers.length, buffers));
    while (this.filled > this.most) {
      const at = this.random.below(this.filled--);
      this.free(at);
      this.buffers[at] = this.buffers[this.filled]!;
      this.buffers[this.filled] = -1;
    }
  }

  /** Receives `n` packets; returns how many pages were requested. */
  receive(n: number): number {
    const { buffers, system } = this;
    let pages = 0;
    for (let i = 0; i < n; i++) {
      let whole = 1;
      system.processors.anywhere();
      let pfn = system.allocFixed("networkBuffer", this.order > 0 ? GFP_FRAGMENT : GFP_ATOMIC, this.order);
      pages += 1 << this.order;
      if (pfn < 0 && this.order > 0) {
        whole = 0;
        pfn = system.allocFixed("networkBuffer", GFP_ATOMIC, 0);
      }
      if (pfn < 0) {
        this.lost++;
        continue;
      }
      system.processors.anywhere();
      const at = this.filled < this.most ? this.filled++ : this.random.below(this.most);
      this.free(at);
      buffers[at] = pfn * 2 + whole;
    }
    return pages;
  }

  private free(at: number): void {
    const packed = this.buffers[at]!;
    if (packed >= 0) this.system.freeFixed(Math.floor(packed / 2), packed % 2 === 1 ? this.order : 0);
    this.buffers[at] = -1;
  }

  /** Frees everything. */
  drop(): void {
    for (let i = 0; i < this.filled; i++) this.free(i);
    this.filled = 0;
  }
}
