/** The strategies of the RDMA session on small machines: pages of 32 MiB stand for those of 1 GiB. */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { MiB } from "../../lib/base/units";
import type { BootRequest } from "../../lib/machine/boot-request";
import { MIGRATE_CMA } from "../../lib/mm/state/migratetype";
import { rdmaDebate } from "../../lib/strategy/debate";
import type { Constraint, MemoryRequest, PreparedStrategy, StrategySpec } from "../../lib/strategy/strategy";
import { asking, grantAndGiveBack, start } from "../support/strategies";

const PI: BootRequest = { board: "raspberry-pi-4", memoryBytes: 1024 * MiB };
const PC: BootRequest = { board: "pc-x86-64", memoryBytes: 512 * MiB };
const BYTES = 64 * MiB;
/** What the session asked for, in small: registered by a process, mapped by the CPU with pages of 2 MiB. */
const sga = (more: Partial<MemoryRequest> = {}) =>
  asking(BYTES, { who: "user", longtermPin: true, cpuMapBytes: 2 * MiB, ...more });

/** hugetlb_cma= takes pages of the largest size, 1 GiB here: it has a test of its own. */
const SPECS = rdmaDebate().filter(({ label }) => label !== "hugetlb-cma" && label !== "reservation");

const constraint = (prepared: PreparedStrategy, name: string): Constraint => {
  const found = prepared.constraints().find((c) => c.name === name);
  assert.ok(found, `no constraint ${name}`);
  return found;
};

test("every strategy of the debate grants on a fresh machine and gives back", () => {
  for (const { label, spec } of SPECS) {
    const started = start(PI, spec, sga());
    // Gigantic pages of boot are in the zones' managed pages, but their frames are in no state: a law cannot be checked.
    grantAndGiveBack(started, 1, label !== "hugetlb-boot");
    const found = started.prepared.constraints();
    assert.ok(
      found.some((c) => c.name === "longterm-pin" && c.ok),
      label,
    );
    assert.ok(
      found.some((c) => c.name === "dma-mask" && c.ok),
      label,
    );
    assert.ok(found.every((c) => c.text.length > 10));
  }
});

test("memory above the device's mask is of no use without an IOMMU", () => {
  // 3 GiB below the hole, 1 GiB above 4 GiB: a mask of 32 bits.
  const base = { board: "pc-x86-64", memoryBytes: 4096 * MiB };
  const high = start(
    base,
    { name: "hugetlb-runtime", pageBytes: "2M" },
    asking(2 * MiB, { dmaBits: 32, who: "user" }),
  );
  const attempt = high.prepared.request();
  assert.equal(attempt.errno, -5);
  assert.match(attempt.reason!, /the device reaches 4 GiB \(32 bits\)/);
  assert.equal(constraint(high.prepared, "dma-mask").ok, false);
  const translated = start(base, { name: "iommu" }, asking(2 * MiB, { dmaBits: 32 }));
  assert.equal(translated.prepared.request().ok, true);
  const driver = start(base, { name: "alloc-contig-pages" }, asking(2 * MiB, { dmaBits: 32 }));
  const { ok, pieces } = driver.prepared.request();
  assert.ok(ok && (pieces[0]!.pfn + pieces[0]!.pages) * 4096 <= 2 ** 32);
});

test("hugetlb at run time: adjacent pages while memory is clean, none when every range holds an unmovable page", () => {
  const spec = { name: "hugetlb-runtime", pageBytes: "32M" };
  const { system, prepared } = start(PI, spec, sga());
  const clean = prepared.request();
  assert.deepEqual([clean.ok, clean.pieces.length, clean.pieces[0]!.pages], [true, 1, BYTES / 4096]);
  prepared.release(clean);
  assert.equal(prepared.metrics().reservedBytes, 0);
  for (let at = 0; at < 1024 * MiB; at += 32 * MiB) {
    const pfn = at / 4096 + 100;
    if (system.memory.freePlaceOf(pfn) !== undefined)
      system.contig.allocContigRange(pfn, pfn + 1, undefined, { world: system.world, owner: "slab" });
  }
  const dirty = prepared.request();
  assert.equal(dirty.ok, false);
  assert.match(dirty.reason!, /grown to 0 free pages of 32 MiB; 2 adjacent pages of 32 MiB are needed/);
});

