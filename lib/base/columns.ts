/**
 * Recycles columns of discarded machines for the next machine of the same size: the operating system provides fresh
 * memory page by page, which costs a large machine more than clearing existing memory. A column taken from here holds
 * zeros in either case.
 */

type Column = Int32Array | Uint8Array;

/**
 * Smaller columns are not worth keeping. Larger ones, of machines with 256 GiB and more, are mostly untouched, and
 * clearing would touch them.
 */
const LEAST_BYTES = 2 ** 20;
const MOST_BYTES = 2 ** 27;
/** Maximum number kept; the oldest are dropped first. */
const KEPT_BYTES = 2 ** 29;

const spare: Column[] = [];

/** `length` numbers of 32 bits, zero. */
export function int32Column(length: number): Int32Array {
  return (found(Int32Array, length) as Int32Array | undefined)?.fill(0) ?? new Int32Array(length);
}

/** `length` bytes, zero. */
export function uint8Column(length: number): Uint8Array {
  return (found(Uint8Array, length) as Uint8Array | undefined)?.fill(0) ?? new Uint8Array(length);
}

/** `length` bytes with arbitrary content: for a copy. */
export function scratchBytes(length: number): Uint8Array {
  return (found(Uint8Array, length) as Uint8Array | undefined) ?? new Uint8Array(length);
}

function found(kind: Int32ArrayConstructor | Uint8ArrayConstructor, length: number): Column | undefined {
  const at = spare.findIndex((c) => c instanceof kind && c.length === length);
  return at < 0 ? undefined : spare.splice(at, 1)[0];
}

/** Returns columns that are no longer used. */
export function releaseColumns(columns: readonly Column[]): void {
  for (const column of columns)
    if (column.byteLength >= LEAST_BYTES && column.byteLength <= MOST_BYTES) spare.push(column);
  let bytes = spare.reduce((n, c) => n + c.byteLength, 0);
  while (bytes > KEPT_BYTES) bytes -= spare.shift()!.byteLength;
}
