/**
 * Columns of machines that are gone, for the next machine of the same size: fresh memory comes page by page from the operating
 * system, which costs a large machine more than clearing what is there. A column that is taken holds zeros, wherever it comes from.
 */

type Column = Int32Array | Uint8Array;

/** Smaller ones are not worth it; larger ones, of machines of 256 GiB and more, are mostly never touched, and would be by clearing them. */
const LEAST_BYTES = 2 ** 20;
const MOST_BYTES = 2 ** 27;
/** Kept in all: the oldest go first. */
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

/** `length` bytes that hold anything: for a copy. */
export function scratchBytes(length: number): Uint8Array {
  return (found(Uint8Array, length) as Uint8Array | undefined) ?? new Uint8Array(length);
}

function found(kind: Int32ArrayConstructor | Uint8ArrayConstructor, length: number): Column | undefined {
  const at = spare.findIndex((c) => c instanceof kind && c.length === length);
  return at < 0 ? undefined : spare.splice(at, 1)[0];
}

/** Nobody uses these columns any more. */
export function releaseColumns(columns: readonly Column[]): void {
  for (const column of columns)
    if (column.byteLength >= LEAST_BYTES && column.byteLength <= MOST_BYTES) spare.push(column);
  let bytes = spare.reduce((n, c) => n + c.byteLength, 0);
  while (bytes > KEPT_BYTES) bytes -= spare.shift()!.byteLength;
}
