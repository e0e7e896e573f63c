/** TLB models: counts against closed forms and a small reference, the 2 MB against 1 GB question, and sourced figures. */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { GiB, KiB, MiB } from "../../lib/base/units";
import { type AccessPattern, addressSource } from "../../lib/hardware/access-pattern";
import { runTlb, tlbCurve, tlbReach } from "../../lib/hardware/cpu-tlb";
import {
  CPU_TLB_NAMES,
  CPU_TLBS,
  type CpuTlb,
  type CpuTlbName,
  toCpuTlb,
} from "../../lib/hardware/cpu-tlb-data";

const FEW = { warmup: 60_000, accesses: 60_000 };
const SIZES = [4 * KiB, 2 * MiB, GiB];

/** LRU by definition, for any tag. */
function plainLru(entries: number, ways: number): (tag: number) => boolean {
  const sets = Array.from({ length: entries / ways }, () => [] as number[]);
  return (tag) => {
    const list = sets[tag % sets.length]!;
    const at = list.indexOf(tag);
    if (at >= 0) list.splice(at, 1);
    list.unshift(tag);
    if (list.length > ways) list.pop();
    return at >= 0;
  };
}

test("counts agree with a simple reference that shares only the arrays with the model", () => {
  const pattern: AccessPattern = { kind: "zipf", exponent: 0.8, blockBytes: 64 * KiB };
  for (const name of CPU_TLB_NAMES)
    for (const page of SIZES) {
      const core = toCpuTlb(name);
      const l1 = core.l1.find((a) => a.holds[page]);
      const l2 = core.l2.find((a) => a.holds[page]);
      const first = l1 && plainLru(l1.entries, l1.ways);
      const second = l2 && plainLru(l2.entries, l2.ways);
      const addresses = new Float64Array(8000);
      addressSource(pattern, 100 * GiB, new Random(5).fork("tlb"))(addresses);
      let misses = 0;
      let walks = 0;
      for (const a of addresses) {
        if (first?.(Math.floor(a / l1!.holds[page]!))) continue;
        misses++;
        if (!second?.(Math.floor(a / l2!.holds[page]!))) walks++;
      }
      const run = runTlb(name, page, 100 * GiB, pattern, { warmup: 0, accesses: 8000, seed: 5 });
      assert.deepEqual([run.l1Misses, run.walks], [misses, walks], `${name} ${page}`);
    }
});

test("uniform access misses the first level in proportion to the part it does not cover", () => {
  for (const name of CPU_TLB_NAMES)
    for (const page of SIZES)
      for (const area of [8 * GiB, 64 * GiB]) {
        const run = runTlb(name, page, area, "uniform", FEW);
        const missed = Math.max(0, 1 - tlbReach(name, page).l1Bytes / area);
        assert.ok(Math.abs(run.l1Misses / run.accesses - missed) < 0.01, `${name} ${page} ${area}`);
      }
});

test("the reach of the fact sheet: Skylake 3 GiB in 2 MiB pages, 4 + 16 GiB in 1 GiB pages; Haswell 4 GiB", () => {
  assert.deepEqual(tlbReach("skylake-sp", 2 * MiB), { l1Bytes: 64 * MiB, l2Bytes: 3 * GiB });
  assert.deepEqual(tlbReach("skylake-sp", GiB), { l1Bytes: 4 * GiB, l2Bytes: 16 * GiB });
  assert.deepEqual(tlbReach("haswell", GiB), { l1Bytes: 4 * GiB, l2Bytes: 0 });
});

test("an area within the first level misses nothing and costs nothing", () => {
  for (const name of CPU_TLB_NAMES)
    for (const page of SIZES) {
      const run = runTlb(name, page, 16 * page <= 4 * GiB ? 16 * page : 2 * GiB, "chase", FEW);
      assert.deepEqual([run.l1Misses, run.walks, run.nsPerAccess], [0, 0, 0], `${name} ${page}`);
    }
});

test("walks load between one entry and all levels: 4, 3, 2", () => {
  for (const name of CPU_TLB_NAMES)
    for (const [i, page] of SIZES.entries()) {
      const { walks, walkLoads } = runTlb(name, page, 1024 * GiB, "uniform", FEW);
      assert.ok(walkLoads >= walks && walkLoads <= walks * (4 - i), `${name} ${page}: ${walkLoads / walks}`);
    }
});

test("a scan in 4 KiB pages walks once per page; a pointer chase waits for walks that others overlap", () => {
  const scan = runTlb("skylake-sp", 4 * KiB, 64 * GiB, "scan", { warmup: 0, accesses: 64_000 });
  assert.ok(Math.abs(scan.walks - 1000) <= 1, `${scan.walks}`);
  const uniform = runTlb("skylake-sp", 4 * KiB, 64 * GiB, "uniform", FEW);
  const chase = runTlb("skylake-sp", 4 * KiB, 64 * GiB, "chase", FEW);
  assert.equal(chase.walks, uniform.walks);
  assert.equal(chase.nsPerAccess, 2 * uniform.nsPerAccess);
});

