/**
 * A process that has the engine and its tests loaded, with mutants planted, and runs tests on one mutant after the other. Reads its
 * orders from a file (`argv[2]`), writes one JSON line a step to descriptor 3 at once, so that its parent knows where it hangs.
 */
import { readFileSync, writeSync } from "node:fs";
import Module from "node:module";
import { resolve } from "node:path";
import { type CollectedTest, collectTests } from "./collected-tests";
import type { Mutant } from "./mutants";
import { plant } from "./plant";

export interface Orders {
  root: string;
  /** Mutants to plant. */
  mutants: Mutant[];
  testFiles: string[];
  /** What to do: note what every test reaches, or run tests on mutants. */
  coverage: boolean;
  /** By mutant: the tests to run, as "file: name", and what they take. */
  runs: { id: number; tests: { name: string; ms: number }[] }[];
  /** Tests that keep something between two runs. */
  first: string[];
  /** The mutant is at work from the load on. */
  fromLoad: number;
  /** By test: the mutants that it noticed before. */
  kills: [string, number][];
}

/** What a worker tells, in this order for every mutant: at, …, done. */
export type Told =
  | { at: "loaded"; tests: string[]; reached: number[] }
  | { at: "test"; test: string; id: number }
  | { at: "covered"; test: string; ms: number; once: number[]; twice: number[] }
  | { at: "broken"; test: string; why: string }
  | { at: "done"; id: number; killedBy: string | null; why: string };

const globals = globalThis as unknown as { $mutant: number; $reached: Uint8Array };
const tell = (told: Told) => void writeSync(3, `${JSON.stringify(told)}\n`);
export const nameOf = (t: CollectedTest) => `${t.file}: ${t.name}`;

/** Plants the mutants in what is loaded from now on. */
function plantOnLoad(orders: Orders): void {
  const byFile = new Map<string, Mutant[]>();
  for (const m of orders.mutants) {
    const path = resolve(orders.root, m.file);
    byFile.set(path, [...(byFile.get(path) ?? []), m]);
  }
  const extensions = (
    Module as unknown as { _extensions: Record<string, (m: unknown, file: string) => void> }
  )._extensions;
  const compile = extensions[".ts"] as unknown as {
    (module: unknown, file: string): void;
    ofText(module: unknown, file: string, text: string): void;
  };
  extensions[".ts"] = (module, file) => {
    const mutants = byFile.get(file);
    if (mutants === undefined) compile(module, file);
    else
      compile.ofText(
        module,
        file,
        plant(readFileSync(file, "utf8"), mutants, orders.coverage ? "notes" : "asks"),
      );
  };
}

const setOf = (reached: Uint8Array) => {
  const ids: number[] = [];
  for (let i = 0; i < reached.length; i++) if (reached[i] !== 0) ids.push(i);
  return ids;
};

/** Tests that take longer run once: they make what they need each time. Processor milliseconds. */
const TWICE_MS = 1500;

async function cover(tests: CollectedTest[]): Promise<void> {
  for (const t of tests) {
    const test = nameOf(t);
    tell({ at: "test", test, id: 0 });
    try {
      const reached: number[][] = [];
      let ms = 0;
      for (let n = 0; n < 2 && ms < TWICE_MS; n++) {
        globals.$reached.fill(0);
        const started = process.cpuUsage();
        await t.run();
        const used = process.cpuUsage(started);
        ms = (used.user + used.system) / 1000;
        reached.push(setOf(globals.$reached));
      }
      tell({ at: "covered", test, ms, once: reached[0]!, twice: reached.at(-1)! });
    } catch (e) {
      tell({ at: "broken", test, why: firstLine(e) });
    }
  }
}

const firstLine = (e: unknown) => (e instanceof Error ? e.message : String(e)).split("\n")[0]!.slice(0, 200);

async function main(): Promise<void> {
  const orders = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as Orders;
  globals.$mutant = orders.fromLoad;
  globals.$reached = new Uint8Array(orders.mutants.reduce((n, m) => Math.max(n, m.id + 1), 1));
  plantOnLoad(orders);
  tell({ at: "test", test: "load", id: orders.fromLoad });
  const tests = collectTests(orders.root, orders.testFiles);
  const known = new Map(tests.map((t) => [nameOf(t), t]));
  tell({ at: "loaded", tests: [...known.keys()], reached: setOf(globals.$reached) });
  if (orders.coverage) return cover([...known.values()]);
  await runAll(orders, known);
}

/** Every mutant's tests; of those that keep something, the first run in this process is without a mutant. */
async function runAll(orders: Orders, known: ReadonlyMap<string, CollectedTest>): Promise<void> {
  const unready = new Set(orders.fromLoad === 0 ? orders.first : []);
  const kills = new Map(orders.kills);
  const rank = ({ name, ms }: { name: string; ms: number }) => ms / (1 + 4 * (kills.get(name) ?? 0));
  for (const { id, tests } of orders.runs) {
    let killedBy: string | null = null;
    let why = "";
    // What found others finds this one first.
    for (const { name } of [...tests].sort((a, b) => rank(a) - rank(b))) {
      tell({ at: "test", test: name, id });
      const { run } = known.get(name)!;
      if (unready.delete(name)) await run();
      globals.$mutant = id;
      try {
        await run();
      } catch (e) {
        killedBy = name;
        why = firstLine(e);
        kills.set(name, (kills.get(name) ?? 0) + 1);
      }
      globals.$mutant = orders.fromLoad;
      if (killedBy !== null) break;
    }
    tell({ at: "done", id, killedBy, why });
  }
}

void main().then(
  () => process.exit(0),
  (e) => {
    process.stderr.write(`${e instanceof Error ? e.stack : e}\n`);
    process.exit(3);
  },
);
