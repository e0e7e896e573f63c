/** The public API of pageblock. */

export type { Answer } from "./base/answer";
export { canonicalJson, sha256Of } from "./base/canonical-json";
export { InputError } from "./base/errors";
export { Random } from "./base/random";
export { formatSize, parseSize, roughSize, type Size } from "./base/units";
export {
  type Agreement,
  type AgreementOptions,
  agreementOf,
  type Forecast,
  type ForecastOptions,
  fitSeries,
  forecast,
  machineOf,
  measureSample,
  measureSystem,
  type Prediction,
  type Quantities,
  quantitiesText,
  readSeries,
  type Sample,
  type SnapshotMachine,
  type SnapshotRequest,
  systemFromSnapshot,
} from "./calibration";
export { allowCode, isCodeAllowed } from "./change/allowed";
export {
  CHANGE_POINTS,
  Change,
  type ChangePoints,
  type ChangeSpec,
  change,
  type Given,
  loadChange,
  type Stock,
} from "./change/change";
export type { ChangeCode } from "./change/code";
export type { DecisionCounts } from "./change/counts";
export type { PointName } from "./change/points";
export * as chart from "./chart";
export { type Figure, isFigure, type Run } from "./chart/figure";
export type { AblationResult, AblationRow, FailedArm, MetricAblation } from "./experiment/ablation";
export type { SeriesColumns } from "./experiment/bounded-series";
export type { Comparison, StrategyPair, StrategyRow } from "./experiment/comparison";
export { engineVersion } from "./experiment/engine-version";
export type { FallbackColumns } from "./experiment/fallback-table";
export type { FixedDifference, KernelDifference } from "./experiment/kernel-differences";
export type { KernelMetric, VerdictName } from "./experiment/kernel-verdict";
export type { KernelPair, KernelsResult, Pairing, VariantRow } from "./experiment/kernels";
export {
  correlation,
  type PairedCounts,
  pairedShares,
  standardised,
  wilcoxonSignedRank,
} from "./experiment/paired-statistics";
export type { FailureNote, Outcome, RequestColumns } from "./experiment/plan";
export { readPlanInputs, recordedTraceWorkload } from "./experiment/plan-inputs";
export type { Progress } from "./experiment/progress";
export type { RecordedRun } from "./experiment/recorded-run";
export type { Row } from "./experiment/results";
export type { KnobLevel, KnobResult, Turn } from "./experiment/robust-analysis";
export type { PointSide, RobustOutcome, RobustPoint } from "./experiment/robust-table";
export { run } from "./experiment/run";
export type { RunSummary } from "./experiment/run-plans";
export { SCENARIOS, type ScenarioOptions } from "./experiment/scenarios";
export type { AdapterColumn, CpuColumn, Scorecard, ScorecardRow } from "./experiment/scorecard";
export {
  bootstrapMedian,
  type Interval,
  mcNemarExact,
  type PairedDifference,
  paired,
  quantiles,
  wilson,
} from "./experiment/statistics";
export { range } from "./experiment/sweep";
export {
  type CountedLevel,
  type Threshold,
  type ThresholdLevel,
  thresholdOf,
  thresholdText,
} from "./experiment/threshold";
export type { SqlLimits } from "./experiment/user-sql";
export type { Advice } from "./explain/advise/advise";
export type { Chance, Situation } from "./explain/advise/chance";
export type { Obstacles } from "./explain/advise/obstacles";
export type { Want, WayName } from "./explain/advise/want";
export type {
  ExplainAnswer,
  Missing,
  Remedy,
  ReportAnswer,
  ZoneAnswer,
} from "./explain/answer";
export { EXPLAIN_SCHEMA } from "./explain/answer-schema";
export type { ReadingKind } from "./explain/reading";
export type { InputText } from "./explain/text-lines";
export { REASONS, type Reason } from "./explain/zone-rule";
export { AdviceResult, AdviseBuilder, advise } from "./fluent/advise";
export { BootedMachine } from "./fluent/booted-machine";
export { TriedMachine } from "./fluent/case-trial";
export {
  ComparisonBuilder,
  type CostsIn,
  compare,
  compareScenario,
  type RecordIn,
  type RequestIn,
} from "./fluent/compare";
export { ablation, compareKernels, KernelsBuilder, type KernelsOptions } from "./fluent/compare-kernels";
export { ComparisonResult } from "./fluent/comparison-result";
export type { ContigDetails } from "./fluent/contig-outcome";
export { ContigOutcome } from "./fluent/contig-outcome";
export {
  type AdapterCurveOptions,
  curves,
  PlannedCurve,
  type TlbCurveOptions,
} from "./fluent/curves";
export { experiment, RunResult } from "./fluent/experiment";
export { Explanation, explain, explainFiles } from "./fluent/explanation";
export { Exploration, type ExploreOptions, explore } from "./fluent/explore";
export { FIELD_CASES, FieldCase, fieldCase, type TrialJson } from "./fluent/field-case";
export { HugePagesOutcome } from "./fluent/huge-pages-outcome";
export { Cancelled } from "./fluent/interrupt";
export { KernelsComparison, type KernelsPlan } from "./fluent/kernels-comparison";
export { type Knob, type KnobIn, knob } from "./fluent/knob";
export {
  type BoardName,
  MachineDescription,
  type MachineIn,
  type MachineWithBoard,
  machine,
  type NodeIn,
  type Switch,
  type SysctlIn,
  type SystemIn,
} from "./fluent/machine";
export {
  type DeviceTreeIn,
  type MachineTextFacts,
  type MachineTextOptions,
  machineFromBootLog,
  machineFromDeviceTree,
  machineFromE820,
  machineFromIomem,
} from "./fluent/machine-texts";
export { CheckedRecording, recording } from "./fluent/recording";
export { RobustBuilder, robust } from "./fluent/robust";
export type { RobustMapOptions } from "./fluent/robust-map";
export { type RobustPlan, RobustResult } from "./fluent/robust-result";
export { RunningMachine } from "./fluent/running-machine";
export { ScorecardBuilder, scorecard } from "./fluent/scorecard";
export { ScorecardResult } from "./fluent/scorecard-result";
export type { SearchThresholdOptions } from "./fluent/search-threshold";
export {
  type SearchAsked,
  SearchThresholdResult,
  type ThresholdChartOptions,
  type ThresholdRow,
} from "./fluent/search-threshold-result";
export { strategies } from "./fluent/strategies";
export { SweepBuilder, sweep } from "./fluent/sweep";
export { type SweepPlan, SweepResult } from "./fluent/sweep-result";
export { WorkloadBuilder, workload } from "./fluent/workload";
export { type AccessPattern, DEFAULT_PATTERNS, type PatternName } from "./hardware/access-pattern";
export type { BoardSpeed } from "./hardware/board";
export { BOARD_NAMES } from "./hardware/boards";
export {
  type BuddyLimit,
  LOCKABLE_CACHE_NAMES,
  LOCKABLE_CACHES,
  type LockableCache,
  type LockableCacheName,
  type LockedRegion,
  type LockedRegionCurve,
  lockedRegion,
  lockedRegionCurve,
} from "./hardware/cache-ways";
export { type CostedMachine, type CostTable, costTable, DEFAULT_COSTS } from "./hardware/costs";
export {
  runTlb,
  type TlbCurve,
  type TlbOptions,
  type TlbRun,
  tlbCurve,
  tlbReach,
} from "./hardware/cpu-tlb";
export {
  CPU_TLB_NAMES,
  CPU_TLBS,
  type CpuTlb,
  type CpuTlbName,
  type TlbArray,
} from "./hardware/cpu-tlb-data";
export {
  DMA_DEVICE_NAMES,
  DMA_DEVICES,
  DMA_PLATFORMS,
  type DmaDevice,
  type DmaDeviceName,
  type DmaPlatform,
  maskProblem,
  type PhysicalSpan,
  rangeProblem,
  type ZoneLimit,
  zoneLimit,
} from "./hardware/dma-limits";
export {
  KERNEL_RELEASES,
  type KernelRelease,
  type ModelledRelease,
  type NearestKernel,
  nearestKernel,
  type ResolvedKernel,
  resolveKernel,
} from "./hardware/kernel-release";
export {
  alignedEntries,
  type FailedRegistration,
  type PhysicalPiece,
  type Registration,
  registerRegion,
} from "./hardware/rdma-adapter";
export {
  RDMA_ADAPTER_NAMES,
  RDMA_ADAPTERS,
  type RdmaAdapter,
  type RdmaAdapterName,
} from "./hardware/rdma-adapter-data";
export {
  type AdapterCurve,
  type AdapterLimit,
  type AdapterOptions,
  type AdapterRun,
  adapterCurve,
  runAdapter,
} from "./hardware/rdma-translation-cache";
export type { Sourced } from "./hardware/sourced";
export { type Idea, type IdeaMachine, type IdeaVariant, ideas, ideaVariants } from "./ideas";
export type { BootedCma, BootedZone, Reservation } from "./machine/boot";
export type { BootJson } from "./machine/boot-json";
export type { BootRequest } from "./machine/boot-request";
export type { SystemOptions } from "./machine/system-options";
export * as metrics from "./metrics";
export { allocThp, collapseHugePage, THP_DEFRAG_MODES, type ThpDefrag, thpGfp } from "./mm/allocation/thp";
export { compactMemory, fragmentationScore, proactiveCompactNode } from "./mm/compaction/compaction";
export { CmaArea } from "./mm/contiguous/cma-area";
export type { Blocker, ContigFailureReport, FailedRange } from "./mm/contiguous/contig-failure";
export {
  type ContigAllocation,
  type ContigOptions,
  type ContigResult,
  Contiguous,
  type FailedContigRequest,
} from "./mm/contiguous/contiguous";
export type { StopCause } from "./mm/contiguous/huge-page-candidates";
export type {
  HugePageShortage,
  NodeShortage,
  PoolRemedy,
  StoppedPlaces,
  SurplusShortage,
  ZoneLevel,
} from "./mm/contiguous/huge-page-shortage";
export { HugetlbPool } from "./mm/contiguous/hugetlb";
export {
  type FailedLongtermPin,
  type LongtermPin,
  pinLongterm,
  type UnpinnablePage,
  unpinLongterm,
} from "./mm/contiguous/pin-longterm";
export {
  type Allocation,
  type FailedAllocation,
  PageAllocator,
  type PageRequest,
} from "./mm/page-allocator";
export { Lru } from "./mm/reclaim/lru";
export { roomMakingEvents, roomMakingNs } from "./mm/reclaim/simulated-time";
export { type Mechanisms, RoomMaker } from "./mm/reclaim/vmscan";
export { ZoneReports } from "./mm/reports/reports";
export { LawBroken, type ValidateLevel, validate } from "./mm/reports/validate";
export { holdPage, type OwnerKind, type PageHold, releasePage, setOwnerKind } from "./mm/state/owners";
export { KERNEL_PROFILES, type KernelSwitches, kernelProfile } from "./mm/state/profile";
export type { TracePoints } from "./mm/state/trace-points";
export { markdown } from "./notebook/markdown";
export { show } from "./notebook/show";
export { type KernelsSpec, parseKernels } from "./plan/compare-kernels";
export { type ComparisonIn, type ComparisonSpec, parseComparison } from "./plan/comparison";
export { PLAN_KINDS, type PlanStatement } from "./plan/kinds";
export {
  type KnobName,
  type Knobs,
  type KnobsIn,
  parseRobust,
  ROBUST_LIMITS,
  type RobustSpec,
} from "./plan/robust";
export { PLAN_FORMAT, PLAN_LIMITS, type Plan, type PlanIn, parsePlan, planHash } from "./plan/run";
export { parseScorecard, type ScorecardIn, type ScorecardPlan } from "./plan/scorecard";
export type { Statement, StatementIn } from "./plan/statement";
export { parseSteps, type Step, type StepIn, type StepPlan } from "./plan/steps";
export { parseSweep, type Sampling, type SweepAxis, type SweepSpec } from "./plan/sweep";
export { saveFigure } from "./report/save-figure";
export {
  type ChangedKernel,
  type Comparable,
  type LeftOut,
  type ModelSide,
  type ReadRow,
  type ReproduceOptions,
  type Reproduction,
  type ReproductionReading,
  readReproduction,
  reproduce,
  reproductionText,
  type StateFigures,
  writeReproduction,
} from "./reproduce";
export { type JsonSchema, jsonSchema } from "./schema/json-schema";
export { parsePlanText, readPlanFile } from "./schema/plan-file";
export {
  type BuildOnBoard,
  type FleetBoard,
  type FleetBuild,
  type FleetReport,
  fleet,
  STRATEGIES,
} from "./strategy";
export type { RequestSpec } from "./strategy/request";
export type { LabelledStrategy, StrategySpec } from "./strategy/strategy";
export { type SnapshotOptions, snapshotFrom, snapshotOf } from "./trace/collect-snapshot";
export type { AlignedReplay, OrderRow } from "./trace/ftrace/aligned-replay";
export { replayTrace, type TraceReplay, type TraceReplayOptions } from "./trace/ftrace/replay-trace";
export type { TraceSummary } from "./trace/ftrace/trace-summary";
export { type MachineSnapshot, readMachineSnapshot } from "./trace/machine-snapshot";
export type { RecordingOutcome } from "./trace/recording-check";
export type { RecordingPlan } from "./trace/recording-statement";
export { type Replayed, type ReplayOptions, type ReplayResult, replay } from "./trace/replay";
export { type Fit, fitMoments, type Moment } from "./workload/fit-series";
export { fitSnapshot } from "./workload/fit-snapshot";
export type { LatencyQuantilesNs } from "./workload/latency-histogram";
export type { ProbeFigures } from "./workload/probe";
export type { WorkloadSpec } from "./workload/workload";
