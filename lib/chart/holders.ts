/** Who holds the blocks: pages in use flow from their owner kind to the migrate type of their block to the zone. */
import { InputError } from "../base/errors";
import { formatSize, roughSize } from "../base/units";
import type { HolderFlow } from "../metrics/holders";
import type { Figure, SankeyTrace } from "./figure";
import { label, pages } from "./labels";
import { headRoom, layoutOf, type Words } from "./layout";
import { CONTENT_COLORS, faded, MIGRATETYPE_COLORS, OKABE_ITO } from "./palette";
import { withRuns } from "./run";
import { withNote } from "./thin";

export interface HoldersOptions extends Words {
  /** metrics.holderFlows(kernel.memory). */
  flows: readonly HolderFlow[];
  pageBytes: number;
}

/**
 * The Sankey diagram; its size does not depend on that of the machine. Throws InputError if no page is in use.
 * @example
 * ```ts
 * import { chart, machine } from "pageblock";
 *
 * const m = machine("qemu-virt").memory("512MiB").running().fill("anon", "64MiB");
 * chart.holders({ title: "Who holds memory", flows: m.holders(), pageBytes: m.pageSize });
 * ```
 */
export function holders(options: HoldersOptions): Figure {
  const flows = options.flows.filter((flow) => flow.pages > 0);
  if (flows.length === 0) throw new InputError("holders: there must be pages in use: got none");
  const nodes = new Nodes();
  const links = new Map<string, { source: number; target: number; pages: number; color: string }>();
  const add = (source: number, target: number, count: number, color: string) => {
    const key = `${source} ${target}`;
    const link = links.get(key);
    if (link === undefined) links.set(key, { source, target, pages: count, color });
    else link.pages += count;
  };
  for (const flow of flows) {
    const kindColor = flow.class === "hole" ? OKABE_ITO.grey : CONTENT_COLORS[flow.class];
    const typeColor = MIGRATETYPE_COLORS[flow.migratetype] ?? OKABE_ITO.grey;
    const kind = nodes.of("kind", kindName(flow), kindColor, flow.pages);
    const type = nodes.of("type", `${flow.migratetype} blocks`, typeColor, flow.pages);
    const zone = nodes.of("zone", `zone ${flow.zone}`, OKABE_ITO.grey, flow.pages);
    add(kind, type, flow.pages, kindColor);
    add(type, zone, flow.pages, typeColor);
  }
  const all = [...links.values()];
  const size = (count: number) => formatSize(count * options.pageBytes);
  const short = (count: number) => roughSize(count * options.pageBytes);
  const trace: SankeyTrace = {
    type: "sankey",
    arrangement: "snap",
    node: {
      label: nodes.names.map((name, at) => `${label(name, 40)}, ${short(nodes.sizes[at]!)}`),
      color: nodes.colors,
      customdata: nodes.names.map(
        (name, at) => `${label(name)}: ${pages(nodes.sizes[at]!)}, ${size(nodes.sizes[at]!)}`,
      ),
      hovertemplate: "%{customdata}<extra></extra>",
      pad: 18,
      thickness: 18,
      line: { width: 0 },
    },
    link: {
      source: all.map((link) => link.source),
      target: all.map((link) => link.target),
      value: all.map((link) => link.pages),
      color: all.map((link) => faded(link.color, 0.4)),
      customdata: all.map(
        (link) =>
          `${label(nodes.names[link.source]!)} in ${label(nodes.names[link.target]!)}: ${pages(link.pages)}, ${size(link.pages)}`,
      ),
      hovertemplate: "%{customdata}<extra></extra>",
    },
  };
  const flow = "memory in use: owner kind → migrate type of its page block → zone";
  const said = { ...options, ...withNote(options.subtitle, flow) };
  const head = headRoom(said, []);
  const kinds = new Set(all.map((link) => link.source)).size;
  const figure: Figure = {
    data: [trace],
    layout: layoutOf(said, Math.max(290, 70 + kinds * 36) + head, {
      margin: { l: 20, r: 20, t: head, b: 20 },
      showlegend: false,
    }),
  };
  return withRuns(figure, options.from);
}

/** Kinds of owners in words; other kinds have names that are words. */
const KIND_WORDS: Readonly<Record<string, string>> = {
  slab: "kernel objects",
  reserved: "reserved at boot",
  hole: "no memory",
  anon: "anonymous",
  fileClean: "clean file pages",
  fileDirty: "dirty file pages",
  shmem: "shared memory",
  slabReclaimable: "cached kernel objects",
  pageTable: "page tables",
  kernelStack: "kernel stacks",
  networkBuffer: "network buffers",
  hugetlb: "hugetlb pages",
  cmaBuffer: "CMA buffers",
  driver: "drivers",
  zspage: "compressed pages (zsmalloc)",
};

function kindName(flow: HolderFlow): string {
  return flow.kind === "unknown" ? `${flow.class}, kind not known` : (KIND_WORDS[flow.kind] ?? flow.kind);
}

/** Nodes in the order of their first use, distinguished by column. */
class Nodes {
  readonly names: string[] = [];
  readonly colors: string[] = [];
  readonly sizes: number[] = [];
  private readonly places = new Map<string, number>();

  of(column: string, name: string, color: string, count: number): number {
    const key = `${column} ${name}`;
    let at = this.places.get(key);
    if (at === undefined) {
      at = this.names.push(name) - 1;
      this.colors.push(color);
      this.sizes.push(0);
      this.places.set(key, at);
    }
    this.sizes[at]! += count;
    return at;
  }
}
