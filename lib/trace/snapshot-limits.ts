/**
 * What the numbers of a snapshot can be. Whatever builds a machine of them takes memory and time by these numbers, so every one is
 * held to what a kernel can have before anything is made of it.
 */
import { InputError } from "../base/errors";
import { type Fields, fieldNumber } from "./snapshot";

type Range = readonly [least: number, most: number];

/** Frames: 2^30 of 4 KiB are 4 TiB. */
export const FRAMES_MOST = 2 ** 30;
/** NR_CPUS of the largest configurations. */
const CPUS_MOST = 8192;
/** A list of each order and type, and those of huge pages. */
const PCP_LISTS_MOST = 64;
/** ZONE_DMA to ZONE_DEVICE, of which a kernel has at most six. */
const ZONES_A_NODE_MOST = 16;
/** Zones of all nodes together. */
export const ZONES_MOST = 1024;
/** COMPACT_MAX_DEFER_SHIFT of mm/compaction.c. */
const DEFER_SHIFT_MOST = 6;

const FRAMES: Range = [0, FRAMES_MOST];
const DIFFERENCE: Range = [-FRAMES_MOST, FRAMES_MOST];

/** Fields of the first line. The order of page blocks is at most MAX_PAGE_ORDER, which is max_order - 1. */
const HEADER: Readonly<Record<string, Range>> = {
  max_order: [2, 20],
  pageblock_order: [1, 19],
  migratetypes: [4, 6],
  pcp_lists: [1, PCP_LISTS_MOST],
  max_nr_zones: [1, ZONES_A_NODE_MOST],
  mobility_disabled: [0, 1],
  cpus: [1, CPUS_MOST],
  page_size: [1024, 2 ** 20],
};

/** -1: this kernel has no such counter. */
const FRAMES_OR_NONE: Range = [-1, FRAMES_MOST];

const all = (range: Range, keys: string): Record<string, Range> =>
  Object.fromEntries(keys.split(" ").map((key) => [key, range]));

/** Fields of a zone that are read. What other kernels add is passed over. */
const ZONE: Readonly<Record<string, Range>> = {
  ...all(
    FRAMES,
    "start present managed wmark_min wmark_low wmark_high wmark_promo watermark_boost percpu_drift_mark",
  ),
  ...all(FRAMES, "nr_free_pages nr_free_cma nr_isolate_pageblock nr_reserved_highatomic"),
  ...all(
    FRAMES_OR_NONE,
    "cma_pages nr_free_highatomic compact_cached_free_pfn compact_cached_migrate_pfn_async",
  ),
  ...all(FRAMES_OR_NONE, "compact_cached_migrate_pfn_sync compact_init_migrate_pfn compact_init_free_pfn"),
  spanned: [1, FRAMES_MOST],
  flags: [0, 2 ** 31 - 1],
  compact_considered: [0, 2 ** 32 - 1],
  compact_defer_shift: [0, DEFER_SHIFT_MOST],
  compact_order_failed: [-1, 20],
};

/** Fields of a per-CPU list that are read. */
const PCP: Readonly<Record<string, Range>> = {
  ...all(FRAMES, "count high stat_threshold"),
  ...all(FRAMES_OR_NONE, "high_min high_max free_count"),
  batch: [1, FRAMES_MOST],
  free_factor: [0, 31],
  alloc_factor: [0, 31],
  flags: [0, 255],
  expire: [-128, 255],
  vmstat_diff_nr_free: DIFFERENCE,
  vmstat_diff_nr_free_cma: DIFFERENCE,
};

function within(key: string, value: number, [least, most]: Range, where: string): void {
  if (!(value >= least && value <= most))
    throw new InputError(`${where}: field ${key} must be from ${least} to ${most}: got ${value}`);
}

/** Throws InputError with the place, the limit and the value for a header that no kernel can have. */
export function checkHeader(header: Fields, where: string): void {
  for (const [key, range] of Object.entries(HEADER))
    if (header.has(key)) within(key, fieldNumber(header, key, where), range, where);
  if (!header.has("max_order") || !header.has("pageblock_order")) return;
  const most = fieldNumber(header, "max_order", where) - 1;
  within("pageblock_order", fieldNumber(header, "pageblock_order", where), [1, most], where);
}

/** The same for a zone. */
export function checkZoneFields(fields: Fields, where: string): void {
  for (const key of fields.keys())
    if (key === "lowmem_reserve") checkReserve(fields.get(key)!, where);
    else if (Object.hasOwn(ZONE, key)) within(key, fieldNumber(fields, key, where), ZONE[key]!, where);
  if (!fields.has("spanned")) return;
  const spanned = fieldNumber(fields, "spanned", where);
  for (const key of ["present", "managed"])
    if (fields.has(key)) within(key, fieldNumber(fields, key, where), [0, spanned], where);
}

/** A number for each zone of a node. */
function checkReserve(text: string, where: string): void {
  const numbers = text.slice(0, 1000).split(",");
  if (numbers.length > ZONES_A_NODE_MOST)
    throw new InputError(
      `${where}: lowmem_reserve may have ${ZONES_A_NODE_MOST} numbers: got ${numbers.length}`,
    );
  for (const number of numbers) {
    if (!/^\d{1,16}$/.test(number))
      throw new InputError(
        `${where}: field lowmem_reserve must be whole numbers: got ${number.slice(0, 20)}`,
      );
    within("lowmem_reserve", Number(number), FRAMES, where);
  }
}

/** The same for a per-CPU list. */
export function checkPcpFields(fields: Fields, where: string): void {
  for (const key of fields.keys())
    if (Object.hasOwn(PCP, key)) within(key, fieldNumber(fields, key, where), PCP[key]!, where);
}
