/** One cell of a block map: its shade in each view, and its hover text. */
import { formatSize, hex } from "../base/units";
import type { BlockSummary } from "../metrics/block-summary";
import { PAGE_CLASSES } from "../mm/reports/page-class";
import { MIGRATE_NAMES } from "../mm/state/migratetype";
import { number } from "./labels";
import { CONTENT_COLORS, MIGRATETYPE_COLORS } from "./palette";

export type BlockLook = "migratetype" | "occupancy" | "content";

interface Look {
  /** Names and colours if the shade is an index into this list; undefined if it is a percentage. */
  categories?: readonly { name: string; color: string }[];
  /** The shade of group `at`. */
  shade(summary: BlockSummary, at: number): number;
}

/** From what is least in the way of a contiguous range to what is most. */
const CONTENT = [
  ["free", "free"],
  ["movable", "movable pages"],
  ["reclaimable", "reclaimable kernel caches"],
  ["cma", "CMA buffers"],
  ["hugetlb", "hugetlb pages"],
  ["unmovable", "unmovable pages"],
  ["pinned", "pinned pages"],
  ["reserved", "reserved at boot"],
] as const;

const classes = (summary: BlockSummary, name: keyof BlockSummary["classPages"], at: number) =>
  summary.classPages[name][at]!;

export const LOOKS: Readonly<Record<BlockLook, Look>> = {
  migratetype: {
    categories: MIGRATE_NAMES.map((name) => ({ name: `${name} blocks`, color: MIGRATETYPE_COLORS[name]! })),
    shade: (summary, at) => {
      let most = 0;
      MIGRATE_NAMES.forEach((name, mt) => {
        if (summary.blocks[name]![at]! > summary.blocks[MIGRATE_NAMES[most]!]![at]!) most = mt;
      });
      return most;
    },
  },
  occupancy: {
    shade: (summary, at) => {
      const used = PAGE_CLASSES.reduce(
        (n, name) => n + (name === "hole" ? 0 : classes(summary, name, at)),
        0,
      );
      const free = summary.freePages[at]! + summary.perCpuPages[at]!;
      return Number(((used / (used + free)) * 100).toFixed(1));
    },
  },
  content: {
    categories: CONTENT.map(([key, name]) => ({ name, color: CONTENT_COLORS[key] })),
    shade: (summary, at) => {
      for (let i = CONTENT.length - 1; i > 0; i--) {
        const key = CONTENT[i]![0];
        const pages =
          key === "pinned" ? summary.pinnedPages[at]! : key === "free" ? 0 : classes(summary, key, at);
        if (pages > 0) return i;
      }
      return 0;
    },
  },
};

/** The hover text: address, page blocks by type, pages by kind. */
export function cellOf(summary: BlockSummary, at: number, pageBytes: number): string {
  const { blocksPerGroup, pageblockPages, zone } = summary;
  const start = summary.startPfn[at]!;
  const end = start + blocksPerGroup * pageblockPages;
  const size = (pages: number) => formatSize(pages * pageBytes);
  const types = MIGRATE_NAMES.filter((name) => summary.blocks[name]![at]! > 0).map((name) =>
    blocksPerGroup === 1 ? name : `${number(summary.blocks[name]![at]!)} ${name}`,
  );
  const inside: [string, number][] = [
    ["free", summary.freePages[at]!],
    ["on per-CPU lists", summary.perCpuPages[at]!],
    ...Object.entries(summary.kindPages).map(([kind, column]): [string, number] => [
      kind === "unknown" ? "in use, kind not known" : kind,
      column![at]!,
    ]),
  ];
  const lines = [
    `${hex(start * pageBytes)}, frames ${start}–${end - 1}, zone ${zone[at]}`,
    `${blocksPerGroup === 1 ? "block" : "blocks"}: ${types.join(", ")}`,
    ...inside.filter(([, pages]) => pages > 0).map(([name, pages]) => `${size(pages)} ${name}`),
  ];
  if (summary.pinnedPages[at]! > 0) lines.push(`${size(summary.pinnedPages[at]!)} of it pinned`);
  return lines.join("<br>");
}