test("hugetlb at boot: certain, idle until asked for, and no more than its pool", () => {
  const { prepared } = start(PI, { name: "hugetlb-boot", pageBytes: "32M", pages: "3" }, sga());
  const first = prepared.request();
  assert.deepEqual([first.ok, first.ready], [true, true]);
  assert.match(prepared.request().reason!, /the pool has 1 free pages of 32 MiB; 2 adjacent pages/);
  const { reservedBytes, idleBytes } = prepared.metrics();
  assert.deepEqual([reservedBytes, idleBytes], [96 * MiB, 64 * MiB]);
  assert.equal(constraint(prepared, "cpu-page-size").ok, false);
});

test("hugetlb_cma: since 5.13 a pin for long fails where the pool has no page outside the area", () => {
  const base = { board: "pc-x86-64", memoryBytes: 4096 * MiB };
  const spec = { name: "hugetlb-cma", area: "1G" };
  const asked = sga({ bytes: 1024 * MiB });
  const { prepared, system } = start(base, spec, asked);
  assert.equal(prepared.metrics().reservedBytes, 1024 * MiB);
  const before = system.freePages;
  const refused = prepared.request();
  assert.equal(refused.errno, -12);
  assert.match(
    refused.reason!,
    /^since 5\.13 a gigantic page in a CMA area has to move before a pin for long/,
  );
  assert.match(refused.reason!, /none is made for it \(alloc_migrate_huge_page\(\)\), and the pool has none/);
  system.allocator.drainAllPages();
  assert.ok(Math.abs(system.freePages - before) < 1000);

  // The administrator grows the pool beyond the area: the second page comes from elsewhere, and can be pinned.
  const pool = system.hugetlb.pools.get(1024 * MiB)!;
  assert.equal(pool.setMaxHugePages(2), 2);
  const inCma = (pfn: number) => system.memory.blockType(pfn) === MIGRATE_CMA;
  assert.deepEqual(pool.free.map(inCma).sort(), [false, true]);
  const pinned = prepared.request();
  assert.equal(pinned.ok, true);
  assert.equal(inCma(pinned.pieces[0]!.pfn), false);
  assert.equal(constraint(prepared, "longterm-pin").ok, true);
  assert.equal(prepared.request().errno, -12, "the page in the area is left");

  // Without a pin the area serves; from 5.1 to 5.12 a pin held there too, because nothing could be moved.
  const plain = start(base, spec, { ...asked, longtermPin: false });
  assert.equal(plain.system.memory.blockType(plain.prepared.request().pieces[0]!.pfn), MIGRATE_CMA);
  const older = start({ ...base, switches: { longtermPin: "leavesCma" } }, spec, asked);
  const stays = older.prepared.request();
  assert.equal(older.system.memory.blockType(stays.pieces[0]!.pfn), MIGRATE_CMA);
  assert.match(
    constraint(older.prepared, "longterm-pin").text,
    /from 5\.1 to 5\.12 what cannot move is pinned/,
  );
});

test("MAP_CONTIG: for processes only, within their limits, and what else happens to the mapping", () => {
  const ask = (spec: Partial<StrategySpec>, more: Partial<MemoryRequest> = {}) =>
    start(PC, { name: "map-contig", ...spec }, sga(more)).prepared;
  assert.equal(ask({}, { who: "driver" }).request().errno, -22);
  assert.equal(ask({ memlock: "0" }).request().errno, -1);
  assert.equal(ask({ memlock: "8M" }).request().errno, -11);
  assert.equal(ask({ memlock: "8M", capIpcLock: true }).request().ok, true);
  assert.equal(constraint(ask({}), "fork").ok, false);
  assert.equal(constraint(ask({ mapping: "shared" }), "fork").ok, true);
  assert.equal(constraint(ask({}, { longtermPin: false }), "numa-migration").ok, false);
  assert.throws(() => ask({ mapping: "none" }), /known are private, shared/);
});

