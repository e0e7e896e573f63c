/**
 * Changes in plans from the command line. A plan names the file of a change, or carries its code; neither is run unless the user
 * names its SHA-256 with --allow-code.
 */
import { dirname, resolve } from "node:path";
import { InputError } from "../base/errors";
import { allowCode, checkSha256 } from "../change/allowed";
import { changeOfFile, readSource } from "../change/change";
import { type ChangeCode, sha256OfSource, sourceFault, wordsOf } from "../change/code";
import { isObject } from "../schema/check";

/** No plan is nested deeper. */
const DEPTH_MOST = 40;

/** The plan of `file` with the code of its changes in place. Throws InputError for code that `allowed` does not name. */
export function withCode(
  plan: Record<string, unknown>,
  file: string,
  allowed: readonly string[],
): Record<string, unknown> {
  for (const sha256 of allowed) checkSha256(sha256, "--allow-code");
  const mayRun = (code: ChangeCode) => {
    if (!allowed.includes(code.sha256))
      throw new InputError(
        `${file}: has ${wordsOf(code)}: it is not run; read the code, then name it with --allow-code ${code.sha256}`,
      );
    allowCode(code.sha256);
  };
  return inPlace(plan, dirname(file), mayRun, 0) as Record<string, unknown>;
}

function inPlace(value: unknown, folder: string, mayRun: (code: ChangeCode) => void, depth: number): unknown {
  if (depth > DEPTH_MOST) return value;
  if (Array.isArray(value)) return value.map((one) => inPlace(one, folder, mayRun, depth + 1));
  if (!isObject(value)) return value;
  const out: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value))
    out[key] =
      key === "change" && isObject(part)
        ? codeOf(part, folder, mayRun)
        : inPlace(part, folder, mayRun, depth + 1);
  return out;
}

/** The code of `{ file }`, or of a change that the plan carries. Its source is hashed before anything of it is run. */
function codeOf(given: Record<string, unknown>, folder: string, mayRun: (code: ChangeCode) => void): unknown {
  const { file, name, source } = given;
  if (typeof file === "string" && Object.keys(given).length === 1) {
    const path = resolve(folder, file);
    const text = readSource(path);
    mayRun({ name: file, sha256: sha256OfSource(text), source: text });
    return changeOfFile(text, path).toJSON();
  }
  const fault = typeof source === "string" ? sourceFault(source) : null;
  if (fault !== null) throw new InputError(`change.source: ${fault}`);
  if (typeof source === "string") mayRun({ name: String(name), sha256: sha256OfSource(source), source });
  return given;
}
