/** Translation entries of a registered region: the table of the 2018 debate, vectors calculated by hand, and laws. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { GRANTED } from "../../lib/base/answer";
import { Random } from "../../lib/base/random";
import { GiB, KiB, MiB } from "../../lib/base/units";
import { alignedEntries, type PhysicalPiece, registerRegion } from "../../lib/hardware/rdma-adapter";
import { RDMA_ADAPTERS, toAdapter } from "../../lib/hardware/rdma-adapter-data";

const CX4 = RDMA_ADAPTERS["connectx-4"];
const CX3 = RDMA_ADAPTERS["connectx-3"];

function ok(
  pieces: readonly PhysicalPiece[],
  va: number,
  adapter: Parameters<typeof registerRegion>[0] = CX4,
) {
  const region = registerRegion(adapter, pieces, va);
  assert.ok(region.ok, region.ok ? "" : region.reason);
  return region;
}

/** Pieces of `size` at scattered multiples of it, never two adjacent. */
function scattered(size: number, total: number): PhysicalPiece[] {
  const pieces = Array.from({ length: total / size }, (_, i) => ({
    physicalAddress: (1 + 2 * i) * size,
    bytes: size,
  }));
  return new Random(3).shuffle(pieces);
}

// FACTS of the debate: 2 GiB in 4 KiB, 64 KiB, 2 MiB, 1 GiB and 2 GiB pages. The rule gets only the addresses of the
// pieces.
for (const [size, entries, mttBytes] of [
  [4 * KiB, 524_288, 4 * MiB],
  [64 * KiB, 32_768, 256 * KiB],
  [2 * MiB, 1024, 8 * KiB],
  [GiB, 2, 16],
  [2 * GiB, 1, 8],
] as const)
  test(`2 GiB in scattered pieces of ${size} bytes: ${entries} entries`, () => {
    for (const adapter of [CX3, CX4]) {
      const region = ok(scattered(size, 2 * GiB), 0x7f00_0000_0000, adapter);
      assert.deepEqual(region, {
        ...GRANTED,
        pageBytes: size,
        entries,
        mttBytes,
        pieces: (2 * GiB) / size,
        bytes: 2 * GiB,
      });
      assert.equal(alignedEntries(2 * GiB, size), entries);
    }
  });

const at = (physicalAddress: number, bytes: number): PhysicalPiece => ({ physicalAddress, bytes });

test("adjacent pieces merge: 1024 adjacent 2 MiB pages are one 2 GiB page, if the virtual address agrees", () => {
  const pages = Array.from({ length: 1024 }, (_, i) => at(4 * GiB + i * 2 * MiB, 2 * MiB));
  assert.deepEqual(ok(pages, 6 * GiB), {
    ...GRANTED,
    pageBytes: 2 * GiB,
    entries: 1,
    mttBytes: 8,
    pieces: 1,
    bytes: 2 * GiB,
  });
  // 2 MiB further on virtually: 4 GiB and 6 GiB + 2 MiB differ first in bit 21.
  assert.equal(ok(pages, 6 * GiB + 2 * MiB).pageBytes, 2 * MiB);
});

test("vectors by hand", () => {
  // Contiguous, but physical and virtual differ in bit 12: 4 KiB pages, 16 of them.
  assert.deepEqual(
    [ok([at(0x1000, 64 * KiB)], 0x2000)].map((r) => [r.pageBytes, r.entries, r.pieces]),
    [[4 * KiB, 16, 1]],
  );
  // Same address in both, from 0x3000 to 0x13000: bits below 2^17 change, so one page of 128 KiB covers it (mlx5) …
  assert.deepEqual([ok([at(0x3000, 64 * KiB)], 0x3000)].map((r) => [r.pageBytes, r.entries])[0], [
    128 * KiB,
    1,
  ]);
  // … and mlx4 keeps the largest page, also one.
  assert.deepEqual([ok([at(0x3000, 64 * KiB)], 0x3000, CX3)].map((r) => [r.pageBytes, r.entries])[0], [
    2 * GiB,
    1,
  ]);
  // A jump at virtual 0x110000: aligned to 64 KiB, so no page above 64 KiB; 2 + 1 entries.
  assert.deepEqual(
    [ok([at(0x400000, 0x10000), at(0x200000, 0x20000)], 0x100000)].map((r) => [r.pageBytes, r.entries])[0],
    [64 * KiB, 3],
  );
  // The first piece may start in the middle of a page, the last may end there.
  assert.deepEqual(
    [ok([at(0x5f000, 0x1000), at(0x80000, 0x10000), at(0x10000, 0x800)], 0xf000)].map((r) => [
      r.pageBytes,
      r.entries,
    ])[0],
    [64 * KiB, 3],
  );
  // A byte offset within the page must be the same in both addresses.
  assert.equal(ok([at(0x1080, 256)], 0x7080).entries, 1);
  const bad = registerRegion(CX4, [at(0x1080, 256)], 0x7000);
  assert.ok(!bad.ok);
  assert.match(bad.reason, /do not agree modulo 4096 bytes, the smallest page of ConnectX-4/);
});

test("a region above 2 GiB takes one entry per 2 GiB: the key cannot express a larger page", () => {
  assert.equal(ok([at(8 * GiB, 8 * GiB)], 8 * GiB).entries, 4);
  const wide = { ...CX4, largestPageBytes: { value: 2 ** 43, source: "test" } };
  assert.equal(ok([at(8 * GiB, 8 * GiB)], 8 * GiB, wide).entries, 1);
});

