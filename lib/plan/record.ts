/** What a run records beside its metrics: counts and series that reviewers of patches to the allocator ask for. */
import {
  type Fields,
  list,
  name,
  type ObjectField,
  type OutOf,
  object,
  optional,
  whole,
} from "../schema/field";

/** What can be recorded, in groups. */
export const RECORDED = [
  "fallbacks",
  "blocks",
  "freeLists",
  "compaction",
  "hugePages",
  "orders",
  "reclaim",
  "cost",
] as const;
export type Recorded = (typeof RECORDED)[number];

export const RECORD_DEFAULTS = { points: 64 } as const;

export const RECORD_FIELDS = {
  metrics: optional(
    list("what is recorded, in groups", name("a group of metrics", RECORDED), {
      least: 1,
      most: RECORDED.length,
      default: "all",
      flag: "record-metrics",
    }),
  ),
  points: optional(
    whole("points of each series: when there are more, neighbours are merged two by two", "points", {
      least: 2,
      most: 4096,
      default: RECORD_DEFAULTS.points,
      flag: "record-points",
    }),
  ),
} satisfies Fields;

export interface RecordField extends ObjectField<typeof RECORD_FIELDS> {}

/** Absent, nothing is recorded: outcomes are what they were before there was a record. */
export const RECORD: RecordField = object(
  "counts and series of the whole run, from boot on: fallbacks, mixed page blocks, compaction, huge pages, costs",
  RECORD_FIELDS,
);

export interface RecordOptions extends OutOf<typeof RECORD_FIELDS> {}
