/**
 * NUMA nodes of a machine and their physical addresses. Memory is divided into equal parts from the lowest address
 * up, as the firmware of such servers does. A node that spans the hole below 4 GiB has RAM on both sides of it.
 */
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import type { Board } from "../hardware/board";
import type { PhysicalRange } from "../mm/boot/memblock";

/** Checks a request for `nodes` nodes; undefined takes the board's default. Throws InputError. */
export function resolveNodes(
  board: Board,
  nodes: number | undefined,
  memoryBytes: number,
  sectionBytes: number,
): number {
  const { default: usual, choices } = board.nodes ?? { default: 1, choices: [1] };
  const count = nodes ?? usual;
  if (!choices.includes(count))
    throw new InputError(`nodes: ${board.name} has ${choices.join(" or ")}: got ${count}`);
  if (count > 1 && memoryBytes % (count * sectionBytes) !== 0)
    throw new InputError(
      `memory: each of ${count} nodes must have a multiple of a memory section, ${formatSize(sectionBytes)}: got ${formatSize(memoryBytes)} in all`,
    );
  return count;
}

/** Addresses [start, end) of each node, ascending; `bytes` of RAM fill the board's windows in order. */
export function nodeRanges(board: Board, bytes: number, nodes: number): PhysicalRange[] {
  const starts: number[] = [];
  const part = bytes / nodes;
  let before = 0;
  let end = 0;
  for (const w of board.windows) {
    const here = Math.min(w.end - w.start, bytes - before);
    if (here <= 0) break;
    while (starts.length < nodes && starts.length * part < before + here)
      starts.push(w.start + starts.length * part - before);
    before += here;
    end = w.start + here;
  }
  return starts.map((start, i) => ({ start, end: starts[i + 1] ?? end }));
}
