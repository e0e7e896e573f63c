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

test("a strategy with align: driver leaves the gap that a driver's second request leaves", () => {
  const frames = (align: string, cmaAlignment: number) => {
    const { requests } = run(
      parsePlan({
        machine: { board: "qemu-virt", memory: "512MiB", build: { cmaAlignment } },
        strategy: { name: "cma", area: "16MiB", align },
        request: { size: "600KiB", times: 2, held: 2 },
      }),
    );
    return Number(requests.pfn[1]) - Number(requests.pfn[0]);
  };
  assert.equal(frames("request", 8), 150);
  assert.equal(frames("driver", 8), 256);
  assert.equal(frames("driver", 4), 160);
});
