/**
 * A zone whose frames are known by their class (kpageflags): nothing is drawn but the type of blocks that look alike. A row of free
 * frames is split into the largest aligned blocks: the kernel merges what it can. Frames without flags are pages of the kernel (stacks,
 * vmalloc, network buffers); so many in a row that they fill a memory section were never touched, and are free.
 */
import {
  MIGRATE_MOVABLE,
  MIGRATE_NAMES,
  MIGRATE_RECLAIMABLE,
  MIGRATE_UNMOVABLE,
} from "../../mm/state/migratetype";
import { OWNER_KINDS } from "../../mm/state/owners";
import { FRAME_CLASS } from "../frame-map";
import type { StateType } from "../machine-state";
import type { LargeFree } from "./place-blocks";
import type { PlacedPages } from "./place-pages";
import { ABSENT, OPEN, TAKEN_HUGE, TAKEN_HUGETLB, type ZoneGround } from "./zone-ground";

/** Frames of a memory section, which the kernel initialises as a whole. */
const SECTION_FRAMES = 32_768;
/** Untouched memory is not managed if at least this share of it is missing in what the zone manages. */
const UNMANAGED_SHARE = 0.5;

const FIXED_KIND: Readonly<Record<number, number>> = {
  [FRAME_CLASS.slab]: OWNER_KINDS.slab,
  [FRAME_CLASS.pageTable]: OWNER_KINDS.pageTable,
  [FRAME_CLASS.unknown]: OWNER_KINDS.driver,
};

export interface KnownZone {
  free: LargeFree[];
  pages: PlacedPages;
  huge: number[];
  hugetlb: number[];
}

/** `classes`: one byte a frame from frame 0 up. */
export function knownZone(ground: ZoneGround, classes: Uint8Array): KnownZone {
  const at = (p: number) => classes[p] ?? FRAME_CLASS.hole;
  const free = freeFrames(ground, at);
  setTypes(ground, at);
  const { huge, hugetlb } = wholeBlocks(ground, at);
  const pages: PlacedPages = {
    reserved: [],
    fixed: [],
    fixedKinds: [],
    movable: new Int32Array(0),
    anon: 0,
    perCpu: [],
  };
  const anon: number[] = [];
  const file: number[] = [];
  eachFrame(ground, (p, block) => {
    const taken = ground.taken[block]!;
    if (taken === TAKEN_HUGE || taken === TAKEN_HUGETLB || free.is(p)) return;
    const cls = free.isAbsent(p) ? FRAME_CLASS.hole : at(p);
    const kind = FIXED_KIND[cls];
    if (kind !== undefined || cls === FRAME_CLASS.hugetlb) {
      pages.fixed.push(p);
      pages.fixedKinds.push(kind ?? OWNER_KINDS.hugetlb);
    } else if (cls === FRAME_CLASS.reserved || cls === FRAME_CLASS.hole) pages.reserved.push(p);
    else if (cls === FRAME_CLASS.file || cls === FRAME_CLASS.fileLarge) file.push(p);
    else anon.push(p);
  });
  pages.movable = Int32Array.from([...ground.random.shuffle(anon), ...ground.random.shuffle(file)]);
  pages.anon = anon.length;
  return { free: freeBlocks(ground, free.is), pages, huge, hugetlb };
}

function eachFrame(ground: ZoneGround, visit: (pfn: number, block: number) => void): void {
  for (const { startPfn, endPfn } of ground.ram)
    for (let p = startPfn; p < endPfn; p++)
      visit(p, Math.floor(p / ground.pageblockPages) - ground.firstBlock);
}

type ClassAt = (pfn: number) => number;

/**
 * Free frames: those of the buddy lists, and sections that nobody touched, unless the zone does not manage them: a kernel that
 * initialises memory as it is needed counts them as present only.
 */
