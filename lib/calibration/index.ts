/** Model machines beside real ones: samples, quantities, fits, and how well both agree. */
export { type Agreement, type AgreementOptions, agreementOf, type Prediction } from "./agreement";
export { agreementTable, agreementVerdict } from "./agreement-text";
export { type Forecast, type ForecastOptions, forecast, type SnapshotRequest } from "./forecast";
export { type KernelShares, readKernelShares, sharesTable } from "./kernel-shares";
export { measureSample } from "./measure-sample";
export { measureSystem } from "./measure-system";
export { modelHuge, modelRun } from "./model-run";
export { fitSeries } from "./moments";
export { type ProfileOptions, profilesTable } from "./profiles";
export { MEASURE, type Quantities } from "./quantities";
export { quantitiesText } from "./quantities-text";
export { parseHugeResults, RecordedMachine } from "./recorded-machine";
export { readSample, readSeries, type Sample } from "./sample";
export { machineOf, type SnapshotMachine, systemFromSnapshot } from "./snapshot-state";
