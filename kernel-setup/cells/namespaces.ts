/**
 * What an import gets of a module. A CommonJS module that a compiler made of an ES module is what that was; of any
 * other, the default export is `module.exports` itself, and its properties are exports too.
 */
import { types } from "node:util";

/** A module's exports by their names. */
export type Namespace = Readonly<Record<string, unknown>>;

const made = new WeakMap<object, Namespace>();

/** The exports of a CommonJS module as an ES module's. Nothing is read before it is asked for. */
export function namespaceOf(exports: unknown): Namespace {
  const isObject = (typeof exports === "object" && exports !== null) || typeof exports === "function";
  if (isObject && (types.isModuleNamespaceObject(exports) || "__esModule" in exports))
    return exports as Namespace;
  const known = isObject ? made.get(exports) : undefined;
  if (known !== undefined) return known;
  const namespace: Record<string, unknown> = {};
  const names = isObject ? Object.keys(exports) : [];
  for (const name of names)
    if (name !== "default")
      Object.defineProperty(namespace, name, {
        enumerable: true,
        get: () => (exports as Record<string, unknown>)[name],
      });
  Object.defineProperty(namespace, "default", { enumerable: true, value: exports });
  if (isObject) made.set(exports, namespace);
  return namespace;
}

/** The values of some exports; "*" is the module itself. Throws as Node does if one isn't there. */
export function exportsOf(namespace: Namespace, names: readonly string[], specifier: string): unknown[] {
  const values: unknown[] = [];
  for (const name of names) {
    if (name === "*" || (name === "default" && !("default" in namespace) && "__esModule" in namespace))
      values.push(namespace);
    else if (name in namespace) values.push(namespace[name]);
    else
      throw new SyntaxError(`The requested module '${specifier}' does not provide an export named '${name}'`);
  }
  return values;
}

/**
 * `export * from` of one module. A name that several of those modules export is left out, unless all mean the same; one
 * that the module exports itself is its own.
 */
export function starExports(): (from: Namespace, exports: Record<string, unknown>) => void {
  const given = new Map<string, Namespace>();
  const excluded = new Set<string>();
  return (from, exports) => {
    for (const name of Object.keys(from)) {
      if (name === "default" || excluded.has(name)) continue;
      const other = given.get(name);
      if (other !== undefined && !Object.is(other[name], from[name])) {
        excluded.add(name);
        delete exports[name];
      }
      if (other !== undefined || name in exports) continue;
      given.set(name, from);
      Object.defineProperty(exports, name, {
        ...{ enumerable: true, configurable: true, get: () => from[name] },
      });
    }
  };
}
