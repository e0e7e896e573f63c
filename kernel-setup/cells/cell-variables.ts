/** The variables of cells as they are now. */
import vm from "node:vm";
import { typedName } from "./global-names";

/** What a variable of cells is called, how it is kept, and its value. */
export interface CellVariable {
  readonly name: string;
  readonly kept: string;
  readonly value: unknown;
}

/** The value of a variable, by the name by which it is kept; undefined if there is none. */
export function currentValue(kept: string): unknown {
  try {
    return vm.runInThisContext(kept);
  } catch {
    return undefined;
  }
}

/** True if it holds nothing. */
export const isUndefined = (kept: string) => currentValue(kept) === undefined;

/** Those of the `existing` ones that have a value, or a name that later cells know. */
export function variablesOf(
  existing: Iterable<string>,
  names: { has(name: string): boolean },
): CellVariable[] {
  const found: CellVariable[] = [];
  for (const kept of existing) {
    const name = typedName(kept);
    const value = currentValue(kept);
    if (value !== undefined || names.has(name)) found.push({ name, kept, value });
  }
  return found;
}
