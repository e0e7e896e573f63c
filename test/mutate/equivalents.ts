/** Mutants that no test can notice, each with its reason; found by their text, so that lines may move. */
import { existsSync, readFileSync } from "node:fs";
import { InputError } from "../../lib/base/errors";
import type { Mutant } from "./mutants";

export interface Equivalent {
  file: string;
  /** The source line, without the blanks around it. */
  line: string;
  /** What is replaced; left out: everything in the line. */
  before?: string;
  /** By what; left out: by anything. */
  after?: string;
  why: string;
}

export function readEquivalents(path: string): Equivalent[] {
  if (!existsSync(path)) return [];
  const list = JSON.parse(readFileSync(path, "utf8")) as Equivalent[];
  for (const [i, e] of list.entries())
    for (const field of ["file", "line", "why"] as const)
      if (typeof e[field] !== "string" || e[field] === "")
        throw new InputError(`${path}: entry ${i}: ${field}: must be a text`);
  return list;
}

const fits = (m: Mutant, e: Equivalent) =>
  m.file === e.file &&
  m.source === e.line &&
  (e.before === undefined || m.before === e.before) &&
  (e.after === undefined || m.after === e.after);

export const equivalentOf = (m: Mutant, list: readonly Equivalent[]) => list.find((e) => fits(m, e));

/** Entries that fit no mutant any more. */
export const unused = (list: readonly Equivalent[], all: readonly Mutant[]) =>
  list.filter((e) => !all.some((m) => fits(m, e)));
