/**
 * Large folios of the page cache. Expected orders are derived by hand from mm/readahead.c of 6.1.192 (order of the marked
 * folio + 2, none of order 1) and of 2025 (a file's own order, from 0), with windows of 128 KiB and reads of 128 KiB.
 */
import assert from "node:assert/strict";
import test from "node:test";
import type { FileSystem } from "../../lib/hardware/file-systems";
import { FileFolios } from "../../lib/machine/file-folios";
import { System } from "../../lib/machine/system";
import { compactMemory } from "../../lib/mm/compaction/compaction";
import { validate } from "../../lib/mm/reports/validate";
import { GFP_KERNEL } from "../../lib/mm/state/gfp";

const MiB = 2 ** 20;

function boot(kernel: string): System {
  return System.boot({ board: "pc-x86-64", kernel, memoryBytes: 256 * MiB });
}

interface File {
  base: number;
  slots: number;
  pages: number;
}

function bring(system: System, fs: FileSystem, n: number, kind: "fileClean" | "fileDirty"): File {
  const folios = new FileFolios(system, fs);
  const base = system.reserveSlots(n);
  const pages = folios.bring(kind, base, n);
  system.returnSlots(base + folios.slots, n - folios.slots);
  return { base, slots: folios.slots, pages };
}

/** Orders of a file's folios, in the order of the file, as text: `2×8 4×2` is eight of order 2, then two of order 4. */
function orders(
  system: System,
  fs: FileSystem,
  n: number,
  kind: "fileClean" | "fileDirty" = "fileClean",
): string {
  const file = bring(system, fs, n, kind);
  assert.equal(file.pages, n);
  const runs: [order: number, times: number][] = [];
  for (let i = 0; i < file.slots; i++) {
    const order = system.slots.orderOf(file.base + i);
    if (runs.at(-1)?.[0] === order) runs.at(-1)![1]++;
    else runs.push([order, 1]);
  }
  system.freeRun(file.base, file.slots);
  return runs.map(([order, times]) => `${order}×${times}`).join(" ");
}

test("a file of 128 pages, read: its folios by release and file system", () => {
  const cases: readonly [kernel: string, fs: FileSystem, expected: string][] = [
    ["5.15", "xfs", "0×128"],
    ["6.1", "ext4", "0×128"],
    ["6.1", "btrfs", "0×128"],
    ["6.1", "xfs", "2×8 4×2 5×2"],
    ["6.12", "xfs", "2×8 4×2 5×2"],
    ["6.12", "ext4", "0×128"],
    ["6.16", "ext4", "2×8 4×2 5×2"],
    ["6.18", "ext4", "0×32 2×8 4×2 5×1"],
    ["6.19", "xfs", "0×32 2×8 4×2 5×1"],
    ["6.19", "btrfs", "0×128"],
    ["7.3", "ext4", "0×32 2×8 4×2 5×1"],
    // btrfs reads ahead up to 4 MiB: its first window is of 128 pages.
    ["7.3", "btrfs", "0×128"],
  ];
  for (const [kernel, fs, expected] of cases)
    assert.equal(orders(boot(kernel), fs, 128), expected, `${kernel}, ${fs}`);
});

test("btrfs of 7.3 reads 1,024 pages in windows of 128, 256 and 512 pages, with folios of at most 64 pages", () => {
  assert.equal(orders(boot("7.3"), "btrfs", 1024), "0×128 2×64 4×32 6×2");
});

test("the end of a file is read in ever smaller folios; of two pages only since 6.9", () => {
  assert.equal(orders(boot("6.1"), "xfs", 19), "2×4 0×3");
  assert.equal(orders(boot("6.12"), "xfs", 19), "2×4 1×1 0×1");
  assert.equal(orders(boot("6.1"), "xfs", 3), "0×3");
  assert.equal(orders(boot("6.12"), "xfs", 1), "0×1");
});

test("writes of 128 KiB: XFS makes folios of them since 6.6, ext4 since 6.16", () => {
  assert.equal(orders(boot("6.1"), "xfs", 51, "fileDirty"), "0×51");
  assert.equal(orders(boot("6.6"), "xfs", 51, "fileDirty"), "5×1 4×1 0×3");
  assert.equal(orders(boot("6.12"), "xfs", 51, "fileDirty"), "5×1 4×1 1×1 0×1");
  assert.equal(orders(boot("6.12"), "ext4", 51, "fileDirty"), "0×51");
  assert.equal(orders(boot("6.19"), "ext4", 51, "fileDirty"), "5×1 4×1 1×1 0×1");
});

test("pages of 16 KiB: windows of 8 pages; a kernel without THP has no large folios", () => {
  const large = System.boot({ board: "qemu-virt", kernel: "6.12", pageSize: 16384, memoryBytes: 256 * MiB });
  assert.equal(orders(large, "xfs", 32), "2×2 3×3");
  const without = System.boot({ board: "pc-x86-64", kernel: "6.12", thp: false, memoryBytes: 256 * MiB });
  assert.equal(orders(without, "xfs", 128), "0×128");
});

