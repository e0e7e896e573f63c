/** The allocator as its callers see it, on machines built from descriptions. */
import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib/index";
import { listFrames } from "../../lib/mm/state/list-frames";

test("a machine starts with every managed page free, and a free returns the page", () => {
  const kernel = machine("pc-x86-64").memory("4GiB").cma("off").start();
  for (const zone of kernel.memory.zones) assert.equal(zone.nrFreePages, zone.managed);
  const got = kernel.allocPages({ order: 0, gfp: "GFP_HIGHUSER_MOVABLE", owner: "test" });
  assert.ok(got.ok);
  assert.equal(got.path, "refill");
  assert.equal(got.zone, "Normal");
  assert.equal(got.owner, "test");
  const next = kernel.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE" });
  assert.ok(next.ok && next.path === "pcp");
  kernel.freePages(got);
  assert.throws(() => kernel.freePages(got), /frame \d+ is free already \(on a per-CPU list/);
  assert.throws(() => kernel.freePages(3, 1), /must be in a zone and aligned/);
});

test("an unmovable request on a fresh machine claims a whole movable block", () => {
  const events: string[] = [];
  const kernel = machine("pc-x86-64").memory("4GiB").cma("off").start();
  kernel.observe({
    extfrag: (e) => events.push(`${e.order} ${e.fallbackOrder} ${e.mt} ${e.fallbackMt}`),
  });
  const got = kernel.allocPages({ gfp: "GFP_KERNEL" });
  assert.ok(got.ok && got.path === "fallback");
  assert.deepEqual(events, ["0 10 0 1"]);
  assert.equal(kernel.memory.blockType(got.pfn), 0);
});

test("after boot the CMA list holds its largest pages in descending order (recorded on arm64, FACTS 12.7)", () => {
  const { memory } = machine("qemu-virt").pageSize("4K").memory("2GiB").cma("256MiB").start();
  const zone = memory.zones[0]!;
  const top = listFrames(memory, zone.listBase + memory.maxOrder * 8 + 4);
  assert.ok(top.length > 60);
  assert.deepEqual(
    top,
    [...top].sort((a, b) => b - a),
  );
  assert.equal(zone.nrFreeCma, 65536);
});

test("a request that fails says why, zone by zone", () => {
  const kernel = machine("qemu-virt").pageSize("64K").memory("1GiB").cma("off").start();
  const failed = kernel.allocPages({ order: 14 });
  assert.ok(!failed.ok);
  assert.match(failed.reason, /order 14 is above the largest buddy order, 13/);
  let last = kernel.allocPages({ order: 4, gfp: "GFP_NOWAIT" });
  for (let i = 0; last.ok && i < 10_000; i++) last = kernel.allocPages({ order: 4, gfp: "GFP_NOWAIT" });
  assert.ok(!last.ok);
  assert.match(
    last.reason,
    /zone DMA: \d+ pages free less the 15 of the request, not above the min watermark \d+/,
  );
});

test("invalid arguments throw an error with the limit and the value", () => {
  const kernel = machine("qemu-virt").memory("1GiB").start();
  assert.throws(() => kernel.allocPages({ order: -1 }), /order: must be a whole number from 0 to 10: got -1/);
  assert.throws(
    () => kernel.allocPages({ gfp: "GFP_KERNAL" }),
    /unknown name "GFP_KERNAL".*did you mean GFP_KERNEL/,
  );
  assert.throws(() => kernel.allocPagesBulk(0), /count must be a whole number from 1/);
  assert.throws(
    () => machine("qemu-virt").with({ freelistHygene: true } as never),
    /kernel switch: unknown name "freelistHygene".*did you mean freelistHygiene/,
  );
});

test("one switch can be flipped alone", () => {
  const { memory } = machine("qemu-virt").memory("1GiB").with({ freelistHygiene: true }).start();
  assert.equal(memory.sw.freelistHygiene, true);
  assert.equal(memory.sw.fallback, "steal");
});

test("4.17 allocates its boot memory from the top, because it was freed to the head of the list", () => {
  const kernel = machine("pc-x86-64").memory("4GiB").cma("off").kernel("4.17").start();
  const a = kernel.allocPages({ order: 10, gfp: "GFP_HIGHUSER_MOVABLE" });
  const b = kernel.allocPages({ order: 10, gfp: "GFP_HIGHUSER_MOVABLE" });
  assert.ok(a.ok && b.ok);
  assert.equal(b.pfn, a.pfn - 1024);
});

test("frames that were never allocated cannot be freed: the kernel image is in reserved memory", () => {
  const kernel = machine("qemu-virt").memory("512MiB").cma("off").start();
  const image = 0x40200000 / 4096;
  assert.throws(() => kernel.freePages(image), /free: frame 262656 of order 0 was never allocated/);
  kernel.validate();
});

test("observers see each request and each free, including failed requests", () => {
  const kernel = machine("qemu-virt").memory("512MiB").cma("off").start();
  const seen: string[] = [];
  kernel.observe({
    pageAlloc: (pfn, order, mt) => seen.push(`alloc ${pfn} ${order} ${mt}`),
    pageFree: (pfn, order) => seen.push(`free ${pfn} ${order}`),
  });
  const page = kernel.allocPages({ order: 2, gfp: "GFP_HIGHUSER_MOVABLE" });
  assert.ok(page.ok);
  kernel.freePages(page);
  kernel.allocPages({ order: 11 });
  const [single] = kernel.allocPagesBulk(1);
  assert.deepEqual(seen, [
    `alloc ${page.pfn} 2 1`,
    `free ${page.pfn} 2`,
    "alloc -1 11 0",
    `alloc ${single} 0 0`,
  ]);
});

test("an unknown level of validation gives an error that lists the known ones", () => {
  const kernel = machine("qemu-virt").memory("512MiB").start();
  assert.throws(
    () => kernel.validate("all" as never),
    /validate level: unknown name "all": known are off, entry/,
  );
});

test("vm.defrag_mode: a request that may not wait takes whole foreign blocks or nothing", () => {
  const foundOrders = (defragMode: boolean) => {
    const described = machine("qemu-virt").pageSize("4K").memory("512MiB").cma("off").kernel("7.3");
    const kernel = described.with({ defragMode }).start();
    // Movable pages fill memory, then every second page is freed: few blocks are whole.
    const taken: number[] = [];
    for (;;) {
      const got = kernel.allocPages({ gfp: "GFP_HIGHUSER_MOVABLE" });
      if (!got.ok) break;
      taken.push(got.pfn);
    }
    for (const pfn of taken) if (pfn % 2 === 0) kernel.freePages(pfn);
    kernel.drainAllPages();
    const found: number[] = [];
    kernel.observe({ extfrag: ({ fallbackOrder }) => found.push(fallbackOrder) });
    for (let i = 0; i < 20_000; i++) kernel.allocPages({ gfp: "GFP_NOWAIT" });
    kernel.validate();
    return Math.min(...found);
  };
  assert.ok(foundOrders(true) >= 9);
  assert.ok(foundOrders(false) < 9);
});

test("a page cannot be freed with a larger order than it was allocated with, but in parts", () => {
  const kernel = machine("qemu-virt").memory("512MiB").cma("off").start();
  const page = kernel.allocPages({ order: 2 });
  assert.ok(page.ok);
  assert.throws(() => kernel.freePages(page.pfn & ~7, 3), /free: frame \d+ /);
  for (let i = 0; i < 4; i++) kernel.freePages(page.pfn + i);
  kernel.validate();
});
