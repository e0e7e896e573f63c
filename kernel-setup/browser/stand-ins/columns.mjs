/**
 * The columns of lib/base/columns.ts for browsers: none is kept for the next machine, and a machine of which one column is too large is
 * refused before the browser is asked for memory that it may not have.
 */
import { InputError } from "../../../lib/base/errors";
import { formatSize } from "../../../lib/base/units";

/** One column of 1 TiB in pages of 4 KiB, with the heads of its lists. */
const COLUMN_BYTES_MOST = 2 ** 30 + 2 ** 27;

function checked(bytes) {
  if (bytes <= COLUMN_BYTES_MOST) return;
  throw new InputError(
    `machine: in a page it may need at most ${formatSize(COLUMN_BYTES_MOST)} for one field of all its page frames: got ${formatSize(bytes)}; \`pageblock verify\` has the memory of the whole computer`,
  );
}

export function int32Column(length) {
  checked(4 * length);
  return new Int32Array(length);
}

export function uint8Column(length) {
  checked(length);
  return new Uint8Array(length);
}

export const scratchBytes = uint8Column;
export function releaseColumns() {}
