/**
 * A running machine in columns: for each group of page blocks, its migrate types, its free pages, and the classes of
 * its pages in use. A summary holds plain numbers, so it can be stored, compared and drawn without the machine.
 */
import { log2 } from "../base/elementary";
import { InputError } from "../base/errors";
import { classOfOwner, KIND_NAMES, kindOf, PAGE_CLASSES, type PageClass } from "../mm/reports/page-class";
import { walkPages } from "../mm/reports/page-walk";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_NAMES } from "../mm/state/migratetype";
import { heldPages, type OwnerKind, orderInUse } from "../mm/state/owners";
import { OWNER_HOLE, OWNER_MASK } from "../mm/state/page-state";

/** One entry per group in every column; groups without memory are omitted. */
export interface BlockSummary {
  pageblockPages: number;
  /** A power of two. */
  blocksPerGroup: number;
  /** First frame of the group, ascending, a multiple of blocksPerGroup × pageblockPages. */
  startPfn: number[];
  /** Its zone; names joined by `+` if the group extends into two. */
  zone: string[];
  /** Page blocks with memory in the group, by migrate type (names of mm/migratetype). */
  blocks: Record<string, number[]>;
  /** Pages in the buddy lists. */
  freePages: number[];
  /** Pages on per-CPU lists. */
  perCpuPages: number[];
  /** Pages in use by class; `hole` counts frames without memory. */
  classPages: Record<PageClass, number[]>;
  /** Pages in use by owner kind. */
  kindPages: Partial<Record<OwnerKind, number[]>>;
  /** Pages held by a reference beyond their mapping's (get, longterm): they do not move. */
  pinnedPages: number[];
}

export interface BlockSummaryOptions {
  /** Page blocks per group; default: the smallest power of two that gives at most 2048 groups. */
  blocksPerGroup?: number;
}

const GROUPS_DEFAULT = 2048;

/**
 * The current state of `memory`. Throws InputError if blocksPerGroup is not a power of two.
 * @example
 * ```ts
 * import { machine, metrics } from "pageblock";
 *
 * const { memory } = machine("qemu-virt").memory("512MiB").start();
 * const summary = metrics.blockSummary(memory);
 * summary.pageblockPages; // => 512
 * ```
 */
export function blockSummary(memory: Memory, options: BlockSummaryOptions = {}): BlockSummary {
  const blocksPerGroup = options.blocksPerGroup ?? defaultGroup(memory);
  if (!Number.isInteger(log2(blocksPerGroup)) || blocksPerGroup < 1)
    throw new InputError(`block summary: blocksPerGroup must be a power of two: got ${blocksPerGroup}`);
  const table = new GroupTable(memory, blocksPerGroup);
  for (const zone of memory.zones)
    walkPages(memory, zone, (startPfn, pages, use, owner) =>
      table.add(zone.name, startPfn, pages, use, owner),
    );
  for (const [head, holds] of heldPages(memory))
    if (holds.some((h) => h.kind === "get" || h.kind === "longterm"))
      table.pin(head, 2 ** orderInUse(memory, head));
  return table.summary();
}

/**
 * Merges adjacent groups, `factor` (a power of two) at a time.
 * @example
 * ```ts
 * import { machine, metrics } from "pageblock";
 *
 * const { memory } = machine("qemu-virt").memory("512MiB").start();
 * const fine = metrics.blockSummary(memory, { blocksPerGroup: 1 });
 * metrics.coarserSummary(fine, 4).blocksPerGroup; // => 4
 * ```
 */
export function coarserSummary(summary: BlockSummary, factor: number): BlockSummary {
  if (factor === 1) return summary;
  const groupPages = summary.pageblockPages * summary.blocksPerGroup * factor;
  const rowOf = new Map<number, number>();
  const rows = summary.startPfn.map((pfn) => {
    const group = Math.floor(pfn / groupPages);
    if (!rowOf.has(group)) rowOf.set(group, rowOf.size);
    return rowOf.get(group)!;
  });
  const merge = (column: number[]) => {
    const out = new Array<number>(rowOf.size).fill(0);
    column.forEach((value, at) => {
      out[rows[at]!]! += value;
    });
    return out;
  };
  const mergeAll = <T extends Partial<Record<string, number[]>>>(columns: T): T =>
    Object.fromEntries(Object.entries(columns).map(([name, column]) => [name, merge(column!)])) as T;
  const zones = Array.from({ length: rowOf.size }, () => new Set<string>());
  summary.zone.forEach((names, at) => {
    for (const name of names.split("+")) zones[rows[at]!]!.add(name);
  });
  return {
    pageblockPages: summary.pageblockPages,
    blocksPerGroup: summary.blocksPerGroup * factor,
    startPfn: [...rowOf.keys()].map((group) => group * groupPages),
    zone: zones.map((names) => [...names].join("+")),
    blocks: mergeAll(summary.blocks),
    freePages: merge(summary.freePages),
    perCpuPages: merge(summary.perCpuPages),
    classPages: mergeAll(summary.classPages),
    kindPages: mergeAll(summary.kindPages),
    pinnedPages: merge(summary.pinnedPages),
  };
}