/** Modelled ns per access in 2 MiB and in 1 GiB pages. */
function twoAgainstOne(
  cpu: CpuTlbName | CpuTlb,
  area: number,
  pattern: AccessPattern,
  seed = 1,
): [two: number, one: number] {
  const { nsPerAccess } = tlbCurve(cpu, [2 * MiB, GiB], [area], pattern, { ...FEW, seed });
  return [nsPerAccess[0]!, nsPerAccess[1]!];
}

const HOT: AccessPattern = { kind: "hot", share: 0.95, blocks: 24, blockBytes: 2 * MiB };
const FEW_1G_ENTRIES = ["haswell", "broadwell", "skylake-sp"] as const;

test("2 MiB pages do better if hot spots are in more gigabytes than there are 1 GiB entries, at any place", () => {
  for (const cpu of FEW_1G_ENTRIES)
    for (let seed = 1; seed <= 6; seed++) {
      const [two, one] = twoAgainstOne(cpu, 64 * GiB, HOT, seed);
      assert.ok(two < one, `${cpu}, seed ${seed}: ${two} against ${one}`);
    }
});

test("this holds when any one modelled cost is halved or doubled", () => {
  const costs = ["secondLevelCycles", "walkCycles", "l2LoadCycles", "llcLoadNs", "dramLoadNs"] as const;
  for (const name of FEW_1G_ENTRIES)
    for (const cost of costs)
      for (const factor of [0.5, 2]) {
        const value = CPU_TLBS[name][cost].value * factor;
        const core: CpuTlb = { ...CPU_TLBS[name], [cost]: { value, source: "test" } };
        const [two, one] = twoAgainstOne(core, 64 * GiB, HOT);
        assert.ok(two < one, `${name} ${cost} × ${factor}: ${two} against ${one}`);
      }
});

test("2 MiB pages do better for eight sequential streams on cores with four first-level 1 GiB entries", () => {
  const streams: AccessPattern = { kind: "scan", strideBytes: 64, streams: 8 };
  for (const cpu of FEW_1G_ENTRIES)
    for (let seed = 1; seed <= 6; seed++) {
      const [two, one] = twoAgainstOne(cpu, 64 * GiB, streams, seed);
      assert.ok(two < one, `${cpu}, seed ${seed}: ${two} against ${one}`);
    }
});

test("1 GiB pages do better in random access to a whole area, and if the first level holds any size", () => {
  for (const cpu of CPU_TLB_NAMES)
    for (const area of [2 * GiB, 8 * GiB, 64 * GiB]) {
      const [two, one] = twoAgainstOne(cpu, area, { kind: "uniform" });
      assert.ok(one < two, `${cpu} ${area}: ${two} against ${one}`);
    }
  for (const cpu of ["zen2", "zen4"] as const) {
    const [two, one] = twoAgainstOne(cpu, 48 * GiB, HOT);
    assert.ok(one <= two, `${cpu}: ${two} against ${one}`);
  }
});

test("columns of a curve have one row per page size and area; equal seeds give equal runs", () => {
  const curve = tlbCurve("zen2", SIZES, [GiB, 2 * GiB], "zipf", { warmup: 0, accesses: 5000, seed: 3 });
  for (const column of Object.values(curve)) assert.equal(column.length, 6);
  assert.deepEqual(curve.areaBytes, [GiB, 2 * GiB, GiB, 2 * GiB, GiB, 2 * GiB]);
  assert.deepEqual(
    curve,
    tlbCurve("zen2", SIZES, [GiB, 2 * GiB], "zipf", { warmup: 0, accesses: 5000, seed: 3 }),
  );
});

test("every figure has a source", () => {
  for (const core of Object.values(CPU_TLBS)) {
    for (const array of [...core.l1, ...core.l2]) {
      assert.match(array.source, /\[[PM][ \]]/, core.title);
      assert.equal(array.entries % array.ways, 0, `${core.title}: ways divide entries`);
    }
    for (const [key, figure] of Object.entries(core))
      if (typeof figure === "object" && "value" in figure)
        assert.match(figure.source, /\[[PM][ \]]|^modelling choice/, `${core.title} ${key}`);
  }
});

test("invalid input is refused with limit and value", () => {
  assert.throws(
    () => runTlb("haswell", 64 * KiB, GiB, "uniform"),
    /pages must be 4096, 2097152, 1073741824 bytes: got 65536/,
  );
  assert.throws(() => runTlb("haswel" as "haswell", 4 * KiB, GiB, "uniform"), /did you mean haswell/);
  assert.throws(() => runTlb("haswell", 4 * KiB, GiB, "uniform", { accesses: 0 }), /accesses must be/);
  assert.throws(() => runTlb("haswell", 4 * KiB, GiB, "uniform", { warmup: 1.5 }), /warmup must be/);
});
