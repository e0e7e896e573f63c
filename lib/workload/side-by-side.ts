/** Activities of one workload, each with a clock of its own: the one that is due first goes first, and the first listed of those due at once. */
import type { Probe } from "./probe";
import type { Actor } from "./workload";

export class SideBySide implements Actor {
  private readonly parts: readonly Actor[];

  constructor(
    parts: readonly Actor[],
    readonly probes: readonly Probe[] = [],
  ) {
    this.parts = parts;
  }

  get nextMs(): number {
    return this.first().nextMs;
  }

  step(): void {
    this.first().step();
  }

  stop(): void {
    for (const part of this.parts) part.stop();
  }

  private first(): Actor {
    let first = this.parts[0]!;
    for (const part of this.parts) if (part.nextMs < first.nextMs) first = part;
    return first;
  }
}

/** Work that is done again and again, `everyMs` after it was done last; without end. */
export abstract class Repeated implements Actor {
  nextMs: number;

  constructor(
    startMs: number,
    protected readonly everyMs: number,
  ) {
    this.nextMs = Number.isFinite(everyMs) ? startMs : Number.POSITIVE_INFINITY;
  }

  step(): void {
    this.nextMs += this.everyMs + this.work();
  }

  /** Does it once; returns milliseconds that the next time is later for it. */
  protected abstract work(): number;

  abstract stop(): void;
}
