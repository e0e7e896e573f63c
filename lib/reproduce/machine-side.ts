/** What run.sh measured: its steps as snapshots of the machine, and the reports of its programs. */

import { existsSync } from "node:fs";
import { join } from "node:path";
import { sum } from "lodash";
import { log2 } from "../base/elementary";
import { InputError, quoted } from "../base/errors";
import { refuseHarmfulKeys } from "../base/harmful-keys";
import { isRegular } from "../base/open-regular";
import { readOutsideText } from "../base/outside-file";
import { printable } from "../base/printable";
import { MiB } from "../base/units";
import { parsePagetypeinfo, parseVmstat, parseZoneinfo } from "../calibration/proc-texts";
import { check } from "../schema/check";
import {
  type Field,
  filled,
  list,
  literal,
  name,
  type Out,
  object,
  optional,
  text,
  whole,
} from "../schema/field";
import { fieldPath } from "../schema/place";
import { parseBuddyinfo } from "../trace/buddyinfo-text";
import { snapshotFrom } from "../trace/collect-snapshot";
import type { MachineSnapshot } from "../trace/machine-snapshot";
import { figures, type StateFigures } from "./scene";

const MOST = Number.MAX_SAFE_INTEGER;
const kib = (doc: string) => whole(doc, "KiB", { most: MOST });
const count = (doc: string) => whole(doc, "", { most: MOST });

/** The moments at which run.sh measures, in order; the folder of each begins with its number. */
const STEPS = ["before", "filled", "during", "asked", "held", "after"].map((step, i) => `0${i}-${step}`);
const PROGRAMS = ["anon", "files", "pipes", "sockets", "tables", "dentries", "pins", "ask"] as const;

const RUN = object("what run.sh did", {
  format: literal("pageblock-reproduction"),
  version: literal(1),
  plan: text("SHA-256 of the plan", { longest: 64 }),
  limitKib: kib("memory that it might use"),
  availableKib: kib("MemAvailable at its start"),
  floorKib: kib("its floor"),
  seconds: count("seconds that the state was held"),
  rootAllowed: whole("1: settings might be changed", "", { most: 1 }),
  steps: list("its steps", name("a step", STEPS), { most: STEPS.length }),
});

const REPORT = object("what a program reports", {
  program: name("its name", PROGRAMS),
  pid: count("its process id"),
  askedKib: kib("what it was told to hold"),
  heldKib: kib("what it held"),
  note: text("what was in its way", { longest: 300 }),
  turnedKib: optional(kib("what it replaced")),
  pipes: optional(count("pipes")),
  pairs: optional(count("pairs of sockets")),
  names: optional(count("names looked up")),
  files: optional(count("empty files")),
  through: optional(text("how pages are pinned")),
  refused: optional(text("what was refused", { longest: 300 })),
  asked: optional(count("requests")),
  granted: optional(count("requests with all their huge pages")),
  hugeAsked: optional(count("huge pages asked for")),
  hugeGranted: optional(count("huge pages got")),
  hugeKib: optional(kib("size of a huge page")),
  ns: filled(list("time of each request", count("ns"), { most: 10_000, default: [] })),
});

export interface HolderReport extends Out<typeof REPORT> {}

/** A machine at one step. */
export interface StepFigures {
  name: string;
  /** Undefined if neither buddyinfo nor zoneinfo could be read. */
  state: StateFigures | undefined;
  /** Whether the page blocks by type are known: pagetypeinfo needs root. */
  typesKnown: boolean;
  /** Counters of vmstat. */
  vmstat: ReadonlyMap<string, number>;
  managedBytes: number;
  /** Fallbacks to other types so far, if they were traced. */
  fallbacks: number | undefined;
}

/** Everything that run.sh left. */
export interface MachineSide extends Out<typeof RUN> {
  kernel: string;
  programs: readonly HolderReport[];
  figures: readonly StepFigures[];
  notes: readonly string[];
}

