/** A change of the kernel, written as functions or as a module: what is decided otherwise, and nothing else. */
import { Script } from "node:vm";
import { errorOf, InputError } from "../base/errors";
import { readOutside } from "../base/outside-file";
import type { Points } from "../mm/state/decisions";
import { shown } from "../schema/place";
import { allowCode } from "./allowed";
import { type ChangeCode, SOURCE_MOST, sha256OfSource, sourceFault } from "./code";
import { readChange } from "./decide";
import { POINT_NAMES, type PointName } from "./points";

/** The stock rules, by point: what the kernel would answer. */
export type Stock = { readonly [P in PointName]: (given: Points[P]["given"]) => Points[P]["answer"] };

/** What a decision point is given. */
export type Given<P extends PointName> = Points[P]["given"];

/** The functions of a change, by decision point; points that are left out are decided by the kernel. */
export type ChangePoints = {
  readonly [P in PointName]?: (given: Points[P]["given"], stock: Stock) => Points[P]["answer"];
};

/** A change as it is written. */
export interface ChangeSpec extends ChangePoints {
  /** 1 to 60 printable characters. Results show it. */
  readonly name: string;
  /** What it changes and why, in words. */
  readonly about?: string;
}

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
 * types and `change` from "pageblock", nothing else. Loading it is the permission to run it in this process.
 * @throws InputError if the file cannot be read, or is no such module; with its line where there is one
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
  return new Change(readSource(path), path);
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