test("MAP_CONTIG: what the process has locked counts until it is unmapped (locked_vm)", () => {
  const small = (spec: Partial<StrategySpec>) =>
    start(PC, { name: "map-contig", ...spec }, sga({ bytes: 8 * MiB })).prepared;
  // 20 MiB have room for two mappings of 8 MiB, and for a third when one of them is gone.
  const prepared = small({ memlock: "20M" });
  const first = prepared.request();
  const second = prepared.request();
  assert.deepEqual([first.ok, second.ok], [true, true]);
  const third = prepared.request();
  assert.deepEqual([third.ok, third.errno], [false, -11]);
  assert.match(
    third.reason!,
    /^8 MiB beside 16 MiB that the process holds already are beyond RLIMIT_MEMLOCK of 20 MiB/,
  );
  prepared.release(third);
  assert.equal(prepared.request().errno, -11, "a refused request holds nothing");
  prepared.release(first);
  const again = prepared.request();
  assert.equal(again.ok, true);
  // Exactly the limit is allowed.
  const exact = small({ memlock: "16M" });
  assert.deepEqual([exact.request().ok, exact.request().ok, exact.request().errno], [true, true, -11]);
  const capable = small({ memlock: "8M", capIpcLock: true });
  assert.deepEqual([capable.request().ok, capable.request().ok], [true, true]);
});

test("registrations of a process are pinned together (pinned_vm), in every way that pins user memory", () => {
  for (const spec of [
    { name: "hugetlb-boot", pageBytes: "32M", pages: "4" },
    { name: "hugetlb-runtime", pageBytes: "32M" },
    { name: "boot-reserve" },
    { name: "adjacent-thp" },
    { name: "iommu" },
  ]) {
    const { prepared } = start(PI, { ...spec, memlock: "100M" }, sga());
    const first = prepared.request();
    assert.equal(first.ok, true, `${spec.name}: ${first.reason}`);
    const second = prepared.request();
    assert.equal(second.errno, -12, spec.name);
    assert.match(second.reason!, /^64 MiB beside 64 MiB that the process holds already/, spec.name);
    prepared.release(first);
    assert.equal(prepared.request().ok, true, spec.name);
  }
});

test("a registration beyond RLIMIT_MEMLOCK fails in every way that pins user memory", () => {
  for (const name of ["hugetlb-runtime", "hugetlb-boot", "boot-reserve", "adjacent-thp", "iommu"]) {
    const attempt = start(PI, { name, memlock: "1M" }, sga()).prepared.request();
    assert.equal(attempt.errno, -12, name);
    assert.match(attempt.reason!, /beyond RLIMIT_MEMLOCK of 1 MiB/);
  }
  assert.equal(start(PI, { name: "iommu", mode: "odp", memlock: "1M" }, sga()).prepared.request().ok, true);
});

test("find_alloc_contig_pages() takes from ZONE_MOVABLE where there is one, and says what that means", () => {
  const base: BootRequest = { ...PC, movable: { movablecore: { bytes: 256 * MiB } } };
  const { prepared, system } = start(base, { name: "find-alloc-contig" }, sga());
  const { ok, pieces } = prepared.request();
  assert.equal(ok, true);
  assert.equal(system.memory.zoneOf(pieces[0]!.pfn)!.name, "Movable");
  assert.match(constraint(prepared, "longterm-pin").text, /promises that everything in it can move/);
  const other = start(base, { name: "find-alloc-contig", zone: "device" }, sga());
  const inNormal = other.prepared.request();
  assert.notEqual(other.system.memory.zoneOf(inNormal.pieces[0]!.pfn)!.name, "Movable");
  assert.equal(constraint(other.prepared, "longterm-pin").ok, true);
});

// FACTS 14: pfn_range_valid_gigantic() of 4.17 refuses any page in use; the patches of 2018 checked frame and zone only.
test("4.17, a movable page in every range: the kernel's own searches find none, the proposals of the time move it", () => {
  const attempt = (name: string, kernel: string) => {
    const spec = name === "hugetlb-runtime" ? { name, pageBytes: "32M" } : { name };
    const { system, prepared } = start({ ...PI, kernel }, spec, sga({ bytes: 32 * MiB }));
    const { memory: m } = system;
    // Fills memory with movable pages and leaves one of each 4 MiB, so that there is room to move them to.
    const slots: number[] = [];
    for (let slot = system.alloc("anon"); slot >= 0 && slots.length < m.endPfn; slot = system.alloc("anon")) {
      slots.push(slot);
      if (system.freePages < 4096) break;
    }
    for (const slot of slots) if (system.slots.pfn[slot]! % 1024 !== 0) system.free(slot);
    system.allocator.drainAllPages();
    return prepared.request().ok;
  };
  const own = ["hugetlb-runtime", "alloc-contig-pages"];
  for (const name of own)
    assert.deepEqual([attempt(name, "4.17"), attempt(name, "6.1")], [false, true], name);
  for (const name of ["find-alloc-contig", "map-contig"]) assert.equal(attempt(name, "4.17"), true, name);
});

