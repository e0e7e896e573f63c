/** A plan as a folder for a real machine, and what the machine measured beside the model. */
export type { ReproduceOptions } from "./amounts";
export { type ChangedKernel, changeSentence } from "./changed-kernel";
export { SHOWS, TOO_SMALL } from "./comparable";
export type { LeftOut } from "./left-out";
export type { ModelSide } from "./model-side";
export {
  type Comparable,
  type ReadRow,
  type ReproductionReading,
  readReproduction,
  reproductionText,
} from "./reading";
export { type Reproduction, reproduce, writeReproduction } from "./reproduce";
export type { StateFigures } from "./scene";
