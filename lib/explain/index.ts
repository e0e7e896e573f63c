/** From texts of a real machine to the reason of a failure. */
export type {
  BootReading,
  CmaReading,
  GfpReading,
  HugetlbReading,
  Place,
  Reading,
  ReadingKind,
  ReservedReading,
  StackReading,
  ZoneReading,
} from "./reading";
