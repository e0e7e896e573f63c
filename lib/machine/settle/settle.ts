/**
 * Brings a started machine into a state that is known by its counts: every free block, page and page block gets a place, drawn by
 * seed where nothing is known. Equal states and seeds give equal machines.
 */

import { InputError } from "../../base/errors";
import { pow } from "../../base/power";
import { Random } from "../../base/random";
import { addToFreeListTail } from "../../mm/state/free-area";
import type { Memory } from "../../mm/state/memory";
import { MIGRATE_CMA, MIGRATE_HIGHATOMIC, MIGRATE_MOVABLE } from "../../mm/state/migratetype";
import { OWNER_KINDS } from "../../mm/state/owners";
import {
  ALLOCATED,
  BLOCK_HOLE,
  FIXED_OWNED,
  IN_USE_MOVABLE,
  MOVABLE_OWNED,
  OWNER_HOLE,
  OWNER_RESERVED,
  OWNER_VALID,
  pcpState,
} from "../../mm/state/page-state";
import type { Zone } from "../../mm/state/zone";
import { decodeClasses } from "../frame-map";
import { freePagesOf, type MachineState, type ZoneState } from "../machine-state";
import type { TrackedPages } from "../tracked-pages";
import { knownZone } from "./known-frames";
import { type LargeFree, placeHuge, placeLargeFree, placeTypes } from "./place-blocks";
import { placeSmallFree } from "./place-free";
import { drawPast, type PlacedPages, placePages } from "./place-pages";
import { ABSENT, NoRoom, type Past, ZoneGround } from "./zone-ground";

/** struct pages of a frame: 64 bytes; with pages of 4 KiB a 64th of memory. */
const STRUCT_PAGE_BYTES = 64;
/** The kernel's image, initrd and early data of machines of which only the lists are known. */
const EARLY_BYTES: readonly [number, number] = [24 * 2 ** 20, 160 * 2 ** 20];
/** How often the draw is tried again with half as many blocks reserved. */
const ATTEMPTS = 20;

/** What the machine is told of what was placed. */
export interface Settled {
  /** First frames of the blocks in pools of huge pages. */
  hugetlb: { free: number[]; used: number[] };
}

/** A zone as it was drawn. */
interface Drawn {
  ground: ZoneGround;
  free: LargeFree[];
  pages: PlacedPages;
  huge: number[];
  hugetlb: number[];
}

/** `pageSize`: bytes; `seed` draws what the state does not say. */
export function settle(
  m: Memory,
  tracked: TrackedPages,
  state: MachineState,
  { pageSize, seed }: { pageSize: number; seed: number },
): Settled {
  const random = new Random(state.seed ?? seed).fork("state");
  if (state.boostFactor !== undefined) m.watermarkBoostFactor = state.boostFactor;
  const past = drawPast(random.fork("past"));
  const settled: Settled = { hugetlb: { free: [], used: [] } };
  const classes = state.frames === undefined ? undefined : decodeClasses(state.frames, "state");
  m.zones.forEach((zone, i) => {
    const of = state.zones[i]!;
    const drawn = draw(
      m,
      zone,
      { machine: state, of, pageSize, past, classes },
      random.fork(`${zone.nid} ${zone.name}`),
    );
    apply(m, zone, drawn, tracked);
    drawn.hugetlb.forEach((b, k) => {
      settled.hugetlb[k < of.hugetlbFree ? "free" : "used"].push(drawn.ground.pfn(b));
    });
  });
  return settled;
}

interface Of {
  machine: MachineState;
  of: ZoneState;
  pageSize: number;
  past: Past;
  /** Of every frame, if they are known. */
  classes: Uint8Array | undefined;
}

/** Fewer blocks are reserved whole each time there was no room for the free blocks. */
function draw(m: Memory, zone: Zone, { machine, of, pageSize, past, classes }: Of, random: Random): Drawn {
  if (classes !== undefined) {
    const ground = new ZoneGround(m, zone, { state: of, past, ram: machine.ram, holesFirst: true }, random);
    return { ground, ...knownZone(ground, classes) };
  }
  const reserved = reservedPages(machine, of, pageSize, random.fork("reserved"));
  let last: NoRoom | undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    // Old devices' memory has its hole in the first MiB; elsewhere firmware keeps the last frames.
    const holesFirst = zone.startPfn < m.pageblockPages === (attempt % 2 === 0);
    const given = { state: of, past, ram: machine.ram, holesFirst };
    const ground = new ZoneGround(m, zone, given, random.fork(`attempt ${attempt}`));
    const share = attempt >= ATTEMPTS - 2 ? 0 : 2 ** -Math.floor(attempt / 2);
    const whole = Math.floor((reserved / m.pageblockPages) * share);
    try {
      return drawOn(ground, machine, { reserved, whole, atEnd: isLastOfNode(machine, of) });
    } catch (error) {
      if (!(error instanceof NoRoom)) throw error;
      last = error;
    }
  }
  throw new InputError(
    `state: zone ${zone.name} of node ${zone.nid}: ${last!.blocks} free blocks of order ${last!.order} do not fit beside the others in its ${of.present} pages`,
  );
}

