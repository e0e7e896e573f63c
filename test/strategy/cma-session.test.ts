/** The strategies of the CMA session on small machines: granted, refused with the reason, everything given back. */
import assert from "node:assert/strict";
import test from "node:test";
import { MiB } from "../../lib/base/units";
import type { BootRequest } from "../../lib/machine/boot-request";
import { resolveStrategy, STRATEGIES } from "../../lib/strategy";
import { cmaDebate } from "../../lib/strategy/debate";
import type { MemoryRequest, StrategySpec } from "../../lib/strategy/strategy";
import { asking, grantAndGiveBack, start } from "../support/strategies";

const PI: BootRequest = { board: "raspberry-pi-4", memoryBytes: 1024 * MiB };
const PI64: BootRequest = { ...PI, pageSize: 65536, kernel: "6.19" };

test("every strategy of the debate grants and gives back; its figures have names", () => {
  for (const { label, spec } of cmaDebate(PI)) {
    const bytes = label === "buddy" || label === "reservation" ? 4 * MiB : 16 * MiB;
    const started = start(PI, spec, asking(bytes));
    grantAndGiveBack(started, 2);
    const { reservedBytes, idleBytes, roundingBytes } = started.prepared.metrics();
    for (const n of [reservedBytes, idleBytes, roundingBytes])
      assert.ok(Number.isSafeInteger(n) && n! >= 0, `${label}: ${n}`);
  }
});

test("64 KB pages on a 1 GiB board: no area, unless the page block or the page is smaller", () => {
  const granted = cmaDebate(PI64).map(({ label, spec }) => {
    const { prepared } = start(PI64, spec, asking(16 * MiB));
    return [label, prepared.request().ok];
  });
  assert.deepEqual(Object.fromEntries(granted), {
    buddy: true,
    "cma-64k": false,
    "cma-4k": true,
    "two-kernels": true,
    "page-size-at-boot": true,
    "cma-movable-zone": false,
    "small-pageblocks": true,
    "sub-block": true,
    "carve-out": true,
    "guaranteed-cma": true,
    reservation: true,
  });
});

test("CMA on ZONE_MOVABLE: the design itself on 4.17, where the device reaches the area; movablecore= elsewhere, or as asked", () => {
  const base = { ...PI, kernel: "4.17" };
  const { system, prepared } = start(base, { name: "cma-movable-zone" }, asking(16 * MiB));
  const { cma, zones } = system.booted;
  assert.ok(cma.ok && zones.at(-1)!.name === "Movable" && zones.at(-1)!.present * 4096 === cma.reservedBytes);
  const got = prepared.request();
  assert.ok(got.ok, got.reason ?? "");
  assert.equal(system.memory.zoneOf(got.pieces[0]!.pfn)!.name, "Movable");
  assert.match(
    prepared
      .constraints()
      .map((c) => c.text)
      .join("; "),
    /lowmem_reserve/,
  );
  prepared.release(got);
  const other = start(base, { name: "cma-movable-zone", design: "movablecore" }, asking(16 * MiB));
  assert.equal(other.system.booted.cma.reservedBytes, 0);
  const now = start({ ...PI, kernel: "6.1" }, { name: "cma-movable-zone", design: "2018" }, asking(16 * MiB));
  assert.ok(now.prepared.request().ok);
  assert.throws(
    () => start(base, { name: "cma-movable-zone", design: "2019" }, asking(16 * MiB)),
    /design: unknown name "2019"/,
  );
});

