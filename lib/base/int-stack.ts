/**
 * A stack of whole numbers below 2^31 in a typed array, and a pool of them: a machine's processes come and go by the
 * thousand, and fresh lists for each would be most of a run's garbage.
 */
export class IntStack {
  private items: Int32Array;
  private count: number;

  constructor() {
    this.items = new Int32Array(64);
    this.count = 0;
  }

  get length(): number {
    return this.count;
  }

  /** Capacity. */
  get capacity(): number {
    return this.items.length;
  }

  push(value: number): void {
    if (this.count === this.items.length) {
      const wide = new Int32Array(2 * this.count);
      wide.set(this.items);
      this.items = wide;
    }
    this.items[this.count++] = value;
  }

  /** Removes and returns the last number; the stack must not be empty. */
  pop(): number {
    return this.items[--this.count]!;
  }

  at(index: number): number {
    return this.items[index]!;
  }

  clear(): void {
    this.count = 0;
  }
}

/** Larger stacks are not kept: a small process should not hold the list of a large one. */
const KEPT_MOST = 1 << 15;

export class IntStackPool {
  private readonly spare: IntStack[];

  constructor() {
    this.spare = [];
  }

  /** An empty stack. */
  take(): IntStack {
    return this.spare.pop() ?? new IntStack();
  }

  /** Returns a stack that is no longer used. */
  give(stack: IntStack): void {
    stack.clear();
    if (stack.capacity <= KEPT_MOST) this.spare.push(stack);
  }
}
