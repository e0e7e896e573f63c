/** A mapping of physically adjacent huge pages, from a pool that was filled at boot or grows for the request. */
import { GRANTED } from "../base/answer";
import { append } from "../base/append";
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import type { System } from "../machine/system";
import {
  type HugePageShortage,
  type NodeShortage,
  nodeShortage,
  remediesOf,
  surplusOf,
} from "../mm/contiguous/huge-page-shortage";
import { nodeText } from "../mm/contiguous/huge-page-shortage-text";
import type { HugetlbPool, TriedRange } from "../mm/contiguous/hugetlb";
import { longtermBarrier } from "../mm/contiguous/pin-longterm";
import { filled, name, type OutOf } from "../schema/field";
import { type Access, fork, MAPPINGS, PROCESS_PARAMETERS } from "./constraints";
import { refused } from "./contig-attempt";
import { autoSize } from "./parameters";
import { Prepared } from "./prepared";
import type { Attempt, Constraint, MemoryRequest } from "./strategy";

export const HUGETLB_PARAMETERS = {
  pageBytes: autoSize(
    "bytes of a huge page; `auto`: the machine's largest that is not larger than the request",
  ),
  ...PROCESS_PARAMETERS,
  mapping: filled(
    name(
      "the kind of mapping, `shared` as for a database's global area; it decides what fork() does",
      MAPPINGS,
      {
        default: "shared",
      },
    ),
  ),
};
export type HugetlbParameters = OutOf<typeof HUGETLB_PARAMETERS>;

/** The size of huge pages to use on a machine. Throws InputError if it has none, or none of the size asked for. */
export function hugePageBytes(
  strategy: string,
  base: BootRequest,
  parameters: HugetlbParameters,
  request: MemoryRequest,
): number {
  const sizes = resolveBoot(base).geometry.hugePageSizes;
  const bytes = chosen(sizes, parameters, request);
  if (bytes === undefined)
    throw new InputError(`${strategy}: the machine has no huge pages: it needs CONFIG_HUGETLBFS`);
  if (!sizes.includes(bytes))
    throw new InputError(
      `${strategy}: huge pages of the machine are ${sizes.map(formatSize).join(", ")}: got ${formatSize(bytes)}`,
    );
  return bytes;
}

function chosen(
  sizes: readonly number[],
  { pageBytes }: HugetlbParameters,
  request: MemoryRequest,
): number | undefined {
  if (sizes.length === 0) return undefined;
  if (pageBytes !== "auto") return pageBytes;
  return [...sizes].reverse().find((s) => s <= request.bytes) ?? sizes[0]!;
}

/**
 * Takes `need` consecutive `usable` free pages of the pool, the first at a multiple of `align` frames. Returns the first frame,
 * or −1. hugetlbfs itself hands out the next page; a process obtains such a run by taking all pages and giving the others back.
 */
export function takeAdjacent(
  pool: HugetlbPool,
  need: number,
  align: number,
  usable: (pfn: number) => boolean = () => true,
): number {
  const pages = 2 ** pool.order;
  const free = new Set(pool.free.filter(usable));
  for (const first of [...free].sort((a, b) => a - b)) {
    if (first % align !== 0) continue;
    let n = 1;
    while (n < need && free.has(first + n * pages)) n++;
    if (n < need) continue;
    const run = new Set(Array.from({ length: need }, (_, i) => first + i * pages));
    const left = pool.free.filter((p) => !run.has(p));
    pool.free.length = 0;
    append(pool.free, left);
    for (const p of run) pool.used.add(p);
    return first;
  }
  return -1;
}

/** Refusals that say what is in the way: an outcome keeps no more, and a search of all memory costs time. */
const TOLD = 3;

export class PreparedHugetlb extends Prepared<HugetlbParameters> {
  protected readonly pool: HugetlbPool;
  protected readonly pageBytes: number;
  /** Huge pages a request needs. */
  protected readonly need: number;
  private readonly align: number;
  /** Refusals that said what was in the way. */
  private told: number;

  constructor(
    system: System,
    parameters: HugetlbParameters,
    request: MemoryRequest,
    /** Pages by which the pool may grow beyond the need in search of adjacent ones; −1: it does not grow. */
    private readonly extra: number,
  ) {
    super(system, parameters, request, { forDevice: false });
    this.pageBytes = chosen(system.booted.hugePageSizes, parameters, request)!;
    this.pool = system.hugetlb.pools.get(this.pageBytes)!;
    this.need = Math.ceil(request.bytes / this.pageBytes);
    this.told = 0;
    this.align = Math.max(1, request.alignBytes / system.pageSize);
  }

  protected attempt(): Attempt {
    const { pool, need, asked } = this;
    const limit = this.memlock(this.parameters);
    if (asked.longtermPin && !limit.ok) return refused(-12, limit.text);
    const before = pool.persistent;
    let first = this.takeRun();
    const ready = first >= 0;
    let most = pool.free.length;
    const nodes: NodeShortage[] = [];
    for (const nid of this.extra >= 0 && first < 0 ? this.nodes() : []) {
      for (let grown = 0; first < 0 && grown < need + this.extra && this.grow(nid); grown++)
        first = this.takeRun();
      most = Math.max(most, pool.free.length);
      if (first < 0 && this.told < TOLD) nodes.push(nodeShortage(this.system.memory, pool, nid, {}));
      pool.setMaxHugePages(Math.min(pool.persistent, first < 0 ? before : before + need));
      if (first >= 0) break;
    }
    if (first < 0) return this.refusal(most, nodes);
    const pages = need * 2 ** pool.order;
    return { ...GRANTED, pieces: [{ pfn: first, pages }], busyRetries: 0, ready };
  }

