/** Every law of a zone that validate() looks at, broken by hand on a machine whose frames can be counted, with all that it says. */
import assert from "node:assert/strict";
import test from "node:test";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import { CmaArea } from "../../lib/mm/contiguous/cma-area";
import { LawBroken, type ValidateOptions, validate } from "../../lib/mm/reports/validate";
import { validateCma } from "../../lib/mm/reports/validate-cma";
import { addToFreeList, delPageFromFreeList } from "../../lib/mm/state/free-area";
import { GFP_HIGHUSER_MOVABLE } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_ISOLATE, MIGRATE_MOVABLE } from "../../lib/mm/state/migratetype";
import { setOwnerKind } from "../../lib/mm/state/owners";
import { ALLOCATED, BLOCK_HOLE, pcpState } from "../../lib/mm/state/page-state";
import type { Zone } from "../../lib/mm/state/zone";
import { tinyMemory } from "./tiny-memory";

type Release = Parameters<typeof tinyMemory>[0];

/** Three single pages in use, 1024 to 1026, of which the first was freed to the CPU's list again: [1024] and 1027 … on it. */
function used(release: Release): Memory {
  const m = tinyMemory(release, { high: 50 });
  for (let i = 0; i < 3; i++) assert.equal(allocPages(m, GFP_HIGHUSER_MOVABLE, 0), 1024 + i);
  freePages(m, 1024, 0);
  validate(m, "everything", { ownersKnown: true });
  return m;
}

/** What validate() says of the machine once it is spoiled; "" if nothing. */
function said(
  release: Release,
  spoil: (m: Memory, zone: Zone) => void,
  options: ValidateOptions = { ownersKnown: true },
  level: "entry" | "everything" = "everything",
): string {
  const m = used(release);
  spoil(m, m.zones[0]!);
  try {
    validate(m, level, options);
    return "";
  } catch (e) {
    assert.ok(e instanceof LawBroken, String(e));
    return e.message.replace("law broken: ", "").replace("zone Normal", "Z");
  }
}

test("heads and counters, which the quick level looks at", () => {
  const entry = (spoil: (m: Memory, zone: Zone) => void, options?: ValidateOptions) =>
    said("6.1", spoil, options, "entry");
  assert.equal(
    entry(() => {}),
    "",
  );
  assert.equal(
    entry((_, z) => (z.nrFree[4] = -1)),
    "nr_free is not negative: Z: order 4: -1",
  );
  assert.equal(
    entry((_, z) => (z.nrFree[10] = 0)),
    "nr_free = length of the lists: Z: order 10: nr_free 0",
  );
  assert.equal(
    entry((_, z) => (z.nrFree[1] = 7)),
    "nr_free = length of the lists: Z: order 1: nr_free 7",
  );
  assert.equal(
    entry((m, z) => (m.prev[m.next[z.listBase + 81]!] = 5)),
    "lists are linked both ways: Z: head of order 10, Movable",
  );
  assert.equal(
    entry((m, z) => (m.next[m.prev[z.listBase + 81]!] = 5)),
    "lists are linked both ways: Z: head of order 10, Movable",
  );
  assert.equal(
    entry((_, z) => (z.pcp.count = -1)),
    "pcp count is not negative: Z: -1",
  );
  assert.equal(
    entry((_, z) => (z.pcp.count = 0)),
    "pcp count = pages on the pcp lists: Z: count 0",
  );
  const emptied = (_: Memory, z: Zone) => {
    z.pcp.lists[1]!.dropTail(z.pcp.lists[1]!.length);
  };
  assert.match(entry(emptied), /^pcp count = pages on the pcp lists: Z: count \d$/);
  const diff = (free: number, cma: number) => (_: Memory, z: Zone) => {
    Object.assign(z.pcp, { diffNrFree: free, diffNrFreeCma: cma, statThreshold: 4 });
  };
  const known = { ownersKnown: true };
  assert.equal(entry(diff(4, -4), known), "");
  assert.equal(entry(diff(-5, 0), known), "per-CPU differences stay within their threshold: Z: 5 > 4");
  assert.equal(entry(diff(1, 6), known), "per-CPU differences stay within their threshold: Z: 6 > 4");
  assert.equal(entry(diff(9, 9), {}), "", "of a snapshot they are what they were");
});

