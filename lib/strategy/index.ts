/** Every strategy by its name. */
import { InputError, unknownName } from "../base/errors";
import { adjacentThp } from "./adjacent-thp";
import { allocContigPages, findAllocContig } from "./alloc-contig-pages";
import { bootReserve } from "./boot-reserve";
import { buddy } from "./buddy";
import { carveOut } from "./carve-out";
import { cma, cma4k } from "./cma";
import { cmaMovableZone } from "./cma-movable-zone";
import { guaranteedCma } from "./guaranteed-cma";
import { hugetlbBoot } from "./hugetlb-boot";
import { hugetlbCma } from "./hugetlb-cma";
import { hugetlbRuntime } from "./hugetlb-runtime";
import { iommu } from "./iommu";
import { mapContig } from "./map-contig";
import { pageSizeAtBoot, twoKernels } from "./page-size-choice";
import { pseudoLock } from "./pseudo-lock";
import { reservation } from "./reservation";
import { smallPageblocks, subBlock } from "./small-pageblocks";
import type { Strategy, StrategySpec } from "./strategy";

const ALL: readonly Strategy[] = [
  buddy,
  cma,
  cma4k,
  twoKernels,
  pageSizeAtBoot,
  cmaMovableZone,
  smallPageblocks,
  subBlock,
  carveOut,
  reservation,
  guaranteedCma,
  hugetlbRuntime,
  hugetlbBoot,
  mapContig,
  findAllocContig,
  allocContigPages,
  bootReserve,
  hugetlbCma,
  adjacentThp,
  iommu,
  pseudoLock,
];

export { cmaDebate, rdmaDebate } from "./debate";
export {
  type BuildOnBoard,
  buildOnBoard,
  type FleetBoard,
  type FleetBuild,
  type FleetReport,
  fleet,
} from "./fleet";

export const STRATEGIES: ReadonlyMap<string, Strategy> = new Map(ALL.map((s) => [s.name, s]));

/** The strategy of a spec, and the spec with every parameter filled in. Throws InputError naming what is known. */
export function resolveStrategy(spec: StrategySpec): { strategy: Strategy; resolved: StrategySpec } {
  const strategy = STRATEGIES.get(spec.name);
  if (strategy === undefined) throw unknownName("strategy", spec.name, [...STRATEGIES.keys()]);
  for (const [name, value] of Object.entries(spec)) {
    if (name === "name") continue;
    const known = strategy.defaults[name];
    if (known === undefined)
      throw unknownName(`parameter of strategy ${spec.name}`, name, Object.keys(strategy.defaults));
    if (typeof value !== typeof known)
      throw new InputError(
        `strategy ${spec.name}: ${name} must be a ${typeof known}: got ${JSON.stringify(value)}`,
      );
  }
  return { strategy, resolved: { ...strategy.defaults, ...spec } };
}
