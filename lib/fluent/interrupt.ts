/** The stop button: a signal that aborts when the running cell is interrupted, and everything that runs with it. */
import { interruptSignal } from "../notebook/display";

/** What a run that was stopped throws: a cell that awaits it goes no further. What was done is in the store. */
export class Cancelled extends Error {
  constructor(done: number, plans: number) {
    super(`stopped after ${done} of ${plans} runs; what is done is kept, and running it again goes on`);
    this.name = "Cancelled";
  }
}

/** `given` and the running cell's signal as one. */
export function cellSignal(given?: AbortSignal): AbortSignal | undefined {
  const cell = interruptSignal();
  if (given === undefined || cell === undefined) return given ?? cell;
  return AbortSignal.any([given, cell]);
}
