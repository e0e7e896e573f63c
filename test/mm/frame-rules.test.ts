/** What a frame belongs to: free pages, per-CPU pages, pages in use and their owners, on drawn layouts against a table of the frames. */
import assert from "node:assert/strict";
import test from "node:test";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { isMovableInUse } from "../../lib/mm/compaction/compaction-migrate-scanner";
import { roomMakingEvents, roomMakingNs } from "../../lib/mm/reclaim/simulated-time";
import { buddyinfoText, populatedZones } from "../../lib/mm/reports/buddyinfo";
import { largestFreeRange } from "../../lib/mm/reports/largest-free";
import { addToFreeListTail } from "../../lib/mm/state/free-area";
import { GFP_HIGHUSER_MOVABLE } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_ISOLATE, MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { inUse, isMovablePage, OWNER_KINDS, orderInUse, ownerKind } from "../../lib/mm/state/owners";
import { ALLOCATED, IN_USE_MOVABLE, MOVABLE_PAGE, pcpState } from "../../lib/mm/state/page-state";
import { Random } from "../laws/random";
import { tinyMemory } from "./tiny-memory";

interface Page {
  head: number;
  order: number;
  kind: "free" | "pcp" | "used";
  movable: boolean;
  owner: "anon" | "slab" | "unknown";
}

/** Frames 1024 to 2047 drawn; of 2048 to 3071 nobody has touched a frame. By frame: the page that it belongs to. */
function drawn(r: Random): { m: Memory; of: (pfn: number) => Page } {
  const m = tinyMemory("6.1");
  assert.equal(allocPages(m, GFP_HIGHUSER_MOVABLE, 10), 1024);
  const table = new Map<number, Page>();
  for (let p = 1024; p < 2048; ) {
    const kind = r.pick(["free", "pcp", "used", "used"] as const);
    let order = r.pick([0, 0, 0, 1, 2, 3, 5, 9]);
    while (p % 2 ** order !== 0) order--;
    if (kind === "pcp" && order > 3 && order !== 9) order = 3;
    const movable = r.chance(50);
    const owner = kind === "used" ? r.pick(["anon", "slab", "unknown"] as const) : "unknown";
    m.state.fill(0, p, p + 2 ** order);
    m.owner.fill(0, p, p + 2 ** order);
    if (kind === "free") addToFreeListTail(m, m.zones[0]!, p, order, MIGRATE_MOVABLE);
    else if (kind === "pcp") m.state[p] = pcpState(order, 1);
    else if (owner === "unknown") m.state[p] = ALLOCATED | order | (movable ? IN_USE_MOVABLE : 0);
    else {
      m.state[p] = ALLOCATED | order;
      m.setOwner(p, OWNER_KINDS[owner] | (movable ? MOVABLE_PAGE : 0));
    }
    const page = { head: p, order, kind, movable: kind === "used" && movable, owner };
    for (let q = p; q < p + 2 ** order; q++) table.set(q, page);
    p += 2 ** order;
  }
  const untouched = (pfn: number): Page => ({
    head: pfn - (pfn % 1024),
    order: 10,
    kind: "free",
    movable: false,
    owner: "unknown",
  });
  return { m, of: (pfn) => table.get(pfn) ?? untouched(pfn) };
}

test("each frame of drawn layouts: the page that it belongs to, whether it is in use, and by what", () => {
  for (let seed = 1; seed <= 25; seed++) {
    const { m, of } = drawn(new Random(seed));
    for (let pfn = 1024; pfn < 2048 + 40; pfn++) {
      const { head, order, kind, movable, owner } = of(pfn);
      const at = `seed ${seed}, frame ${pfn}`;
      const used = kind === "used";
      const place = m.freePlaceOf(pfn);
      if (used) assert.equal(place, undefined, at);
      else assert.deepEqual(place, { head, order, pcp: kind === "pcp" }, at);
      if (pfn < 2048) assert.equal(inUse(m, pfn), used, at);
      if (used) assert.equal(m.headOf(pfn), head, at);
      if (pfn < 2048 && pfn !== head) assert.equal(m.insideFree(pfn), !used, at);
      if (pfn !== head) continue;
      assert.equal(orderInUse(m, pfn), used ? order : 0, at);
      assert.equal(isMovablePage(m, pfn), movable, at);
      assert.equal(isMovableInUse(m, pfn), movable && order === 0, at);
      if (used) assert.equal(ownerKind(m, pfn), owner, at);
      const byte = (owner === "unknown" ? 0 : OWNER_KINDS[owner]) | (movable ? MOVABLE_PAGE : 0);
      assert.equal(m.ownerOf(pfn), used ? byte : 0, at);
    }
  }
});

test("a large page in use is split into single pages of its owner; the part that is freed as one becomes one again", () => {
  for (const [from, order] of [
    [1040, 0],
    [1040, 3],
    [1036, 2],
    [1032, 4],
  ] as const) {
    const m = tinyMemory("6.1");
    assert.equal(allocPages(m, GFP_HIGHUSER_MOVABLE, 10), 1024);
    m.state.fill(0, 1024, 2048);
    for (const head of [1024, 1040]) m.state[head] = ALLOCATED | 4;
    m.setOwner(1024, OWNER_KINDS.slab);
    m.setOwner(1040, OWNER_KINDS.anon | MOVABLE_PAGE);
    m.splitAllocated(from, order);
    const touched = (head: number) => head < from + 2 ** order && head + 16 > from;
    for (let p = 1024; p < 1056; p++) {
      const head = p < 1040 ? 1024 : 1040;
      const inside = p > from && p < from + 2 ** order;
      const at = `${from} order ${order}: ${p}`;
      if (inside) assert.equal(m.state[p], 0, at);
      else if (touched(head)) {
        assert.equal(orderInUse(m, p), 0, at);
        assert.equal(ownerKind(m, p), head === 1024 ? "slab" : "anon", at);
        assert.equal(isMovablePage(m, p), head === 1040, at);
      } else assert.equal(m.state[p] !== 0, p === head, at);
    }
  }
});

