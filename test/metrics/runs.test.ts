/** The closed form for runs of clean blocks: against exhaustive counting, against simulation, and against the engine. */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { MiB } from "../../lib/base/units";
import { System } from "../../lib/machine/system";
import { alignedRunProbability, hasCleanRun, runProbability } from "../../lib/metrics/runs";

/** Wilson's interval for `hits` of `n` at the two-sided level of z standard deviations. */
function wilson(hits: number, n: number, z: number): [low: number, high: number] {
  const share = hits / n;
  const middle = share + (z * z) / (2 * n);
  const spread = z * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  const scale = 1 + (z * z) / n;
  return [hits === 0 ? 0 : (middle - spread) / scale, hits === n ? 1 : (middle + spread) / scale];
}

test("all patterns of up to 14 blocks, counted one by one", () => {
  for (const [n, k, p] of [
    [10, 3, 0.3],
    [14, 4, 0.5],
    [12, 1, 0.9],
    [9, 9, 0.1],
    [5, 6, 0.1],
  ] as const) {
    let anywhere = 0;
    let aligned = 0;
    for (let bits = 0; bits < 2 ** n; bits++) {
      const polluted = Uint8Array.from({ length: n }, (_, i) => (bits >> i) & 1);
      const weight = polluted.reduce((w, bad) => w * (bad ? p : 1 - p), 1);
      const text = polluted.join("");
      if (text.includes("0".repeat(k))) anywhere += weight;
      for (let start = 0; start + k <= n; start += k)
        if (text.slice(start, start + k) === "0".repeat(k)) {
          aligned += weight;
          break;
        }
      assert.equal(hasCleanRun(polluted, k), text.includes("0".repeat(k)));
    }
    assert.ok(Math.abs(runProbability(n, k, p) - anywhere) < 1e-12, `${n} ${k} ${p}`);
    assert.ok(Math.abs(alignedRunProbability(n, k, p) - aligned) < 1e-12, `${n} ${k} ${p}`);
  }
});

test("known points: 2 GB in 2 MiB blocks need p below 0.07 % for an even chance of one range", () => {
  assert.ok(Math.abs(runProbability(1024, 1024, 0.00068) - 0.5) < 0.005);
  assert.equal(runProbability(4096, 1024, 0), 1);
  assert.equal(runProbability(4096, 1024, 1), 0);
  // Tiny probabilities keep their digits: doubles end at 2^-1074, and (1-p)^k is far above.
  const small = alignedRunProbability(512, 512, 0.05);
  assert.ok(small > 3.9e-12 && small < 4.0e-12, `${small}`);
});

/** Ranges of 64 GiB, blocks of 2 MiB; shares of polluted blocks from 0.01 % to 5 %. */
const BLOCKS = 32768;
const SHARES = [0.0001, 0.0003, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05];
const SEEDS = 400;
/** Two-sided level of one in a million: eighteen comparisons with fixed seeds. */
const Z = 4.9;

for (const k of [512, 1024])
  test(`random pollution of ${BLOCKS} blocks agrees with the closed form: k = ${k}`, () => {
    for (const p of SHARES) {
      const random = new Random(7).fork(`${k} ${p}`);
      let anywhere = 0;
      let aligned = 0;
      for (let seed = 0; seed < SEEDS; seed++) {
        const polluted = new Uint8Array(BLOCKS);
        // Distances between polluted blocks are geometric: the same Bernoulli trials, without the clean ones.
        const step = () => Math.floor(random.exponential(1) / -Math.log1p(-p));
        for (let at = step(); at < BLOCKS; at += 1 + step()) polluted[at] = 1;
        if (hasCleanRun(polluted, k)) anywhere++;
        if (hasCleanRun(polluted, k, k)) aligned++;
      }
      for (const [name, hits, expected] of [
        ["anywhere", anywhere, runProbability(BLOCKS, k, p)],
        ["aligned", aligned, alignedRunProbability(BLOCKS, k, p)],
      ] as const) {
        const [low, high] = wilson(hits, SEEDS, Z);
        assert.ok(
          low <= expected && expected <= high,
          `${name} k=${k} p=${p}: ${hits}/${SEEDS}, closed form ${expected}`,
        );
      }
    }
  });

test("alloc_contig_pages() finds a range exactly at a clean aligned window", () => {
  // Blocks of 32 pages on a kernel with PAGE_BLOCK_MAX_ORDER=5: the search is the same, the frames are fewer.
  for (let seed = 1; seed <= 6; seed++) {
    const system = System.boot({
      board: "pc-x86-64",
      memoryBytes: 512 * MiB,
      kernel: "6.19",
      pageblockMaxOrder: 5,
      cma: { kind: "off" },
    });
    const { memory: m } = system;
    const zone = m.zones.find((z) => z.name === "DMA32")!;
    const random = new Random(seed).fork("pollution");
    // Every other seed is so dirty that no window stays clean; both lengths are tried with each.
    const k = seed % 3 === 0 ? 1024 : 512;
    const p = seed % 2 === 0 ? 0.02 : 0.0005;
    for (let pfn = zone.startPfn; pfn < zone.endPfn; pfn += m.pageblockPages) {
      if (!random.chance(p)) continue;
      const at = pfn + random.below(m.pageblockPages);
      if (m.freePlaceOf(at) !== undefined)
        assert.equal(
          system.contig.allocContigRange(at, at + 1, undefined, { world: system.world, owner: "slab" }).ok,
          true,
        );
    }
    const blocks = Math.floor(zone.endPfn / m.pageblockPages);
    const polluted = new Uint8Array(blocks).fill(1);
    for (let b = Math.ceil(zone.startPfn / m.pageblockPages); b < blocks; b++) {
      const start = b * m.pageblockPages;
      let clean = 1;
      for (let f = start; f < start + m.pageblockPages && clean === 1; f++)
        if (m.freePlaceOf(f) === undefined) clean = 0;
      polluted[b] = 1 - clean;
    }
    const found = hasCleanRun(polluted, k, k);
    assert.equal(found, p < 0.01, `seed ${seed}`);
    const got = system.contig.allocContigPages(k * m.pageblockPages, undefined, { world: system.world });
    assert.equal(got.ok, found, `seed ${seed}: ${got.ok ? "" : got.reason}`);
  }
});
