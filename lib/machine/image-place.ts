/** Whether a kernel image that a plan or a text states lies in memory: a kernel cannot run elsewhere. */
import { InputError } from "../base/errors";
import { formatSize, hex } from "../base/units";
import type { Board } from "../hardware/board";
import type { AddressRange } from "./board-fields";

/** Whether ranges of memory, ascending, hold all of `place`. */
export function isInMemory(place: AddressRange, ram: readonly AddressRange[]): boolean {
  let from = place.base;
  for (const { base, bytes } of ram) if (base <= from && from < base + bytes) from = base + bytes;
  return from >= place.base + place.bytes;
}

/** Throws InputError for an image that lies outside the memory that is fitted, or in a hole of the board. */
export function checkImage(board: Board, memoryBytes: number, image: AddressRange | undefined): void {
  if (image === undefined) return;
  let left = memoryBytes;
  const ram = board.windows.map(({ start, end }) => {
    const bytes = Math.min(left, end - start);
    left -= bytes;
    return { base: start, bytes };
  });
  const end = image.base + image.bytes;
  const hole = board.holes?.find((h) => h.start < end && image.base < h.end);
  if (hole === undefined && isInMemory(image, ram)) return;
  const told = ram.filter((r) => r.bytes > 0).map((r) => `${hex(r.base)}-${hex(r.base + r.bytes)}`);
  const most = 4;
  const more = told.length > most ? `, and ${told.length - most} more` : "";
  const where = hole === undefined ? "" : `, without ${hex(hole.start)}-${hex(hole.end)}`;
  throw new InputError(
    `kernelImage: must lie in memory, ${told.slice(0, most).join(", ")}${more}${where}: got ${formatSize(image.bytes)} at ${hex(image.base)}`,
  );
}
