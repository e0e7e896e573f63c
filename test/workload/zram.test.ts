/**
 * Swap to zram. Classes are held to the kernel's own documentation (Documentation/mm/zsmalloc.rst and the letter of the series
 * of October 2022: 255 classes, the merged classes 95 to 100, watermarks of 3264 and 3632 bytes), and to sums over all
 * classes that a reader in Python computed by brute force from the rule.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { run } from "../../lib/experiment/run";
import { System } from "../../lib/machine/system";
import { LRU_NONE } from "../../lib/mm/reclaim/lru";
import { validate } from "../../lib/mm/reports/validate";
import { ownerKind } from "../../lib/mm/state/owners";
import { ALLOCATED } from "../../lib/mm/state/page-state";
import { parsePlan } from "../../lib/plan/run";
import { readPlanFile } from "../../lib/schema/plan-file";
import { ZramLoad } from "../../lib/workload/zram";
import { classOfBytes, zsClasses } from "../../lib/workload/zs-classes";
import { ZsPool, type Zspage } from "../../lib/workload/zs-pool";
import { pagesByKind, pc, runOn } from "./small";

const older = zsClasses(4096, "6.1");
const newer = zsClasses(4096, "6.12");
const kernel = (release: "6.1" | "6.12") =>
  System.boot({ board: "pc-x86-64", memoryBytes: 512 * 2 ** 20, kernel: release });

test("classes are those of the kernel's documentation", () => {
  assert.equal(older.classes.length, 255);
  assert.deepEqual(older.classes[94], { size: 1536, pages: 3, objects: 8 });
  for (let i = 95; i <= 100; i++) assert.deepEqual(older.classes[i], { size: 1632, pages: 2, objects: 5 });
  // A pool's statistics in the same file: 186 objects in 8 pages of four a zspage, 819 in 42 of two.
  assert.deepEqual(older.classes[9], { size: 176, pages: 4, objects: 186 / 2 });
  assert.deepEqual(older.classes[11], { size: 208, pages: 2, objects: 819 / 21 });
  assert.deepEqual(newer.classes[96], { size: 1568, pages: 5, objects: 13 });
  // The watermark less the handle that every object carries, so that an object of 3257 bytes is a whole page.
  assert.deepEqual([older.hugeBytes, newer.hugeBytes], [3264 - 7, 3632 - 7]);
});

test("all classes of every page size agree with a second reader", () => {
  const sums = [4096, 16384, 65536].flatMap((page) =>
    (["6.1", "6.12"] as const).map((release) =>
      zsClasses(page, release).classes.reduce(
        (sum, c, i) => sum + c.size * (i + 1) + 7 * c.pages + c.objects,
        0,
      ),
    ),
  );
  assert.deepEqual(sums, [96113112, 91810546, 389457246, 372294303, 1556085601, 1486689951]);
  assert.deepEqual([new Set(older.classes).size, new Set(newer.classes).size], [69, 119]);
});

test("an object fits its class, and the longer chains came with 6.3", () => {
  for (const sizes of [older, newer, zsClasses(65536, "6.1")])
    for (let bytes = 1; bytes < sizes.hugeBytes; bytes += 13) {
      const { size, pages, objects } = classOfBytes(sizes, bytes);
      assert.ok(size >= bytes + 8 && objects >= 1 && pages <= 8, String(bytes));
    }
  assert.deepEqual(zsClasses(4096, "6.2"), older);
  assert.deepEqual(zsClasses(4096, "6.3"), newer);
});

test("13 objects of 1,568 bytes take 6 pages up to 6.2, as documented, and 5 since", () => {
  for (const [release, pages] of [
    ["6.1", 6],
    ["6.12", 5],
  ] as const) {
    const s = kernel(release);
    const pool = new ZsPool(s);
    const before = pagesByKind(s).get("zspage") ?? 0;
    const stored = Array.from({ length: 13 }, () => pool.store(1560)!);
    assert.equal(pool.pages, pages);
    assert.equal(pagesByKind(s).get("zspage"), before + pages);
    for (const zspage of stored) pool.drop(zspage);
    assert.equal(pool.pages, 0);
    assert.equal(pagesByKind(s).get("zspage") ?? 0, before);
    validate(s.memory, "everything", { ownersKnown: true });
  }
});

test("an object goes to the fullest zspage with room", () => {
  for (const release of ["6.1", "6.12"] as const) {
    const pool = new ZsPool(kernel(release));
    // 1,632 bytes: five objects in two pages, in both releases.
    const all = Array.from({ length: 10 }, () => pool.store(1624)!);
    const [first, second] = [all[0]!, all[9]!];
    assert.notEqual(first, second);
    assert.equal(new Set<Zspage>(all).size, 2);
    for (let i = 0; i < 4; i++) pool.drop(first);
    pool.drop(second);
    assert.deepEqual([first.used, second.used], [1, 4]);
    assert.equal(pool.store(1624), second);
    assert.equal(pool.store(1624), first);
  }
});

test("a page that does not compress is a page of its own", () => {
  const pool = new ZsPool(kernel("6.1"));
  assert.deepEqual(pool.store(3256)!.of, older.classes[202]);
  assert.deepEqual(pool.store(3257)!.of, { size: 4096, pages: 1, objects: 1 });
  assert.equal(pool.pages, older.classes[202]!.pages + 1);
});

test("pages of zspages are movable and on no LRU list, and half of what is compressed remains in use", () => {
  const s = pc(256);
  const load = new ZramLoad(s, new Random(3), { mostPages: 40_000, residentPages: 10_000, ratio: 2 });
  for (let i = 0; i < 300; i++) load.turn(256);
  assert.equal(load.residentCount + load.compressed.length, 40_000);
  const share = load.pool.pages / load.compressed.length;
  // A half by the ratio, and what handles, classes and holes take.
  assert.ok(share > 0.5 && share < 0.62, String(share));
  let zspages = 0;
  for (let pfn = 0; pfn < s.memory.endPfn; pfn++) {
    if (s.slots.slotAt(pfn) < 0 || ownerKind(s.memory, pfn) !== "zspage") continue;
    zspages++;
    assert.equal(s.lru.listOf(pfn), LRU_NONE);
  }
  assert.equal(zspages, load.pool.pages);
  validate(s.memory, "everything", { ownersKnown: true });
});

test("a contiguous request moves zspages out of its way, and cannot without migration", () => {
  const spec = { kind: "zram", duration: "3m", memory: 1.2, resident: 0.2, faults: 2000 };
  for (const migration of [true, false]) {
    const s = runOn(pc(256, { migration }), spec);
    const { memory: m } = s;
    const kindsIn = (start: number) =>
      new Set(
        Array.from({ length: m.pageblockPages }, (_, i) =>
          m.state[start + i]! >= ALLOCATED || ownerKind(m, start + i) === "reserved"
            ? ownerKind(m, start + i)
            : "free",
        ),
      );
    const starts = Array.from(
      { length: Math.floor(m.endPfn / m.pageblockPages) },
      (_, i) => i * m.pageblockPages,
    );
    const movable = new Set(["free", "anon", "zspage"]);
    const start = starts.find((at) => {
      const kinds = kindsIn(at);
      return kinds.has("zspage") && kinds.has("free") && [...kinds].every((kind) => movable.has(kind));
    })!;
    const { ok } = s.contig.allocContigRange(start, start + m.pageblockPages, undefined, { world: s.world });
    assert.equal(ok, migration);
    assert.equal(kindsIn(start).has("zspage"), !migration);
    validate(m, "everything", { ownersKnown: true });
  }
});

test("the example of a Raspberry Pi runs", () => {
  const { value, locate } = readPlanFile(join(__dirname, "../../docs/examples/zram-pi.yaml"));
  const plan = parsePlan(value, locate);
  assert.equal(run(plan).requests.granted.length, plan.request.times);
});