function freeFrames(ground: ZoneGround, at: ClassAt): Known {
  const { startPfn, endPfn } = ground.zone;
  const { present, managed = present } = ground.state;
  const what = new Uint8Array(endPfn - startPfn);
  let untouched = 0;
  for (const r of ground.ram)
    for (let p = r.startPfn; p < r.endPfn; ) {
      let end = p + 1;
      while (end < r.endPfn && at(end) === at(p)) end++;
      const section = at(p) === FRAME_CLASS.unknown && end - p >= SECTION_FRAMES;
      if (section) untouched += end - p;
      if (section || at(p) === FRAME_CLASS.free) what.fill(section ? 2 : 1, p - startPfn, end - startPfn);
      p = end;
    }
  const isManaged = present - managed < untouched * UNMANAGED_SHARE;
  return {
    is: (pfn) => what[pfn - startPfn]! === 1 || (isManaged && what[pfn - startPfn] === 2),
    isAbsent: (pfn) => !isManaged && what[pfn - startPfn] === 2,
  };
}

interface Known {
  is: (pfn: number) => boolean;
  isAbsent: (pfn: number) => boolean;
}

/** The blocks with the most pages that do not move are Unmovable, the next Reclaimable: as many as there are. */
function setTypes(ground: ZoneGround, at: ClassAt): void {
  const { state, blocks, type, taken } = ground;
  const fixed = new Int32Array(blocks);
  eachFrame(ground, (p, block) => {
    const cls = at(p);
    if (cls === FRAME_CLASS.slab || cls === FRAME_CLASS.pageTable) fixed[block]!++;
  });
  const order = Array.from({ length: blocks }, (_, b) => b).filter((b) => taken[b] !== ABSENT);
  order.sort((a, b) => fixed[b]! - fixed[a]! || a - b);
  const count = (mt: number) => state.blocks?.[MIGRATE_NAMES[mt] as StateType];
  const unmovable = count(MIGRATE_UNMOVABLE) ?? order.filter((b) => fixed[b]! > 0).length;
  const reclaimable = count(MIGRATE_RECLAIMABLE) ?? 0;
  order.forEach((b, i) => {
    if (i < unmovable) type[b] = MIGRATE_UNMOVABLE;
    else type[b] = i < unmovable + reclaimable ? MIGRATE_RECLAIMABLE : MIGRATE_MOVABLE;
  });
}

/** Blocks that are one huge page of a process, or of a pool. */
function wholeBlocks(ground: ZoneGround, at: ClassAt): { huge: number[]; hugetlb: number[] } {
  const found: { huge: number[]; hugetlb: number[] } = { huge: [], hugetlb: [] };
  for (let b = 0; b < ground.blocks; b++) {
    if (ground.taken[b] !== OPEN) continue;
    const first = at(ground.pfn(b));
    const whole = first === FRAME_CLASS.anonHuge || first === FRAME_CLASS.hugetlb;
    if (!whole || !isAll(ground, b, first, at)) continue;
    const huge = first === FRAME_CLASS.anonHuge;
    ground.taken[b] = huge ? TAKEN_HUGE : TAKEN_HUGETLB;
    found[huge ? "huge" : "hugetlb"].push(b);
  }
  return found;
}

function isAll(ground: ZoneGround, block: number, cls: number, at: ClassAt): boolean {
  const from = ground.pfn(block);
  for (let p = from; p < from + ground.pageblockPages; p++) if (at(p) !== cls) return false;
  return true;
}

/** The largest aligned blocks; none goes over page blocks of two types. */
function freeBlocks(ground: ZoneGround, isFree: (pfn: number) => boolean): LargeFree[] {
  const { m, type, firstBlock, pageblockPages } = ground;
  const typeAt = (p: number) => type[Math.floor(p / pageblockPages) - firstBlock]!;
  const blocks: LargeFree[] = [];
  for (const { endPfn, startPfn } of ground.ram)
    for (let p = startPfn; p < endPfn; ) {
      if (!isFree(p)) {
        p++;
        continue;
      }
      let end = p + 1;
      const most = p + 2 ** m.maxOrder;
      while (end < endPfn && end < most && isFree(end) && typeAt(end) === typeAt(p)) end++;
      let order = 0;
      while (order < m.maxOrder && p % 2 ** (order + 1) === 0 && p + 2 ** (order + 1) <= end) order++;
      blocks.push({ pfn: p, order, mt: typeAt(p) });
      p += 2 ** order;
    }
  return blocks;
}
