/**
 * NUMA nodes of a machine and their physical addresses. Without more said, memory and processors are divided into
 * equal parts from the lowest address up, as the firmware of such servers does. A node that spans the hole below 4 GiB
 * has RAM on both sides of it.
 */
import { InputError } from "../base/errors";
import { largestOf, leastOf } from "../base/extremes";
import { formatSize } from "../base/units";
import type { Board } from "../hardware/board";
import type { PhysicalRange } from "../mm/boot/memblock";
import type { NodeRequest } from "./board-fields";

/** One node: its share of memory and its processors; `range` only where its addresses were given. */
export interface NodePart {
  bytes: number;
  cpus: number;
  range?: PhysicalRange;
}

/** What the nodes divide. */
interface Divided {
  memoryBytes: number;
  cpus: number;
  sectionBytes: number;
}

/** The memory of nodes that state theirs; undefined if they share what the board has. */
export function bytesOfNodes(nodes: readonly NodeRequest[]): number | undefined {
  const each = nodes.map(ownBytes);
  if (each.every((bytes) => bytes === undefined)) return undefined;
  const without = each.indexOf(undefined);
  if (without >= 0)
    throw new InputError(`nodes: each must have its memory, or none: node ${without} has none`);
  return each.reduce<number>((sum, bytes) => sum + bytes!, 0);
}

function ownBytes({ bytes, ram }: NodeRequest): number | undefined {
  const ofRam = ram?.reduce((sum, r) => sum + r.bytes, 0);
  if (bytes !== undefined && ofRam !== undefined && bytes !== ofRam)
    throw new InputError(
      `nodes: the memory of a node must be that of its ranges, ${formatSize(ofRam)}: got ${formatSize(bytes)}`,
    );
  return bytes ?? ofRam;
}

/** The processors of nodes that all state theirs. */
export function cpusOfNodes(nodes: readonly NodeRequest[]): number | undefined {
  if (nodes.every((n) => n.cpus === undefined)) return undefined;
  return nodes.reduce((sum, { cpus }) => sum + (cpus ?? 0), 0);
}

/** Checks a request for nodes; undefined takes the board's default. Throws InputError. */
export function resolveNodes(
  board: Board,
  nodes: number | readonly NodeRequest[] | undefined,
  divided: Divided,
): NodePart[] {
  return typeof nodes === "object" ? unequal(nodes, divided) : equal(board, nodes, divided);
}

function equal(
  board: Board,
  nodes: number | undefined,
  { memoryBytes, cpus, sectionBytes }: Divided,
): NodePart[] {
  const { default: usual, choices } = board.nodes ?? { default: 1, choices: [1] };
  const count = nodes ?? usual;
  if (!choices.includes(count))
    throw new InputError(`nodes: ${board.name} has ${choices.join(" or ")}: got ${count}`);
  if (count > 1 && memoryBytes % (count * sectionBytes) !== 0)
    throw new InputError(
      `memory: each of ${count} nodes must have a multiple of a memory section, ${formatSize(sectionBytes)}: got ${formatSize(memoryBytes)} in all`,
    );
  if (cpus < count) throw new InputError(`cpus: each of ${count} nodes has at least one: got ${cpus}`);
  const part = { bytes: memoryBytes / count, cpus: Math.floor(cpus / count) };
  return Array.from({ length: count }, () => ({ ...part }));
}

/** Nodes of their own sizes; one without processors is memory only (CXL, high-bandwidth memory). */
function unequal(nodes: readonly NodeRequest[], { memoryBytes, cpus, sectionBytes }: Divided): NodePart[] {
  const stated = bytesOfNodes(nodes);
  if (stated !== undefined && stated !== memoryBytes)
    throw new InputError(
      `nodes: their memory must be that of the machine, ${formatSize(memoryBytes)}: got ${formatSize(stated)}`,
    );
  const share = Math.floor(cpus / nodes.length);
  const parts = nodes.map((node): NodePart => {
    const bytes = ownBytes(node) ?? memoryBytes / nodes.length;
    const part = { bytes, cpus: node.cpus ?? share };
    if (node.ram !== undefined) return { ...part, range: rangeOf(node.ram) };
    if (nodes.length > 1 && bytes % sectionBytes !== 0)
      throw new InputError(
        `nodes: each must have a multiple of a memory section, ${formatSize(sectionBytes)}: got ${formatSize(bytes)}`,
      );
    return part;
  });
  if (parts.every((p) => p.cpus === 0)) throw new InputError("nodes: one at least must have processors");
  const sum = parts.reduce((n, p) => n + p.cpus, 0);
  if (sum > cpus)
    throw new InputError(`nodes: they have ${sum} processors together, more than cpus: got ${cpus}`);
  mustNotInterleave(parts);
  return parts;
}

function rangeOf(ram: readonly { base: number; bytes: number }[]): PhysicalRange {
  return {
    start: leastOf(ram.map((r) => r.base)),
    end: largestOf(ram.map((r) => r.base + r.bytes)),
  };
}

function mustNotInterleave(parts: readonly NodePart[]): void {
  const given = parts.filter((p) => p.range !== undefined);
  if (given.length > 0 && given.length < parts.length)
    throw new InputError("nodes: either each has ranges of its own, or none");
  for (const [i, next] of given.slice(1).entries())
    if (next.range!.start < given[i]!.range!.end)
      throw new InputError(
        `nodes: the memory of each must lie above that of the one before it: node ${i + 1} starts at 0x${next.range!.start.toString(16)}`,
      );
}

/** Addresses [start, end) of each node, ascending; the parts fill the board's windows in order. */
export function nodeRanges(board: Board, parts: readonly NodePart[]): PhysicalRange[] {
  if (parts.every((p) => p.range !== undefined)) return parts.map((p) => p.range!);
  const bytes = parts.reduce((sum, p) => sum + p.bytes, 0);
  const starts: number[] = [];
  const begins = (node: number) => parts.slice(0, node).reduce((sum, p) => sum + p.bytes, 0);
  let before = 0;
  let end = 0;
  for (const w of board.windows) {
    const here = Math.min(w.end - w.start, bytes - before);
    if (here <= 0) break;
    while (starts.length < parts.length && begins(starts.length) < before + here)
      starts.push(w.start + begins(starts.length) - before);
    before += here;
    end = w.start + here;
  }
  return starts.map((start, i) => ({ start, end: starts[i + 1] ?? end }));
}
