/**
 * Was every event recorded? The first snapshot and the events together must give the last snapshot: every frame free
 * or in use, and every page block's type. This follows no rule of the allocator and shares no code with the replay.
 */
import { type Ledger, readLedger } from "./page-ledger";

/** One thing that does not fit. `line` of the trace; 0: found at the end. */
export interface Gap {
  line: number;
  pfn: number;
  what: string;
}

export interface Completeness {
  events: number;
  allocations: number;
  failed: number;
  frees: number;
  /** Frames that the last snapshot has otherwise than the events say. */
  framesWrong: number;
  blocksWrong: number;
  gaps: Gap[];
}

const GAPS_MOST = 20;

export class CompletenessCheck {
  readonly result: Completeness = {
    events: 0,
    allocations: 0,
    failed: 0,
    frees: 0,
    framesWrong: 0,
    blocksWrong: 0,
    gaps: [],
  };
  private line = 0;
  /** The last line that was about a frame. */
  private readonly last: Int32Array;

  constructor(private readonly now: Ledger) {
    this.last = new Int32Array(now.free.length);
  }

  /** The next line of the trace. */
  take(text: string): void {
    this.line++;
    const words = text.split(" ");
    const number = (i: number) => Number(words[i]);
    const { result } = this;
    if (words[0] !== "T" && words[0] !== "c") result.events++;
    switch (words[0]) {
      case "A":
        this.allocated(number(1), number(2));
        break;
      case "b":
        this.allocated(number(1), 0);
        break;
      case "F":
      case "f":
        result.frees++;
        this.change(number(1), number(2), 1, "is freed but is free");
        break;
      case "I":
        if (number(3) !== 0) this.change(number(1), number(2), 0, "is isolated as a free page but is in use");
        break;
      case "P":
        this.change(number(1), number(2), 1, "is put back but is free");
        break;
      case "M":
        this.now.types[number(1) >> this.now.blockOrder] = number(2);
        break;
      case "V":
        // With the old type as third number (6.10 and newer) a move of a block's free pages sets its type, too.
        if (words.length > 3) this.now.types[number(1) >> this.now.blockOrder] = number(2);
        break;
    }
  }

  private allocated(pfn: number, order: number): void {
    this.result.allocations++;
    if (pfn < 0) this.result.failed++;
    else this.change(pfn, order, 0, "is allocated but is in use");
  }

  private change(pfn: number, order: number, to: 0 | 1, wrong: string): void {
    const { free } = this.now;
    const end = pfn + 2 ** order;
    if (!(end <= free.length)) {
      this.gap(pfn, "is in no zone");
      return;
    }
    for (let i = pfn; i < end; i++) {
      if (free[i] === to) {
        this.gap(i, `${wrong}${this.since(i)}`);
        free.fill(to, pfn, end);
        this.last.fill(this.line, pfn, end);
        return;
      }
      free[i] = to;
      this.last[i] = this.line;
    }
  }

  private since(pfn: number): string {
    return this.last[pfn] === 0 ? " since the first snapshot" : ` since line ${this.last[pfn]}`;
  }

  private gap(pfn: number, what: string, line = this.line): void {
    if (this.result.gaps.length < GAPS_MOST) this.result.gaps.push({ line, pfn, what });
  }

  /** Compares with the last snapshot. */
  end(then: Ledger): Completeness {
    const { result, now } = this;
    for (let pfn = 0; pfn < now.free.length; pfn++)
      if (now.free[pfn] !== then.free[pfn]) {
        result.framesWrong++;
        const [are, should] = now.free[pfn] ? ["free", "in use"] : ["in use", "free"];
        this.gap(pfn, `is ${are}${this.since(pfn)}, the last snapshot has it ${should}`, 0);
      }
    for (let i = 0; i < now.types.length; i++)
      if (now.types[i] !== then.types[i]) {
        result.blocksWrong++;
        const is = `its block has type ${now.types[i]}, the last snapshot says ${then.types[i]}`;
        this.gap(i * 2 ** now.blockOrder, is, 0);
      }
    return result;
  }
}

/** Whether a check found nothing wrong. */
export const isComplete = (c: Completeness): boolean => c.gaps.length === 0;

/** Checks a recording that is in memory: the texts of its snapshots, and its trace in pieces of whole lines. */
export function checkCompleteness(s0: string, trace: Iterable<string>, s1: string): Completeness {
  const check = new CompletenessCheck(readLedger(s0, "S0.txt"));
  for (const piece of trace) {
    const lines = piece.split("\n");
    if (lines.at(-1) === "") lines.pop();
    for (const line of lines) check.take(line);
  }
  return check.end(readLedger(s1, "S1.txt"));
}
