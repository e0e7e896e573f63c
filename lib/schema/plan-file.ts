/**
 * Reads plans, comparisons and sweeps from JSON or YAML. Error messages name file, line and field. JSON is valid YAML,
 * so one parser gives the positions in both.
 */
import type { Document, LineCounter } from "yaml";
import { at, errorOf, InputError } from "../base/errors";
import { HARMFUL_KEYS } from "../base/harmful-keys";
import { isDeeperThan } from "../base/json-depth";
import { readOutsideText } from "../base/outside-file";
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
  return parsePlanText(readOutsideText(path, { bytes: FILE_BYTES_MAX }), path);
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
  const { isMap, isNode, isScalar, LineCounter } = yaml();
  const lines = new LineCounter();
  const document = parsed(text, file, lines);
  const problem = document.errors[0] ?? document.warnings[0] ?? wrongKey(document);
  if (problem !== undefined) {
    const what = "key" in problem ? "" : "is neither JSON nor YAML: ";
    throw new InputError(
      `${at(file, lines.linePos(problem.pos[0]!).line)}: ${what}${problem.message.split("\n")[0]}`,
    );
  }
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

/** What the reader of YAML refuses, or a key that no plan may have. */
interface Problem {
  pos: readonly number[];
  message: string;
  key?: string;
}

/** No plan is nearly as deep, and the reader of YAML takes 800 MB for a million brackets. */
const DEPTH_MAX = 500;
/** Lists within lists on one line: `- - - 1`. */
const DEEP_LINE = new RegExp(`^[ \\t]*(?:[-?:][ \\t]+){${DEPTH_MAX}}`, "m");

function parsed(text: string, file: string, lineCounter: LineCounter): Document.Parsed {
  if (isDeeperThan(text, DEPTH_MAX) || DEEP_LINE.test(text))
    throw new InputError(`${file}: is nested too deep: a plan may be ${DEPTH_MAX} levels deep: got more`);
  try {
    return yaml().parseDocument(text.replace(/^\uFEFF/, ""), {
      lineCounter,
      prettyErrors: false,
      stringKeys: true,
      // The check of the reader compares every key with all before it; ours follows.
      uniqueKeys: false,
      version: "1.2",
    });
  } catch (error) {
    throw new InputError(`${file}: is nested too deep (${errorOf(error).message})`);
  }
}

/** The first key that its object has already, or that is no name of a field. */
function wrongKey(document: Document.Parsed): Problem | undefined {
  const { isMap, isNode, isPair, isScalar, isSeq } = yaml();
  const waiting: unknown[] = [document.contents];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop()) {
    if (isSeq(node)) for (const item of node.items) waiting.push(item);
    if (!isMap(node)) continue;
    const seen = new Set<unknown>();
    for (const pair of node.items) {
      if (!isPair(pair)) continue;
      const key = isScalar(pair.key) ? pair.key.value : pair.key;
      const pos = (isNode(pair.key) ? pair.key.range : null) ?? [0];
      if (typeof key === "string" && HARMFUL_KEYS.has(key))
        return { pos, key, message: `no key may be named ${key}` };
      if (seen.has(key)) return { pos, message: "Map keys must be unique" };
      seen.add(key);
      waiting.push(pair.value);
    }
  }
  return undefined;
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
