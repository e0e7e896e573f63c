/**
 * Reads plans, comparisons and sweeps from JSON or YAML. Error messages name file, line and field. JSON is valid YAML,
 * so one parser gives the positions in both.
 */
import { readFileSync, statSync } from "node:fs";
import { at, errorOf, InputError } from "../base/errors";
import { isObject, spellings } from "./check";
import type { Fields } from "./field";
import { fieldPath, type Locate } from "./place";

/** Loaded with the first file: most users of the library read none. */
const yaml = () => require("yaml") as typeof import("yaml");

/** Plans are small; a larger file is not a plan. */
const FILE_BYTES_MAX = 4 * 2 ** 20;

/** The content of a file, with the positions of its fields. */
export interface Written {
  file: string;
  value: unknown;
  /** `file:line: field` of a path, for error messages. */
  locate: Locate;
}

/**
 * Reads a plan file.
 * @throws InputError if it cannot be read, is larger than 4 MiB, or is neither JSON nor YAML (with file and line)
 * @example
 * ```ts
 * import { writeFileSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { parsePlan, readPlanFile } from "pageblock";
 *
 * const path = join(tmpdir(), "pageblock-example-plan.yaml");
 * writeFileSync(path, "machine: { board: qemu-virt }\nstrategy: { name: buddy }\nrequest: { size: 2MiB }\n");
 * const { value, locate } = readPlanFile(path);
 * parsePlan(value, locate).request.bytes; // => 2097152
 * ```
 */
export function readPlanFile(path: string): Written {
  let text: string;
  try {
    const bytes = statSync(path).size;
    if (bytes > FILE_BYTES_MAX)
      throw new InputError(`${path}: a plan must be at most ${FILE_BYTES_MAX} bytes: got ${bytes}`);
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: cannot be read (${errorOf(error).message})`);
  }
  return parsePlanText(text, path);
}

/**
 * Reads a plan from text; error messages call it `file`.
 * @throws InputError with `file` and line if it is neither JSON nor YAML
 * @example
 * ```ts
 * import { parsePlan, parsePlanText } from "pageblock";
 *
 * const text = "machine: { board: qemu-virt }\nstrategy: { name: buddy }\nrequest: { size: 2MiB }\n";
 * const { value, locate } = parsePlanText(text, "plan.yaml");
 * parsePlan(value, locate).request.bytes; // => 2097152
 * ```
 */
export function parsePlanText(text: string, file: string): Written {
  const { isMap, isNode, isScalar, LineCounter, parseDocument } = yaml();
  const lines = new LineCounter();
  const document = parseDocument(text.replace(/^\uFEFF/, ""), {
    lineCounter: lines,
    prettyErrors: false,
    stringKeys: true,
    version: "1.2",
  });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined)
    throw new InputError(
      `${at(file, lines.linePos(problem.pos[0]).line)}: is neither JSON nor YAML: ${problem.message.split("\n")[0]}`,
    );
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new InputError(`${file}: ${errorOf(error).message}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InputError(
      `${at(file, 1)}: a plan must be an object: got ${Array.isArray(value) ? "a list" : typeof value}`,
    );
  const lineOf = (path: readonly PropertyKey[], key?: string): number | undefined => {
    for (let length = path.length; length >= 0; length--) {
      const part = path.slice(0, length);
      const node = length === 0 ? document.contents : document.getIn(part, true);
      if (key !== undefined && length === path.length && isMap(node)) {
        const pair = node.items.find((p) => isScalar(p.key) && p.key.value === key);
        if (isNode(pair?.key) && pair.key.range) return lines.linePos(pair.key.range[0]).line;
      }
      if (isNode(node) && node.range) return lines.linePos(node.range[0]).line;
    }
    return undefined;
  };
  const locate: Locate = (path, key) => `${at(file, lineOf(path, key))}: ${fieldPath(path, key)}`;
  return { file, value, locate };
}

/** `path` with the names as written: `request.size` for `request.bytes`. */
export function asWritten(fields: Fields, value: unknown, path: readonly string[]): string[] {
  const [own, ...rest] = path;
  if (own === undefined || !isObject(value)) return [...path];
  const key = Object.keys(value).find((one) => spellings(fields).get(one) === own) ?? own;
  const form = fields[own]?.form;
  const within = value[key];
  return [key, ...(form?.kind === "object" ? asWritten(form.fields, within, rest) : rest)];
}