test("types of blocks: three bits of their byte, whatever the flags; without grouping by mobility all are unmovable", () => {
  const m = tinyMemory("6.1");
  m.blocks[3]! |= 0x88;
  m.setBlockType(1540, 2);
  assert.deepEqual(
    [m.blockType(1536), m.blockType(2047), m.blockType(1535), m.blockType(2048)],
    [2, 2, 1, 1],
  );
  assert.equal(m.blocks[3], 0x8a);
  assert.deepEqual([m.blockIsHole(1536), m.blockIsHole(1535)], [true, false]);
  m.mobilityDisabled = true;
  for (const [type, becomes] of [
    [0, 0],
    [1, 0],
    [2, 0],
    [3, 3],
    [4, 4],
    [MIGRATE_ISOLATE, MIGRATE_ISOLATE],
  ] as const) {
    m.setBlockType(2048, type);
    assert.equal(m.blockType(2048), becomes);
  }
});

test("the numbers of per-CPU lists: three for each order up to 3, then one or two of huge pages", () => {
  for (const [release, lists, huge] of [
    ["4.17", 3, [12, 12]],
    ["6.1", 14, [12, 13]],
    ["5.15", 13, [12, 12]],
    ["6.12", 14, [12, 13]],
  ] as const) {
    const m = tinyMemory(release);
    assert.equal(m.zones[0]!.pcp.lists.length, lists, release);
    for (let order = 0; order <= 3; order++)
      for (let mt = 0; mt < 3; mt++) {
        assert.equal(m.pindex(order, mt), 3 * order + mt);
        assert.equal(m.pindexOrder(3 * order + mt), order);
      }
    assert.deepEqual([m.pindex(9, 0), m.pindex(9, 1), m.pindex(9, 2)], [huge[0], huge[1], huge[0]], release);
    assert.deepEqual([m.pindexOrder(12), m.pindexOrder(13)], [9, 9]);
    const allowed = Array.from({ length: 11 }, (_, order) => m.pcpAllowedOrder(order));
    // These machines have no transparent huge pages.
    assert.deepEqual(
      allowed,
      Array.from({ length: 11 }, (_, order) => order <= (release === "4.17" ? 0 : 3)),
    );
  }
});

test("zones without memory are in no report; the others come by node and number", () => {
  const zone = (nid: number, idx: number, present: number) => ({ nid, idx, present }) as Memory["zones"][0];
  const [a, b, c, d] = [zone(1, 0, 5), zone(0, 2, 1), zone(0, 1, 7), zone(0, 0, 0)];
  assert.deepEqual(populatedZones([a, b, c, d]), [c, b, a]);
  const m = tinyMemory("6.1");
  assert.equal(buddyinfoText(m), `Node 0, zone   Normal ${"     0 ".repeat(10)}     2 \n`);
  m.zones[0]!.present = 0;
  assert.equal(buddyinfoText(m), "");
});

test("the largest free range: neighbours in one zone, whatever their sizes and types", () => {
  const m = tinyMemory("6.1");
  assert.equal(allocPages(m, GFP_HIGHUSER_MOVABLE, 10), 1024);
  assert.equal(largestFreeRange(m), 1024);
  m.state.fill(0, 1024, 2048);
  for (let p = 1024; p < 2048; p++) m.state[p] = ALLOCATED;
  const add = (pfn: number, order: number, mt: number) => {
    m.state.fill(0, pfn, pfn + 2 ** order);
    addToFreeListTail(m, m.zones[0]!, pfn, order, mt);
  };
  add(2047, 0, 0);
  add(2044, 1, 2);
  assert.equal(largestFreeRange(m), 1025);
  add(2046, 0, MIGRATE_MOVABLE);
  assert.equal(largestFreeRange(m), 1028);
});

test("events that make room: each counter counts, and times are differences of their costs", () => {
  const m = tinyMemory("6.1");
  const before = roomMakingEvents(m);
  assert.deepEqual(before, {
    migratePage: 0,
    migrateFailed: 0,
    scanFrame: 0,
    reclaimScan: 0,
    reclaimDrop: 0,
  });
  Object.assign(m.counters, {
    ...{ pgmigrate_success: 1, pgmigrate_fail: 20, compact_migrate_scanned: 300, compact_free_scanned: 5000 },
    ...{ pgscan_direct: 10_000, pgscan_kswapd: 700_000, pgsteal_direct: 3, pgsteal_kswapd: 50 },
  });
  const after = roomMakingEvents(m);
  assert.deepEqual(after, {
    migratePage: 1,
    migrateFailed: 20,
    scanFrame: 5300,
    reclaimScan: 710_000,
    reclaimDrop: 53,
  });
  const whole = roomMakingNs(before, after);
  assert.ok(whole > 0);
  assert.equal(roomMakingNs(after, before), -whole);
  assert.equal(roomMakingNs(after, after), 0);
});
