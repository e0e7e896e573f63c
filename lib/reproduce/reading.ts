/** The machine's figures beside the model's: what is comparable, what only in part, what not, each with the reason. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../base/errors";
import { largestOf } from "../base/extremes";
import { printable } from "../base/printable";
import { formatSize, KiB } from "../base/units";
import { SHOWS, TOO_SMALL } from "./comparable";
import {
  type HolderReport,
  type MachineSide,
  parsedJson,
  readMachineSide,
  type StepFigures,
} from "./machine-side";
import { COUNTED, type ModelSide, parseModelSide } from "./model-side";

export type Comparable = "yes" | "partly" | "no";

/** One figure of both. */
export interface ReadRow {
  what: string;
  /** share, KiB, count, ns. */
  unit: "share" | "KiB" | "count" | "ns";
  /** Null: this side does not have it. */
  model: number | null;
  machine: number | null;
  comparable: Comparable;
  why: string;
}

/** Results of a machine beside the model. */
export interface ReproductionReading {
  planHash: string;
  kernel: string;
  limitBytes: number;
  /** The machine of the model, in bytes; `polluted`: share of page blocks with a page that does not move. */
  modelled: Pick<ModelSide, "engine" | "managedBytes" | "pageBytes" | "blockBytes" | "polluted">;
  /** Share of the machine's memory that the script might use. */
  covered: number;
  rows: readonly ReadRow[];
  /** What was refused or left out, as the script and its programs say. */
  notes: readonly string[];
}

/**
 * Reads a folder of `reproduce()` after run.sh, and puts the machine's figures beside the model's.
 * @throws InputError if the script has not come to its end, if results are of another plan, or for a file that is none of its own
 * @example
 * ```ts
 * import { readReproduction } from "pageblock";
 *
 * const reading = readReproduction("test/fixtures/reproduce/vm-6.18");
 * reading.rows.some((row) => row.comparable === "no"); // => true
 * ```
 */
export function readReproduction(folder: string): ReproductionReading {
  const file = join(folder, "model.json");
  if (!existsSync(file))
    throw new InputError(`${folder}: has no model.json: a folder of pageblock reproduce was expected`);
  const model = parseModelSide(parsedJson(file), file);
  const machine = readMachineSide(join(folder, "results"));
  if (machine.plan !== model.plan)
    throw new InputError(
      `${folder}: results must be of the plan in model.json, ${model.plan.slice(0, 12)}…: got ${machine.plan.slice(0, 12)}…`,
    );
  const { engine, managedBytes, pageBytes, blockBytes, polluted } = model;
  const managed = machine.figures[0]!.managedBytes;
  const limitBytes = machine.limitKib * KiB;
  const covered = managed === 0 ? 0 : limitBytes / managed;
  return {
    planHash: model.plan,
    kernel: machine.kernel,
    limitBytes,
    modelled: { engine, managedBytes, pageBytes, blockBytes, polluted },
    covered,
    rows: [
      ...heldRows(machine),
      ...stateRows(model, machine, covered),
      ...askRows(model, machine, covered),
      ...counterRows(model, machine, covered),
    ],
    notes: [...machine.notes, ...machine.programs.flatMap(notesOf)],
  };
}

function notesOf({ program, note, refused = "" }: HolderReport): string[] {
  return [note, refused].filter((said) => said !== "").map((said) => `${program}: ${said}`);
}

function heldRows({ programs }: MachineSide): ReadRow[] {
  return programs
    .filter(({ program }) => program !== "ask")
    .map(({ program, askedKib, heldKib }) => ({
      what: `held by ${program}`,
      unit: "KiB",
      model: askedKib,
      machine: heldKib,
      comparable: "yes",
      why: "the plan's share of the memory that the script might use, and what the program held",
    }));
}

