/**
 * Every figure of the hardware models states its source: a page that was read [P], memory [M], a kernel file, a
 * recording, or a modelling choice. A figure without a source cannot be added.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { LOCKABLE_CACHES } from "../../lib/hardware/cache-ways";
import { DEFAULT_COSTS } from "../../lib/hardware/costs";
import { CPU_TLBS } from "../../lib/hardware/cpu-tlb-data";
import { DMA_DEVICES, DMA_PLATFORMS } from "../../lib/hardware/dma-limits";
import { RDMA_ADAPTERS } from "../../lib/hardware/rdma-adapter-data";

const SAID = /\[P\b|\[M\b|modelling choice|recorded: |(^|[ (])(arch|drivers|fs|include|kernel|mm)\/[\w./-]+/;
/** Not a figure: the level of a cache, 2 or 3. */
const NAMES = new Set(["level"]);

/** Paths of numbers that are not in an object with a source. */
function unsourced(value: unknown, path: string, sourced: boolean): string[] {
  if (typeof value === "number") return sourced || NAMES.has(path.split(".").at(-1)!) ? [] : [path];
  if (typeof value !== "object" || value === null) return [];
  const { source } = value as { source?: unknown };
  const own = typeof source === "string";
  const wrong = own && !SAID.test(source) ? [`${path}: ${JSON.stringify(source)}`] : [];
  return [
    ...wrong,
    ...Object.entries(value).flatMap(([name, part]) => unsourced(part, `${path}.${name}`, own || sourced)),
  ];
}

for (const [name, models] of Object.entries({
  CPU_TLBS,
  RDMA_ADAPTERS,
  LOCKABLE_CACHES,
  DMA_DEVICES,
  DMA_PLATFORMS,
  DEFAULT_COSTS,
}))
  test(`${name}: every figure has a source`, () => {
    assert.deepEqual(unsourced(models, name, false), []);
  });

test("a figure without a source is found, and so is one with an empty source", () => {
  assert.deepEqual(unsourced({ a: { value: 1 } }, "x", false), ["x.a.value"]);
  assert.deepEqual(unsourced({ a: { value: 1, source: "somewhere" } }, "x", false), ['x.a: "somewhere"']);
});