function drawOn(
  ground: ZoneGround,
  machine: MachineState,
  { reserved, whole, atEnd }: { reserved: number; whole: number; atEnd: boolean },
): Drawn {
  placeTypes(ground, atEnd ? { low: 0, end: whole } : { low: whole, end: 0 });
  const large = placeLargeFree(ground);
  const { huge, hugetlb } = placeHuge(ground);
  const free = [...large, ...placeSmallFree(ground)];
  const { startPfn, endPfn } = ground.zone;
  const isFree = new Uint8Array(endPfn - startPfn);
  for (const { pfn, order } of free) isFree.fill(1, pfn - startPfn, pfn - startPfn + 2 ** order);
  const pages = placePages(ground, isFree, reserved, machine.kernel);
  return { ground, free: ground.random.shuffle(free), pages, huge, hugetlb };
}

/** The highest zone of a node holds the struct pages of all of it, at its end. */
function isLastOfNode({ zones }: MachineState, of: ZoneState): boolean {
  const own = zones.filter((z) => z.node === of.node && z.name !== "Movable");
  return own.at(-1) === of && own.length > 1;
}

/** Pages with memory that the page allocator never got. Drawn where zoneinfo is missing. */
function reservedPages(machine: MachineState, of: ZoneState, pageSize: number, random: Random): number {
  if (of.managed !== undefined) return of.present - of.managed;
  const own = machine.zones.filter((z) => z.node === of.node);
  const memmap = (pages: number) => Math.ceil((pages * STRUCT_PAGE_BYTES) / pageSize);
  const nodePages = own.reduce((n, z) => n + z.present, 0);
  const [least, most] = EARLY_BYTES;
  const early = Math.round((least * pow(most / least, random.float())) / pageSize);
  // The image lies in the first zone above the one of old devices, if there is one.
  const lowest = own.find((z) => z.name !== "DMA" || own.length === 1) ?? own[0]!;
  const share =
    (isLastOfNode(machine, of) || own.length === 1 ? memmap(nodePages) : 0) + (of === lowest ? early : 0);
  const room = of.present - freePagesOf(of) - (of.perCpu ?? 0);
  return Math.max(0, Math.min(share, Math.floor(room * 0.8)));
}

/** Writes what was drawn into the columns of the machine. */
function apply(m: Memory, zone: Zone, drawn: Drawn, tracked: TrackedPages): void {
  const { ground, free, pages } = drawn;
  const { startPfn, endPfn } = zone;
  m.state.fill(0, startPfn, endPfn);
  m.owner.fill(OWNER_HOLE, startPfn, endPfn);
  for (const r of ground.ram) m.owner.fill(0, r.startPfn, r.endPfn);
  setBlocks(m, ground);
  for (const p of pages.reserved) m.owner[p] = OWNER_RESERVED;
  for (const { pfn, order, mt } of free) {
    addToFreeListTail(m, zone, pfn, order, mt);
    zone.nrFreePages += 2 ** order;
    if (mt === MIGRATE_CMA) zone.nrFreeCma += 2 ** order;
    if (mt === MIGRATE_HIGHATOMIC) zone.nrFreeHighatomic += 2 ** order;
  }
  pages.fixed.forEach((p, i) => {
    m.state[p] = FIXED_OWNED;
    m.owner[p] = pages.fixedKinds[i]!;
  });
  pages.movable.forEach((p, i) => {
    m.state[p] = MOVABLE_OWNED;
    tracked.own(p, 0, i < pages.anon ? OWNER_KINDS.anon : OWNER_KINDS.fileClean);
  });
  placePerCpu(m, zone, pages.perCpu);
  const huge = takeWhole(m, drawn, tracked);
  zone.managed =
    zone.nrFreePages +
    pages.fixed.length +
    pages.movable.length +
    pages.perCpu.length +
    huge * m.pageblockPages;
}

function setBlocks(m: Memory, ground: ZoneGround): void {
  const { zone } = ground;
  for (let b = 0; b < ground.blocks; b++) {
    const i = ground.firstBlock + b;
    // A block at the edge may be another zone's.
    if (ground.taken[b] === ABSENT) {
      if (m.zoneOf(i << m.pageblockOrder) === zone) m.blocks[i] = BLOCK_HOLE;
    } else {
      m.blocks[i] = 0;
      m.setBlockType(i << m.pageblockOrder, ground.type[b]!);
      if (ground.type[b] === MIGRATE_CMA) zone.cmaPages += m.pageblockPages;
      if (ground.type[b] === MIGRATE_HIGHATOMIC) zone.nrReservedHighatomic += m.pageblockPages;
    }
  }
}

/** The pages go round the CPUs. */
function placePerCpu(m: Memory, zone: Zone, frames: readonly number[]): void {
  frames.forEach((p, i) => {
    const pcp = zone.pcps[i % zone.pcps.length]!;
    pcp.lists[m.pindex(0, MIGRATE_MOVABLE)]!.addTail(p);
    pcp.count++;
    m.state[p] = pcpState(0, MIGRATE_MOVABLE);
  });
}

/** Huge pages of processes, and of pools; how many blocks they take. */
function takeWhole(m: Memory, { ground, huge, hugetlb }: Drawn, tracked: TrackedPages): number {
  for (const b of huge) {
    const pfn = ground.pfn(b);
    m.state[pfn] = ALLOCATED | IN_USE_MOVABLE | OWNER_VALID | m.pageblockOrder;
    tracked.own(pfn, m.pageblockOrder, OWNER_KINDS.anon);
  }
  for (const b of hugetlb) {
    const pfn = ground.pfn(b);
    m.markAllocated(pfn, m.pageblockOrder);
    m.setOwner(pfn, OWNER_KINDS.hugetlb);
  }
  return huge.length + hugetlb.length;
}
