/** Pure figure builders: Plotly's data and layout, and never Plotly itself. */
export { type BarOptions, type BarSeries, bars } from "./bars";
export { type CellTableOptions, cellTable, type TableCell } from "./cell-table";
export { type CmaMachine, type CmaTableOptions, cmaTable } from "./cma-table";
export type { BarTrace, Figure, HeatmapTrace, Layout, OtherTrace, Run, ScatterTrace, Trace } from "./figure";
export type { Words } from "./layout";
export { type LineOptions, type LineSeries, lines } from "./lines";
export { type Extent, type MemoryKind, type MemoryMapOptions, memoryMap } from "./memory-map";
export { type MappedMachine, pageBlockMap } from "./page-block-map";
export { OKABE_ITO } from "./palette";
export { type Planned, runOf } from "./run";
