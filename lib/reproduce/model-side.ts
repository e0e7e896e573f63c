/** What the model says of a plan, as it is kept in the folder: its states, and the metrics of its run. */
import { sortBy } from "lodash";
import type { Outcome } from "../experiment/plan";
import { check } from "../schema/check";
import {
  type Fields,
  filled,
  list,
  literal,
  number,
  type OutOf,
  object,
  record,
  text,
  whole,
} from "../schema/field";
import { fieldPath } from "../schema/place";
import type { SeenRun } from "./scene";

/** Of what a run records, the counters that vmstat of a real machine has too, or its trace points. */
export const COUNTED: readonly string[] = [
  ...["fallbacks", "compactScanned", "compactMigrated", "compactStalls", "compactSucceeded"],
  ...["reclaimScanned", "reclaimedPages", "thpAllocated", "thpFellBack"],
];

const MOST = Number.MAX_SAFE_INTEGER;
const any = (doc: string) => number(doc, "", { least: -MOST, most: MOST });

const STATE = object("free memory and page blocks at one moment", {
  free: any("free pages as a share of managed ones"),
  unusable: any("share of free memory in pieces smaller than a page block"),
  blocks: record("page blocks by migrate type, as shares", any("a share")),
});

const SIDE_FIELDS = {
  engine: text("version of the engine", { longest: 100 }),
  managedBytes: any("memory that the allocator manages"),
  pageBytes: any("bytes of a page"),
  blockBytes: any("bytes of a page block"),
  polluted: any("share of page blocks that hold a page which does not move"),
  booted: STATE,
  aged: STATE,
  asked: whole("requests", "requests", { most: MOST }),
  granted: whole("of them granted", "requests", { most: MOST }),
  latencyNs: list("median, 95 % quantile and maximum of modelled times", any("ns"), { most: 3 }),
  metrics: record("metrics of the run by name", any("a metric")),
  counts: filled(
    record("what was counted from the first request to the end of the last, by name", any("a count"), null, {
      default: {},
    }),
  ),
} satisfies Fields;

/** The model's side of a comparison with a machine; lengths in bytes, times in modelled nanoseconds. */
export interface ModelSide extends OutOf<typeof SIDE_FIELDS> {}

const FILE = object("what the model says of a plan", {
  format: literal("pageblock-model"),
  version: literal(1),
  plan: text("SHA-256 of the plan", { longest: 64 }),
  ...SIDE_FIELDS,
});

/** The model's side, of the state before the requests and the outcome of the run. */
export function modelSide({ scene, outcome }: SeenRun, engine: string): ModelSide {
  const { requests, metrics } = outcome;
  const times = sortBy(requests.latencyNs);
  const at = (q: number) => times[Math.min(times.length - 1, Math.floor(q * times.length))]!;
  return {
    engine,
    managedBytes: scene.managedPages * scene.pageBytes,
    pageBytes: scene.pageBytes,
    blockBytes: scene.blockBytes,
    polluted: scene.polluted,
    booted: { ...scene.booted },
    aged: { ...scene.aged },
    asked: requests.granted.length,
    granted: requests.granted.filter((g) => g === 1).length,
    latencyNs: times.length === 0 ? [] : [at(0.5), at(0.95), at(1)],
    metrics: Object.fromEntries(Object.entries(metrics).filter(([, n]) => Number.isFinite(n))),
    counts: countsOf(outcome),
  };
}

/** How far counters grew while requests were made: the machine's are taken before and after them too. */
function countsOf({ recorded }: Outcome): Record<string, number> {
  const counted = Object.entries(recorded?.requestSeries?.values ?? {});
  return Object.fromEntries(
    counted
      .filter(([name]) => COUNTED.includes(name))
      .map(([name, values]) => [name, values.at(-1)! - values[0]!]),
  );
}

/** Reads model.json. Throws InputError with the file and the field. */
export function parseModelSide(value: unknown, file: string): ModelSide & { plan: string } {
  const {
    format: _f,
    version: _v,
    ...side
  } = check(FILE, value, (path, key) => `${file}: ${fieldPath(path, key)}`);
  return side;
}
