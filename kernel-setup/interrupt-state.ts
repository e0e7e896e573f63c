/**
 * Memory shared by the kernel's main thread, which runs cells, and its control thread, which interrupts them.
 * Counters, because compiling can happen inside a run.
 */
export const Busy = {
  /** Code of the user was called and has not returned to the event loop. */
  turn: 0,
  /** The compiler is at work and must not be killed. */
  compiling: 1,
  /** How many interrupts the main thread has seen. */
  interruptsSeen: 2,
  /** The main thread waits for a program without its event loop. */
  waitingForProgram: 3,
  /** The number of the interrupt by which the main thread's JavaScript was stopped last. */
  stoppedBy: 4,
  /** A debugger is attached. */
  debugging: 5,
  /** How many compiled texts the debugger has taken. */
  textsSeen: 6,
} as const;

type Counter = (typeof Busy)[keyof typeof Busy];

export const newBusy = () => new Int32Array(new SharedArrayBuffer(Object.keys(Busy).length * 4));

export function enter(busy: Int32Array, counter: Counter): void {
  Atomics.add(busy, counter, 1);
}

export function leave(busy: Int32Array, counter: Counter): void {
  Atomics.sub(busy, counter, 1);
}

export function set(busy: Int32Array, counter: Counter, value: number): void {
  Atomics.store(busy, counter, value);
}

export function read(busy: Int32Array, counter: Counter): number {
  return Atomics.load(busy, counter);
}
