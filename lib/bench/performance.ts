/**
 * docs/performance.json: what was measured, by date and kind of machine; and the check that nothing became slower. Compared
 * are ratios (to the calibration loop, or to the C program beside), never times.
 */
import { existsSync } from "node:fs";
import { arch, cpus } from "node:os";
import { InputError } from "../base/errors";
import { refuseHarmfulKeys } from "../base/harmful-keys";
import { isDeeperThan } from "../base/json-depth";
import { readOutsideText } from "../base/outside-file";
import { MiB } from "../base/units";
import { writeAtomically } from "../base/write-atomically";
import type { BenchResult } from "./measure";

/** Above it a figure has become slower. */
export const SLOWER_SHARE = 0.15;

export interface Figure {
  /** Median of the runs: CPU time an operation, as a multiple of what `to` names. */
  ratio: number;
  to: "calibration" | "c";
  cpuNsPerOp: number;
  runs: number;
  hash: number | string;
  /** Settings other than those of docs/benchmarks.md, in words: such a figure is compared with its like alone. */
  settings?: string;
}

export interface Entry {
  date: string;
  /** `AMD EPYC 7R13, 2 cores, x64, Node 20`: figures are compared within a kind. */
  machine: string;
  engine: string;
  figures: Record<string, Figure>;
}

const DEPTH_MOST = 16;
const RECORDS_BYTES_MOST = 16 * MiB;

interface Records {
  format: 1;
  entries: Entry[];
}

/** What this computer is called in entries. */
export function machineKind(): string {
  const all = cpus();
  const model = (all[0]?.model ?? "unknown processor").replace(/\s+/g, " ").trim();
  return `${model}, ${all.length} cores, ${arch()}, Node ${process.versions.node.split(".")[0]}`;
}

/** `pair`: the ratio to the C program, where it ran beside. `settings`: empty as in the docs. */
export function figureOf(result: BenchResult, pair?: { median: number }, settings = ""): Figure {
  const { cpuNsPerOp, runs, hash, calibrated } = result;
  const ratio = pair?.median ?? calibrated.median;
  const figure: Figure = { ratio, to: pair === undefined ? "calibration" : "c", cpuNsPerOp, runs, hash };
  return settings === "" ? figure : { ...figure, settings };
}

export function readPerformance(path: string): Records {
  if (!existsSync(path)) return { format: 1, entries: [] };
  const text = readOutsideText(path, { bytes: RECORDS_BYTES_MOST });
  if (isDeeperThan(text, DEPTH_MOST))
    throw new InputError(`${path}: its JSON must be at most ${DEPTH_MOST} levels deep: got more`);
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new InputError(`${path}: is no JSON (${(error as Error).message})`);
  }
  refuseHarmfulKeys(read, path);
  const { format, entries } = (read ?? {}) as Partial<Records>;
  if (format !== 1 || !Array.isArray(entries))
    throw new InputError(`${path}: must be { "format": 1, "entries": [...] }`);
  entries.forEach((entry, i) => {
    const figures = Object.entries(entry?.figures ?? { entry: null });
    const bad = figures.find(([, figure]) => !(Number(figure?.ratio) > 0));
    if (bad !== undefined)
      throw new InputError(`${path}: entries[${i}]: ${bad[0]}: must have a ratio above 0`);
  });
  return { format, entries };
}

/** Appends an entry, atomically. */
export function recordPerformance(path: string, entry: Entry): void {
  const { entries } = readPerformance(path);
  const lines = [...entries, entry].map((e) => `    ${JSON.stringify(e)}`).join(",\n");
  writeAtomically(path, `{\n  "format": 1,\n  "entries": [\n${lines}\n  ]\n}\n`);
}

export interface Verdict {
  /** The entry compared with; null if there is none of this kind of machine. */
  against: Entry | null;
  slower: string[];
  /** A line for each figure; before them one that says so, if there is no entry of this kind of machine. */
  lines: string[];
}

/**
 * Compares each figure with the same figure, of the same settings and kind of ratio, in the last entry of the same kind of
 * machine that has it. Slower by more than `share` fails; a figure that no entry has passes with a line that says so.
 */
export function checkPerformance(entries: readonly Entry[], now: Entry, share = SLOWER_SHARE): Verdict {
  const same = entries.filter((e) => e.machine === now.machine).reverse();
  const slower: string[] = [];
  const lines = same.length > 0 ? [] : [`no entry of this kind of machine (${now.machine})`];
  for (const [name, { ratio, to, hash, settings }] of Object.entries(now.figures)) {
    const before = same
      .map(({ figures }) => figures[name])
      .find((figure) => figure?.to === to && figure.settings === settings);
    if (before === undefined) {
      lines.push(`${name}: ${ratio} (to ${to}), nothing to compare with`);
      continue;
    }
    const change = ratio / before.ratio - 1;
    const bad = change > share;
    if (bad) slower.push(name);
    const percent = `${change >= 0 ? "+" : ""}${(100 * change).toFixed(1)} %`;
    const work = before.hash === hash ? "" : ", other work than then (the hash differs)";
    lines.push(
      `${name}: ${ratio} (to ${to}), before ${before.ratio}: ${percent}${bad ? ", SLOWER" : ""}${work}`,
    );
  }
  return { against: same[0] ?? null, slower, lines };
}
