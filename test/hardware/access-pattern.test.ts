/** Access patterns: seeded, inside their area, and distributed as documented. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { Random } from "../../lib/base/random";
import { GiB, KiB, MiB, TiB } from "../../lib/base/units";
import { type AccessPattern, addressSource, toPattern } from "../../lib/hardware/access-pattern";

function draw(pattern: AccessPattern, areaBytes: number, n: number, seed = 1): Float64Array {
  const out = new Float64Array(n);
  addressSource(pattern, areaBytes, new Random(seed))(out);
  return out;
}

test("equal seeds give equal addresses, inside the area", () => {
  const patterns: AccessPattern[] = [
    { kind: "uniform" },
    { kind: "chase" },
    { kind: "zipf", exponent: 0.99, blockBytes: 64 * KiB },
    { kind: "scan", strideBytes: 64, streams: 3 },
    { kind: "hot", share: 0.9, blocks: 2, blockBytes: 64 * KiB },
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...patterns),
      fc.integer({ min: 128 * KiB, max: 4 * TiB }),
      fc.nat(1000),
      (pattern, area, seed) => {
        const a = draw(pattern, area, 100, seed);
        assert.deepEqual(a, draw(pattern, area, 100, seed));
        for (const at of a) assert.ok(Number.isInteger(at) && at >= 0 && at < area, `${at} of ${area}`);
      },
    ),
    { numRuns: 200 },
  );
});

test("streams of a scan take turns; each steps through its own part and wraps round at its end", () => {
  const at = [...draw({ kind: "scan", strideBytes: 64, streams: 2 }, 512, 16)];
  for (const [stream, start] of [0, 256].entries()) {
    const own = at.filter((_, i) => i % 2 === stream).map((a) => a - start);
    assert.deepEqual(
      own,
      own.map((_, i) => (own[0]! + 64 * i) % 256),
    );
  }
});

test("hot blocks get their share equally, and the rest is spread over the area", () => {
  const pattern: AccessPattern = { kind: "hot", share: 0.8, blocks: 10, blockBytes: MiB };
  const seen = new Map<number, number>();
  for (const at of draw(pattern, 4 * GiB, 100_000)) {
    const block = Math.floor(at / MiB);
    seen.set(block, (seen.get(block) ?? 0) + 1);
  }
  const counts = [...seen.values()].sort((a, b) => b - a);
  for (const n of counts.slice(0, 10)) assert.ok(Math.abs(n - 8005) < 400, `${n} of about 8005`);
  assert.ok(counts[10]! < 30, `${counts[10]} of about 5`);
});

test("uniform addresses fill all parts of an area above 4 GiB equally", () => {
  const parts = new Array<number>(16).fill(0);
  for (const at of draw({ kind: "uniform" }, 16 * GiB, 160_000)) parts[Math.floor(at / GiB)]!++;
  for (const n of parts) assert.ok(Math.abs(n - 10_000) < 500, `${n} of about 10000`);
});

test("Zipf scatters its ranks over all blocks: a permutation", () => {
  for (const blocks of [1, 2, 64, 997, 1000]) {
    const seen = new Set<number>();
    for (const at of draw({ kind: "zipf", exponent: 0.3, blockBytes: MiB }, blocks * MiB, 100_000))
      seen.add(Math.floor(at / MiB));
    assert.equal(seen.size, blocks);
  }
});

test("patterns outside their limits are refused with name, limit and value", () => {
  const random = new Random(1);
  assert.throws(() => toPattern("zipff" as "zipf"), /unknown name "zipff".*did you mean zipf/);
  assert.throws(() => toPattern({ kind: "zipf", exponent: 0, blockBytes: 1 }), /exponent must be above 0/);
  assert.throws(() => toPattern({ kind: "hot", share: 2, blocks: 1, blockBytes: 1 }), /from 0 to 1: got 2/);
  assert.throws(
    () => addressSource({ kind: "hot", share: 1, blocks: 9, blockBytes: MiB }, 8 * MiB, random),
    /9 hot blocks must fit into the area's 8/,
  );
  assert.throws(() => toPattern({ kind: "scan", strideBytes: 0, streams: 1 }), /strideBytes/);
  assert.throws(() => addressSource({ kind: "uniform" }, 5 * TiB, random), /at most 4 TiB: got 5 TiB/);
  assert.throws(() => addressSource({ kind: "uniform" }, 0, random), /at least 1: got 0/);
  assert.throws(
    () => addressSource({ kind: "zipf", exponent: 1, blockBytes: 4 * KiB }, TiB, random),
    /1 to 2\^26 blocks: got 268435456/,
  );
  assert.throws(
    () => addressSource({ kind: "scan", strideBytes: 64, streams: 8 }, 256, random),
    /8 streams of 64 bytes need more than 256 bytes/,
  );
});
