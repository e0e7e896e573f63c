/** From texts of a real machine to the reason of a failure. */

export { type OutsideTexts, readOutsideTexts, type SkippedFile } from "./outside-texts";
export { readTexts, type TextReadings, type Understood } from "./read-texts";
export type {
  BootReading,
  CmaEvent,
  CmaReading,
  GfpReading,
  HugetlbReading,
  NodeReading,
  OomReading,
  Place,
  Reading,
  ReadingKind,
  ReservedReading,
  SlabReading,
  StackReading,
  ZoneReading,
} from "./reading";
export type { InputText } from "./text-lines";