  /**
   * A run of free pages. For long-term pins the pool skips pages that cannot be pinned (dequeue_huge_page_node_exact()), and a page
   * in use moves to one that can; either way, a pinnable run is used if there is one. Otherwise any run is, and the pin decides.
   */
  private takeRun(): number {
    const { pool, need, align } = this;
    const pinnable = (pfn: number) => longtermBarrier(this.system.memory, pfn) === null;
    const first = this.asked.longtermPin ? takeAdjacent(pool, need, align, pinnable) : -1;
    return first >= 0 ? first : takeAdjacent(pool, need, align);
  }

  /** Nodes, the first one first. */
  private nodes(): number[] {
    return [...new Set(this.system.memory.zones.map((z) => z.nid))].sort((a, b) => a - b);
  }

  /** Adds a page through the node's own nr_hugepages; false if there was none. */
  private grow(nid: number): boolean {
    const { pool } = this;
    if (pool.gigantic === null || pool.order <= this.system.memory.maxOrder) {
      const had = pool.persistent;
      return pool.setMaxHugePages(had + 1) > had;
    }
    const tried: TriedRange[] = [];
    const pfn = pool.gigantic.take(pool.order, nid, (range) => tried.push(range));
    pool.refusals.set(nid, tried);
    if (pfn >= 0) pool.free.push(pfn);
    return pfn >= 0;
  }

  /** The first refusals say what is in the way, node by node. */
  private refusal(most: number, grown: readonly NodeShortage[]): Attempt {
    const { pool, need, system } = this;
    const text = this.shortage(most);
    if (this.told++ >= TOLD) return refused(-12, text);
    const fixed = this.extra < 0;
    const m = system.memory;
    const nodes = fixed ? this.nodes().map((nid) => nodeShortage(m, pool, nid, { fixed })) : [...grown];
    const details: HugePageShortage = {
      bytes: this.pageBytes,
      node: null,
      wanted: need,
      got: most,
      nodes,
      surplus: surplusOf(m, pool),
      remedies: remediesOf(nodes, fixed),
    };
    const lines = nodes.map((node) => nodeText(node, nodes.length > 1));
    return refused(-12, [text, ...lines].join("\n"), details);
  }

  private shortage(free: number): string {
    const size = formatSize(this.pageBytes);
    const which = `${this.need > 1 ? `${this.need} adjacent pages` : "a page"} of ${size}${this.asked.alignBytes > this.pageBytes ? ` aligned to ${formatSize(this.asked.alignBytes)}` : ""}`;
    const be = this.need > 1 ? "are" : "is";
    if (free >= this.need) return `the pool had ${free} free pages of ${size}, but not ${which}`;
    return this.extra >= 0
      ? `the pool could be grown to ${free} free pages of ${size}; ${which} ${be} needed, and no further range could be emptied`
      : `the pool has ${free} free pages of ${size}; ${which} ${be} needed`;
  }

  protected give({ pieces }: Attempt): void {
    const { pool } = this;
    for (const { pfn, pages } of pieces)
      for (let p = pfn; p < pfn + pages; p += 2 ** pool.order) pool.release(p);
    if (this.extra >= 0) pool.setMaxHugePages(pool.persistent - this.need);
  }

  protected override access(): Access {
    return { owner: "user", gigantic: this.pool.order > this.system.memory.maxOrder };
  }

  protected override reservedBytes(): number {
    return this.pool.persistent * this.pageBytes;
  }

  protected override idleBytes(): number {
    return this.pool.free.length * this.pageBytes;
  }

  protected override roundingBytes(): number {
    return this.need * this.pageBytes - this.asked.bytes;
  }

  protected override rules(): Constraint[] {
    const { cpuMapBytes } = this.asked;
    const wanted = cpuMapBytes > 0 && cpuMapBytes !== this.pageBytes;
    return [
      this.memlock(this.parameters),
      fork(this.parameters.mapping),
      {
        name: "cpu-page-size",
        ok: !wanted,
        text: wanted
          ? `hugetlbfs maps a page of ${formatSize(this.pageBytes)} as one; the CPU was to see pages of ${formatSize(cpuMapBytes)}. Splitting the page into smaller ones of the pool (demotion, 5.16) does not promise to hand them out in order`
          : `the CPU maps it with pages of ${formatSize(this.pageBytes)}`,
      },
      {
        name: "adjacency",
        ok: this.need === 1,
        text:
          this.need === 1
            ? "one huge page is enough"
            : `${this.need} huge pages have to be adjacent, which hugetlbfs never promises: the process must look for a run in what it got, with the right to read /proc/self/pagemap`,
      },
    ];
  }
}
