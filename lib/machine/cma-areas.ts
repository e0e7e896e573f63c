/**
 * CMA areas besides the default one: regions of the device tree at fixed addresses, and areas that code declares.
 * Models what each release rounds or refuses, with its messages, and which areas can be activated (mm/cma.c
 * cma_init_reserved_areas()).
 */
import { roundDown } from "../base/alignment";
import { type Answer, answerOf } from "../base/answer";
import { append } from "../base/append";
import { InputError } from "../base/errors";
import { formatSize } from "../base/units";
import { bootRules, type KernelRelease, kernelSwitches } from "../hardware/kernel-release";
import { type CmaOutcome, type CmaSlots, cmaDeclareContiguous, printPhysicalAddress } from "../mm/boot/cma";
import { cmaDeclareContiguousMulti } from "../mm/boot/cma-multi";
import type { Memblock, PhysicalRange } from "../mm/boot/memblock";
import { asCmaOutcome, reservedMemInit } from "../mm/boot/reserved-mem";
import { name, type Out, object, optional, size, text, truth, whole } from "../schema/field";
import type { ZoneSpan } from "./zones";

/** An additional area. */
export const CMA_AREA = object("a CMA area beside the default one", {
  name: text("a name of its own", { longest: 64 }),
  bytes: size("its size", { least: 1, word: "size" }),
  by: optional(
    name(
      "who asks: code, by cma_declare_contiguous_nid(), or a region of the device tree, which needs a base",
      ["code", "device tree"],
      { default: "code" },
    ),
  ),
  base: optional(size("exactly there", { default: "anywhere" })),
  limit: optional(size("below that address", { default: "anywhere" })),
  alignment: optional(size("the caller's own alignment", { default: "that of CMA" })),
  nid: optional(whole("only on that node", "node", { most: 63, default: "any" })),
  orderPerBit: optional(
    whole("2^orderPerBit pages for each bit of the bitmap", "order", { most: 30, default: 0 }),
  ),
  ranges: optional(truth("up to 8 ranges where one cannot be had (6.15 and later)", { default: false })),
});

export interface CmaAreaRequest extends Out<typeof CMA_AREA> {}

/** The outcome for one area. */
export interface BootedCmaArea extends Answer {
  name: string;
  requestedBytes: number;
  /** Ascending; one, unless the area has several ranges; none if nothing was reserved. */
  ranges: { base: number; bytes: number }[];
  orderPerBit: number;
  alignmentBytes: number;
  /** Usable: reserved, and each range is in one zone. */
  activated: boolean;
}

const BY_DEVICE_TREE = (a: CmaAreaRequest) => a.by === "device tree";

/** Throws InputError for a request that no kernel interface accepts. */
export function checkCmaAreas(areas: readonly CmaAreaRequest[], release: KernelRelease, nodes: number): void {
  const names = new Set<string>();
  for (const a of areas) {
    if (a.name === "" || names.has(a.name))
      throw new InputError(`cmaArea: each area must have a name of its own: got ${JSON.stringify(a.name)}`);
    names.add(a.name);
    if (BY_DEVICE_TREE(a) && a.base === undefined)
      throw new InputError(`cmaArea ${a.name}: a region of the device tree must have a base`);
    if (a.ranges && !kernelSwitches(release).cmaRanges)
      throw new InputError(
        `cmaArea ${a.name}: areas of several ranges exist since 6.15: got kernel ${release}`,
      );
    if (a.nid !== undefined && !(a.nid >= 0 && a.nid < nodes))
      throw new InputError(`cmaArea ${a.name}: nid must be a node from 0 to ${nodes - 1}: got ${a.nid}`);
    const order = a.orderPerBit ?? 0;
    if (!Number.isInteger(order) || order < 0 || order > 20)
      throw new InputError(`cmaArea ${a.name}: orderPerBit must be an order from 0 to 20: got ${order}`);
  }
}

/** What a reservation needs to know about the boot. */
interface AreaBoot {
  cmaAreas: readonly CmaAreaRequest[];
  geometry: { pageSize: number };
  release: KernelRelease;
}

/** Reserves the areas of one kind, in order; appends to `done` and `messages`. */
export function reserveCmaAreas(
  boot: AreaBoot,
  memblock: Memblock,
  minAlignment: number,
  by: "code" | "device tree",
  into: { slots: CmaSlots; nodes: readonly PhysicalRange[]; done: BootedCmaArea[]; messages: string[] },
): void {
  for (const a of boot.cmaAreas) {
    if ((a.by ?? "code") !== by) continue;
    const outcome = reserveArea(boot, memblock, minAlignment, a, into);
    into.messages.push(...outcome.messages);
    into.done.push({
      name: a.name,
      requestedBytes: a.bytes,
      ranges: outcome.ok ? outcome.ranges : [],
      orderPerBit: a.orderPerBit ?? 0,
      alignmentBytes: outcome.alignment,
      ...answerOf(outcome),
      activated: false,
    });
  }
}

