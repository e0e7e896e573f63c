/**
 * Runs a plan whose machine has a change, with its laws checked now and then. Where one is broken, the plan is run again from the
 * start with more and more checks, until the event is known: equal plans take equal decisions.
 */
import { errorOf, InputError } from "../base/errors";
import { BrokenBetween, brokenBy, CHECK_EVENTS, watchLaws } from "../machine/change-laws";
import type { System } from "../machine/system";

/** Checks that a search for the event makes in one run. */
const CHECKS_A_RUN = 64;

/** A run that is told its machine before anything happens on it. */
export type WatchedRun<T> = (watch: (system: System) => void) => T;

export function runWatched<T>(runOnce: WatchedRun<T>): T {
  let window = { from: 0, every: CHECK_EVENTS };
  let known: InputError | null = null;
  for (;;) {
    const end = attempt(runOnce, window);
    if ("done" in end) {
      if (known !== null) throw known;
      return end.done;
    }
    known = end.broken;
    if (window.every === 1) throw known;
    const { from, to } = end.between;
    // A step of the workload may hold many events: the next run looks closer in any case.
    const events = Math.min(to - from, window.every);
    window = { from, every: Math.max(1, Math.floor(events / CHECKS_A_RUN)) };
  }
}

type End<T> = { done: T } | { broken: InputError; between: BrokenBetween };

function attempt<T>(runOnce: WatchedRun<T>, window: { from: number; every: number }): End<T> {
  let machine: System | null = null;
  let look: (() => void) | null = null;
  try {
    const done = runOnce((system) => {
      machine = system;
      look = watchLaws(system, window);
    });
    (look as (() => void) | null)?.();
    return { done };
  } catch (error) {
    const system = machine as System | null;
    if (error instanceof InputError || system === null || system.change === null) throw error;
    const between =
      error instanceof BrokenBetween
        ? error
        : new BrokenBetween(
            window.from,
            system.change.events,
            `the engine stopped: ${errorOf(error).message}`,
          );
    return { broken: brokenBy(system, between), between };
  } finally {
    (machine as System | null)?.release();
  }
}
