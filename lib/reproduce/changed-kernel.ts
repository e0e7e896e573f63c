/**
 * The change of the kernel that a plan's machine has. No folder can put it into a real kernel: the script, its README and the terminal
 * name it, so that whoever runs the script builds the kernel with it.
 */
import { assert } from "../base/errors";
import { saidOf } from "../change/decide";
import type { Plan } from "../plan/run";

/** A change by name; its source is the file `change.ts` of the folder. */
export interface ChangedKernel {
  name: string;
  /** What it changes and why; empty if it does not say. */
  about: string;
  /** The decision points that it replaces. */
  points: readonly string[];
  /** SHA-256 of its source. */
  sha256: string;
}

/** The change of a plan's machine; null if its kernel is as released. Throws InputError for code that may not run here. */
export function changedKernel({ machine: { change } }: Plan): ChangedKernel | null {
  if (change === undefined) return null;
  const { name, about, points } = saidOf(change);
  return { name, about: printed(about), points, sha256: change.sha256 };
}

/** In one line of printable ASCII, which every shell and terminal shows as it is. */
const printed = (text: string) => text.replaceAll(/\s+/g, " ").replaceAll(/[^\x20-\x7e]/g, "?");

/** What must be done on the real machine, in a line. */
export function changeSentence({ name, about, points, sha256 }: ChangedKernel): string {
  const why = about === "" ? "" : ` (${about})`;
  return `the real kernel must be built with the change ${JSON.stringify(name)}${why}, which decides ${points.join(", ")}; SHA-256 ${sha256}`;
}

/** The lines of run.sh that set what it says of the change. */
export function changeLines(change: ChangedKernel | null): string {
  if (change === null) return "";
  const { name, about, points, sha256 } = change;
  assert(/^[0-9a-f]{64}$/.test(sha256), `the SHA-256 of a change: ${sha256}`);
  return [
    `CHANGE_NAME=${quotedForShell(name)}`,
    `CHANGE_ABOUT=${quotedForShell(about)}`,
    `CHANGE_POINTS=${quotedForShell(points.join(" "))}`,
    `CHANGE_SHA256=${sha256}`,
    "",
  ].join("\n");
}

/** Between single quotes a shell acts on nothing but the quote that ends them. */
function quotedForShell(text: string): string {
  assert(/^[\x20-\x7e]*$/.test(text), "text for the script is one line of printable ASCII");
  return `'${text.replaceAll("'", "'\\''")}'`;
}