function reserveArea(
  { geometry, release }: AreaBoot,
  memblock: Memblock,
  minAlignment: number,
  a: CmaAreaRequest,
  { slots, nodes }: { slots: CmaSlots; nodes: readonly PhysicalRange[] },
) {
  const { name, bytes } = a;
  const single = (o: CmaOutcome) => (o.ok ? { ...o, ranges: [{ base: o.base, bytes: o.bytes }] } : o);
  if (BY_DEVICE_TREE(a))
    return single(fixedRegion(memblock, { name, base: a.base!, bytes }, { release, minAlignment, slots }));
  const request = {
    bytes,
    base: a.base ?? 0,
    limit: a.limit ?? 0,
    fixed: a.base !== undefined,
    alignment: a.alignment ?? 0,
    pageSize: geometry.pageSize,
    orderPerBit: a.orderPerBit ?? 0,
    slots,
    ...(a.nid !== undefined && { node: nodes[a.nid]!, nid: a.nid }),
  };
  return a.ranges
    ? cmaDeclareContiguousMulti(memblock, release, minAlignment, request, name)
    : single(cmaDeclareContiguous(memblock, release, minAlignment, request, name));
}

/** A reusable region of the device tree at a fixed address. */
function fixedRegion(
  memblock: Memblock,
  region: { name: string; base: number; bytes: number },
  setup: { release: KernelRelease; minAlignment: number; slots: CmaSlots },
): CmaOutcome {
  const node = { ...region, reusable: true, noMap: false, cmaDefault: false, compatible: "shared-dma-pool" };
  const { outcomes } = reservedMemInit(memblock, [node], { ...setup, cmdline: false, cma: true, arm: false });
  return asCmaOutcome(outcomes[0]!);
}

/** The result of activating the areas. */
export interface CmaActivation {
  /** Ranges that become CMA, in order of activation. */
  active: { base: number; bytes: number }[];
  /** Ranges given to the buddy allocator frame by frame. */
  useless: { base: number; bytes: number }[];
  messages: string[];
}

/**
 * cma_init_reserved_areas(): each range of an area must be in one zone. If it is not, 5.12 and later give its frames
 * to the buddy allocator; before, the kernel keeps the blocks it turned into CMA before it reached the boundary and
 * loses the rest. Up to 5.8 it then activates no later area either. Sets `activated`.
 */
export function activateCmaAreas(
  areas: BootedCmaArea[],
  spans: readonly ZoneSpan[],
  pageSize: number,
  release: KernelRelease,
): CmaActivation {
  const out: CmaActivation = { active: [], useless: [], messages: [] };
  const { cmaFailedArea } = bootRules(release);
  let stopped = false;
  for (const area of areas) {
    if (!area.ok || stopped) continue;
    area.activated = area.ranges.every((r) => zoneHolding(spans, pageSize, r) !== undefined);
    if (area.activated) {
      append(out.active, area.ranges);
      continue;
    }
    out.messages.push(`cma: CMA area ${area.name} could not be activated`);
    if (cmaFailedArea === "toBuddy") append(out.useless, area.ranges);
    else {
      stopped = cmaFailedArea === "stopsAll";
      const { base } = area.ranges[0]!;
      const zone = spans.find(
        (z) => base >= z.startPfn * pageSize && base < (z.startPfn + z.spanned) * pageSize,
      );
      if (zone !== undefined) {
        const bytes = (zone.startPfn + zone.spanned) * pageSize - base;
        const whole = bytes - (bytes % area.alignmentBytes);
        if (whole > 0) out.active.push({ base, bytes: whole });
      }
    }
  }
  return out;
}

/**
 * With a zone of their own, areas may cross the boundaries of other zones: each page block moves separately. Sets
 * `activated`.
 */
export function activateAll(areas: BootedCmaArea[]): CmaActivation {
  const reserved = areas.filter((a) => a.ok);
  for (const area of reserved) area.activated = true;
  return { active: reserved.flatMap((a) => a.ranges), useless: [], messages: [] };
}

function zoneHolding(spans: readonly ZoneSpan[], pageSize: number, r: { base: number; bytes: number }) {
  const first = r.base / pageSize;
  const end = (r.base + r.bytes) / pageSize;
  return spans.find((z) => first >= z.startPfn && end <= z.startPfn + z.spanned);
}

/**
 * Neither memblock_reserve() nor cma_init_reserved_mem() asks whether there is memory; cma_activate_area() then reads the struct page
 * of every frame, which a section without memory has not, and hands on frames past the end of memory.
 */
export function checkMemoryOfAreas(
  areas: readonly BootedCmaArea[],
  memory: readonly { start: number; end: number }[],
  sectionBytes: number,
): void {
  const endOfDram = memory.at(-1)?.end ?? 0;
  for (const { name, base, bytes } of areas.flatMap((a) => a.ranges.map((r) => ({ ...r, name: a.name })))) {
    let none = base + bytes > endOfDram ? Math.max(base, endOfDram) : undefined;
    for (let at = roundDown(base, sectionBytes); none === undefined && at < base + bytes; at += sectionBytes)
      if (!memory.some(({ start, end }) => start < at + sectionBytes && at < end)) none = Math.max(base, at);
    if (none !== undefined)
      throw new InputError(
        `cmaArea ${name}: must be where memory is: got ${formatSize(bytes)} at ${printPhysicalAddress(base)}, ` +
          `but there is none at ${printPhysicalAddress(none)}, which the kernel uses without a check`,
      );
  }
}
