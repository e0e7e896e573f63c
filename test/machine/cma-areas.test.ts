import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib";
import { ERRNO } from "../../lib/base/answer";
import { GiB, KiB, MiB } from "../../lib/base/units";
import { cmaDeclareContiguous, cmaInitReservedMem, maxCmaAreas } from "../../lib/mm/boot/cma";
import { cmaDeclareContiguousMulti } from "../../lib/mm/boot/cma-multi";
import { Memblock } from "../../lib/mm/boot/memblock";
import { CmaArea, cmaAlloc } from "../../lib/mm/contiguous/cma-area";
import { Contiguous } from "../../lib/mm/contiguous/contiguous";

function memory(...ranges: [number, number][]): Memblock {
  const memblock = new Memblock(4 * KiB);
  for (const [start, end] of ranges) memblock.add(start, end);
  return memblock;
}

test("several areas: each with its own alignment, place and bitmap, all of them usable", () => {
  const pi = machine("raspberry-pi-4")
    .pageSize("4K")
    .cma("64M")
    .cmaArea("camera", "33MiB", { limit: "768MiB", alignment: "16MiB" })
    .cmaArea("codec", "8MiB", { orderPerBit: 4, limit: "768MiB" });
  const booted = pi.boot();
  const [camera, codec] = booted.cmaAreas;
  // ALIGN(size, alignment): 33 MiB to a multiple of 16.
  assert.equal(camera!.ranges[0]!.bytes, 48 * MiB);
  assert.equal(camera!.ranges[0]!.base % (16 * MiB), 0);
  assert.ok(booted.cmaAreas.every((a) => a.activated && a.ok && a.errno === 0));
  const k = booted.start();
  const areas = booted.contiguousAreas();
  assert.deepEqual(
    areas.map((a) => [a.name, a.count]),
    [
      ["reserved", (64 * MiB) / 4096],
      ["camera", (48 * MiB) / 4096],
      ["codec", (8 * MiB) / 4096],
    ],
  );
  const contig = new Contiguous(k.memory, areas);
  const got = contig.cmaAlloc(20, 0, 2);
  // One bit is 16 pages: 20 pages take two bits.
  assert.ok(got.ok && got.pfn === codec!.ranges[0]!.base / 4096);
  assert.equal(areas[2]!.used, 32);
  const next = contig.cmaAlloc(1, 0, 2);
  assert.ok(next.ok && next.pfn === got.pfn + 32);
});

test("a region of the device tree is reserved at its address, or refused with the messages of rmem_cma_setup()", () => {
  const pi = machine("raspberry-pi-5").pageSize("16K").cma("off");
  const dt = { by: "device tree", base: "256MiB" } as const;
  const good = pi.cmaArea("linux,camera", "64MiB", dt).boot();
  assert.deepEqual(good.cmaAreas[0]!.ranges, [{ base: 256 * MiB, bytes: 64 * MiB }]);
  // 16 KB pages: blocks of 32 MiB. 48 MiB is not a multiple, and a region is never rounded.
  const bad = pi.cmaArea("linux,camera", "48MiB", dt).boot();
  assert.equal(bad.cmaAreas[0]!.errno, ERRNO.EINVAL);
  assert.deepEqual(bad.messages, [
    "Reserved memory: incorrect alignment of CMA region",
    "OF: reserved mem: node linux,camera compatible matching fail",
  ]);
  assert.throws(() => pi.cmaArea("x", "48MiB", { by: "device tree" }), /must have a base/);
});

