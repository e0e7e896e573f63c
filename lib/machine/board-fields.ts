/**
 * What a plan says of a board beyond its name: ranges of memory, regions of the device tree, the kernel's build, and
 * the firmware's settings. own-board.ts makes a board of it.
 */
import { InputError } from "../base/errors";
import { parseSize } from "../base/units";
import { CMA_SELECTS } from "../hardware/board";
import { readField } from "../schema/check";
import {
  type Field,
  type In,
  list,
  literal,
  name,
  type Out,
  object,
  optional,
  parsed,
  size,
  text,
  truth,
  whole,
} from "../schema/field";
import { shown } from "../schema/place";

/** Ranges of memory and of reservations that a plan may have. */
export const MOST_RANGES = 1024;

const RANGE_OBJECT = object("a range of physical addresses", {
  base: size("its first address"),
  bytes: size("its size", { least: 1, word: "size" }),
});
export interface AddressRange extends Out<typeof RANGE_OBJECT> {}
type RangeIn = string | In<typeof RANGE_OBJECT>;

const FORMS =
  'must be FIRST-LAST such as "0x0-0x3b3fffff", SIZE@BASE such as "256M@0x30000000", or { base, size }';
const BOUNDS = /^(?:\[?\s*mem\s+)?([^\s@-]{1,32})\s*-\s*([^\s@\]-]{1,32})\]?$/;
const AT = /^([^\s@-]{1,32})@([^\s@-]{1,32})$/;
/** An address that ends a range is the last byte, unless it begins a page of 4 KiB. */
const PAGE = 4096;

/**
 * `0x0-0x3b3fffff` as the kernel prints ranges, `0x0-0x3b400000` and `0-948M` with the address behind it, or
 * `256M@0x30000000` as `mem=` and `memmap=` write it.
 */
export function parseRange(given: string): AddressRange {
  const words = given.trim();
  const at = AT.exec(words);
  if (at !== null) return nonEmpty(parseSize(at[2]!, "base"), parseSize(at[1]!, "size"), given);
  const bounds = BOUNDS.exec(words);
  if (bounds === null) throw new InputError(`${FORMS}: got ${shown(given)}`);
  const base = parseSize(bounds[1]!, "first address");
  const end = parseSize(bounds[2]!, "last address");
  return nonEmpty(base, end % PAGE === 0 ? end - base : end + 1 - base, given);
}

function nonEmpty(base: number, bytes: number, given: string): AddressRange {
  if (bytes > 0) return { base, bytes };
  throw new InputError(`must end after its first address: got ${shown(given)}`);
}

const rangeOf = (doc: string) =>
  parsed(
    doc,
    (given: RangeIn): AddressRange =>
      typeof given === "string" ? parseRange(given) : (readField(RANGE_OBJECT, given, []) as AddressRange),
    [text('"0x0-0x3b3fffff" (the last byte, or the address behind it), or "256M@0x30000000"'), RANGE_OBJECT],
  );

const RANGE: Field<AddressRange, RangeIn> = rangeOf("a range of physical addresses");

const RESERVED_OBJECT = object("reserved memory", {
  name: optional(text("who has it", { longest: 64, default: "reserved memory" })),
  base: size("its first address"),
  bytes: size("its size", { least: 1, word: "size" }),
});
export interface ReservedRange extends Out<typeof RESERVED_OBJECT> {}

const RESERVED = parsed(
  "reserved memory",
  (given: string | In<typeof RESERVED_OBJECT>): ReservedRange =>
    typeof given === "string" ? parseRange(given) : (readField(RESERVED_OBJECT, given, []) as ReservedRange),
  [text("a range"), RESERVED_OBJECT],
);

const IMAGE_OBJECT = object("the kernel's image", {
  base: size("its first address"),
  bytes: size("its size with bss", { least: 1, word: "size" }),
  initBytes: optional(size("the part that is released after boot", { default: 0, word: "init" })),
});
export interface KernelImage extends Out<typeof IMAGE_OBJECT> {}

const IMAGE = parsed(
  "where the kernel's image lies",
  (given: string | In<typeof IMAGE_OBJECT>): KernelImage =>
    typeof given === "string" ? parseRange(given) : (readField(IMAGE_OBJECT, given, []) as KernelImage),
  [text("a range"), IMAGE_OBJECT],
  { default: "the board's" },
);

/** One region of the device tree. */
const REGION = object("a region of the device tree's reserved-memory", {
  name: text("the node's name, such as linux,cma", { longest: 64 }),
  bytes: size("its size", { least: 1, word: "size" }),
  base: optional(size("reg: exactly there", { default: "where there is room" })),
  alignment: optional(size("alignment", { least: 1, default: "that of CMA, or 64 bytes" })),
  allocRanges: optional(list("alloc-ranges, tried in order", RANGE, { most: 16, default: "anywhere" })),
  reusable: optional(truth("reusable: a CMA area", { default: "true for linux,cma" })),
  noMap: optional(truth("no-map: the kernel never maps it", { default: false })),
  cmaDefault: optional(
    truth("linux,cma-default: the area of drivers without one", { default: "true for linux,cma" }),
  ),
  compatible: optional(text("compatible", { longest: 64, default: "shared-dma-pool where it is reusable" })),
});
export interface RegionRequest extends Out<typeof REGION> {}

