/** `%who` and `%whos`: what cells have declared. */
import { inspect } from "node:util";
import type { CellVariable } from "../cells/cell-variables";
import { wellFormed } from "../well-formed";

const VALUE_MOST = 60;
const SHORT = {
  depth: 0,
  breakLength: Number.POSITIVE_INFINITY,
  maxArrayLength: 8,
  maxStringLength: VALUE_MOST,
};

/** `number`, `Map`, `class`: in one word. */
function kindOf(value: unknown): string {
  if (typeof value === "function")
    return /^class\b/.test(Function.prototype.toString.call(value)) ? "class" : "function";
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name === "string" && name !== "" ? name : "object";
}

function shortly(value: unknown): string {
  const line = wellFormed(inspect(value, SHORT)).replace(/\s+/g, " ");
  return line.length > VALUE_MOST ? `${line.slice(0, VALUE_MOST - 1)}…` : line;
}

/** What reading a value throws, if it throws, is no reason to hide the others. */
function guarded(read: () => string): string {
  try {
    return read();
  } catch {
    return "(cannot be shown)";
  }
}

/** The names in one line. */
export const who = (variables: readonly CellVariable[]) =>
  variables.length === 0
    ? "Cells have declared nothing.\n"
    : `${variables.map(({ name }) => name).join("  ")}\n`;

/** A line for each name: what it is, and its value, cut to one line. */
export function whos(variables: readonly CellVariable[]): string {
  if (variables.length === 0) return who(variables);
  const rows = variables.map(({ name, value }) => [
    name,
    guarded(() => kindOf(value)),
    guarded(() => shortly(value)),
  ]);
  const all = [["name", "kind", "value"], ...rows];
  const width = (column: number) => Math.max(...all.map((row) => row[column]!.length));
  const widths = [width(0), width(1), 0];
  return all
    .map(
      (row) =>
        `${row
          .map((text, i) => text.padEnd(widths[i]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