test("reclaim frees a folio whole, the lists count its frames, and it is read back as one", () => {
  const s = boot("6.12");
  const file = bring(s, "xfs", 2048, "fileClean");
  const { lru } = s;
  const counted = () => lru.count.reduce((sum, n) => sum + n, 0);
  assert.equal(counted(), 2048);
  const before = s.freePages;
  // A pass that wants one page takes one folio: the oldest of the inactive list, of order 2.
  assert.equal(lru.shrinkFile(1), 4);
  assert.equal(counted(), 2044);
  assert.equal(s.counters.dropped, 4);
  assert.equal(s.present(file.base), false);
  assert.equal(s.touchRun(file.base, file.slots), 4);
  assert.equal(counted(), 2048);
  assert.ok(s.freePages <= before);
  s.freeRun(file.base, file.slots);
  assert.equal(counted(), 0);
  validate(s.memory, "everything", { ownersKnown: true });
});

test("a folio is written back whole", () => {
  const s = boot("6.12");
  const file = bring(s, "xfs", 64, "fileDirty");
  assert.equal(file.slots, 2);
  assert.equal(s.lru.shrinkFile(1000), 0, "dirty folios stay");
  s.cleanedRun(file.base, 1);
  assert.equal(s.lru.shrinkFile(1000), 32);
});

test("where no large folio is free, the rest of the window is read in single pages", () => {
  const options = { reclaim: false, compaction: false };
  const s = System.boot({ board: "pc-x86-64", kernel: "6.12", memoryBytes: 256 * MiB }, options);
  // Every second page of memory is the kernel's: next to nothing larger is free, and nothing can be moved.
  const taken: number[] = [];
  for (let pfn = s.allocFixed("slab"); pfn >= 0; pfn = s.allocFixed("slab")) taken.push(pfn);
  for (const pfn of taken) if (pfn % 2 === 0) s.freeFixed(pfn);
  const large = s.memory.zones.reduce(
    (sum, z) => sum + z.nrFree.reduce((n, f, order) => n + (order > 1 ? f << order : 0), 0),
    0,
  );
  const file = bring(s, "xfs", 10_000, "fileClean");
  assert.equal(file.pages, 10_000);
  const singles = Array.from({ length: file.slots }, (_, i) => s.slots.orderOf(file.base + i)).filter(
    (o) => o === 0,
  );
  assert.ok(
    singles.length >= 10_000 - large && large < 5000,
    `${singles.length} single pages, ${large} pages in larger free ones`,
  );
});

for (const kernel of ["6.1", "6.12", "6.19"])
  test(`${kernel}: a contiguous request moves the folios in its way, and their slots follow`, () => {
    const s = boot(kernel);
    const file = bring(s, "xfs", 30_000, "fileDirty");
    const wanted = s.memory.pageblockPages * 4;
    const got = s.contig.allocContigPages(wanted, GFP_KERNEL, { world: s.world, owner: "driver" });
    assert.ok(got.ok);
    for (let i = 0; i < file.slots; i++) {
      const pfn = s.slots.pfn[file.base + i]!;
      const order = s.slots.orderOf(file.base + i);
      if (pfn >= 0) assert.ok(pfn + 2 ** order <= got.pfn || pfn >= got.pfn + wanted);
    }
    s.contig.freeContigRange(got.pfn, wanted);
    s.freeRun(file.base, file.slots);
    validate(s.memory, "everything", { ownersKnown: true });
  });

test("compaction moves large folios since 6.9, and passes them by before (733aea0b3a7b)", () => {
  const moved = ["6.1", "6.12", "6.19"].map((kernel) => {
    const s = boot(kernel);
    const files = Array.from({ length: 400 }, () => bring(s, "xfs", 128, "fileDirty"));
    for (let i = 0; i < files.length; i += 2) s.freeRun(files[i]!.base, files[i]!.slots);
    const at = files.filter((_, i) => i % 2 === 1).flatMap(({ base, slots }) => largeFrames(s, base, slots));
    compactMemory(s.memory);
    validate(s.memory, "everything", { ownersKnown: true });
    const now = files.filter((_, i) => i % 2 === 1).flatMap(({ base, slots }) => largeFrames(s, base, slots));
    return at.filter((pfn, i) => now[i] !== pfn).length;
  });
  assert.equal(moved[0], 0);
  assert.ok(moved[1]! > 30 && moved[2]! > 30, String(moved));
});

function largeFrames(s: System, base: number, slots: number): number[] {
  const frames: number[] = [];
  for (let slot = base; slot < base + slots; slot++)
    if (s.slots.orderOf(slot) > 0) frames.push(s.slots.pfn[slot]!);
  return frames;
}
