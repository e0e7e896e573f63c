/** Curves of the hardware models carry plans that give the same columns, and plans from strangers are checked. */
import assert from "node:assert/strict";
import test from "node:test";
import { curves, InputError, lockedRegionCurve, registerRegion, tlbCurve } from "../../lib";
import { RDMA_ADAPTERS } from "../../lib/hardware/rdma-adapter-data";
import { planKindOf, runPlan } from "../../lib/report/plan-kinds";

const GIB = 2 ** 30;
const small = { accesses: 2000, pattern: "uniform" } as const;

test("a TLB curve is tlbCurve() with its plan, and the plan runs again to the same columns", async () => {
  const curve = curves.tlb({
    cpu: "haswell",
    pages: ["2 MiB", "1 GiB"],
    areas: ["1 GiB", "8 GiB"],
    ...small,
  });
  const options = { warmup: 2000, accesses: 2000, seed: 1 };
  assert.deepEqual(curve.toJSON(), tlbCurve("haswell", [2 ** 21, GIB], [GIB, 8 * GIB], "uniform", options));
  assert.deepEqual(await runPlan(JSON.parse(JSON.stringify(curve.plan))), curve.toJSON());
  const other = await runPlan({ ...curve.plan, seed: 2 });
  assert.notDeepEqual(other, curve.toJSON());
});

test("an adapter curve counts the entries that registering an aligned region takes", async () => {
  const pages = [4096, 2 ** 21, GIB, 2 * GIB];
  const { plan, columns } = curves.adapter({
    ...{ adapter: "connectx-4", pages, regions: ["2 GiB"], operations: 1000, pattern: "uniform" },
  });
  const registered = pages.map((bytes) => {
    // Pieces two pages apart: none merges with the next.
    const pieces = Array.from({ length: (2 * GIB) / bytes }, (_, i) => ({
      physicalAddress: 2 * i * bytes,
      bytes,
    }));
    const region = registerRegion(RDMA_ADAPTERS["connectx-4"], pieces, 4 * GIB);
    return region.ok ? region.entries : null;
  });
  assert.deepEqual(columns.entries, registered);
  assert.deepEqual(await runPlan(plan), columns);
});

test("series() gives a curve for each page size", () => {
  const curve = curves.tlb({ cpu: "zen2", pages: [4096, "2 MiB"], areas: ["1 GiB", "8 GiB"], ...small });
  const series = curve.series("walkRate");
  assert.deepEqual(
    series.map((one) => [one.name, one.bytes]),
    [
      ["pages of 4 KiB", [GIB, 8 * GIB]],
      ["pages of 2 MiB", [GIB, 8 * GIB]],
    ],
  );
  assert.deepEqual(
    series.flatMap((one) => one.values),
    curve.columns.walkRate,
  );
  assert.deepEqual(
    curve.series(
      "walkRate",
      (page) => page,
      (x) => 100 * x,
    )[1]!.values,
    curve.columns.walkRate.slice(2).map((x) => 100 * x),
  );
  assert.throws(() => curve.series("walks" as "walkRate"), /column/);
  assert.throws(() => curves.lockedRegion("atom-x7-e3950").series("bytes"), InputError);
});

test("a curve of locked regions runs again from its plan", async () => {
  const { plan, columns } = curves.lockedRegion("xeon-e5-2699-v4");
  assert.deepEqual(columns, lockedRegionCurve("xeon-e5-2699-v4"));
  assert.deepEqual(await runPlan(plan), columns);
});

test("curve plans without a kind are known by their keys", () => {
  assert.equal(planKindOf({ cpu: "zen2", areaBytes: [1] }).name, "tlb-curve");
  assert.equal(planKindOf({ adapter: "connectx-5", regionBytes: [1] }).name, "adapter-curve");
});

test("a curve plan from a stranger that is wrong or would run for ever is refused", async () => {
  const { plan } = curves.tlb({ cpu: "zen2", pages: ["2 MiB"], areas: ["1 GiB"], ...small });
  const { plan: adapter } = curves.adapter({
    ...{ adapter: "connectx-5", pages: ["2 MiB"], regions: ["1 GiB"], operations: 10, pattern: "uniform" },
  });
  const bad: object[] = [
    { ...plan, accesses: 400_000_000 },
    { ...plan, accesses: 1e300 },
    { ...plan, areaBytes: Array(257).fill(GIB) },
    { ...plan, areaBytes: [] },
    { ...plan, areaBytes: ["much"] },
    { ...plan, areaBytes: [2 ** 43] },
    { ...plan, pageBytes: [8192] },
    { ...plan, cpu: "haswel" },
    { ...plan, cpu: { l1: [] } },
    { ...plan, cpu: "__proto__" },
    { ...plan, pattern: "constructor" },
    { ...plan, pattern: { kind: "hot", share: 2, blocks: 1, blockBytes: 4096 } },
    { ...plan, pattern: { kind: "scan", strideBytes: 64, streams: 1e9 } },
    { ...plan, pattern: { kind: "uniform", more: 1 } },
    { ...plan, more: 1 },
    { ...adapter, operationBytes: GIB },
    { ...adapter, operations: -1 },
    { ...adapter, pageBytes: [2 ** 32] },
    { ...adapter, adapter: "connectx-9" },
    { kind: "locked-region-curve", cache: "toString" },
  ];
  for (const one of bad)
    await assert.rejects(
      runPlan(one),
      (error: Error) => error instanceof InputError && error.message.length < 400,
      JSON.stringify(one).slice(0, 200),
    );
});
