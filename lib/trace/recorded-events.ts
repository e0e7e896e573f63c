/**
 * The allocations and frees of a recording as columns: the form in which a recorded trace is a workload. The kernel's
 * own decisions in the trace are omitted, because a simulated machine makes its own.
 */
import { createHash } from "node:crypto";
import { InputError } from "../base/errors";
import { needInput, readInput } from "./input";
import { REC, TraceReader } from "./trace-reader";

/**
 * `op`: 0 allocates 2^order pages for `gfp`, 1 frees the pages at `pfn` (as recorded; it only links a free to its
 * allocation).
 */
export interface RecordedEvents {
  count: number;
  op: Uint8Array;
  pfn: Int32Array;
  order: Uint8Array;
  gfp: Int32Array;
  /** The CPU of each, if another one than CPU 0 acts. */
  cpu?: Uint16Array;
}

/** Reads the trace in the folder `dir`. `sha256` is that of its text, unpacked. Throws InputError naming file and line. */
export function readRecordedEvents(dir: string): { sha256: string; events: RecordedEvents } {
  const file = needInput(dir, "trace.txt");
  const bytes = readInput(file);
  const op: number[] = [];
  const pfns: number[] = [];
  const orders: number[] = [];
  const gfps: number[] = [];
  const cpus: number[] = [];
  let acting = 0;
  const push = (o: number, pfn: number, order: number, gfp: number) => {
    op.push(o);
    pfns.push(pfn);
    orders.push(order);
    gfps.push(gfp);
    cpus.push(acting);
  };
  const reader = new TraceReader(
    file,
    {
      record(kind, f) {
        if (kind === REC.CPU) acting = f[0]!;
        // A failed allocation allocates nothing.
        if (kind === REC.A && f[0]! >= 0) push(0, f[0]!, f[1]!, f[3]!);
        else if (kind === REC.BULK_PAGE && f[0]! >= 0) push(0, f[0]!, 0, f[1]!);
        else if (kind === REC.F || kind === REC.FREE_GROUP) push(1, f[0]!, f[1]!, 0);
      },
    },
    [REC.A, REC.BULK_PAGE, REC.F, REC.FREE_GROUP, REC.CPU],
  );
  reader.feed(bytes);
  reader.finish();
  if (op.length === 0) throw new InputError(`${file}: holds no allocation and no free`);
  return {
    sha256: createHash("sha256").update(bytes).digest("hex"),
    events: {
      count: op.length,
      op: Uint8Array.from(op),
      pfn: Int32Array.from(pfns),
      order: Uint8Array.from(orders),
      gfp: Int32Array.from(gfps),
      ...(cpus.some((cpu) => cpu > 0) && { cpu: Uint16Array.from(cpus) }),
    },
  };
}
