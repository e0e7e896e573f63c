/**
 * What the debugger needs of the main thread. Nothing is done until a debugger asks. While one is attached, every text
 * is announced before it is compiled, and this thread waits until its breakpoints are set. It waits in short naps: the
 * inspector's messages are taken between them.
 */
import type { CellVariable } from "../cells/cell-variables";
import type { Compiled, Traces } from "../cells/traces";
import { Busy, read } from "../interrupt-state";
import { DOOR_SYMBOL } from "./inspected";
import type { CompiledText } from "./source-places";

const NAP_MS = 1;
/** A debugger that does not answer does not stop a cell for longer. */
const WAIT_MOST_MS = 5000;
/** The clock as it is, whatever cells put in its place. */
const now = performance.now.bind(performance);

export interface DoorParts {
  readonly traces: Traces;
  readonly variables: () => readonly CellVariable[];
  /** The MIME bundle of a value; undefined if it can't be had at once. */
  readonly bundle: (value: unknown) => Record<string, unknown> | undefined;
  readonly tell: (text: CompiledText) => void;
}

export class DebugDoor {
  /** Cells with magics, by what is compiled of them. */
  private readonly typed = new Map<string, string>();

  constructor(
    private readonly parts: DoorParts,
    private readonly busy: Int32Array,
  ) {
    parts.traces.onAdd = (name, compiled) => this.announce(this.textOf(name, compiled));
    const value = {
      texts: () => [...parts.traces.all()].map(([name, compiled]) => this.textOf(name, compiled)),
      variables: () => Object.fromEntries(parts.variables().map((one) => [one.name, one.value])),
      kept: () => parts.variables().flatMap(({ name, kept }) => (name === kept ? [] : [[name, kept]])),
      bundle: parts.bundle,
    };
    Object.defineProperty(globalThis, Symbol.for(DOOR_SYMBOL), { value });
  }

  /** Notes how a cell was typed of which `compiled` is compiled. */
  noteTyped(compiled: string, typed: string): void {
    if (compiled !== typed) this.typed.set(compiled, typed);
    else this.typed.delete(compiled);
  }

  private textOf(name: string, { map, lineOffset, prefix, text }: Compiled): CompiledText {
    return { name, map, lineOffset, prefix, typed: this.typed.get(text) ?? text };
  }

  private announce(text: CompiledText): void {
    if (read(this.busy, Busy.debugging) === 0) return;
    const seen = read(this.busy, Busy.textsSeen);
    const until = now() + WAIT_MOST_MS;
    this.parts.tell(text);
    while (read(this.busy, Busy.textsSeen) === seen && now() < until)
      Atomics.wait(this.busy, Busy.textsSeen, seen, NAP_MS);
  }
}