function stateRows(model: ModelSide, { figures }: MachineSide, covered: number): ReadRow[] {
  const [before, , during] = figures as [StepFigures, StepFigures, StepFigures];
  const comparable = covered >= SHOWS ? "partly" : "no";
  const whole = `of the whole machine, of which the state covers ${(100 * covered).toFixed(1)} %`;
  const row = (what: string, modelled: number, measured: number | undefined, as: Comparable): ReadRow => ({
    what,
    unit: "share",
    model: modelled,
    machine: measured ?? null,
    comparable: measured === undefined ? "no" : as,
    why: measured === undefined ? "the machine did not say" : whole,
  });
  const types = [
    ...new Set([...Object.keys(model.aged.blocks), ...Object.keys(during.state?.blocks ?? {})]),
  ].sort();
  return [
    row("free memory", model.aged.free, during.state?.free, "no"),
    row(
      "free memory below a page block, at boot or before",
      model.booted.unusable,
      before.state?.unusable,
      "no",
    ),
    row(
      "free memory below a page block, with the state",
      model.aged.unusable,
      during.state?.unusable,
      comparable,
    ),
    ...types.map((type) =>
      row(
        `page blocks ${type}`,
        model.aged.blocks[type] ?? 0,
        during.typesKnown ? (during.state?.blocks[type] ?? 0) : undefined,
        comparable,
      ),
    ),
  ];
}

function askRows(model: ModelSide, { programs }: MachineSide, covered: number): ReadRow[] {
  const ask = programs.find(({ program }) => program === "ask");
  const ratio = (got: number | undefined, of: number | undefined) =>
    got === undefined || of === undefined || of === 0 ? null : got / of;
  const { probeThpAsked, probeThpGranted } = model.metrics;
  const times = [...(ask?.ns ?? [])].sort((a, b) => a - b);
  return [
    {
      what: "huge pages granted",
      unit: "share",
      model: ratio(probeThpGranted, probeThpAsked),
      machine: ratio(ask?.hugeGranted, ask?.hugeAsked),
      comparable: ask !== undefined && covered >= SHOWS ? "partly" : "no",
      why: "faults in an area with MADV_HUGEPAGE; the rest of a larger machine has huge pages of its own",
    },
    {
      what: "requests granted",
      unit: "share",
      model: ratio(model.granted, model.asked),
      machine: ratio(ask?.granted, ask?.asked),
      comparable: "no",
      why: "the model's requests are one piece each, by the plan's strategy; the machine's are huge pages",
    },
    {
      what: "median time of a request",
      unit: "ns",
      model: model.latencyNs[0] ?? null,
      machine: times[Math.floor(times.length / 2)] ?? null,
      comparable: "no",
      why: "the model counts events by a table of costs; the machine also clears the pages",
    },
  ];
}

interface Counter {
  what: string;
  /** Its name in model.json, among `counts` or `metrics`. */
  model: string;
  /** Counters of vmstat, which are added up. */
  vmstat: RegExp;
  /** Why the two are no more than shown side by side; absent: comparable in part. */
  apart?: string;
}

const FAULTS = "the machine's requests are such faults too; the model's are made by the plan's strategy";

const COUNTERS: readonly Counter[] = [
  { what: "direct reclaims", model: "reclaimStalls", vmstat: /^allocstall(?:_|$)/ },
  { what: "direct compactions", model: "compactionStalls", vmstat: /^compact_stall$/ },
  { what: "compactions that succeeded", model: "compactSucceeded", vmstat: /^compact_success$/ },
  {
    what: "pages scanned by compaction",
    model: "compactScanned",
    vmstat: /^compact_(?:migrate|free)_scanned$/,
  },
  { what: "pages migrated", model: "compactMigrated", vmstat: /^pgmigrate_success$/ },
  { what: "pages scanned by reclaim", model: "reclaimScanned", vmstat: /^pgscan_(?:kswapd|direct)$/ },
  { what: "pages reclaimed", model: "reclaimedPages", vmstat: /^pgsteal_(?:kswapd|direct)$/ },
  {
    what: "huge page faults that got one",
    model: "thpAllocated",
    vmstat: /^thp_fault_alloc$/,
    apart: FAULTS,
  },
  {
    what: "huge page faults that fell back",
    model: "thpFellBack",
    vmstat: /^thp_fault_fallback$/,
    apart: FAULTS,
  },
];

