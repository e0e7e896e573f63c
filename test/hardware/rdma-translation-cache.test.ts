/** The adapter's translation cache: simulated hit rates against closed forms, and throughput against its own formula. */
import assert from "node:assert/strict";
import test from "node:test";
import { GiB, KiB, MiB, TiB } from "../../lib/base/units";
import { RDMA_ADAPTER_NAMES, RDMA_ADAPTERS } from "../../lib/hardware/rdma-adapter-data";
import { adapterCurve, runAdapter } from "../../lib/hardware/rdma-translation-cache";

const CX4 = RDMA_ADAPTERS["connectx-4"];

test("uniform access hits in proportion to the part of the region that the cache covers", () => {
  // 512 KiB of 8-byte entries cover 256 MiB in 4 KiB pages.
  for (const [region, share] of [
    [128 * MiB, 1],
    [512 * MiB, 1 / 2],
    [2 * GiB, 1 / 8],
  ] as const) {
    const { hitRate } = runAdapter(CX4, 4 * KiB, region, "uniform");
    assert.ok(Math.abs(hitRate - share) < 0.01, `${region}: ${hitRate} against ${share}`);
  }
  assert.equal(runAdapter(CX4, 2 * GiB, 4 * TiB, "uniform").hitRate, 1);
});

test("a scan misses once per line of eight entries", () => {
  const run = runAdapter(CX4, 4 * KiB, 64 * GiB, "scan", {
    operationBytes: 4 * KiB,
    operations: 80_000,
    warmup: 0,
  });
  // It starts at any place, so it may touch one more line.
  assert.ok(run.missesPerOperation >= 1 / 8 && run.missesPerOperation <= 1 / 8 + 1 / 80_000);
  const small = runAdapter(CX4, 4 * KiB, 64 * GiB, "scan", { operations: 81_920, warmup: 0 });
  assert.ok(small.missesPerOperation >= 1 / 512 && small.missesPerOperation <= 1 / 512 + 1 / 81_920);
});

test("an operation across pages looks up each line it touches", () => {
  const run = runAdapter(CX4, 4 * KiB, GiB, "uniform", { operationBytes: MiB, warmup: 0, operations: 1000 });
  // 1 MiB is 256 pages: 32 lines, all in a region of 32,768 lines that the cache of 8192 lines covers to a quarter.
  assert.ok(Math.abs(run.missesPerOperation - 24) < 3, `${run.missesPerOperation}`);
});

test("throughput follows from misses by the stated formula", () => {
  const none = runAdapter(CX4, 2 * GiB, 2 * GiB, "uniform");
  assert.equal(none.missesPerOperation, 0);
  assert.equal(none.operationsPerSecond, 150e6);
  assert.equal(none.limit, "messages");
  const big = runAdapter(CX4, 2 * GiB, 2 * GiB, "uniform", { operationBytes: 4 * KiB });
  assert.equal(big.limit, "link");
  assert.equal(big.gigabytesPerSecond, 12.5);
  const missing = runAdapter(CX4, 4 * KiB, TiB, "uniform");
  assert.equal(missing.limit, "misses");
  assert.equal(missing.operationsPerSecond, (32 * 1e9) / (missing.missesPerOperation * 800));
  const chase = runAdapter(CX4, 2 * GiB, 2 * GiB, "chase");
  assert.equal(chase.limit, "latency");
  assert.ok(Math.abs(chase.operationsPerSecond - 1e9 / (1800 + 64 / 12.5)) < 1);
});

test("larger pages never miss more, on any adapter and pattern", () => {
  const pages = [4 * KiB, 2 * MiB, GiB, 2 * GiB];
  for (const name of RDMA_ADAPTER_NAMES)
    for (const pattern of ["uniform", "zipf", "chase"] as const) {
      const curve = adapterCurve(name, pages, [16 * GiB], pattern, { operations: 20_000, warmup: 40_000 });
      for (let i = 1; i < pages.length; i++)
        assert.ok(curve.hitRate[i]! >= curve.hitRate[i - 1]!, `${name} ${pattern} ${pages[i]}`);
      assert.deepEqual(curve.pageBytes, pages);
      assert.deepEqual(curve.entries, [4_194_304, 8192, 16, 8]);
    }
});

test("equal seeds give equal runs, different seeds do not", () => {
  const run = (seed: number) =>
    runAdapter("connectx-5", 4 * KiB, 8 * GiB, "zipf", { seed, operations: 10_000 });
  assert.deepEqual(run(1), run(1));
  assert.notEqual(run(1).hitRate, run(2).hitRate);
});

test("invalid input is refused with limit and value", () => {
  assert.throws(
    () => runAdapter(CX4, 3 * KiB, GiB, "uniform"),
    /power of two from 4096 to 2147483648 bytes: got 3072/,
  );
  assert.throws(() => runAdapter(CX4, 4 * GiB, GiB, "uniform"), /got 4294967296/);
  assert.throws(() => runAdapter(CX4, 4096, 32, "uniform"), /must fit into the region: got 32/);
  assert.throws(() => runAdapter(CX4, 4096, GiB, "uniform", { operations: 0 }), /operations must be/);
  assert.throws(() => runAdapter(CX4, 4096, GiB, "uniform", { warmup: -1 }), /warmup must be/);
});
