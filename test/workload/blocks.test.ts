/** Building blocks: Zipf's law, slabs, receive rings, files. */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { System } from "../../lib/machine/system";
import { validate } from "../../lib/mm/reports/validate";
import { FileSet } from "../../lib/workload/file-set";
import { KernelCaches } from "../../lib/workload/kernel-caches";
import { ReceiveRing } from "../../lib/workload/receive-ring";
import { SlabCache, shrinkable } from "../../lib/workload/slab-cache";
import { Zipf } from "../../lib/workload/zipf";
import { pagesByKind, pc } from "./small";

test("Zipf: ranks come as often as the law says, within 6 standard deviations", () => {
  for (const s of [0.5, 1, 1.5]) {
    const n = 50;
    const draws = 200_000;
    const zipf = new Zipf(new Random(3), n, s);
    const seen = new Array<number>(n).fill(0);
    for (let i = 0; i < draws; i++) seen[zipf.draw()]!++;
    let sum = 0;
    for (let k = 1; k <= n; k++) sum += k ** -s;
    for (let k = 1; k <= n; k++) {
      const p = k ** -s / sum;
      const sigma = Math.sqrt(draws * p * (1 - p));
      assert.ok(Math.abs(seen[k - 1]! - draws * p) < 6 * sigma, `exponent ${s}, rank ${k}: ${seen[k - 1]}`);
    }
  }
});

test("a slab goes back only with its last object", () => {
  const s = pc();
  const free = s.freePages;
  const cache = new SlabCache(s, new Random(1), { kind: "slab", order: 1, objects: 10 });
  assert.equal(cache.make(95), 10);
  assert.equal(cache.pages, 20);
  let freed = 0;
  while (cache.objects > 10) freed += cache.destroy(1);
  assert.equal(cache.pages, 20 - freed);
  assert.ok(cache.pages > 2, "ten objects left at random hold more slabs than the one that would do");
  cache.make(85);
  assert.ok(cache.pages >= 20 && cache.pages <= 22, "room in slabs is used before new ones are made");
  cache.drop();
  assert.equal(cache.pages, 0);
  assert.equal(pagesByKind(s).get("slab"), s.kernelPages.length);
  assert.ok(Math.abs(s.freePages - free) < 100, "but for per-CPU lists");
});

test("reclaim shrinks slab that can be shrunk, while it is being made too", () => {
  const s = pc(256);
  const cache = new SlabCache(s, new Random(1), { kind: "slabReclaimable", order: 0, objects: 4 });
  shrinkable(s, cache);
  const wanted = 4 * s.managedPages;
  for (let made = 0; made < wanted; made += 64) cache.make(64);
  assert.ok(cache.objects < wanted, "more objects than memory holds");
  assert.ok(s.memory.counters.pgsteal_kswapd + s.memory.counters.pgsteal_direct > 0);
  validate(s.memory, "everything", { ownersKnown: true });
  cache.drop();
  assert.equal(pagesByKind(s).get("slabReclaimable") ?? 0, 0);
});

test("a ring keeps its number of buffers, and fewer when it is limited", () => {
  const s = pc();
  const held = () => pagesByKind(s).get("networkBuffer") ?? 0;
  const ring = new ReceiveRing(s, new Random(1), 32, 3);
  assert.equal(ring.receive(1000), 8000);
  assert.equal(held(), 256);
  ring.limit(10);
  assert.equal(held(), 80);
  ring.receive(1000);
  assert.equal(held(), 80);
  ring.limit(32);
  ring.receive(100);
  assert.equal(held(), 256);
  ring.drop();
  assert.equal(held(), 0);
});

// net/core: __page_frag_cache_refill() sets __GFP_NOMEMALLOC for its large tries (FACTS 14).
test("large receive buffers never take page blocks into the reserve of atomic requests", () => {
  const s = System.boot({ board: "pc-x86-64", memoryBytes: 2 ** 28, kernel: "7.3" });
  const ring = new ReceiveRing(s, new Random(1), 6000, 3);
  ring.receive(12_000);
  assert.ok((pagesByKind(s).get("networkBuffer") ?? 0) > 40_000);
  assert.equal(
    s.memory.zones.reduce((pages, z) => pages + z.nrReservedHighatomic, 0),
    0,
  );
});

test("dirty files are written back, oldest first, and popular files are hits", () => {
  const s = pc();
  const caches = new KernelCaches(s, new Random(2));
  const files = new FileSet(s, new Random(1), { files: 200, meanPages: 8, zipf: 1, mostDirty: 100, caches });
  for (let i = 0; i < 200; i++) files.write(i);
  const dirty = pagesByKind(s).get("fileDirty") ?? 0;
  assert.ok(dirty > 0 && dirty <= 100, String(dirty));
  const before = s.counters.allocations;
  for (let i = 0; i < 200; i++) assert.equal(files.read(i), 0);
  assert.equal(s.counters.allocations, before, "all in memory: no page was asked for");
  files.drop();
  const after = pagesByKind(s);
  assert.equal((after.get("fileDirty") ?? 0) + (after.get("fileClean") ?? 0), 0);
});