test("requests that cma_declare_contiguous() refuses, with its message or silently", () => {
  const declare = (request: Partial<Parameters<typeof cmaDeclareContiguous>[3]>) =>
    cmaDeclareContiguous(memory([GiB, 4 * GiB]), "6.1", 2 * MiB, {
      ...{ bytes: 64 * MiB, base: 0, limit: 0, fixed: false, pageSize: 4096 },
      ...request,
    });
  for (const silent of [{ bytes: 0 }, { alignment: 3 * MiB }, { orderPerBit: 15 }]) {
    const refused = declare(silent);
    assert.ok(!refused.ok && refused.errno === ERRNO.EINVAL);
    assert.deepEqual(refused.messages, [], JSON.stringify(silent));
  }
  const full = declare({ slots: { used: 20, most: maxCmaAreas("6.1") } });
  assert.ok(!full.ok && full.errno === ERRNO.ENOSPC);
  assert.deepEqual(full.messages, ["cma: Not enough slots for CMA reserved regions!"]);
  const wide = declare({ alignment: 512 * MiB });
  assert.ok(wide.ok && wide.base % (512 * MiB) === 0 && wide.bytes === 512 * MiB);
  // cma_init_reserved_mem(): the memory must be reserved, and aligned; it never rounds.
  const memblock = memory([GiB, 4 * GiB]);
  const init = (bytes: number) => cmaInitReservedMem(memblock, 2 * MiB, { base: GiB, bytes }).errno;
  assert.equal(init(4 * MiB), ERRNO.EINVAL);
  memblock.reserve("driver", GiB, 8 * MiB);
  assert.equal(init(4 * MiB), 0);
  assert.equal(init(3 * MiB), ERRNO.EINVAL);
  assert.equal(init(0), ERRNO.EINVAL);
});

test("8 areas in 4.17, 20 since 6.1: one more finds no slot", () => {
  let pc = machine("pc-x86-64").kernel("4.17").cma("off");
  for (let i = 0; i < 9; i++) pc = pc.cmaArea(`area${i}`, "4MiB");
  const booted = pc.boot();
  assert.deepEqual(
    booted.cmaAreas.map((a) => a.errno),
    [...Array<number>(8).fill(0), ERRNO.ENOSPC],
  );
  assert.ok(booted.messages.includes("cma: Not enough slots for CMA reserved regions!"));
});

test("an area that crosses a zone boundary: 6.1 gives its pages to the buddy allocator, 4.17 loses the rest and all later areas", () => {
  const boot = (release: string) =>
    machine("raspberry-pi-4")
      .memory("8GiB")
      .pageSize("4K")
      .kernel(release)
      .cma("off")
      .cmaArea("across", "512MiB", { by: "device tree", base: "3840MiB" })
      .cmaArea("later", "16MiB", { limit: "768MiB" })
      .boot();
  // RAM of this board ends at 0xfc000000 below 4 GiB, so the zone boundary at 4 GiB is inside the area.
  const now = boot("6.1");
  assert.deepEqual(
    now.cmaAreas.map((a) => a.activated),
    [false, true],
  );
  assert.ok(now.messages.includes("cma: CMA area across could not be activated"));
  const old = boot("4.17");
  assert.deepEqual(
    old.cmaAreas.map((a) => a.activated),
    [false, false],
  );
  // 3a5139f1c5bb (5.9): an area that fails does not stop those after it; 072355c1cf2d (5.12): its frames are not lost.
  assert.deepEqual(
    boot("5.8").cmaAreas.map((a) => a.activated),
    [false, false],
  );
  for (const release of ["5.9", "5.10", "5.11"]) {
    const between = boot(release);
    assert.deepEqual(
      between.cmaAreas.map((a) => a.activated),
      [false, true],
      release,
    );
    assert.ok(managed(between) < managed(now) - 65_000, `${release}: the area's second half is lost`);
  }
});

const managed = (booted: { start(): { memory: { zones: { managed: number }[] } } }) =>
  booted.start().memory.zones.reduce((pages, z) => pages + z.managed, 0);

test("an area requested on a node is on that node and cannot span two", () => {
  const server = machine("server-x86-64");
  const on1 = server.cmaArea("near", "1GiB", { nid: 1 }).boot().cmaAreas[0]!;
  assert.equal(on1.ranges[0]!.base, 17 * GiB);
  const across = server.cmaArea("across", "2GiB", { base: "16GiB", limit: "20GiB" }).boot();
  assert.equal(across.cmaAreas[0]!.activated, false);
  assert.ok(across.messages.includes("cma: CMA area across could not be activated"));
  assert.throws(() => server.cmaArea("x", "1GiB", { nid: 2 }), /nid must be a node from 0 to 1: got 2/);
});

