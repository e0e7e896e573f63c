/** Variables of cells: global ones, which scripts share. */
import vm from "node:vm";
import type { Namespace } from "./namespaces";

/** Gives a variable a value. */
export function assign(name: string, value: unknown): void {
  const given = name === "$value" ? "$given" : "$value";
  vm.runInThisContext(`(${given}) => { ${name} = ${given}; }`)(value);
}

/** Makes a global property, which can be replaced by `follow`. */
export function hold(name: string, value: unknown): void {
  Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
}

/** Lets a global property show an export. It stops when another value is assigned: a cell has declared the name anew. */
export function follow(name: string, namespace: Namespace, exported: string): void {
  Object.defineProperty(globalThis, name, {
    get: () => namespace[exported],
    set: (value: unknown) => {
      if (!Object.is(value, namespace[exported])) hold(name, value);
    },
    configurable: true,
    enumerable: false,
  });
}

/**
 * Makes global variables. A name that is one already, as a property of the global object that stays, is taken as it is.
 */
export function declareAll(names: readonly string[]): void {
  try {
    vm.runInThisContext(`let ${names.join(", ")};`);
  } catch {
    for (const name of names)
      try {
        vm.runInThisContext(`let ${name};`);
      } catch {
        // It can be assigned to.
      }
  }
}
