/**
 * Printed text on its way from the thread that runs cells to the thread that owns the sockets: a ring in shared memory.
 * A cell that computes for seconds never yields to its event loop, so the other thread fetches the text by itself and
 * joins what was printed in {@link GATHER_MS} into one message. Stock tslab sends one message per write, but zeromq
 * refuses more than 512 sends in one turn of the event loop, so that 20,000 printed lines arrive cut short.
 *
 * A write becomes visible by one store of the ring's head. An interrupt may end the writing thread's JavaScript
 * anywhere: before that store nothing was written, after it everything.
 */
export type StreamName = "stdout" | "stderr";

/** What was printed by one cell to one stream, in one piece. */
export interface Piece {
  readonly cell: number;
  readonly name: StreamName;
  readonly text: string;
}

/** The memory that both threads have. */
export interface OutboxMemory {
  readonly control: Int32Array;
  readonly data: Uint8Array;
}

/** The first text after a pause waits so long for more. */
export const GATHER_MS = 30;
/**
 * So much is sent in that time, if nothing else waits for it to be sent: 8 MB/s. A flood then waits in the cell that makes it, and not
 * in front ends, where what comes behind it, the end of an interrupted cell too, would wait with it.
 */
export const AT_ONCE_BYTES = 256 * 1024;
const BYTES = 1 << 20;
/** Characters of one record. */
const MAX_CHARS = 16 * 1024;
/** Bytes in front of a record's text: the cell and the stream, and the text's length. */
const HEADER = 8;
/** A writer that finds the ring full looks again after this time, if nobody wakes it. */
const LOOK_AGAIN_MS = 100;

/** Cells of the control array. Head and tail count bytes, and run over as 32-bit integers do. */
const Slot = { head: 0, tail: 1, awake: 2, closed: 3 } as const;

export function newOutbox(): OutboxMemory {
  return {
    control: new Int32Array(new SharedArrayBuffer(Object.keys(Slot).length * 4)),
    data: new Uint8Array(new SharedArrayBuffer(BYTES)),
  };
}

const aligned = (bytes: number) => (bytes + 7) & ~7;
const indexOf = (position: number) => position & (BYTES - 1);
const isHigh = (unit: number) => unit >= 0xd800 && unit < 0xdc00;

/** The end of the thread that runs cells. */
export class OutboxWriter {
  private readonly encoder = new TextEncoder();
  private readonly words: Int32Array;
  /** The first half of a character whose second half was not printed yet. */
  private half: { cell: number; name: StreamName; unit: string } | undefined;

  constructor(
    private readonly memory: OutboxMemory,
    /** Tells the other thread that text is waiting. */
    private readonly wake: () => void,
  ) {
    this.words = new Int32Array(memory.data.buffer);
  }

  /** How far has been written: a message sent with this number comes behind all text so far. */
  get position(): number {
    const { half } = this;
    this.half = undefined;
    if (half !== undefined) this.append(half.cell, half.name, half.unit);
    // An interrupt may have ended a write before it woke the other thread: the next one wakes it in any case.
    Atomics.store(this.memory.control, Slot.awake, 0);
    return this.memory.control[Slot.head]!;
  }

  write(cell: number, name: StreamName, text: string): void {
    const { half } = this;
    let rest = text;
    if (half !== undefined) {
      if (half.cell === cell && half.name === name) rest = half.unit + text;
      else this.append(half.cell, half.name, half.unit);
      this.half = undefined;
    }
    if (isHigh(rest.charCodeAt(rest.length - 1))) {
      this.half = { cell, name, unit: rest.slice(-1) };
      rest = rest.slice(0, -1);
    }
    for (let from = 0; from < rest.length; ) {
      let to = Math.min(rest.length, from + MAX_CHARS);
      if (to < rest.length && isHigh(rest.charCodeAt(to - 1))) to--;
      this.append(cell, name, from === 0 && to === rest.length ? rest : rest.slice(from, to));
      from = to;
    }
  }

