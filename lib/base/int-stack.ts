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

  /** Room for `n` numbers behind the last one: where they go. The array is the stack's until the next push. */
  room(n: number): Int32Array {
    const least = this.count + n;
    if (least > this.items.length) {
      const wide = new Int32Array(Math.max(2 * this.items.length, least));
      wide.set(this.items.subarray(0, this.count));
      this.items = wide;
    }
    return this.items;
  }

  /** `n` numbers were put where room() had it. */
  grew(n: number): void {
    this.count += n;
  }

  /** The array that holds the numbers, the first of them first. */
  get values(): Int32Array {
    return this.items;
  }

  /** The last `n` are taken off. */
  cut(n: number): void {
    this.count -= n;
  }

  push(value: number): void {
    if (this.count === this.items.length) this.room(1);
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

/** A queue of whole numbers below 2^31, in a ring that grows. */
export class Queue {
  private items: Int32Array;
  private head: number;
  private count: number;

  constructor() {
    this.items = new Int32Array(64);
    this.head = 0;
    this.count = 0;
  }

  get length(): number {
    return this.count;
  }

  push(value: number): void {
    const { items, head, count } = this;
    if (count === items.length) {
      const wide = new Int32Array(2 * count);
      wide.set(items.subarray(head), 0);
      wide.set(items.subarray(0, head), count - head);
      this.items = wide;
      this.head = 0;
    }
    this.items[(this.head + this.count++) & (this.items.length - 1)] = value;
  }

  /** The oldest one, taken off; the queue must not be empty. */
  shift(): number {
    const value = this.items[this.head]!;
    this.head = (this.head + 1) & (this.items.length - 1);
    this.count--;
    return value;
  }
}