/** Reads the results of run.sh. Throws InputError with the file, and says so if the script did not come to its end. */
export function readMachineSide(results: string): MachineSide {
  const file = join(results, "run.json");
  if (!existsSync(file))
    throw new InputError(
      `${file}: not found; run.sh writes it when it has come to its end${existsSync(join(results, "steps")) ? ", which it has not here" : ""}`,
    );
  const run = jsonOf(file, RUN);
  if (run.steps.join() !== STEPS.join())
    throw new InputError(`${file}: steps must be ${STEPS.join(", ")}: got ${quoted(run.steps.join(", "))}`);
  const snapshots = run.steps.map((step) => snapshotFrom([join(results, "steps", step)]));
  const reports = PROGRAMS.map((program) => join(results, "holders", `${program}.json`)).filter(isRegular);
  const notes = join(results, "notes.txt");
  return {
    ...run,
    kernel: printable(snapshots[0]?.kernel ?? "unknown"),
    programs: reports.map((report) => jsonOf(report, REPORT)),
    figures: snapshots.map((snapshot, i) =>
      stepOf(join(results, "steps", run.steps[i]!), run.steps[i]!, snapshot),
    ),
    notes: isRegular(notes) ? notesIn(readOutsideText(notes, { bytes: MiB })) : [],
  };
}

/** Lines for a terminal: at most a hundred, cut to a readable length. */
function notesIn(all: string): string[] {
  const lines = all.split("\n", 100).filter((line) => line !== "");
  return lines.map((line) => printable(line.slice(0, 200)));
}

/** A JSON file, checked. */
export function jsonOf<O, I>(file: string, field: Field<O, I>): O {
  return check(field, parsedJson(file), (path, key) => `${file}: ${fieldPath(path, key)}`);
}

/** What a JSON file holds, unchecked. */
export function parsedJson(file: string): unknown {
  const json = readOutsideText(file, { bytes: 4 * MiB });
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new InputError(`${file}: must be JSON: begins with ${quoted(json.slice(0, 40))}`);
  }
  refuseHarmfulKeys(value, file);
  return value;
}

function stepOf(folder: string, step: string, { texts, pageSize = 4096 }: MachineSnapshot): StepFigures {
  const at = (what: string) => join(folder, "proc", what);
  const { buddyinfo, zoneinfo, pagetypeinfo, vmstat } = texts;
  const zones = zoneinfo === undefined ? [] : parseZoneinfo(zoneinfo, at("zoneinfo"));
  const managed = sum(zones.map((zone) => Math.max(0, zone.managed)));
  const types = pagetypeinfo === undefined ? undefined : parsePagetypeinfo(pagetypeinfo, at("pagetypeinfo"));
  const extfrag = join(folder, "extfrag.txt");
  return {
    name: step,
    state:
      buddyinfo === undefined
        ? undefined
        : stateOf(parseBuddyinfo(buddyinfo, at("buddyinfo")), managed, types),
    typesKnown: types !== undefined,
    vmstat: vmstat === undefined ? new Map() : parseVmstat(vmstat, at("vmstat")),
    managedBytes: managed * pageSize,
    fallbacks: isRegular(extfrag) ? numberIn(extfrag) : undefined,
  };
}

/** Without pagetypeinfo a page block has the largest order but one, as on x86-64 and on arm64 with pages of 4 KiB. */
function stateOf(
  zones: ReturnType<typeof parseBuddyinfo>,
  managed: number,
  types: ReturnType<typeof parsePagetypeinfo> | undefined,
): StateFigures {
  const orders = zones[0]!.nrFree.length;
  const free = Array.from({ length: orders }, (_, o) => sum(zones.map((zone) => zone.nrFree[o] ?? 0)));
  const told = types === undefined || types.blockPages < 1 ? orders - 2 : log2(types.blockPages);
  const counts = new Map<string, number>();
  for (const { blocks } of types?.zones ?? [])
    for (const [type, n] of Object.entries(blocks)) counts.set(type, (counts.get(type) ?? 0) + n);
  return figures(free, Math.max(0, Math.floor(told)), managed, counts);
}

function numberIn(file: string): number {
  const given = readOutsideText(file, { bytes: 100 }).trim();
  if (!/^\d{1,15}$/.test(given))
    throw new InputError(`${file}: must be a whole number: got ${quoted(given)}`);
  return Number(given);
}