test("6.19: the largest free ranges above 4 GiB, from the lowest up, if a single range is not available", () => {
  const memblock = memory([4 * GiB, 5 * GiB], [6 * GiB, 8 * GiB], [9 * GiB, 9 * GiB + 512 * MiB]);
  const request = { bytes: 3 * GiB - 256 * MiB, base: 0, limit: 0, fixed: false, pageSize: 4096 };
  const got = cmaDeclareContiguousMulti(memblock, "6.19", 2 * MiB, request, "big");
  assert.ok(got.ok);
  // 2 GiB and 1 GiB are enough; the lower one is used whole, the last one in part.
  assert.deepEqual(got.ranges, [
    { base: 4 * GiB, bytes: GiB },
    { base: 6 * GiB, bytes: 2 * GiB - 256 * MiB },
  ]);
  assert.deepEqual(got.messages, ["cma: Reserved 2816 MiB in 2 ranges"]);
  const no = cmaDeclareContiguousMulti(memory([4 * GiB, 5 * GiB]), "6.19", 2 * MiB, request, "big");
  assert.ok(!no.ok && no.errno === ERRNO.ENOMEM);
  assert.throws(
    () => machine("pc-x86-64").cmaArea("x", "1GiB", { ranges: true }),
    /since 6.15: got kernel 6.1/,
  );
});

test("6.19: cma_alloc() goes from range to range, and stops at once if too few pages are left", () => {
  const pc = machine("pc-x86-64").memory("8GiB").kernel("6.19").cmaArea("area", "64MiB");
  const booted = pc.boot();
  const { base } = booted.cmaAreas[0]!.ranges[0]!;
  const first = base / 4096;
  const half = (32 * MiB) / 4096;
  const area = new CmaArea("area", [
    { basePfn: first, count: half },
    { basePfn: first + half, count: half },
  ]);
  const contig = new Contiguous(booted.start().memory, [area]);
  const a = contig.cmaAlloc(half - 100);
  assert.ok(a.ok && a.pfn === first);
  const b = contig.cmaAlloc(200);
  assert.ok(b.ok && b.pfn === first + half);
  // No single range has enough pages: the area is not full, yet nothing fits.
  const c = contig.cmaAlloc(half + 1);
  assert.ok(!c.ok && c.errno === -16);
  assert.equal(area.available, 2 * half - (half - 100) - 200);
  contig.cmaRelease(b.pfn, 200);
  assert.deepEqual(contig.validate(), []);
  assert.equal(typeof cmaAlloc, "function");
});

test("the Raspberry Pi kernel's threshold: 12 of 16 free pages must be CMA before it is used first", () => {
  // 512 MiB, 320 of them CMA: above half, below 12/16.
  const shape = (cmaThreshold: number) => {
    const k = machine("qemu-virt")
      .pageSize("4K")
      .memory("512MiB")
      .cma("320MiB")
      .with({ cmaThreshold })
      .start();
    const got = k.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE", order: 3 });
    assert.ok(got.ok);
    return k.memory.blockType(got.pfn);
  };
  const CMA = 4;
  assert.equal(shape(0), CMA);
  assert.equal(shape(8), CMA);
  assert.notEqual(shape(12), CMA);
  assert.notEqual(shape(16), CMA);
  assert.throws(() => machine("qemu-virt").with({ cmaThreshold: 17 }), /cmaThreshold/);
});

test("an area where no memory is: refused by the kernel, or by us where the kernel would not survive it", () => {
  const virt = machine("qemu-virt").memory("512MiB").kernel("6.19");
  // mm/cma.c compares the end with memblock_end_of_DRAM().
  const beyond = virt.cmaArea("a", "64MiB", { base: "200GiB" });
  const [area] = beyond.boot().cmaAreas;
  assert.deepEqual([area!.ok, area!.errno], [false, ERRNO.EINVAL]);
  assert.equal(beyond.running().cmaAlloc("1MiB", { area: 0 }).ok, true);
  for (const [base, by] of [
    ["200GiB", "device tree"],
    [0, "device tree"],
    ["512MiB", "code"],
    // The second half of it is past the end of memory, in a section of its own or not.
    [GiB + 480 * MiB, "device tree"],
    [GiB + 496 * MiB, "device tree"],
  ] as const)
    for (const run of [
      () => virt.cmaArea("a", "64MiB", { base, by }).running(),
      () => virt.cmaArea("a", "64MiB", { base, by }).boot(),
    ])
      assert.throws(run, /^InputError: cmaArea a: must be where memory is: got 64 MiB at 0x/, `${base}`);
});