const piecesOf = fc.array(
  fc.record({
    page: fc.nat(2 ** 22),
    pages: fc.integer({ min: 1, max: 600 }),
    shift: fc.constantFrom(0, 0, 4, 9),
  }),
  { minLength: 1, maxLength: 12 },
);

test("laws: the page size satisfies every jump, twice it would not, and the entries cover the region", () => {
  fc.assert(
    fc.property(piecesOf, fc.nat(2 ** 24), fc.constantFrom(CX3, CX4), (drawn, vaPage, adapter) => {
      const pieces = drawn.map((d) => at(d.page * 2 ** d.shift * 4096, d.pages * 2 ** d.shift * 4096));
      const va = vaPage * 4096;
      const region = ok(pieces, va, adapter);
      const allowed = (page: bigint) => {
        let v = BigInt(va);
        let end = -1n;
        let first = true;
        for (const piece of pieces) {
          const pa = BigInt(piece.physicalAddress);
          if (pa !== end && (pa % page !== v % page || (!first && v % page !== 0n))) return false;
          first = false;
          end = pa + BigInt(piece.bytes);
          v += BigInt(piece.bytes);
        }
        return true;
      };
      assert.ok(allowed(BigInt(region.pageBytes)), "congruent and aligned at every jump");
      const twice = 2 * region.pageBytes;
      const oneCovers = region.entries === 1;
      assert.ok(
        twice > adapter.largestPageBytes.value || oneCovers || !allowed(BigInt(twice)),
        "the largest page that fits",
      );
      const end = va + region.bytes;
      const firstPage = Math.floor(va / region.pageBytes);
      const lastPage = Math.floor((end - 1) / region.pageBytes);
      assert.equal(region.entries, lastPage - firstPage + 1);
      assert.equal(region.mttBytes, 8 * region.entries);
    }),
    { numRuns: 500 },
  );
});

test("laws: both drivers' rules need the same number of entries", () => {
  fc.assert(
    fc.property(piecesOf, fc.nat(2 ** 24), (drawn, vaPage) => {
      const pieces = drawn.map((d) => at(d.page * 2 ** d.shift * 4096, d.pages * 2 ** d.shift * 4096));
      assert.equal(ok(pieces, vaPage * 4096, CX3).entries, ok(pieces, vaPage * 4096, CX4).entries);
    }),
  );
});

test("laws: a region cut into adjacent pieces registers as if whole", () => {
  fc.assert(
    fc.property(
      fc.nat(2 ** 20),
      fc.nat(2 ** 20),
      fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 9 }),
      (paPage, vaPage, cuts) => {
        let pa = paPage * 4096;
        const pieces = cuts.map((pages) => {
          const piece = at(pa, pages * 4096);
          pa += piece.bytes;
          return piece;
        });
        const whole = at(paPage * 4096, pa - paPage * 4096);
        assert.deepEqual(ok(pieces, vaPage * 4096), ok([whole], vaPage * 4096));
      },
    ),
  );
});

test("one unaligned piece reduces the whole region to its alignment", () => {
  const pages = Array.from({ length: 512 }, (_, i) => at((1 + 2 * i) * 2 * MiB, 2 * MiB));
  assert.equal(ok(pages, GiB).entries, 512);
  const spoilt = [...pages, at(GiB * 8 + 4 * KiB, 2 * MiB)];
  assert.equal(ok(spoilt, GiB).pageBytes, 4 * KiB);
  assert.equal(ok(spoilt, GiB).entries, 513 * 512);
});

test("invalid input is refused with action, limit and value", () => {
  assert.deepEqual(registerRegion("connectx-4", [at(0, 4096)], 0), registerRegion(CX4, [at(0, 4096)], 0));
  assert.throws(
    () => registerRegion("conectx-4" as never, [at(0, 4096)], 0),
    /RDMA adapter: unknown name "conectx-4".*did you mean connectx-4\?/,
  );
  assert.throws(() => registerRegion(CX4, undefined as never, 0), /at least one piece/);
  assert.throws(() => registerRegion(CX4, [], 0), /at least one piece/);
  assert.throws(() => registerRegion(CX4, [at(0, 0)], 0), /whole number above 0: got 0/);
  assert.throws(() => registerRegion(CX4, [at(-1, 4096)], 0), /physical address must be/);
  assert.throws(() => registerRegion(CX4, [at(0, 4096)], 0.5), /virtual address must be/);
  assert.throws(() => registerRegion(CX4, [at(0, 2 ** 53 - 1), at(0, 4096)], 4096), /end of the region/);
  assert.throws(() => toAdapter("connectx-44" as "connectx-4"), /did you mean connectx-4/);
});

test("every figure has a source; undocumented ones are called modelling choices", () => {
  for (const adapter of Object.values(RDMA_ADAPTERS)) {
    for (const [key, figure] of Object.entries(adapter))
      if (typeof figure === "object") {
        assert.ok(figure.source.length > 10, `${adapter.title} ${key}`);
        assert.ok(figure.value > 0);
      }
    for (const figure of [adapter.cacheBytes, adapter.cacheWays, adapter.parallelMisses, adapter.missNs])
      assert.match(figure.source, /^modelling choice/);
  }
});