test("user memory in ZONE_MOVABLE: 4.17 pins it there, 6.1 does not", () => {
  const base: BootRequest = { ...PC, movable: { movablecore: { bytes: 256 * MiB } } };
  const attempt = (kernel: string) =>
    start({ ...base, kernel }, { name: "map-contig" }, sga()).prepared.request();
  assert.equal(attempt("4.17").ok, true);
  assert.match(attempt("6.1").reason!, /since 5.13 memory in ZONE_MOVABLE is moved elsewhere/);
});

test("adjacent huge pages: joined into runs, the longest kept, all given back", () => {
  const started = start(PC, { name: "adjacent-thp" }, sga());
  const { system, prepared } = started;
  // Holes in memory: every eighth huge page of what a process took is unmovable and stays.
  const random = new Random(3);
  const taken = Array.from({ length: 120 }, () => system.allocHuge());
  for (const slot of taken) if (!random.chance(1 / 8)) system.free(slot);
  const got = prepared.request();
  assert.equal(got.ok, true);
  assert.ok(got.pieces.length > 1);
  assert.equal(
    got.pieces.reduce((n, p) => n + p.pages, 0),
    BYTES / 4096,
  );
  const lengths = got.pieces.map((p) => p.pages);
  assert.deepEqual(
    lengths,
    [...lengths].sort((a, b) => b - a),
  );
  assert.equal(constraint(prepared, "contiguity").ok, false);
  assert.equal(constraint(prepared, "cpu-mapping").ok, true);
  prepared.release(got);
  const strict = start(PC, { name: "adjacent-thp", contiguous: true }, sga({ bytes: 256 * MiB }));
  const slots = Array.from({ length: 200 }, () => strict.system.allocHuge());
  slots.forEach((slot, i) => {
    if (slot >= 0 && i % 4 > 0) strict.system.free(slot);
  });
  assert.match(
    strict.prepared.request().reason!,
    /the longest run of adjacent huge pages is|huge pages of 2 MiB could be had/,
  );
});

test("an IOMMU does with pieces when memory is full of holes; on-demand paging pins nothing", () => {
  const spec = { name: "iommu" };
  const { system, prepared } = start(PC, spec, asking(16 * MiB));
  const pages: number[] = [];
  for (let pfn = system.allocFixed("slab"); pfn >= 0; pfn = system.allocFixed("slab")) pages.push(pfn);
  pages.forEach((pfn, i) => {
    if (i % 2 === 0 && i < 40000) system.freeFixed(pfn);
  });
  const got = prepared.request();
  assert.equal(got.ok, true);
  assert.ok(got.pieces.length > 100);
  prepared.release(got);
  const odp = start(PC, { name: "iommu", mode: "odp" }, sga());
  grantAndGiveBack(odp, 1);
  assert.equal(constraint(odp.prepared, "longterm-pin").text, "nothing is pinned");
});

test("pseudo-locking: kzalloc() ends at the largest buddy page, a contiguous allocation does not", () => {
  const ask = (method: string, bytes: number) => start(PC, { name: "pseudo-lock", method }, asking(bytes));
  grantAndGiveBack(ask("kzalloc", 3 * MiB), 1);
  assert.equal(ask("kzalloc", 3 * MiB).prepared.metrics().roundingBytes, MiB);
  const large = ask("kzalloc", 8 * MiB).prepared.request();
  assert.equal(large.errno, -7);
  assert.match(large.reason!, /beyond KMALLOC_MAX_SIZE, 4 MiB/);
  grantAndGiveBack(ask("contig", 8 * MiB), 1);
  const arm = start(PI, { name: "pseudo-lock" }, asking(MiB)).prepared;
  assert.equal(constraint(arm, "cpu").ok, false);
});

test("no strategy straddles nodes: a request larger than one is refused", () => {
  const base: BootRequest = { board: "server-x86-64", memoryBytes: 16384 * MiB };
  const attempt = start(base, { name: "alloc-contig-pages" }, asking(12288 * MiB)).prepared.request();
  assert.match(attempt.reason!, /12 GiB are more than the largest node has, 8(\.\d+)? GiB/);
});
