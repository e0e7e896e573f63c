import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib";
import { Contiguous } from "../../lib/mm/contiguous/contiguous";
import { pinLongterm, unpinLongterm } from "../../lib/mm/contiguous/pin-longterm";
import { PageAllocator } from "../../lib/mm/page-allocator";
import { holdPage, holdsOf, setOwnerKind } from "../../lib/mm/state/owners";
import type { KernelSwitches } from "../../lib/mm/state/profile";

/** 16 MiB, the upper 8 MiB a CMA area: the half rule gives movable requests CMA pages first. */
function withCma(switches: Partial<KernelSwitches> = {}): PageAllocator {
  return PageAllocator.boot({
    release: "6.1",
    switches,
    pageSize: 4096,
    maxOrder: 10,
    pageblockOrder: 9,
    cma: true,
    thp: false,
    mobilityDisabled: false,
    cpus: 1,
    zones: [
      {
        idx: 2,
        name: "Normal",
        startPfn: 0,
        spanned: 4096,
        present: 4096,
        managed: 4096,
        watermarks: { min: 8, low: 10, high: 12 },
        lowmemReserve: [0, 0, 0, 0],
        pageset: { batch: 1, high: 4 },
        freeRanges: [{ startPfn: 0, pages: 2048 }],
      },
    ],
    cmaRange: { startPfn: 2048, pages: 2048 },
  });
}

/** Anonymous pages in the area. */
function pagesInCma(k: PageAllocator, count: number): number[] {
  const heads: number[] = [];
  while (heads.length < count) {
    const got = k.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE" });
    assert.ok(got.ok);
    setOwnerKind(k.memory, got.pfn, "anon");
    if (got.pfn >= 2048) heads.push(got.pfn);
  }
  return heads;
}

test("4.17 pins pages in place, and the area is blocked", () => {
  const k = withCma({ longtermPin: "stays" });
  const heads = pagesInCma(k, 3);
  const pin = pinLongterm(k.memory, heads, "an HCA");
  assert.ok(pin.ok && pin.migrated === 0);
  assert.deepEqual(pin.heads, heads);
  const failed = new Contiguous(k.memory).cmaAlloc(2048);
  assert.ok(!failed.ok && failed.errno === -16);
  assert.match(failed.reason, /an HCA/);
  assert.equal(unpinLongterm(k.memory, heads, "an HCA"), 3);
  assert.equal(new Contiguous(k.memory).cmaAlloc(2048).ok, true);
});

test("since 5.1 (9a4e9f3b2d73) pages leave CMA before they are pinned: the area stays usable", () => {
  const k = withCma();
  const heads = pagesInCma(k, 3);
  const pin = pinLongterm(k.memory, heads, "an HCA");
  assert.ok(pin.ok && pin.migrated === 3);
  for (const head of pin.heads) {
    assert.ok(head < 2048);
    assert.equal(holdsOf(k.memory, head)[0]?.kind, "longterm");
  }
  assert.equal(new Contiguous(k.memory).cmaAlloc(2048).ok, true);
  k.validate();
});

test("a page that cannot be moved: 6.1 pins nothing, 5.1 to 5.12 pin all pages in place", () => {
  const refuse = withCma();
  const heads = pagesInCma(refuse, 3);
  holdPage(refuse.memory, heads[1]!, "get", "a write with O_DIRECT");
  const failed = pinLongterm(refuse.memory, heads, "an HCA");
  assert.ok(!failed.ok && failed.errno === -12);
  assert.deepEqual(failed.details, [
    { pfn: heads[1], place: "CMA block", why: "a write with O_DIRECT holds it (get)" },
  ]);
  // migrate_longterm_unpinnable_pages(): the others have moved, but no pin is left.
  assert.equal(failed.migrated, 2);
  for (const head of failed.heads) assert.ok(holdsOf(refuse.memory, head).every((h) => h.kind === "get"));

  const old = withCma({ longtermPin: "leavesCma" });
  const same = pagesInCma(old, 3);
  holdPage(old.memory, same[1]!, "get", "a write with O_DIRECT");
  const pin = pinLongterm(old.memory, same, "an HCA");
  assert.ok(pin.ok && pin.leftBehind.length === 1 && pin.heads[1] === same[1]);
});

test("ZONE_MOVABLE: pins leave it since 5.13; before, they stay in it", () => {
  for (const [longtermPin, zone] of [
    ["leavesCma", "Movable"],
    ["leavesCmaAndMovable", "Normal"],
  ] as const) {
    const k = machine("pc-x86-64").memory("8GiB").kernelcore("4GiB").with({ longtermPin }).start();
    const got = k.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE" });
    assert.ok(got.ok && got.zone === "Movable");
    const pin = pinLongterm(k.memory, [got.pfn], "an HCA");
    assert.ok(pin.ok);
    assert.equal(k.memory.zoneOf(pin.heads[0]!)!.name, zone);
  }
});

test("no room outside the area: the pin fails, as it does if migration is off", () => {
  const k = withCma();
  const heads = pagesInCma(k, 2);
  while (k.allocPages({ gfp: "GFP_ATOMIC" }).ok);
  const failed = pinLongterm(k.memory, heads, "an HCA");
  assert.ok(!failed.ok);
  assert.match(failed.details[0]!.why, /^no page to move it to/);
  assert.deepEqual(failed.heads, heads);

  const fixed = withCma();
  const there = pagesInCma(fixed, 1);
  fixed.memory.migration = false;
  const refused = pinLongterm(fixed.memory, there, "an HCA");
  assert.ok(!refused.ok && refused.details[0]!.why === "pages do not migrate on this machine");
});
