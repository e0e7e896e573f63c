/**
 * Changes in plans from the command line. A plan names the file of a change, or carries its code; neither is run unless the user
 * names its SHA-256 with --allow-code. To print a plan takes no permission: then nothing is run.
 */
import { dirname, resolve } from "node:path";
import { InputError } from "../base/errors";
import { allowCode, checkSha256 } from "../change/allowed";
import { changeOfFile, readSource } from "../change/change";
import {
  alteredCode,
  type ChangeCode,
  otherAllowed,
  sha256OfSource,
  sourceFault,
  wordsOf,
} from "../change/code";
import { statedName } from "../change/stated-name";
import { isObject } from "../schema/check";

/** No plan is nested deeper. */
const DEPTH_MOST = 40;

/** The flags that say what may happen to code, as commander parsed them. */
export interface CodeFlags {
  readonly allowCode?: readonly string[];
  readonly printPlan?: boolean;
}

/** A plan's file, its folder, and what may happen to the code. */
interface Reading {
  readonly file: string;
  readonly folder: string;
  readonly allowed: readonly string[];
  /** The plan is printed, not run. */
  readonly printed: boolean;
}

/** The plan of `file` with the code of its changes in place. Throws InputError for code that is to run and was not allowed. */
export function withCode(
  plan: Record<string, unknown>,
  file: string,
  { allowCode: allowed = [], printPlan: printed = false }: CodeFlags,
): Record<string, unknown> {
  for (const sha256 of allowed) checkSha256(sha256, "--allow-code");
  return inPlace(plan, { file, folder: dirname(file), allowed, printed }, 0) as Record<string, unknown>;
}

function inPlace(value: unknown, reading: Reading, depth: number): unknown {
  if (depth > DEPTH_MOST) return value;
  if (Array.isArray(value)) return value.map((one) => inPlace(one, reading, depth + 1));
  if (!isObject(value)) return value;
  const out: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value))
    out[key] = namesChange(key) ? changesOf(part, reading) : inPlace(part, reading, depth + 1);
  return out;
}

/** The field of a machine, or the same as a parameter of a sweep. */
const namesChange = (key: string) => key === "change" || key === "machine.change";

/** One change, or the list of those that a sweep varies. */
function changesOf(part: unknown, reading: Reading): unknown {
  if (Array.isArray(part)) return part.map((one) => (isObject(one) ? codeOf(one, reading) : one));
  return isObject(part) ? codeOf(part, reading) : part;
}

/** The code of `{ file }`, or of a change that the plan carries. Its source is hashed before anything of it is run. */
function codeOf(given: Record<string, unknown>, reading: Reading): unknown {
  const { file, name, points, sha256, source } = given;
  // Of a file's points, the plan may put some in force.
  if (typeof file === "string" && Object.keys(given).every((key) => key === "file" || key === "points"))
    return { ...codeOfFile(file, reading), ...(points !== undefined && { points }) };
  if (typeof source !== "string") return given;
  const fault = sourceFault(source);
  if (fault !== null) throw new InputError(`change.source: ${fault}`);
  const code = { name: String(name), sha256: sha256OfSource(source), source };
  const altered = typeof sha256 === "string" ? alteredCode({ ...code, sha256 }) : null;
  if (altered !== null) throw new InputError(`${reading.file}: ${altered}: it is not run`);
  mayRun(code, reading);
  return given;
}

function codeOfFile(file: string, reading: Reading): ChangeCode {
  const path = resolve(reading.folder, file);
  const source = readSource(path);
  const code = { name: file, sha256: sha256OfSource(source), source };
  if (!reading.printed || reading.allowed.includes(code.sha256)) {
    mayRun(code, reading);
    return changeOfFile(source, path).toJSON();
  }
  const name = statedName(source);
  if (name === null)
    throw new InputError(
      `${reading.file}: has ${wordsOf(code)}: its name is not written as text, and it is not run; read the code, then name it with --allow-code ${code.sha256}`,
    );
  return { ...code, name };
}

/** Allows code that the user named; of a plan that is printed only, none is run. */
function mayRun(code: ChangeCode, { file, allowed, printed }: Reading): void {
  if (printed) return;
  if (!allowed.includes(code.sha256))
    throw new InputError(
      `${file}: has ${wordsOf(code)}: it is not run${otherAllowed(allowed)}; read the code, then name it with --allow-code ${code.sha256}`,
    );
  allowCode(code.sha256);
}
