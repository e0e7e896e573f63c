/**
 * Timers of TypeScript's watch mode. tslab keeps one, which updateContent() calls for every cell, and throws if a second is
 * set while it is pending. TypeScript 5.0 has two kinds: one rebuilds the program, the other looks again for modules that
 * were not found. A file that changes on disk between two cells sets either, and every later cell would fail with
 * "Unexpected pending rebuildTimer". Here all timers share the one that tslab keeps.
 */
type Callback = (...args: unknown[]) => void;

/** The timers of a compiler host. */
export interface TimerHost {
  setTimeout?: (callback: Callback, ms: number, ...args: unknown[]) => unknown;
  clearTimeout?: (timer: unknown) => void;
}

/** Changes `host` in place: any number of timers may be pending; they run in the order in which they were set. */
export function shareOneTimer(host: TimerHost): void {
  const { setTimeout: setOne } = host;
  if (setOne === undefined) return;
  const pending = new Map<object, () => void>();
  let armed = false;
  const runAll = (): void => {
    // A callback may set another timer: it runs too, before the cell is compiled.
    for (const [timer, run] of pending) {
      pending.delete(timer);
      run();
    }
    armed = false;
  };
  host.setTimeout = (callback, ms, ...args) => {
    const timer = {};
    pending.set(timer, () => callback(...args));
    if (!armed) {
      armed = true;
      setOne(runAll, ms);
    }
    return timer;
  };
  host.clearTimeout = (timer) => {
    pending.delete(timer as object);
  };
}
