/**
 * Runs the module of a change in a context of its own, with the language and nothing else: no clock, no random numbers, no files, no
 * timers, no promises, no locale. This makes results equal everywhere. It is no border against an attacker, which is why code of
 * strangers is not run at all (allowed.ts).
 */
import { createContext, Script } from "node:vm";
import { InputError, NoResult } from "../base/errors";
import { printable } from "../base/printable";
import { COUNTERS } from "./count-turns";
import { ABSENT, SETUP } from "./sandbox-setup";
import { transpile } from "./transpile";

/** Turns of loops and calls of functions that one decision, or the module, may take. */
export const TURNS_MOST = 1_000_000;
/**
 * Calls within calls. Far below what any thread has stack for, so that the limit is the same in all of them: built-in functions that
 * call back take 2 KB at most on Node 20 (JSON.parse, Object.assign; a thread has 984 KB), and what weighs 1 takes 512 bytes.
 */
export const DEPTH_MOST = 200;
/** Milliseconds after which a module is given up that hangs in a built-in function; nothing else depends on them. */
const LOAD_MS = 10_000;

/** A module that was run once, and what it exports. */
export interface Loaded {
  /** The properties given to `change()`; functions as {@link FUNCTION}. */
  readonly spec: ReadonlyMap<string, unknown>;
  /** Asks the function of a point, which sees a read-only copy of `given`; its answer is a copy too. Throws InputError. */
  readonly ask: (point: string, given: object) => unknown;
}

/** Stands for a function of a change: none of them is called from here. */
export const FUNCTION = (): void => {};

/** The stock rule of a point for fields that the change states; without them, for what the decision under way is given. */
export type HostStock = (point: string, given?: Readonly<Record<string, unknown>>) => unknown;

/** What a point is given, by point. */
export type PointFields = Readonly<Record<string, readonly string[]>>;

/** Made by SETUP: without prototypes, and of primitive values all the way down. */
interface Copied {
  readonly kind: "list" | "record" | "function";
  readonly count: number;
  readonly keys: Readonly<Record<number, string>>;
  readonly values: Readonly<Record<number, unknown>>;
}
interface Outcome {
  readonly failed: string | null;
  /** It failed for lack of stack, of which threads have more or less. */
  readonly here: boolean;
  readonly value: unknown;
}
interface Inside {
  readonly ask: (point: string, given: object) => Outcome;
  readonly prepare: (module: unknown) => void;
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
    // Within a function of its own, so that `arguments` does not hold the counters.
    script = new Script(
      `(function (exports, require, change, ${COUNTERS.join(", ")}) { "use strict"; (function () {${code}\n})(); })`,
      { filename: "change" },
    );
  } catch (error) {
    throw new InputError(`${what}: cannot be read: ${thrownWords(error)}`);
  }
  if (scripts.size >= SCRIPTS_KEPT) scripts.delete(scripts.keys().next().value!);
  scripts.set(source, script);
  return script;
}

/** Runs the module of `source` anew. `what` names it in messages; `loadMs` is less in tests. */
export function load(
  source: string,
  what: string,
  fields: PointFields,
  stock: HostStock,
  loadMs = LOAD_MS,
): Loaded {
  const script = scriptOf(source, what);
  const context = createContext(Object.create(null), {
    codeGeneration: { strings: false, wasm: false },
    microtaskMode: "afterEvaluate",
  });
  const setup = new Script(SETUP, { filename: "change-setup" }).runInContext(context) as (
    limits: string,
    host: unknown,
  ) => Inside;
  const { ask, prepare } = setup(
    JSON.stringify({ absent: ABSENT, fields, turns: TURNS_MOST, depth: DEPTH_MOST }),
    (point: string, given?: Readonly<Record<string, unknown>>) => stockWords(stock, point, given),
  );
  prepare(script.runInContext(context));
  let outcome: Outcome;
  try {
    // From within the context, so that the time limit holds.
    outcome = new Script("pageblockRun()").runInContext(context, { timeout: loadMs }) as Outcome;
  } catch (error) {
    throw new NoResult(`${what}: ${thrownWords(error)}`);
  }
  if (outcome.failed !== null) throw failure(outcome, `${what}: `);
  const spec = outcome.value as Copied | null;
  if (spec === null || spec.kind !== "record")
    throw new InputError(`${what}: must end in \`export default change({ name, … })\``);
  return {
    spec: recordOf(spec),
    ask: (point, given) => {
      const told = ask(point, given);
      if (told.failed !== null) throw failure(told);
      return plain(told.value);
    },
  };
}

/** What a change threw; no result if another thread may not have thrown it. */
function failure({ failed, here }: Outcome, before = ""): InputError {
  const words = `${before}${wordsOf(failed!)}`;
  return here ? new NoResult(words) : new InputError(words);
}

/** The stock answer, or words: nothing that is thrown here may reach the change. */
function stockWords(stock: HostStock, point: string, given?: Readonly<Record<string, unknown>>): object {
  try {
    return { failed: null, value: stock(point, given) };
  } catch (error) {
    return { failed: error instanceof Error ? error.message : "failed", value: undefined };
  }
}

/** A copy made by SETUP as a value of this realm. */
function plain(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const copied = value as Copied;
  if (copied.kind === "function") return FUNCTION;
  const inside = (one: unknown) => (one === FUNCTION ? "(function)" : one);
  if (copied.kind === "list")
    return Array.from({ length: copied.count }, (_, i) => inside(plain(copied.values[i])));
  return Object.fromEntries([...recordOf(copied)].map(([key, one]) => [key, inside(one)]));
}

function recordOf({ count, keys, values }: Copied): Map<string, unknown> {
  const record = new Map<string, unknown>();
  for (let i = 0; i < count; i++) record.set(keys[i]!, plain(values[i]));
  return record;
}

/** What foreign code threw, in one short line. */
function thrownWords(thrown: unknown): string {
  try {
    const { name, message } = (typeof thrown === "object" && thrown !== null ? thrown : {}) as Partial<Error>;
    if (typeof message === "string")
      return wordsOf(`${typeof name === "string" ? name.slice(0, 60) : "Error"}: ${message}`);
  } catch {
    // Its own words fail: there are none.
  }
  return wordsOf("a value");
}

const wordsOf = (words: string): string => `threw ${printable(words.slice(0, 500).replaceAll("\n", " "))}`;
