/** Every strategy by its name. A new one needs a file of its own and its name in ALL. */
import { InputError, unknownName } from "../base/errors";
import { camel, kebab } from "../base/spelling";
import type { Fields, OutOf } from "../schema/field";
import { resolveFields, writtenDefaults } from "../schema/parameters";
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

/** All strategies, in the order in which tables list them. */
const ALL = {
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
};

/** The strategies by their names in camelCase. */
export type KnownStrategies = typeof ALL;

export { cmaDebate, rdmaDebate } from "./debate";
export {
  type BuildOnBoard,
  buildOnBoard,
  type FleetBoard,
  type FleetBuild,
  type FleetReport,
  fleet,
} from "./fleet";

export const STRATEGIES: ReadonlyMap<string, Strategy> = new Map(
  Object.values(ALL).map((s): [string, Strategy] => [s.name, s]),
);

/** The strategy of that name in either spelling. Throws InputError that lists the known names. */
export function findStrategy(name: string): Strategy {
  const strategy = camel(kebab(name)) === camel(name) ? STRATEGIES.get(kebab(name)) : undefined;
  if (strategy === undefined) throw unknownName("strategy", name, [...STRATEGIES.keys()]);
  return strategy;
}

/** A strategy of a plan, checked. */
export interface ResolvedStrategy {
  strategy: Strategy;
  /** The spec with its name in kebab-case and every default written in. */
  resolved: StrategySpec;
  /** The values that the strategy gets. */
  parameters: OutOf<Fields>;
}

/** Finds the strategy of a spec and checks its parameters. Throws InputError that names the mistake and what is known. */
export function resolveStrategy(spec: StrategySpec): ResolvedStrategy {
  const { name, ...given } = spec;
  if (typeof name !== "string")
    throw new InputError(`strategy: must have a name: got ${JSON.stringify(spec)}`);
  const strategy = findStrategy(name);
  const parameters = resolveFields(`strategy ${strategy.name}`, strategy.parameters, given);
  return {
    strategy,
    resolved: { ...writtenDefaults(strategy.parameters), ...spec, name: strategy.name },
    parameters,
  };
}