test("pages on the free lists: in the zone, aligned, of their order, of their block's type, linked both ways", () => {
  const listed =
    (pfn: number, order: number, mt = MIGRATE_MOVABLE) =>
    (m: Memory, z: Zone) =>
      addToFreeList(m, z, pfn, order, mt);
  assert.equal(
    said("6.1", listed(1020, 0)),
    "free pages are in their zone: Z, frame 1020: order 0, Movable: 1 pages",
  );
  assert.equal(
    said("6.1", listed(3068, 3)),
    "free pages are in their zone: Z, frame 3068: order 3, Movable: 8 pages",
  );
  assert.equal(
    said("6.1", listed(1033, 1)),
    "free pages are aligned to their order: Z, frame 1033: order 1, Movable: remainder 1",
  );
  assert.equal(
    said("6.1", (m, z) => {
      listed(1400, 2)(m, z);
      m.state[1400] = 2;
    }),
    "a page on a list of an order has that order: Z, frame 1400: order 2, Movable: state 2",
  );
  const otherType = (m: Memory) => m.setBlockType(2560, 2);
  assert.equal(
    said("6.12", (m, z) => {
      // A page of order 10 spans two blocks.
      listed(1408, 2, 0)(m, z);
      otherType(m);
    }),
    "a free page is on the list of its block's type: Z, frame 1408: order 2, Unmovable: block 1408 is Movable",
  );
  assert.notEqual(
    said("6.1", listed(1408, 2, 0)).split(":")[0],
    "a free page is on the list of its block's type",
  );
  assert.equal(
    said("6.1", (m, z) => {
      for (const pfn of [1300, 1304, 1308]) listed(pfn, 0)(m, z);
      m.prev[1304] = 1300;
    }),
    "lists are linked both ways: Z, frame 1304: order 0, prev 1300",
  );
  assert.equal(
    said("6.1", (_, z) => z.nrFree[10]!++),
    "nr_free = length of the lists: Z: order 10: 2 against 1",
  );
});

test("untouched runs: whole blocks of the largest order, inside the zone, and nobody else's", () => {
  const run = (lo: number, hi: number) => (m: Memory) => {
    const i = m.virginLo.findIndex((start, at) => start < m.virginHi[at]!);
    assert.deepEqual([m.virginLo[i], m.virginHi[i]], [2048, 3072]);
    m.virginLo[i] = lo;
    m.virginHi[i] = hi;
  };
  const whole = "untouched runs are whole top-order blocks: Z, frame";
  assert.equal(said("6.1", run(2049, 3072)), `${whole} 2049: [2049, 3072)`);
  assert.equal(said("6.1", run(2048, 3071)), `${whole} 2048: [2048, 3071)`);
  assert.equal(said("6.1", run(2048, 2048)), `${whole} 2048: [2048, 2048)`);
  assert.equal(
    said("6.1", run(2048, 4096)),
    "free pages are in their zone: Z, frame 2048: untouched up to 4096",
  );
  assert.equal(said("6.1", run(0, 1024)), "free pages are in their zone: Z, frame 0: untouched up to 1024");
  assert.equal(
    said("6.1", (m, z) => {
      delPageFromFreeList(m, z, 1536, 9);
      m.state[1536] = ALLOCATED | 10;
    }),
    "nothing is free twice: Z, frame 2560: overlaps an untouched run",
  );
});

test("per-CPU lists: what is on them says so, is aligned, of the list's type, and counted", () => {
  const add =
    (list: number, pfn: number, state: number, count = 0) =>
    (m: Memory, z: Zone) => {
      z.pcp.lists[list]!.addHead(pfn);
      m.state[pfn] = state;
      z.pcp.count += count;
    };
  const at = "Z, frame";
  assert.equal(
    said("6.1", add(1, 1020, pcpState(0, 1))),
    `free pages are in their zone: ${at} 1020: pcp list 1: outside`,
  );
  assert.equal(
    said("6.1", add(1, 3072, pcpState(0, 1))),
    `free pages are in their zone: ${at} 3072: pcp list 1: outside`,
  );
  assert.equal(
    said("6.1", add(1, 1400, ALLOCATED)),
    `a page on a pcp list says so: ${at} 1400: pcp list 1: state 128`,
  );
  assert.equal(
    said("6.1", add(4, 1401, pcpState(1, 1))),
    `free pages are aligned to their order: ${at} 1401: pcp list 4: order 1`,
  );
  assert.equal(
    said("6.1", add(1, 1400, pcpState(0, 2))),
    `a pcp page is on the list of its stored type: ${at} 1400: pcp list 1: Reclaimable`,
  );
  const counted = said("6.1", add(1, 1400, pcpState(0, 1)));
  const [, was, found] = /^pcp count = pages on the pcp lists: Z: (\d+) against (\d+)$/.exec(counted)!;
  assert.equal(Number(found), Number(was) + 1);
  assert.equal(said("6.1", add(1, 1025, pcpState(0, 4), 1)), "", "CMA pages are on the movable list");
});

