/** Pure functions on machines and outcomes: numbers in columns, nothing drawn. */

export { classOf, PAGE_CLASSES, type PageClass } from "../mm/reports/page-class";
export { METRICS, type MetricName } from "../plan/metric-names";
export { type BlockSummary, type BlockSummaryOptions, blockSummary, coarserSummary } from "./block-summary";
export {
  type CmaAccounting,
  type CmaUse,
  cmaAccounting,
  cmaUse,
  type WatermarkCaller,
  type ZoneCmaAccount,
} from "./cma-accounting";
export { fragmentationIndices, freeBlocksByOrder, unusableIndices } from "./free-history";
export { type HolderFlow, holderFlows } from "./holders";
export {
  type Estimate,
  type Frontier,
  type Measure,
  type MeasureOf,
  type MetricRow,
  measureNames,
  type Over,
  shareOf,
  unitsOf,
} from "./measures";
export { alignedRunProbability, halfwayShare, hasCleanRun, runProbability } from "./runs";
export { cleanRanges, type Spoiled, spoiledPlaces } from "./spoiled";