const NOT_IN_MODEL = "model.json does not have it: an older pageblock wrote the folder";

/** Counted from before the request to the end of the state; in the model, while requests were made. */
function counterRows(model: ModelSide, { figures }: MachineSide, covered: number): ReadRow[] {
  const [from, to] = [figures[2]!, figures[4]!];
  const small =
    covered >= SHOWS ? undefined : `${ALL_COUNTS}, of which the state is ${(100 * covered).toFixed(1)} %`;
  const row = (what: string, name: string, machine: number | null, apart: string | undefined): ReadRow => {
    const modelled = model.counts[name] ?? (COUNTED.includes(name) ? null : (model.metrics[name] ?? null));
    const why = apart ?? (modelled === null ? NOT_IN_MODEL : small);
    return {
      what,
      unit: "count",
      model: modelled,
      machine,
      comparable: why === undefined ? "partly" : "no",
      why: why ?? ALL_COUNTS,
    };
  };
  const rows = COUNTERS.map(({ what, model: name, vmstat, apart }) => {
    const known = [...to.vmstat.keys()].some((one) => vmstat.test(one));
    const machine = known ? total(to.vmstat, vmstat) - total(from.vmstat, vmstat) : null;
    return row(what, name, machine, known ? apart : "this kernel has no such counter");
  });
  const traced = to.fallbacks !== undefined && from.fallbacks !== undefined;
  const fallbacks = traced ? to.fallbacks! - from.fallbacks! : null;
  const untraced = traced ? undefined : "not traced: it takes root, tracefs and --root-allowed";
  return [...rows, row("fallbacks to other types (mm_page_alloc_extfrag)", "fallbacks", fallbacks, untraced)];
}

const ALL_COUNTS = "everything on the machine counts";

function total(counters: ReadonlyMap<string, number>, names: RegExp): number {
  let all = 0;
  for (const [name, n] of counters) if (names.test(name)) all += n;
  return all;
}

/**
 * The comparison as text: a table with a line for each figure, then the notes.
 * @example
 * ```ts
 * import { readReproduction, reproductionText } from "pageblock";
 *
 * const text = reproductionText(readReproduction("test/fixtures/reproduce/vm-6.18"));
 * text.startsWith("plan "); // => true
 * ```
 */
export function reproductionText({
  planHash,
  kernel,
  limitBytes,
  modelled,
  covered,
  rows,
  notes,
}: ReproductionReading): string {
  const { engine, managedBytes, pageBytes, blockBytes, polluted } = modelled;
  const head = ["figure", "model", "machine", "comparable", "why"];
  const cells = [
    head,
    ...rows.map((row) => [
      row.what,
      shownAs(row, row.model),
      shownAs(row, row.machine),
      row.comparable,
      row.why,
    ]),
  ];
  const widths = head.map((_, i) => largestOf(cells.map((row) => row[i]!.length)));
  const lines = cells.map((row) =>
    row
      .map((cell, i) => (i === 1 || i === 2 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join("  ")
      .trimEnd(),
  );
  return [
    `plan ${planHash}`,
    `model ${printable(engine)}; ${formatSize(managedBytes)} managed, pages of ${formatSize(pageBytes)}, page blocks of ${formatSize(blockBytes)}, ${(100 * polluted).toFixed(1)} % of them with a page that does not move`,
    `Linux ${kernel}; ${formatSize(limitBytes)} might be used, ${(100 * covered).toFixed(1)} % of the machine's memory`,
    ...(covered < SHOWS ? [`${TOO_SMALL}.`] : []),
    ...lines,
    ...notes.map((note) => `note: ${note}`),
    "",
  ].join("\n");
}

function shownAs({ unit }: ReadRow, value: number | null): string {
  if (value === null) return "-";
  if (unit === "share") return `${(100 * value).toFixed(1)} %`;
  if (unit === "KiB") return formatSize(value * KiB);
  return unit === "ns" ? `${(value / 1000).toFixed(1)} µs` : String(value);
}
