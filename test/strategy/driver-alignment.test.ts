/** Requests aligned as dma_alloc_contiguous() aligns them: to the order of their size, at most CONFIG_CMA_ALIGNMENT. */
import assert from "node:assert/strict";
import test from "node:test";
import { run } from "../../lib/experiment/run";
import { dmaAlignOrder } from "../../lib/mm/boot/dma-contiguous";
import { parsePlan } from "../../lib/plan/run";

test("get_order() of the size, and no more than the build allows", () => {
  assert.equal(dmaAlignOrder(4096, 4096), 0);
  assert.equal(dmaAlignOrder(600 * 1024, 4096), 8);
  assert.equal(dmaAlignOrder(2 ** 24, 4096), 8);
  assert.equal(dmaAlignOrder(2 ** 24, 4096, 12), 12);
});

/** Frames from the first of two held requests of 600 KiB (150 pages) to the second. */
function gap(
  strategy: { align?: string; name?: string; design?: string },
  request: { align?: string | number } = {},
  cmaAlignment = 8,
): number {
  const { requests } = run(
    parsePlan({
      machine: { board: "qemu-virt", memory: "512MiB", build: { cmaAlignment } },
      strategy: { name: "cma", area: "16MiB", ...strategy },
      request: { size: "600KiB", times: 2, held: 2, ...request },
    }),
  );
  return Number(requests.pfn[1]) - Number(requests.pfn[0]);
}

test("a strategy with align: driver leaves the gap that a driver's second request leaves", () => {
  assert.equal(gap({ align: "request" }), 150);
  assert.equal(gap({ align: "driver" }), 256);
  assert.equal(gap({ align: "driver" }, {}, 4), 160);
});

test("a request that names no alignment is a driver's; one that names any, even a page, is aligned as it says", () => {
  assert.equal(gap({}), 256);
  assert.equal(gap({}, {}, 4), 160);
  assert.equal(gap({}, { align: "4KiB" }), 150);
  assert.equal(gap({}, { align: 1 }), 150);
  assert.equal(gap({}, { align: "64KiB" }), 160);
  assert.equal(gap({ align: "driver" }, { align: "4KiB" }), 256);
});

test("ranges of ZONE_MOVABLE are aligned as those of an area", () => {
  const zone = { name: "cma-movable-zone", design: "movablecore" };
  assert.equal(gap(zone), 256);
  assert.equal(gap(zone, { align: "4KiB" }), 150);
});
