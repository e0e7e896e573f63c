/** A change of the kernel, written as functions or as a module: what is decided otherwise, and nothing else. */
import { Script } from "node:vm";
import { errorOf, InputError } from "../base/errors";
import { readOutside } from "../base/outside-file";
import { shown } from "../schema/place";
import { allowCode } from "./allowed";
import { checkTypes } from "./check-types";
import { type ChangeCode, SOURCE_MOST, sha256OfSource, sourceFault } from "./code";
import { readChange } from "./decide";
import { POINT_NAMES, type PointName } from "./points";
import type { ChangePoints, ChangeSpec, Given, Stock } from "./types";

export type { ChangePoints, ChangeSpec, Given, Stock };

/** A change that this process may run. `machine(…).change(it)` gives it to a machine. */
export class Change {
  readonly name: string;
  readonly about: string;
  /** SHA-256 of the source; part of the name of every plan with the change. */
  readonly sha256: string;
  /** The source, as plans carry it. */
  readonly source: string;
  /** The decision points that it replaces. */
  readonly points: readonly PointName[];

  /** Use {@link change} or {@link loadChange}. */
  constructor(source: string, what: string) {
    const fault = sourceFault(source);
    if (fault !== null) throw new InputError(`${what}: a source ${fault}`);
    const { name, about, points } = readChange(source, what);
    this.name = name;
    this.about = about;
    this.source = source;
    this.sha256 = sha256OfSource(source);
    this.points = points;
    allowCode(this.sha256);
    Object.freeze(this);
  }

  /** As plans have it. */
  toJSON(): ChangeCode {
    return { name: this.name, sha256: this.sha256, source: this.source };
  }
}

/**
 * A change of the kernel: functions that decide in its place. Each takes `given`, a read-only view of what the kernel sees, and
 * `stock`, the kernel's own rules: `stock.listEnd(given)` is what it would answer. docs/changes.md lists the points.
 *
 * The functions must be self-contained: their text is run elsewhere, where there are neither variables of the cell nor clocks, random
 * numbers, files or timers. Constants belong inside them.
 * @throws InputError for an unknown decision point, and for a function whose text is not its own
 * @example
 * ```ts
 * import { change, machine } from "pageblock";
 *
 * const tail = change({
 *   name: "all to the tail",
 *   about: "freed pages rest longer before they are used again",
 *   listEnd: () => "tail",
 * });
 * machine("qemu-virt").memory("512MiB").change(tail).toJSON().change?.name; // => "all to the tail"
 * ```
 */
export function change(spec: ChangeSpec): Change {
  if (typeof spec !== "object" || spec === null)
    throw new InputError(`change: must be an object with name and decision points: got ${shown(spec)}`);
  const what = `change ${shown(spec.name)}`;
  const lines = Object.entries(spec).map(([key, value]) => `  ${property(key, value, what)},\n`);
  return new Change(`export default change({\n${lines.join("")}});\n`, what);
}

/** One property of a change as source text. */
function property(key: string, value: unknown, what: string): string {
  if (typeof value !== "function") return `${JSON.stringify(key)}: ${JSON.stringify(value) ?? "undefined"}`;
  const text = Function.prototype.toString.call(value);
  if (parses(`(${text})`)) return `${JSON.stringify(key)}: ${text}`;
  if (parses(`({ ${text} })`)) return `${JSON.stringify(key)}: ({ ${text} })[${JSON.stringify(value.name)}]`;
  throw new InputError(
    `${what}: ${key}: must be a function written here, whose text can be run elsewhere: got ${shown(text.slice(0, 60))}`,
  );
}

function parses(text: string): boolean {
  try {
    new Script(text);
    return true;
  } catch {
    return false;
  }
}

/**
 * Loads a change from a module of one's own, TypeScript or JavaScript, that ends in `export default change({ … })`. It may import
 * types and `change` from "pageblock", nothing else. Loading it is the permission to run it in this process. The types of a file
 * that ends in `.ts` are checked before any of it runs.
 * @throws InputError if the file cannot be read, is no such module, or has types that do not fit; with its line where there is one
 * @example
 * ```ts
 * import { writeFileSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { loadChange } from "pageblock";
 *
 * const path = join(tmpdir(), "pageblock-example-change.ts");
 * writeFileSync(path, 'export default change({ name: "no boost", watermarkBoost: () => 0 });\n');
 * loadChange(path).points; // => ["watermarkBoost"]
 * ```
 */
export function loadChange(path: string): Change {
  return changeOfFile(readSource(path), path);
}

/** The change in the text of a file, whose name says whether it has types. */
export function changeOfFile(source: string, path: string): Change {
  if (/\.[cm]?ts$/i.test(path) && source.length <= SOURCE_MOST) checkTypes(source, path);
  return new Change(source, path);
}

/** The text of a module, with Unix line ends and without a byte order mark. */
export function readSource(path: string): string {
  try {
    const bytes = readOutside(path, { bytes: 4 * SOURCE_MOST });
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes).replaceAll("\r\n", "\n");
  } catch (error) {
    if (error instanceof InputError) throw error;
    if (error instanceof TypeError)
      throw new InputError(`${path}: a change must be text in UTF-8: the file has a byte that is none`);
    throw new InputError(`${path}: cannot be read (${errorOf(error).message})`);
  }
}

/** The names of all decision points. */
export const CHANGE_POINTS: readonly PointName[] = POINT_NAMES;
