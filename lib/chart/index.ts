/** Pure figure builders: Plotly's data and layout, and never Plotly itself. */
export { type BarOptions, type BarSeries, bars } from "./bars";
export { type CellTableOptions, cellTable, type TableCell } from "./cell-table";
export type { BarTrace, Figure, HeatmapTrace, Layout, OtherTrace, Run, ScatterTrace, Trace } from "./figure";
export { type Words, withRuns } from "./layout";
export { type LineOptions, type LineSeries, lines } from "./lines";
export { type Extent, type MemoryKind, type MemoryMapOptions, memoryMap } from "./memory-map";
export { OKABE_ITO } from "./palette";