  private append(cell: number, name: StreamName, text: string): void {
    const { control, data } = this.memory;
    const bytes = this.encoder.encode(text);
    const size = HEADER + aligned(bytes.length);
    if (!this.waitForRoom(size)) return;
    const head = control[Slot.head]!;
    const at = indexOf(head) >> 2;
    this.words[at] = cell * 2 + (name === "stderr" ? 1 : 0);
    this.words[at + 1] = bytes.length;
    const start = indexOf(head + HEADER);
    const first = Math.min(bytes.length, BYTES - start);
    data.set(first === bytes.length ? bytes : bytes.subarray(0, first), start);
    if (first < bytes.length) data.set(bytes.subarray(first), 0);
    Atomics.store(control, Slot.head, (head + size) | 0);
    if (Atomics.exchange(control, Slot.awake, 1) === 0) this.wake();
  }

  /** False if nobody reads any more. */
  private waitForRoom(size: number): boolean {
    const { control } = this.memory;
    for (;;) {
      if (Atomics.load(control, Slot.closed) !== 0) return false;
      const tail = Atomics.load(control, Slot.tail);
      if (((control[Slot.head]! - tail) | 0) + size <= BYTES) return true;
      this.wake();
      Atomics.wait(control, Slot.tail, tail, LOOK_AGAIN_MS);
    }
  }

  /** Waits until the other thread has sent everything and closed its sockets, `ms` at most. */
  waitUntilClosed(ms: number): void {
    Atomics.wait(this.memory.control, Slot.closed, 0, ms);
  }
}

/** The end of the thread that owns the sockets. */
export class OutboxReader {
  private readonly decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  private readonly words: Int32Array;

  constructor(private readonly memory: OutboxMemory) {
    this.words = new Int32Array(memory.data.buffer);
  }

  /** How far has been written, up to `bytes` behind what was read; if that is all, the next write wakes this thread again. */
  rest(bytes: number): { until: number; isAll: boolean } {
    const { control } = this.memory;
    const tail = control[Slot.tail]!;
    if (((Atomics.load(control, Slot.head) - tail) | 0) > bytes)
      return { until: (tail + bytes) | 0, isAll: false };
    Atomics.store(control, Slot.awake, 0);
    return { until: Atomics.load(control, Slot.head), isAll: true };
  }

  /** The text written up to `until`, or a little further, in order. */
  take(until: number): Piece[] {
    const { control, data } = this.memory;
    const pieces: { cell: number; name: StreamName; texts: string[] }[] = [];
    let tail = control[Slot.tail]!;
    while (((until - tail) | 0) > 0) {
      const at = indexOf(tail) >> 2;
      const [key, length] = [this.words[at]!, this.words[at + 1]!];
      const start = indexOf(tail + HEADER);
      const first = Math.min(length, BYTES - start);
      const bytes = new Uint8Array(length);
      bytes.set(data.subarray(start, start + first));
      if (first < length) bytes.set(data.subarray(0, length - first), first);
      const [cell, name] = [key >> 1, (key & 1) === 1 ? "stderr" : "stdout"] as const;
      const last = pieces.at(-1);
      const text = this.decoder.decode(bytes);
      if (last?.cell === cell && last.name === name) last.texts.push(text);
      else pieces.push({ cell, name, texts: [text] });
      tail = (tail + HEADER + aligned(length)) | 0;
    }
    Atomics.store(control, Slot.tail, tail);
    Atomics.notify(control, Slot.tail);
    return pieces.map(({ cell, name, texts }) => ({ cell, name, text: texts.join("") }));
  }

  /** Nothing is read any more: writers neither wait nor write. */
  close(): void {
    Atomics.store(this.memory.control, Slot.closed, 1);
    Atomics.notify(this.memory.control, Slot.closed);
    Atomics.notify(this.memory.control, Slot.tail);
  }
}
