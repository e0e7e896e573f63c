/** Checks of what a script hands to a method: types are not checked there, so that mistakes need words. */
import { InputError } from "../base/errors";
import { isObject } from "../schema/check";
import { shown } from "../schema/place";

/** The options of `action`. Throws InputError unless they are an object. */
export function optionsOf<T extends object>(action: string, options: T): T {
  if (!isObject(options)) throw new InputError(`${action}: options must be an object: got ${shown(options)}`);
  return options;
}

/** `name`, which must be text. `what` completes the error message: `the label of a strategy`. */
export function nameOf(action: string, name: string, what: string): string {
  if (typeof name !== "string") throw new InputError(`${action}: must be ${what}: got ${shown(name)}`);
  return name;
}

/** Throws InputError if a script hands over more than the one argument that `maker` reads. */
export function onlyOne(maker: string, more: readonly unknown[], takes: string): void {
  if (more.length > 0)
    throw new InputError(`${maker}: takes ${takes}, nothing after it: got ${shown(more[0])}`);
}

/** Parameters that have a value. Throws InputError unless they are an object without the key that the maker sets. */
export function parametersOf<T extends object>(maker: string, own: "name" | "kind", parameters: T): T {
  if (!isObject(parameters))
    throw new InputError(`${maker}: parameters must be an object: got ${shown(parameters)}`);
  const stated = Object.entries(parameters).filter(([, value]) => value !== undefined);
  const given = stated.find(([key]) => key === own);
  if (given !== undefined)
    throw new InputError(`${maker}: ${own} is no parameter, since the maker sets it: got ${shown(given[1])}`);
  return Object.fromEntries(stated) as T;
}
