/**
 * One per-CPU list: a ring of frame numbers, the head first. Its pages are not linked through the frame columns, as those of the
 * buddy lists are: a page that is pushed and taken again touches no column but its state.
 */

/** Frames that the ring of a list holds when it is first used. */
const LEAST_FRAMES = 64;

/** The ring of a list that never held a page. */
const UNUSED = new Int32Array(0);

export class PcpList {
  /** The ring; its length is a power of two. */
  private frames: Int32Array;
  /** Where in the ring the head is. */
  private first: number;
  /** Pages on the list. */
  length: number;

  constructor() {
    this.frames = UNUSED;
    this.first = 0;
    this.length = 0;
  }

  /** The page at a position, 0 for the head. */
  at(position: number): number {
    const { frames } = this;
    return frames[(this.first + position) & (frames.length - 1)]!;
  }

  addHead(pfn: number): void {
    if (this.length === this.frames.length) this.grow();
    const { frames } = this;
    const first = (this.first - 1) & (frames.length - 1);
    frames[first] = pfn;
    this.first = first;
    this.length++;
  }

  addTail(pfn: number): void {
    if (this.length === this.frames.length) this.grow();
    const { frames } = this;
    frames[(this.first + this.length) & (frames.length - 1)] = pfn;
    this.length++;
  }

  /** The list must not be empty. */
  takeHead(): number {
    const { frames, first } = this;
    this.dropHead(1);
    return frames[first]!;
  }

  /** The list must not be empty. */
  takeTail(): number {
    const { frames } = this;
    const left = this.length - 1;
    this.length = left;
    return frames[(this.first + left) & (frames.length - 1)]!;
  }

  /** Takes `n` pages off the head; the list must have as many. */
  dropHead(n: number): void {
    this.first = (this.first + n) & (this.frames.length - 1);
    this.length -= n;
  }

  /** Takes `n` pages off the tail; the list must have as many. */
  dropTail(n: number): void {
    this.length -= n;
  }

  /** Takes a page off, wherever on the list it is; false if it is not on it. */
  remove(pfn: number): boolean {
    const pages = this.toArray();
    const position = pages.indexOf(pfn);
    if (position < 0) return false;
    this.length = position;
    for (const page of pages.slice(position + 1)) this.addTail(page);
    return true;
  }

  /** The pages, head first. */
  toArray(): number[] {
    return Array.from({ length: this.length }, (_, i) => this.at(i));
  }

  private grow(): void {
    const { frames, first } = this;
    const larger = new Int32Array(Math.max(LEAST_FRAMES, 2 * frames.length));
    larger.set(frames.subarray(first));
    larger.set(frames.subarray(0, first), frames.length - first);
    this.frames = larger;
    this.first = 0;
  }
}