test("refusals say which limit was met", () => {
  const refuses = (spec: StrategySpec, request: MemoryRequest, base = PI) =>
    start(base, spec, request).prepared.request().reason!;
  assert.match(refuses({ name: "buddy" }, asking(16 * MiB)), /largest order of the buddy allocator, 10/);
  assert.match(refuses({ name: "reservation" }, asking(16 * MiB)), /order 12 is beyond it/);
  assert.match(refuses({ name: "cma" }, asking(16 * MiB), PI64), /rounded up to 512 MiB/);
  assert.match(
    refuses({ name: "carve-out", area: "8M" }, asking(16 * MiB)),
    /taken at boot has no free 16 MiB/,
  );
  assert.match(refuses({ name: "buddy" }, asking(2048 * MiB)), /more than the largest node has/);
  assert.match(
    refuses({ name: "buddy" }, asking(MiB, { dmaBits: 20 })),
    /reaches 20 address bits.*no zone promises/,
  );
});

test("a second request beyond a carve-out fails until the first is released", () => {
  const { prepared } = start(PI, { name: "carve-out", area: "16M" }, asking(16 * MiB));
  const first = prepared.request();
  const second = prepared.request();
  assert.deepEqual([first.ok, second.ok, second.errno], [true, false, -12]);
  prepared.release(first);
  assert.equal(prepared.request().ok, true);
  // Idle before each request: all of it, none, none less what came back.
  assert.equal(prepared.metrics().idleBytes, Math.round((2 * 16 * MiB) / 3));
});

test("guaranteed CMA keeps copies of reclaimed file pages and drops exactly those in the way", () => {
  const started = start(PI, { name: "guaranteed-cma", area: "32M" }, asking(16 * MiB));
  const { system, prepared } = started;
  assert.equal(prepared.request().dropped, 0);
  while (system.counters.dropped < 10000) assert.ok(system.alloc("fileClean") >= 0);
  const held = prepared.metrics().cleancacheBytes!;
  assert.equal(held, 16 * MiB);
  assert.equal(prepared.request().dropped, 4096);
  assert.equal(prepared.metrics().cleancacheBytes, 0);
});

test("a reservation serves its stock when the allocator has nothing left of that order", () => {
  const { system, prepared } = start(PI, { name: "reservation", pages: 3 }, asking(4 * MiB));
  for (let n = 0; system.allocFixed("slab") >= 0; n++) assert.ok(n < 300000);
  const got = Array.from({ length: 4 }, () => prepared.request().ok);
  assert.deepEqual(got, [true, true, true, false]);
  assert.equal(prepared.metrics().servedFromStock, 3);
});

test("the page size by memory: each page block at most a 64th of it", () => {
  const chosen = (memoryBytes: number) => {
    const { strategy, parameters } = resolveStrategy({ name: "page-size-at-boot" });
    return strategy.machine({ board: "server-arm64", memoryBytes }, parameters, asking(MiB)).pageSize;
  };
  const GiB = 1024 * MiB;
  assert.deepEqual([4 * GiB, 31 * GiB, 32 * GiB].map(chosen), [16384, 16384, 65536]);
});

test("every strategy says what it is, who controls it, since when, and what its parameters mean", () => {
  for (const s of STRATEGIES.values()) {
    for (const [name, { facts }] of Object.entries(s.parameters))
      assert.ok(facts.doc.length > 10 && facts.default !== undefined, `${s.name}: ${name}`);
    for (const text of [s.title, s.summary, s.configure, s.control, s.since])
      assert.ok(text.length >= 3, s.name);
    assert.ok(s.sources.length > 0, s.name);
  }
});

test("a page block that the build of a kernel cannot have is refused, with what it can have", () => {
  const built = (pageBlock: string, base: BootRequest) =>
    start(base, { name: "small-pageblocks", pageBlock, area: "16MiB" }, asking(16 * MiB)).system.booted;
  assert.throws(
    () => built("128MiB", { ...PI, kernel: "6.19" }),
    /page block: must be 8 KiB to 4 MiB, the largest piece .* pages of 4 KiB: got 128 MiB/,
  );
  assert.throws(() => built("64KiB", PI64), /page block: must be 128 KiB to 512 MiB.*got 64 KiB/);
  assert.equal(built("128MiB", PI64).pageblockBytes, 128 * MiB);
});
