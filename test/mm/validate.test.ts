/**
 * validate() names the law, the zone and the frame: each test breaks one law on purpose, and validate() must name
 * that law.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib/index";
import { freeOnePage } from "../../lib/mm/allocation/free-one-page";
import type { PageAllocator } from "../../lib/mm/page-allocator";
import { LawBroken, validate } from "../../lib/mm/reports/validate";
import { ON_PCP } from "../../lib/mm/state/page-state";
import type { Zone } from "../../lib/mm/state/zone";

/** A small machine with pages on every kind of list. */
function used(release: string): { kernel: PageAllocator; zone: Zone } {
  const kernel = machine("qemu-virt").pageSize("4K").memory("1GiB").cma("64MiB").kernel(release).start();
  const held = [];
  for (let i = 0; i < 3000; i++) {
    const gfp = ["GFP_HIGHUSER_MOVABLE", "GFP_KERNEL", "GFP_KERNEL|__GFP_RECLAIMABLE"][i % 3]!;
    const got = kernel.allocPages({ order: i % 4, gfp });
    assert.ok(got.ok);
    held.push(got);
  }
  held.forEach((page, i) => {
    if (i % 2 === 0) kernel.freePages(page);
  });
  const zone = kernel.memory.zones[0]!;
  return { kernel, zone };
}

/** First frame on a free list of `order`, of any type. */
function freePage(kernel: PageAllocator, zone: Zone, order: number): number {
  for (let mt = 0; mt < 6; mt++) {
    const head = zone.listBase + order * 8 + mt;
    const p = kernel.memory.next[head]!;
    if (p !== head && p < kernel.memory.virginBase) return p;
  }
  throw new Error(`no free page of order ${order}`);
}

const BROKEN: [
  law: string,
  release: string,
  spoil: (kernel: PageAllocator, zone: Zone) => number | undefined,
][] = [
  [
    "NR_FREE_PAGES + differences = pages on the lists",
    "6.1",
    (_k, z) => {
      z.nrFreePages++;
      return undefined;
    },
  ],
  [
    "NR_FREE_CMA_PAGES + differences = pages on the CMA lists",
    "6.12",
    (_k, z) => {
      z.nrFreeCma--;
      return undefined;
    },
  ],
  [
    "nr_free_highatomic = pages on the HIGHATOMIC lists",
    "6.12",
    (_k, z) => {
      z.nrFreeHighatomic = 1;
      return undefined;
    },
  ],
  [
    "nr_reserved_highatomic = pages of the HIGHATOMIC blocks",
    "7.3",
    (_k, z) => {
      z.nrReservedHighatomic = 512;
      return undefined;
    },
  ],
  [
    "nr_isolate_pageblock = isolated blocks",
    "6.1",
    (_k, z) => {
      z.nrIsolatePageblock = 1;
      return undefined;
    },
  ],
  [
    "nr_free = length of the lists",
    "6.1",
    (_k, z) => {
      z.nrFree[0]!++;
      return undefined;
    },
  ],
  [
    "pcp count = pages on the pcp lists",
    "6.1",
    (_k, z) => {
      z.pcp.count++;
      return undefined;
    },
  ],
  [
    "a page on a list of an order has that order",
    "6.1",
    (k, z) => {
      const p = freePage(k, z, 1);
      k.memory.state[p] = 1;
      return p;
    },
  ],
  [
    "a page on a pcp list says so",
    "6.1",
    (k, z) => {
      const p = z.pcp.lists.find((list) => list.length > 0)!.at(0);
      k.memory.state[p] = 0;
      return p;
    },
  ],
  [
    "a free page is on the list of its block's type",
    "6.12",
    (k, z) => {
      const p = freePage(k, z, 0);
      k.memory.setBlockType(p, (k.memory.blockType(p) + 1) % 3);
      return undefined;
    },
  ],
  [
    "every free page is on a list",
    "6.1",
    (k, z) => {
      const { next, prev } = k.memory;
      const p = freePage(k, z, 2);
      next[prev[p]!] = next[p]!;
      prev[next[p]!] = prev[p]!;
      z.nrFree[2]!--;
      return undefined;
    },
  ],
  [
    "free + isolated + pcp + allocated = managed",
    "6.1",
    (_k, z) => {
      z.managed++;
      return undefined;
    },
  ],
  [
    "lists are linked both ways",
    "6.1",
    (k, z) => {
      const p = freePage(k, z, 0);
      k.memory.prev[p] = p;
      return undefined;
    },
  ],
  [
    "per-CPU differences stay within their threshold",
    "6.1",
    (_k, z) => {
      z.pcp.diffNrFree += z.pcp.statThreshold + 200;
      z.nrFreePages -= z.pcp.statThreshold + 200;
      return undefined;
    },
  ],
];

for (const [law, release, spoil] of BROKEN)
  test(`validate: ${law} (${release})`, () => {
    const { kernel, zone } = used(release);
    kernel.validate();
    const pfn = spoil(kernel, zone);
    assert.throws(
      () => kernel.validate(),
      (e: unknown) => {
        assert.ok(e instanceof LawBroken);
        assert.equal(e.law, law, e.message);
        assert.equal(e.zone, zone.name);
        if (pfn !== undefined) assert.equal(e.pfn, pfn);
        assert.match(e.message, /^law broken: /);
        return true;
      },
    );
    kernel.validate("off");
  });

test("validate: free buddies are merged", () => {
  const { kernel, zone } = used("6.1");
  const m = kernel.memory;
  const got = kernel.allocPages({ order: 4, gfp: "GFP_KERNEL" });
  assert.ok(got.ok);
  const half = got.pfn + 8;
  freeOnePage(m, zone, half, 3, 0, false);
  m.state[half] = 0;
  freeOnePage(m, zone, got.pfn, 3, 0, false);
  m.state[half] = 4;
  assert.throws(
    () => kernel.validate(),
    (e: unknown) => e instanceof LawBroken && e.law === "free buddies are merged" && e.pfn === got.pfn,
  );
});

test("validate: nothing is free inside another page", () => {
  const { kernel } = used("6.1");
  const got = kernel.allocPages({ order: 3, gfp: "GFP_KERNEL" });
  assert.ok(got.ok);
  kernel.memory.state[got.pfn + 1] = ON_PCP;
  assert.throws(
    () => kernel.validate(),
    (e: unknown) =>
      e instanceof LawBroken && e.law === "no free page inside another page" && e.pfn === got.pfn + 1,
  );
});

test("validate: the entry level sees heads and counters only", () => {
  const { kernel, zone } = used("6.1");
  kernel.validate("entry");
  zone.nrFreePages++;
  kernel.validate("entry");
  assert.throws(() => kernel.validate("everything"), LawBroken);
  zone.nrFreePages--;
  zone.nrFree[3] = -1;
  assert.throws(() => kernel.validate("entry"), /law broken: nr_free is not negative: zone DMA/);
});

test("validate: a whole 1 TiB machine that is untouched costs no walk over its frames", () => {
  const kernel = machine("pc-x86-64").memory("1TiB").cma("off").start();
  const before = process.cpuUsage();
  validate(kernel.memory, "everything", { ownersKnown: true, plainTypes: true });
  const { user, system } = process.cpuUsage(before);
  assert.ok(user + system < 2e6, `${(user + system) / 1e3} ms`);
});
