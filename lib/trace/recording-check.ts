/**
 * Checks a recording in this repository, as a plan. The plan names the recording and the SHA-256 of its content, so
 * that anyone who has the repository can check it again, and no other files are ever read.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, realpathSync, statSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { InputError } from "../base/errors";
import { readOutsideChunks } from "../base/outside-file";
import { bootTable } from "./boot-table";
import { contigRows } from "./contig-rows";
import { type FidelityKind, type FidelityResult, findRecordings } from "./fidelity";
import { hugetlbTable } from "./hugetlb-table";
import { loadTable } from "./load-table";
import type { RecordingPlan } from "./recording-statement";
import { traceRecording } from "./trace-recording";

/** Kinds of recordings that can be checked. To add a kind, add one object here. */
export const RECORDING_KINDS: readonly FidelityKind[] = [
  bootTable,
  contigRows,
  hugetlbTable,
  loadTable,
  traceRecording,
];

/** The folder of this repository's recordings; a packed library has none. */
const FIXTURES = resolve(__dirname, "../../test/fixtures");
const PATH = /^[A-Za-z0-9][A-Za-z0-9._-]*(\/[A-Za-z0-9][A-Za-z0-9._-]*){0,3}$/;

/** Result of the check; plain JSON. */
export interface RecordingOutcome {
  /** Kind of recording: `trace`, `boot-table`, … */
  kind: string;
  rows: number;
  /** Rows whose outcome is recorded. */
  compared: number;
  agreeing: number;
  /** For a trace: requests whose frame is compared, and those predicted; otherwise null. */
  allocations: number | null;
  exact: number | null;
  differing: FidelityResult[];
  notes: string[];
}

function sha256OfFiles(path: string): string {
  const hash = createHash("sha256");
  const add = (at: string, name: string) => {
    if (statSync(at).isDirectory())
      for (const entry of readdirSync(at).sort()) add(join(at, entry), `${name}/${entry}`);
    else {
      const content = createHash("sha256");
      readOutsideChunks(at, (chunk) => content.update(chunk));
      hash.update(`${name}\0`).update(content.digest());
    }
  };
  add(path, "");
  return hash.digest("hex");
}

/** The plan of the recording at `path`. Throws InputError for a path outside the repository's recordings. */
export function recordingPlan(path: string): RecordingPlan {
  const real = (at: string) => (existsSync(at) ? realpathSync(at) : resolve(at));
  const within = relative(real(FIXTURES), real(path)).split(sep).join("/");
  if (!PATH.test(within))
    throw new InputError(`recording: must be in test/fixtures of the repository: got ${path}`);
  if (!existsSync(join(FIXTURES, within))) throw new InputError(`${path}: no such file or folder`);
  return { kind: "recording", path: within, sha256: sha256OfFiles(join(FIXTURES, within)) };
}

/** Checks the recording. Throws InputError if it is missing or its content differs from the plan. */
export async function runRecordingPlan({ path, sha256 }: RecordingPlan): Promise<RecordingOutcome> {
  if (typeof path !== "string" || !PATH.test(path) || path.includes(".."))
    throw new InputError(`plan: path must name a recording below test/fixtures: got ${JSON.stringify(path)}`);
  const full = join(FIXTURES, path);
  if (!existsSync(full))
    throw new InputError(`plan: the recording ${path} is not here: it is in test/fixtures of the repository`);
  if (sha256OfFiles(full) !== sha256)
    throw new InputError(`plan: the recording ${path} has another content here than the plan says`);
  const [found, ...others] = findRecordings(full, RECORDING_KINDS);
  if (found?.kind.check === undefined || others.length > 0)
    throw new InputError(`plan: ${path} must be one recording: it holds ${others.length + 1}`);
  const { report, notes } = await found.kind.check(full);
  const frames = report.results[0]?.predicted;
  const count = (name: string) => (typeof frames?.[name] === "number" ? (frames[name] as number) : null);
  const trace = report.kind === "trace";
  return {
    kind: report.kind,
    rows: report.rows,
    compared: report.results.filter((r) => r.agrees !== null).length,
    agreeing: report.agreeing,
    allocations: trace ? count("allocations") : null,
    exact: trace ? count("exact") : null,
    differing: report.results.filter((r) => r.agrees === false),
    notes: notes.map((note) => note.replaceAll(full, path)),
  };
}