test("frame by frame: every page is on a list, none inside another, none reaches out of the zone, buddies are merged", () => {
  assert.match(
    said("6.1", (m) => (m.state[1025] = 1)),
    /^every free page is on a list: Z: (\d+) against (\d+)$/,
  );
  assert.match(
    said("6.1", (m) => (m.state[1025] = pcpState(0, 1))),
    /^every pcp page is on a list: Z: (\d+) against (\d+)$/,
  );
  assert.equal(
    said("6.1", (m) => {
      m.state[1025] = ALLOCATED;
      m.state[1026] = ALLOCATED | 1;
      m.state[1027] = 1;
    }),
    "no free page inside another page: Z, frame 1027: inside the page at 1026",
  );
  assert.equal(
    said(
      "6.1",
      (m, z) => {
        // Takes the untouched run away, and lets its last frames be a page that is too large.
        const head = z.listBase + 81;
        m.next[head] = m.prev[head] = head;
        z.nrFree[10] = 0;
        z.nrFreePages -= 1024;
        m.state[3068] = ALLOCATED | 3;
      },
      {},
    ),
    "",
    "owners are not known: what is in use is not looked at",
  );
  assert.equal(
    said("6.1", (m, z) => {
      const head = z.listBase + 81;
      m.next[head] = m.prev[head] = head;
      z.nrFree[10] = 0;
      m.state[3068] = ALLOCATED | 3;
    }),
    "pages are in their zone: Z, frame 3068: order 3",
  );
  const message = said("6.1", (m, z) => {
    const pfn = allocPages(m, GFP_HIGHUSER_MOVABLE, 1);
    for (const p of [pfn, pfn + 1]) addToFreeList(m, z, p, 0, MIGRATE_MOVABLE);
  });
  const [, first, buddy] = /^free buddies are merged: Z, frame (\d+): order 0, buddy (\d+) is free too$/
    .exec(message)!
    .map(Number);
  assert.equal(buddy, first! + 1);
});

test("frames are neither lost nor made: all are free, isolated, listed by a CPU or in use", () => {
  for (const [known, law] of [
    [true, "free + isolated + pcp + allocated = managed"],
    [false, ""],
  ] as const) {
    const words = said("6.1", (_, z) => z.managed++, { ownersKnown: known });
    assert.equal(words.split(": Z")[0], law);
    if (known) {
      const n = /: (\d+) \+ (\d+) \+ (\d+) \+ (\d+) against 2049 \((\d+) frames never used\)$/
        .exec(words)!
        .slice(1)
        .map(Number);
      assert.equal(n[0]! + n[1]! + n[2]! + n[3]!, 2048);
      assert.deepEqual(n.slice(1), [0, n[2], 2, 0]);
    }
  }
  assert.match(
    said("6.1", (_, z) => (z.managed = 2044), {}),
    /^free \+ isolated \+ pcp \+ allocated = managed/,
  );
  const lost = said("6.1", (m) => (m.state[1025] = 0));
  assert.match(lost, /\+ 1 against 2048 \(1 frames never used\)$/);
});

test("the counters of a zone are those of its lists; blocks that are reserved or isolated are counted", () => {
  const law = (release: Release, spoil: (m: Memory, zone: Zone) => void) => said(release, spoil);
  assert.match(
    law("6.1", (_, z) => z.nrFreePages--),
    /^NR_FREE_PAGES \+ differences = pages on the lists: Z: (\d+) against (\d+)$/,
  );
  assert.equal(
    law("6.1", (_, z) => z.nrFreeCma++),
    "NR_FREE_CMA_PAGES + differences = pages on the CMA lists: Z: 1 against 0",
  );
  assert.equal(
    law("6.12", (_, z) => (z.nrFreeHighatomic = 2)),
    "nr_free_highatomic = pages on the HIGHATOMIC lists: Z: 2 against 0",
  );
  assert.equal(
    law("6.1", (_, z) => (z.nrFreeHighatomic = 2)),
    "",
    "before 6.10 nobody counts them",
  );
  assert.equal(
    law("6.1", (_, z) => (z.nrIsolatePageblock = 2)),
    "nr_isolate_pageblock = isolated blocks: Z: 2 against 0",
  );
  assert.equal(
    law("6.1", (m) => m.setBlockType(2560, MIGRATE_ISOLATE)),
    "nr_isolate_pageblock = isolated blocks: Z: 0 against 1",
  );
  assert.equal(
    law("6.1", (m) => {
      m.setBlockType(2560, MIGRATE_ISOLATE);
      m.blocks[5]! |= BLOCK_HOLE;
    }),
    "",
    "blocks without memory do not count",
  );
  assert.equal(
    law("7.3", (_, z) => (z.nrReservedHighatomic = 512)),
    "nr_reserved_highatomic = pages of the HIGHATOMIC blocks: Z: 512 against 0 blocks",
  );
  assert.equal(
    law("6.1", (_, z) => (z.nrReservedHighatomic = 512)),
    "",
  );
});

test("an area: pages that it handed out have their bit set, and its count is that of its bits", () => {
  const m = tinyMemory("6.1", { cma: 512 });
  const area = new CmaArea("a", 3072, 512);
  const pfn = allocPages(m, GFP_HIGHUSER_MOVABLE, 0);
  assert.ok(pfn < 3072);
  assert.deepEqual(validateCma(m, [area]), []);
  for (const order of [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0])
    while (allocPages(m, GFP_HIGHUSER_MOVABLE, order) >= 0);
  m.state[3100] = ALLOCATED;
  m.setOwner(3100, 0);
  setOwnerKind(m, 3100, "cmaBuffer");
  assert.deepEqual(
    validateCma(m, [area]).filter((w) => w.includes("3100")),
    ["a: frame 3100 was handed out but its bit is clear"],
  );
  area.mark(3100, 1, 1);
  assert.deepEqual(
    validateCma(m, [area]).filter((w) => w.includes("3100")),
    [],
  );
});
