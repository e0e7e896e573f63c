/** Begin and end of what a task does: pairs events by task, or by CPU where a line names none. */
import type { TraceRecord } from "./trace-record";

const OPEN_MOST = 65536;

/** How long things took. */
export interface Durations {
  /** How many of known length. */
  timed: number;
  totalSeconds: number;
  longestSeconds: number;
}

/** Things that have begun and not yet ended. */
export class OpenSpans<T> {
  private readonly open = new Map<string, { value: T; seconds: number }>();
  /** Begun, and begun again without an end between. */
  lost = 0;

  private static key({ pid, cpu }: TraceRecord): string {
    return pid >= 0 ? `p${pid}` : `c${cpu}`;
  }

  begin(record: TraceRecord, value: T): void {
    const key = OpenSpans.key(record);
    if (this.open.has(key)) this.lost++;
    if (this.open.size < OPEN_MOST || this.open.has(key))
      this.open.set(key, { value, seconds: record.seconds });
  }

  /** What is under way in the record's task. */
  current(record: TraceRecord): T | undefined {
    return this.open.get(OpenSpans.key(record))?.value;
  }

  /** What the record ends, and how long it took (NaN: not known); undefined if its begin is not in the trace. */
  end(record: TraceRecord): { value: T; seconds: number } | undefined {
    const key = OpenSpans.key(record);
    const began = this.open.get(key);
    this.open.delete(key);
    return began && { value: began.value, seconds: record.seconds - began.seconds };
  }

  /** Begun without an end in the trace. */
  get unfinished(): number {
    return this.open.size + this.lost;
  }
}

/** Adds one length; NaN is passed over. */
export function addDuration(durations: Durations, seconds: number): void {
  if (Number.isNaN(seconds) || seconds < 0) return;
  durations.timed++;
  durations.totalSeconds += seconds;
  durations.longestSeconds = Math.max(durations.longestSeconds, seconds);
}

/** No lengths yet. */
export const noDurations = (): Durations => ({ timed: 0, totalSeconds: 0, longestSeconds: 0 });
