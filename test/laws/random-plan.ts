/** Seeded machines and operations that drive a machine through fullness, fragmentation and pressure. */
import { KERNEL_RELEASES } from "../../lib/hardware/kernel-release";
import type { MachineSpec, ZoneSpec } from "./machine-spec";
import { Random } from "./random";
import { KINDS, type Operation, type Plan } from "./run-plan";

/** Largest buddy order, page-block order, page size, top-order blocks per zone. */
export const GEOMETRIES: readonly (readonly [number, number, number, number])[] = [
  [10, 9, 4096, 4],
  [10, 10, 4096, 4],
  [11, 11, 16384, 3],
  [13, 13, 65536, 2],
  [8, 5, 65536, 4],
  [4, 2, 4096, 40],
  [3, 3, 4096, 40],
  [6, 1, 4096, 12],
];

/** 4.17 could have page blocks larger than its largest buddy (arm64 with hugetlb and without THP). */
export const GEOMETRIES_4_17: readonly (readonly [number, number, number, number])[] = [
  ...GEOMETRIES,
  [10, 11, 16384, 6],
  [4, 5, 4096, 30],
];

/** A machine in which everything that can vary is drawn. */
export function randomMachine(r: Random): MachineSpec {
  const release = r.pick(KERNEL_RELEASES);
  const [maxOrder, pageblockOrder, pageSize, blocks] = r.pick(
    release === "4.17" ? GEOMETRIES_4_17 : GEOMETRIES,
  );
  const top = 2 ** Math.max(maxOrder, pageblockOrder);
  const two = r.chance(50);
  const zones: ZoneSpec[] = [];
  if (two) zones.push({ idx: 1, name: "DMA32", startPfn: 0, pages: top * blocks });
  const ragged = r.chance(30);
  const start = two ? top * blocks : ragged ? r.below(top) : top;
  const end = start + top * blocks + (ragged ? r.below(top) : 0);
  zones.push({ idx: r.chance(80) || two ? 2 : 1, name: "Normal", startPfn: start, pages: end - start });
  const cma = r.chance(50);
  const last = zones.at(-1)!;
  // 4.17 separates CMA only by aligning its area to the largest page too.
  const block = release === "4.17" ? top : 2 ** pageblockOrder;
  const area = Math.max(1, Math.floor(last.pages / block / r.pick([2, 3, 4]))) * block;
  const areaStart = Math.ceil((last.startPfn + top) / block) * block;
  const withArea = cma && r.chance(80) && areaStart + area <= last.startPfn + last.pages;
  if (r.chance(40)) {
    const first = last.startPfn + r.below(top - 1);
    last.gaps = [[first, 1 + r.below(Math.max(1, Math.min(40, last.startPfn + top - first)))]];
  }
  return {
    release,
    maxOrder,
    pageblockOrder,
    pageSize,
    cpus: r.pick([1, 2]),
    thp: r.chance(50) && pageblockOrder > 3,
    cma,
    ...(withArea && { cmaRange: { startPfn: areaStart, pages: area } }),
    mobilityDisabled: r.chance(15),
    zones,
    batch: r.pick([1, 3, 7, 31, 63]),
    high: r.pick([4, 30, 186, 400]),
    statThreshold: r.pick([0, 2, 10, 125]),
  };
}

/** Operations in phases: each leans towards allocating or freeing, and towards some orders and kinds. */
export function randomOperations(r: Random, spec: MachineSpec, count: number): Operation[] {
  const operations: Operation[] = [];
  while (operations.length < count) {
    const allocs = r.pick([20, 40, 50, 60, 80]);
    const small = r.pick([50, 80, 98]);
    const kinds = r.chance(50) ? KINDS.map((_, i) => i) : [r.below(KINDS.length), 1, r.below(3)];
    for (let n = 50 + r.below(600); n > 0 && operations.length < count; n--)
      operations.push(oneOperation(r, spec, allocs, small, kinds));
  }
  return operations;
}

function oneOperation(
  r: Random,
  spec: MachineSpec,
  allocs: number,
  small: number,
  kinds: number[],
): Operation {
  const order = () =>
    r.chance(small) ? r.below(Math.min(4, spec.maxOrder + 1)) : r.below(spec.maxOrder + 1);
  const cpu = () => r.below(spec.cpus);
  const live = () => r.below(1 << 20);
  if (r.chance(95))
    return r.chance(allocs) ? ["alloc", order(), r.pick(kinds), cpu()] : ["free", live(), cpu()];
  // Operations that move many pages are rarer.
  if (r.chance(6))
    switch (r.below(5)) {
      case 0:
        return ["compact"];
      case 1:
        return ["contig", 1 + r.below(2 ** Math.min(spec.maxOrder, 11))];
      case 2:
        return ["cmafree", live()];
      default:
        return ["cma", r.below(r.pick([8, 64, 1024])), r.below(4)];
    }
  switch (r.below(14)) {
    case 0:
      return ["bulk", 1 + r.below(r.pick([8, 64, 300])), r.pick(kinds), cpu()];
    case 1:
      return ["drain", r.below(3)];
    case 2:
      return ["decay", cpu()];
    case 3:
      return ["fold", cpu()];
    case 4:
      return ["marks", r.below(3)];
    case 5:
      return ["reclaim", r.below(2)];
    case 6:
      return ["unreserve", r.below(3), r.below(2)];
    case 7:
      return ["noboost"];
    case 8:
      return ["probe", r.below(spec.pageblockOrder + 1), r.below(3)];
    case 9:
      return ["capture", live(), r.below(spec.maxOrder + 1), cpu()];
    case 10:
      return ["isolate", r.below(spec.maxOrder + 1), r.below(2)];
    default:
      return ["split", live(), r.below(4)];
  }
}

/** The plan of a seed: equal seeds, equal plans. */
export function randomPlan(seed: number, count: number): Plan {
  const r = new Random(seed);
  const machine = randomMachine(r);
  return { seed, machine, operations: randomOperations(r, machine, count) };
}
