/** What runs inside the context of a change before it: what is taken away, the counters, the stock rules, and copies of answers. */

/** What is not there: what differs between two runs or two computers, what runs later, and ways to other code. */
export const ABSENT: readonly string[] = [
  "Date",
  "Intl",
  "WeakRef",
  "FinalizationRegistry",
  "SharedArrayBuffer",
  "Atomics",
  "WebAssembly",
  // They would show the bits of a NaN, which differ with the optimiser.
  "DataView",
  "Float16Array",
  "Float32Array",
  "Float64Array",
  "Promise",
  "console",
  "eval",
  "Function",
  "escape",
  "unescape",
];

/**
 * A function of limits as JSON and of the stock rules of the host. A change meets objects of its own context only: of the host it
 * sees neither a function nor an object, since they are read here by syntax alone. Built-in functions are taken before the change
 * runs, which may replace them.
 */
export const SETUP = `"use strict";
(limits, host) => {
  const { absent, fields, turns, depth: deepest } = JSON.parse(limits);
  const { freeze, keys, create, getPrototypeOf, defineProperty } = Object;
  const objects = Object.prototype;
  const ProxyHere = Proxy;
  const { isArray } = Array;
  const TypeErrorHere = TypeError;
  const RangeErrorHere = RangeError;
  const rangeErrors = RangeError.prototype;
  for (const name of absent) delete globalThis[name];
  delete Math["random"];
  const text = ["localeCompare", "toLocaleLowerCase", "toLocaleUpperCase", "normalize"];
  for (const name of text) delete String.prototype[name];
  for (const one of [Number, BigInt, Array, Object]) delete one.prototype.toLocaleString;
  delete Array.fromAsync;
  delete Error.captureStackTrace;
  defineProperty(Error, "stackTraceLimit", { value: 0, writable: false, configurable: false });
  defineProperty(Error, "prepareStackTrace", { value: undefined, writable: false, configurable: false });
  defineProperty(globalThis, "Error", { value: Error, writable: false, configurable: false });

  let left = turns;
  let depth = 0;
  let stopped = null;
  let here = false;
  const halt = (why, stack = false) => {
    if (stopped === null) {
      stopped = "RangeError: " + why;
      here = stack;
    }
    throw new RangeErrorHere(why);
  };
  const endless = "does not end: more than " + turns + " turns of loops and calls";
  const turn = () => {
    if (stopped !== null || --left < 0) halt(endless);
  };
  const enter = (weight) => {
    turn();
    depth += weight;
    if (depth > deepest) halt("goes too deep: more than " + deepest + " calls within calls, large functions counted by their size");
  };
  const leave = (weight) => {
    depth -= weight;
  };
  const lacksStack = (error) =>
    typeof error === "object" && error !== null && getPrototypeOf(error) === rangeErrors &&
    error.message === "Maximum call stack size exceeded";
  const caught = (error) => {
    if (stopped !== null) halt(endless);
    if (lacksStack(error)) halt("goes too deep for a built-in function", true);
  };
  const begin = () => {
    left = turns;
    depth = 0;
    stopped = null;
    here = false;
  };

  const words = (thrown) => {
    try {
      if (typeof thrown !== "object" || thrown === null) return "a value";
      if (stopped === null && lacksStack(thrown)) {
        here = true;
        return "RangeError: goes too deep for a built-in function";
      }
      const { name, message } = thrown;
      if (typeof message !== "string") return "a value";
      return (typeof name === "string" ? name : "Error") + ": " + message;
    } catch {
      return "a value";
    }
  };
  const isPlain = (value) => value === null || (typeof value !== "object" && typeof value !== "function");
  const copied = (value, levels) => {
    if (isPlain(value)) return value;
    const copy = { __proto__: null, kind: "function", count: 0, keys: { __proto__: null }, values: { __proto__: null } };
    if (typeof value === "function") return copy;
    copy.kind = isArray(value) ? "list" : "record";
    if (levels === 0) return copy;
    const names = copy.kind === "list" ? null : keys(value);
    const length = names === null ? value.length : names.length;
    copy.count = typeof length === "number" && length < 64 ? length : 64;
    for (let i = 0; i < copy.count; i++) {
      if (names !== null) copy.keys[i] = names[i];
      copy.values[i] = copied(value[names === null ? i : names[i]], levels - 1);
    }
    return copy;
  };
  const outcome = (run) => {
    let failed = null;
    let value;
    begin();
    try {
      value = copied(run(), 3);
    } catch (error) {
      failed = words(error);
    }
    return { __proto__: null, failed: stopped === null ? failed : stopped, here, value };
  };

  const asked = (point, given) => {
    if (typeof given !== "object" || given === null)
      throw new TypeErrorHere("stock." + point + ": must be called with what the point is given");
    const copy = { __proto__: null };
    const names = fields[point];
    for (let i = 0; i < names.length; i++) {
      const value = given[names[i]];
      const fits = value === undefined || typeof value === "number" || typeof value === "string";
      if (!fits && typeof value !== "boolean")
        throw new TypeErrorHere("stock." + point + ": " + names[i] + " must be a number, a word or a truth value");
      copy[names[i]] = value;
    }
    return copy;
  };
  const own = (answer) => {
    if (typeof answer !== "object" || answer === null) return answer;
    if (!isArray(answer)) return freeze({ ...answer });
    const list = [];
    for (let i = 0; i < answer.length; i++)
      defineProperty(list, i, { __proto__: null, value: answer[i], enumerable: true });
    return freeze(list);
  };
  const guards = { __proto__: null };
  for (const point of keys(fields)) {
    let known = "";
    for (let i = 0; i < fields[point].length; i++) known += (i === 0 ? "" : ", ") + fields[point][i];
    const get = (target, key) => {
      if (typeof key === "symbol" || key === "toJSON" || key in target) return target[key];
      throw new TypeErrorHere("given." + key + ": " + point + " is given no such field: known are " + known);
    };
    guards[point] = new ProxyHere(create(objects), { __proto__: null, get });
  }

  let view;
  const stock = {};
  for (const point of keys(fields))
    stock[point] = (given) => {
      turn();
      const stated = given === view ? undefined : asked(point, given);
      let answer;
      try {
        answer = host(point, stated);
      } catch {
        halt("goes too deep for a stock rule", true);
      }
      if (answer.failed !== null) throw new TypeErrorHere(answer.failed);
      return own(answer.value);
    };
  freeze(stock);

  const change = (spec) => spec;
  const require = (name) => {
    if (name !== "pageblock") throw new TypeErrorHere("cannot import " + name);
    return { change };
  };
  let decide;
  const ask = (point, given) =>
    outcome(() => {
      view = freeze({ __proto__: guards[point], ...given });
      return decide[point](view, stock);
    });
  const prepare = (module) => {
    globalThis.pageblockRun = () => {
      delete globalThis.pageblockRun;
      return outcome(() => {
        const exports = {};
        module(exports, require, change, turn, enter, leave, caught);
        const spec = exports.default;
        if (isPlain(spec)) return null;
        decide = { __proto__: null };
        const named = keys(fields);
        for (let i = 0; i < named.length; i++) decide[named[i]] = spec[named[i]];
        return spec;
      });
    };
  };
  return { __proto__: null, ask, prepare };
}`;
