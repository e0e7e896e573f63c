/** Which cell a piece of code belongs to, also when it runs long after the cell's end: in a timer, a promise, an event. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Header, Message } from "../wire";

export interface CellContext {
  /** Its number in the channels. */
  readonly cell: number;
  readonly header: Header;
  readonly identities: Message["identities"];
  readonly allowsInput: boolean;
  /** The id of the cell in the notebook, if the front end sends it. */
  readonly cellId: string | undefined;
  readonly executionCount: number;
  /** True until the cell has ended. */
  readonly running: () => boolean;
}

const contexts = new AsyncLocalStorage<CellContext>();
let last: CellContext | undefined;
let stopped: CellContext | undefined;

/** The cell whose code runs; otherwise the one that began last; undefined before the first. */
export function currentCell(): CellContext | undefined {
  return contexts.getStore() ?? last;
}

/** Runs `code`, and all that it leaves behind, as that of a cell that begins. */
export function asCell<T>(context: CellContext, code: () => T): T {
  last = context;
  return contexts.run(context, code);
}

/** Notes whose code is being stopped by an interrupt. */
export function noteStopped(): void {
  stopped = currentCell();
}

/** The cell whose code was stopped last. */
export function stoppedCell(): CellContext | undefined {
  return stopped;
}

/** A function that runs as code of the cell that is current now. */
export function inThisCell<A extends unknown[]>(run: (...args: A) => void): (...args: A) => void {
  const context = contexts.getStore() ?? last;
  return context === undefined ? run : (...args) => contexts.run(context, run, ...args);
}
