/**
 * Runs the module of a change in a context of its own, with the language and nothing else: no clock, no random numbers, no files, no
 * timers, no locale. This makes results equal everywhere. It is no border against an attacker, which is why code of strangers is
 * not run at all (allowed.ts).
 */
import { createContext, Script } from "node:vm";
import { InputError } from "../base/errors";
import { printable } from "../base/printable";
import { TURN, transpile } from "./transpile";

/** Turns of loops and calls of functions that one decision, or the module, may take. */
export const TURNS_MOST = 1_000_000;
/** Milliseconds after which a module is given up that hangs in a built-in function; nothing else depends on them. */
const LOAD_MS = 10_000;

/** A module that was run once, and what it exports. */
export interface Loaded {
  /** The object given to `change()`. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** Asks a function of the change with its turns, a read-only copy of what it is given, and the stock rules. */
  readonly ask: (decide: unknown, given: object) => unknown;
}

/** The stock rule of a point for what the change gives it; without it, for what the decision under way is given. */
type HostStock = (point: string, given?: unknown) => unknown;

/** What is not there: what differs between two runs or two computers, and ways to other code. */
const ABSENT = [
  "Date",
  "Intl",
  "WeakRef",
  "FinalizationRegistry",
  "SharedArrayBuffer",
  "Atomics",
  "WebAssembly",
  "console",
  "eval",
  "Function",
  "escape",
  "unescape",
];

/** Runs inside the context, so that a change meets objects of its own context only. */
const SETUP = `"use strict";
(absent, points, most, host) => {
  for (const name of absent) delete globalThis[name];
  delete Math["random"];
  const text = ["localeCompare", "toLocaleLowerCase", "toLocaleUpperCase", "normalize"];
  for (const name of text) delete String.prototype[name];
  for (const one of [Number, BigInt, Array, Object]) delete one.prototype.toLocaleString;
  delete Error.captureStackTrace;
  Error.stackTraceLimit = 0;
  let left = most;
  let view;
  const turn = () => {
    if (--left < 0) throw new RangeError("does not end: more than " + most + " turns of loops and calls");
  };
  const own = (value) =>
    Array.isArray(value)
      ? Object.freeze([...value])
      : typeof value === "object" && value !== null
        ? Object.freeze({ ...value })
        : value;
  const stock = {};
  for (const point of points)
    stock[point] = (given) => {
      let answer;
      try {
        answer = given === view ? host(point) : host(point, given);
      } catch (error) {
        throw new TypeError("" + error.message);
      }
      return own(answer);
    };
  const change = (spec) => spec;
  const require = (name) => {
    if (name !== "pageblock") throw new TypeError("cannot import " + name);
    return { change };
  };
  Object.freeze(stock);
  return {
    ask: (decide, given) => {
      left = most;
      view = Object.freeze({ ...given });
      return decide(view, stock);
    },
    run: (module) => {
      const exports = {};
      module(exports, require, change, turn);
      return exports.default;
    },
  };
}`;

interface Inside {
  ask: Loaded["ask"];
  run: (module: unknown) => unknown;
}

/** Sources and their scripts: a script is compiled once and run for every machine. */
const scripts = new Map<string, Script>();
const SCRIPTS_KEPT = 64;

function scriptOf(source: string, what: string): Script {
  const known = scripts.get(source);
  if (known !== undefined) return known;
  const code = transpile(source, what);
  let script: Script;
  try {
    script = new Script(`(function (exports, require, change, ${TURN}) {${code}\n})`, { filename: "change" });
  } catch (error) {
    throw new InputError(`${what}: cannot be read: ${thrownWords(error)}`);
  }
  if (scripts.size >= SCRIPTS_KEPT) scripts.delete(scripts.keys().next().value!);
  scripts.set(source, script);
  return script;
}

/** Runs the module of `source` anew. `what` names it in messages. */
export function load(source: string, what: string, points: readonly string[], host: HostStock): Loaded {
  const script = scriptOf(source, what);
  const context = createContext(Object.create(null), {
    codeGeneration: { strings: false, wasm: false },
  });
  const setup = new Script(SETUP, { filename: "change-setup" }).runInContext(context) as (
    ...given: unknown[]
  ) => Inside;
  const inside = setup([...ABSENT], [...points], TURNS_MOST, host);
  try {
    const module: unknown = script.runInContext(context);
    // Run from within the context, so that the time limit holds.
    Object.assign(context, { pageblockRun: () => inside.run(module) });
    const spec: unknown = new Script("pageblockRun()").runInContext(context, { timeout: LOAD_MS });
    Reflect.deleteProperty(context, "pageblockRun");
    if (typeof spec !== "object" || spec === null)
      throw new InputError("must end in `export default change({ name, … })`");
    return { spec: spec as Loaded["spec"], ask: inside.ask };
  } catch (error) {
    throw new InputError(`${what}: ${error instanceof InputError ? error.message : thrownWords(error)}`);
  }
}

/** What foreign code threw, in one short line. */
export function thrownWords(thrown: unknown): string {
  const { name, message } = (typeof thrown === "object" && thrown !== null ? thrown : {}) as Partial<Error>;
  const words =
    typeof message === "string" ? `${typeof name === "string" ? name : "Error"}: ${message}` : "a value";
  return `threw ${printable(words.slice(0, 300).replaceAll("\n", " "))}`;
}
