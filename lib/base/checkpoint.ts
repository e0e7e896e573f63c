/**
 * Saves the content of a graph of objects and restores it, so that several strategies can start from the same aged
 * machine. Objects keep their identity, so closures over them stay valid. Variables that only a closure holds, module
 * variables and `#private` fields are not saved: a machine's later behaviour must not depend on them.
 */
import { releaseColumns, scratchBytes } from "./columns";

type Typed = NodeJS.TypedArray;

interface SavedFields {
  object: Record<string, unknown>;
  keys: string[];
  values: unknown[];
}

const bytesOf = (array: Typed) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);

export class Checkpoint {
  private readonly arrays: { array: Typed; copy: Uint8Array }[];
  private readonly lists: { list: unknown[]; items: unknown[] }[];
  private readonly maps: { map: Map<unknown, unknown>; entries: [unknown, unknown][] }[];
  private readonly sets: { set: Set<unknown>; items: unknown[] }[];
  private readonly fields: SavedFields[];

  /** Saves everything reachable from `roots`. Throws for an object that cannot be saved. */
  constructor(...roots: object[]) {
    this.arrays = [];
    this.lists = [];
    this.maps = [];
    this.sets = [];
    this.fields = [];
    const seen = new Set<object>(roots);
    const waiting: object[] = [...roots];
    const meet = (value: unknown) => {
      if (typeof value !== "object" || value === null || seen.has(value)) return;
      seen.add(value);
      waiting.push(value);
    };
    for (let o = waiting.pop(); o !== undefined; o = waiting.pop()) this.keep(o, meet);
  }

  private keep(o: object, meet: (value: unknown) => void): void {
    if (ArrayBuffer.isView(o)) this.arrays.push({ array: o as Typed, copy: copyOf(o as Typed) });
    else if (Array.isArray(o)) {
      this.lists.push({ list: o, items: o.slice() });
      for (const item of o) if (typeof item === "object") meet(item);
    } else if (o instanceof Map) {
      this.maps.push({ map: o, entries: [...o] });
      for (const [key, value] of o) {
        meet(key);
        meet(value);
      }
    } else if (o instanceof Set) {
      this.sets.push({ set: o, items: [...o] });
      for (const item of o) meet(item);
    } else if (o instanceof WeakMap || o instanceof WeakSet || o instanceof Promise)
      throw new Error(`checkpoint: a ${o.constructor.name} cannot be kept`);
    else {
      const object = o as Record<string, unknown>;
      const keys = Object.keys(object);
      const values = keys.map((key) => object[key]);
      if (!Object.isFrozen(o)) this.fields.push({ object, keys, values });
      for (const value of values) meet(value);
    }
  }

  /** Restores everything. */
  restore(): void {
    for (const { array, copy } of this.arrays) bytesOf(array).set(copy);
    for (const { list, items } of this.lists) {
      list.length = items.length;
      for (let i = 0; i < items.length; i++) if (list[i] !== items[i]) list[i] = items[i];
    }
    for (const { map, entries } of this.maps) {
      map.clear();
      for (const [key, value] of entries) map.set(key, value);
    }
    for (const { set, items } of this.sets) {
      set.clear();
      for (const item of items) set.add(item);
    }
    for (const { object, keys, values } of this.fields) {
      for (let i = 0; i < keys.length; i++)
        if (!Object.is(object[keys[i]!], values[i])) object[keys[i]!] = values[i];
      const now = Object.keys(object);
      if (now.length > keys.length) for (const key of now) if (!keys.includes(key)) delete object[key];
    }
  }

  /** The differences from the saved state, in words; empty if there are none. */
  changes(): string[] {
    const found: string[] = [];
    for (const { array, copy } of this.arrays)
      if (Buffer.compare(bytesOf(array), copy) !== 0)
        found.push(`${array.constructor.name}(${array.length})`);
    const same = (a: readonly unknown[], b: readonly unknown[]) =>
      a.length === b.length && a.every((x, i) => Object.is(x, b[i]));
    for (const { list, items } of this.lists)
      if (!same(list, items)) found.push(`a list of ${items.length}, now ${list.length}`);
    for (const { map, entries } of this.maps)
      if (!same([...map].flat(), entries.flat())) found.push(`a Map of ${entries.length}, now ${map.size}`);
    for (const { set, items } of this.sets)
      if (!same([...set], items)) found.push(`a Set of ${items.length}, now ${set.size}`);
    for (const { object, keys, values } of this.fields) {
      const now = Object.keys(object);
      const name = object.constructor?.name ?? "object";
      for (const key of now) if (!keys.includes(key)) found.push(`${name}.${key} is new`);
      keys.forEach((key, i) => {
        if (!Object.is(object[key], values[i])) found.push(`${name}.${key}`);
      });
    }
    return found;
  }

  /** Ends its use: the next checkpoint reuses its copies' memory. */
  release(): void {
    releaseColumns(this.arrays.splice(0).map(({ copy }) => copy));
  }
}

function copyOf(array: Typed): Uint8Array {
  const copy = scratchBytes(array.byteLength);
  copy.set(bytesOf(array));
  return copy;
}