/** 32-bit ARM with LPAE, 8 GiB: low memory ends at 768 MiB, the firmware keeps the top of the first GiB. */
function lpae(): Memblock {
  const memblock = memory([0, 0x3b400000], [GiB, 0xfc000000], [4 * GiB, 8 * GiB]);
  memblock.highmemStart = 768 * MiB;
  return memblock;
}

// mm/cma.c cma_declare_contiguous_nid(): 6.1.192 tries high memory first and forgets it; the fix that tries it second was
// taken on 18 January 2023.
test("high memory and the search from 4 GiB upwards: 5.12 to 6.2 lose one area and take another in low memory", () => {
  const declare = (release: string, limit: number) => {
    const memblock = lpae();
    const area = cmaDeclareContiguous(memblock, release, 2 * MiB, {
      ...{ bytes: 64 * MiB, base: 0, limit, fixed: false },
    });
    return [area.ok && area.base, memblock.reserved.map((r) => r.start)];
  };
  // The highest 64 MiB of all memory, of low memory, and below 1 GiB; the lowest above 4 GiB.
  const [top, low, gib] = [8 * GiB - 64 * MiB, 704 * MiB, 0x37400000];
  assert.deepEqual(declare("5.11", 0), [top, [top]]);
  assert.deepEqual(declare("5.11", GiB), [gib, [gib]]);
  for (const release of ["5.12", "6.1", "6.2"]) {
    assert.deepEqual(declare(release, 0), [low, [low, top]], release);
    assert.deepEqual(declare(release, GiB), [low, [low, gib]], release);
  }
  for (const release of ["6.3", "6.12"]) {
    assert.deepEqual(declare(release, 0), [4 * GiB, [4 * GiB]], release);
    assert.deepEqual(declare(release, GiB), [gib, [gib]], release);
  }
});

test("without memory above 4 GiB, or bottom-up, no search starts there and nothing is lost", () => {
  const small = memory([0, 0x3b400000], [GiB, 0xfc000000]);
  small.highmemStart = 768 * MiB;
  const request = { bytes: 64 * MiB, base: 0, limit: 0, fixed: false };
  const area = cmaDeclareContiguous(small, "6.1", 2 * MiB, request);
  assert.equal(area.ok && area.base, 0xfc000000 - 64 * MiB);
  assert.equal(small.reserved.length, 1);
  const mips = lpae();
  mips.direction = "bottom-up";
  const upwards = cmaDeclareContiguous(mips, "6.1", 2 * MiB, request);
  assert.equal(upwards.ok && upwards.base, 768 * MiB);
  assert.equal(mips.reserved.length, 1);
});

test("what the search lost is named among the reservations of a machine", () => {
  const pi = machine("raspberry-pi-4-32bit").memory("8GiB").cma("off").cmaArea("code", "64MiB");
  const lost = (release: string) =>
    pi
      .kernel(release)
      .boot()
      .reservations.filter((r) => r.what === "high memory that the search for a CMA area lost");
  assert.deepEqual(
    lost("6.1").map((r) => r.bytes),
    [64 * MiB],
  );
  assert.deepEqual(lost("6.6"), []);
});

test("a region of the device tree on the kernel image is made an area, and a warning tells of it", () => {
  const own = (base: string) =>
    machine({
      ...{ architecture: "arm64", kernel: "6.1", ram: ["0x40000000-0x7fffffff"] },
      deviceTree: [{ name: "linux,cma", size: "64MiB", base }],
    }).boot();
  const onImage = own("0x40200000");
  const image = onImage.warnings.filter((w) => w.includes("kernel image"));
  assert.equal(image.length, 1);
  assert.match(image[0]!, /^linux,cma: 0x40200000-0x44200000 lies on the kernel image at 0x/);
  assert.ok(onImage.areas[0]!.activated);
  assert.deepEqual(own("0x60000000").warnings, []);
});