const INITRD = parsed(
  "where the initial RAM disk lies; it is released after boot",
  (given: RangeIn): AddressRange | "none" => {
    if (given === "none") return given;
    return typeof given === "string"
      ? parseRange(given)
      : (readField(RANGE_OBJECT, given, []) as AddressRange);
  },
  [text('a range, or "none"'), literal("none"), RANGE_OBJECT],
  { default: "the board's" },
);

const NODE = object("a NUMA node", {
  bytes: optional(size("its memory", { least: 1, word: "memory", default: "of its ranges" })),
  ram: optional(
    list("its ranges of memory", RANGE, { least: 1, most: MOST_RANGES, default: "the next of ram" }),
  ),
  cpus: optional(whole("its processors; 0: none", "CPUs", { most: 1024, default: "an equal share" })),
});
export interface NodeRequest extends Out<typeof NODE> {}

const EQUAL_NODES = whole("in equal parts", "nodes", { least: 1, most: 64 });
const EACH_NODE = list("each with its memory and processors", NODE, { least: 1, most: 64 });

/** `nodes`: a number of equal parts, or every node with its memory and processors. */
export const NODES = parsed(
  "NUMA nodes: in equal parts, or each with its memory and processors",
  (given: number | In<typeof EACH_NODE>): number | NodeRequest[] =>
    Array.isArray(given)
      ? (readField(EACH_NODE, given, []) as NodeRequest[])
      : (readField(EQUAL_NODES, given, []) as number),
  [EQUAL_NODES, EACH_NODE],
  { default: "the board's" },
);

/** The kernel's build, where it is another than the board's. */
export const BUILD = object("the kernel's build, where it is another than the board's", {
  maxOrder: optional(
    whole("largest order of the buddy allocator: ARCH_FORCE_MAX_ORDER, less one before 6.4", "order", {
      least: 8,
      most: 15,
      default: "the architecture's",
    }),
  ),
  cma: optional(truth("CONFIG_CMA", { default: "the board's", flag: "config-cma" })),
  cmaBytes: optional(size("CONFIG_CMA_SIZE_MBYTES", { word: "cmaSize", default: "the board's" })),
  cmaPercentage: optional(
    whole("CONFIG_CMA_SIZE_PERCENTAGE", "percent of memory", { most: 100, default: "the board's" }),
  ),
  cmaSelect: optional(
    name("CONFIG_CMA_SIZE_SEL_*: which of both sizes counts", CMA_SELECTS, { default: "mbytes" }),
  ),
  cmaAlignment: optional(
    whole("CONFIG_CMA_ALIGNMENT: requests of drivers are aligned to at most this order", "order", {
      least: 2,
      most: 12,
      default: 8,
    }),
  ),
  cmaAreas: optional(
    whole("MAX_CMA_AREAS: how many areas there can be", "areas", {
      least: 1,
      most: 64,
      default: "the release's",
      flag: "cma-areas-most",
    }),
  ),
  zoneDma: optional(truth("CONFIG_ZONE_DMA of 32-bit ARM", { default: "the board's" })),
  lpae: optional(truth("CONFIG_ARM_LPAE of 32-bit ARM", { default: "the board's" })),
});
export interface BuildRequest extends Out<typeof BUILD> {}

/** config.txt of a Raspberry Pi. */
export const FIRMWARE = object("settings of a Raspberry Pi's config.txt", {
  gpuMem: optional(size("gpu_mem: what the firmware keeps below 1 GiB", { default: "the board's" })),
  totalMem: optional(size("total_mem: memory used of that fitted", { default: "all" })),
  overlays: optional(
    list("dtoverlay= lines that size linux,cma, such as vc4-kms-v3d,cma-256", text("an overlay"), {
      most: 32,
      default: "none",
      flag: "overlay",
    }),
  ),
});
export interface FirmwareRequest extends Out<typeof FIRMWARE> {}

/** The fields of a machine that describe its board. */
export const BOARD_FIELDS = {
  ram: optional(
    list("ranges of memory that the kernel is told of", RANGE, {
      least: 1,
      most: MOST_RANGES,
      default: "the board's",
    }),
  ),
  reserved: optional(
    list("ranges taken before the kernel looks for memory, in place of the board's", RESERVED, {
      most: MOST_RANGES,
      default: "the board's",
    }),
  ),
  initrd: optional(INITRD),
  kernelImage: optional(IMAGE),
  deviceTree: optional(
    list("regions of the device tree's reserved-memory, in place of the board's", REGION, {
      most: 64,
      default: "the board's",
      source: "drivers/of/of_reserved_mem.c",
    }),
  ),
  dmaBits: optional(
    whole("address bits that every device reaches: the end of ZONE_DMA on arm64", "bits", {
      least: 24,
      most: 64,
      default: "the board's",
      flag: "board-dma-bits",
    }),
  ),
  distribution: optional(
    text("a distribution's build of the kernel, such as haos", {
      longest: 40,
      default: "the board's own build",
    }),
  ),
  build: optional(BUILD),
  firmware: optional(FIRMWARE),
};
