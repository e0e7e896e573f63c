/** Pure figure builders: Plotly's data and layout, and never Plotly itself. */
export { type TimedAttempt, timedAttempt } from "./attempt-lanes";
export {
  ATTEMPT_STEPS,
  type AttemptLane,
  type AttemptOptions,
  type AttemptSegment,
  type AttemptStep,
  attemptTimeline,
} from "./attempt-timeline";
export { type BarOptions, type BarSeries, bars } from "./bars";
export { type BlockLook, type BlockMapOptions, type BlockSnapshot, blockMap } from "./block-map";
export { type BlockersOptions, blockers } from "./blockers";
export { type ByteCurve, type ByteCurveOptions, byteCurves } from "./byte-curves";
export { type CellTableOptions, cellTable, type TableCell } from "./cell-table";
export { type CmaMachine, type CmaTableOptions, cmaTable } from "./cma-table";
export type {
  BarTrace,
  BoxTrace,
  Figure,
  HeatmapTrace,
  IcicleTrace,
  Layout,
  OtherTrace,
  Run,
  SankeyTrace,
  ScatterTrace,
  Trace,
} from "./figure";
export { type FragmentationOptions, fragmentationOverTime } from "./fragmentation";
export {
  type BuddyinfoOptions,
  buddyinfoOverTime,
  type FreeBlocks,
  type FreeByOrderOptions,
  freeByOrder,
} from "./free-orders";
export {
  type FrontierAxis,
  type FrontierOptions,
  type FrontierPoint,
  paretoFront,
  tradeOffFrontier,
} from "./frontier";
export { type HoldersOptions, holders } from "./holders";
export {
  type DifferenceOptions,
  type Estimate,
  type EstimateSeries,
  pairedDifferences,
  type SuccessRateOptions,
  successRates,
} from "./intervals";
export {
  type LatencyBoxOptions,
  type LatencyEcdfOptions,
  type LatencyQuantiles,
  type LatencySamples,
  latencyBoxes,
  latencyEcdf,
} from "./latency";
export type { Words } from "./layout";
export { type LineOptions, type LineSeries, lines } from "./lines";
export { type Extent, type MemoryKind, type MemoryMapOptions, memoryMap } from "./memory-map";
export { type MappedMachine, pageBlockMap, pageblockMap } from "./pageblock-map";
export { OKABE_ITO } from "./palette";
export { type Planned, runOf } from "./run";
export { type RecordedSeries, type SeriesOptions, seriesOverTime } from "./series";
export { type SweepCell, type SweepOptions, sweepMap } from "./sweep-map";
