/**
 * Pages by their first frame: in use since an allocation in the trace, or freed in it. A table of open addresses with typed arrays: a trace
 * of gigabytes touches more pages than a Map can hold.
 */

/** What the trace says of a page: nothing; freed by a batched record, by a single one, by both; or its order + 1: in use. */
export const UNSEEN = 0;
export const FREED_BOTH = 29;
export const FREED_BATCHED = 30;
export const FREED_SINGLE = 31;

/** More pages are not followed: 16 bytes each, at most half of the slots in use. */
export const PAGES_FOLLOWED = 2 ** 26;

const inUse = (state: number) => state !== UNSEEN && state < FREED_BOTH;

/** What the trace says of each page, by first frame. */
export class LivePages {
  private frames = new Float64Array(1024).fill(-1);
  private states = new Uint8Array(1024);
  private used = 0;
  /** Bit by order: pages of it have been in use. */
  private orders = 0;
  /** True once there were more pages than can be followed. */
  overfull = false;

  private slot(pfn: number): number {
    const mask = this.frames.length - 1;
    let i = Math.imul((pfn % 0x100000000) ^ Math.floor(pfn / 0x100000000), 0x9e3779b1) >>> 0;
    i = (i ^ (i >>> 15)) & mask;
    while (this.frames[i] !== -1 && this.frames[i] !== pfn) i = (i + 1) & mask;
    return i;
  }

  get(pfn: number): number {
    return this.states[this.slot(pfn)]!;
  }

  set(pfn: number, state: number): void {
    const i = this.slot(pfn);
    if (this.frames[i] === -1) {
      if (this.used >= PAGES_FOLLOWED) {
        this.overfull = true;
        return;
      }
      this.frames[i] = pfn;
      this.used++;
    }
    this.states[i] = state;
    if (inUse(state)) this.orders |= 1 << (state - 1);
    if (this.used * 2 > this.frames.length) this.grow();
  }

  /** First frame and order of the page in use that holds `pfn`, or undefined. */
  holder(pfn: number): { head: number; order: number } | undefined {
    for (let o = 0, left = this.orders; left !== 0; o++, left >>>= 1) {
      if ((left & 1) === 0) continue;
      const head = pfn - (pfn % 2 ** o);
      if (this.get(head) === o + 1) return { head, order: o };
    }
    return undefined;
  }

  /** Pages in use by order. */
  byOrder(): number[] {
    const orders: number[] = [];
    for (let i = 0; i < this.states.length; i++) {
      const state = this.states[i]!;
      if (!inUse(state)) continue;
      while (orders.length < state) orders.push(0);
      orders[state - 1]!++;
    }
    return orders;
  }

  private grow(): void {
    const { frames, states } = this;
    this.frames = new Float64Array(frames.length * 2).fill(-1);
    this.states = new Uint8Array(frames.length * 2);
    for (let i = 0; i < frames.length; i++) {
      if (frames[i] === -1) continue;
      const at = this.slot(frames[i]!);
      this.frames[at] = frames[i]!;
      this.states[at] = states[i]!;
    }
  }
}
