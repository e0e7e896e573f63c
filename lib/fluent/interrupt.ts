/** The stop button: a signal that aborts when the running cell is interrupted. */
import { interruptSignal } from "../notebook/display";

/** Thrown by a run that was stopped, so that a cell that awaits it ends. Finished runs are in the store. */
export class Cancelled extends Error {
  constructor(done: number, plans: number) {
    super(`stopped after ${done} of ${plans} runs; finished runs are kept: run it again to continue`);
    this.name = "Cancelled";
  }
}

/** Combines `given` with the running cell's signal. */
export function cellSignal(given?: AbortSignal): AbortSignal | undefined {
  const cell = interruptSignal();
  if (given === undefined || cell === undefined) return given ?? cell;
  return AbortSignal.any([given, cell]);
}