function defaultGroup(m: Memory): number {
  const present = m.zones.reduce((pages, zone) => pages + zone.present, 0);
  let blocks = 1;
  while (present / (blocks * m.pageblockPages) > GROUPS_DEFAULT) blocks *= 2;
  return blocks;
}

/** Columns that grow by a row for every new group. */
class GroupTable {
  private readonly groupPages: number;
  private readonly rowOf: Map<number, number>;
  private readonly groups: number[];
  private readonly zones: Set<string>[];
  private readonly blocks: number[][];
  private readonly free: number[];
  private readonly perCpu: number[];
  private readonly classes: Record<PageClass, number[]>;
  private readonly kinds: number[][];
  private readonly pinned: number[];
  /** The last block whose type was counted. */
  private counted: number;

  constructor(
    private readonly m: Memory,
    private readonly blocksPerGroup: number,
  ) {
    this.groupPages = m.pageblockPages * blocksPerGroup;
    this.rowOf = new Map();
    this.groups = [];
    this.zones = [];
    this.blocks = MIGRATE_NAMES.map(() => []);
    this.free = [];
    this.perCpu = [];
    this.classes = Object.fromEntries(PAGE_CLASSES.map((name): [string, number[]] => [name, []])) as Record<
      PageClass,
      number[]
    >;
    this.kinds = KIND_NAMES.map(() => []);
    this.pinned = [];
    this.counted = -1;
  }

  private row(pfn: number, zone: string): number {
    const group = Math.floor(pfn / this.groupPages);
    let row = this.rowOf.get(group);
    if (row === undefined) {
      row = this.groups.push(group) - 1;
      this.rowOf.set(group, row);
      this.zones.push(new Set());
      for (const column of this.columns()) column.push(0);
    }
    this.zones[row]!.add(zone);
    return row;
  }

  private columns(): number[][] {
    return [
      ...this.blocks,
      this.free,
      this.perCpu,
      ...Object.values(this.classes),
      ...this.kinds,
      this.pinned,
    ];
  }

  add(zone: string, startPfn: number, pages: number, use: "free" | "perCpu" | "used", owner: number): void {
    const hole = use === "used" && (owner & OWNER_MASK) === OWNER_HOLE;
    const column =
      use === "free" ? this.free : use === "perCpu" ? this.perCpu : this.classes[classOfOwner(owner)];
    const kind = use === "used" ? this.kinds[KIND_NAMES.indexOf(kindOf(owner))] : undefined;
    for (let p = startPfn; p < startPfn + pages; ) {
      const to = Math.min(startPfn + pages, (Math.floor(p / this.groupPages) + 1) * this.groupPages);
      const row = this.row(p, zone);
      column[row]! += to - p;
      if (kind !== undefined) kind[row]! += to - p;
      if (!hole) this.countBlocks(row, p, to);
      p = to;
    }
  }

  /** Counts each block with memory once: runs come in ascending order. */
  private countBlocks(row: number, from: number, to: number): void {
    const { m } = this;
    const last = (to - 1) >>> m.pageblockOrder;
    for (let b = Math.max(this.counted + 1, from >>> m.pageblockOrder); b <= last; b++)
      this.blocks[m.blockType(b * m.pageblockPages)]![row]!++;
    this.counted = Math.max(this.counted, last);
  }

  pin(head: number, pages: number): void {
    for (let p = head; p < head + pages; ) {
      const to = Math.min(head + pages, (Math.floor(p / this.groupPages) + 1) * this.groupPages);
      const row = this.rowOf.get(Math.floor(p / this.groupPages));
      if (row !== undefined) this.pinned[row]! += to - p;
      p = to;
    }
  }

  summary(): BlockSummary {
    const rows = this.groups.map((_, row) => row).filter((row) => this.blocks.some((c) => c[row]! > 0));
    const take = <T>(column: readonly T[]) => rows.map((row) => column[row]!);
    const kinds = KIND_NAMES.map((name, at): [OwnerKind, number[]] => [name, take(this.kinds[at]!)]);
    return {
      pageblockPages: this.m.pageblockPages,
      blocksPerGroup: this.blocksPerGroup,
      startPfn: rows.map((row) => this.groups[row]! * this.groupPages),
      zone: rows.map((row) => [...this.zones[row]!].join("+")),
      blocks: Object.fromEntries(MIGRATE_NAMES.map((name, mt) => [name, take(this.blocks[mt]!)])),
      freePages: take(this.free),
      perCpuPages: take(this.perCpu),
      classPages: Object.fromEntries(
        PAGE_CLASSES.map((name) => [name, take(this.classes[name])]),
      ) as BlockSummary["classPages"],
      kindPages: Object.fromEntries(kinds.filter(([, column]) => column.some((n) => n > 0))),
      pinnedPages: take(this.pinned),
    };
  }
}
