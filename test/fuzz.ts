/**
 * npm run fuzz -- --ops N --seed S [--every K] [--stretch L]: N random operations on machines of every profile and
 * geometry, L on each machine, with all laws checked after each K-th operation and the count after each.
 * npm run fuzz -- --plan FILE|JSON: runs one plan, checking after each operation.
 * npm run fuzz -- --minutes N [--kind K] [--seed S]: inputs of every kind, drawn by their structure, in turns of 15 seconds; kinds:
 * plans, snapshots, traces, notebooks, pages, logs and operations.
 * Exit status: 0 all held, 1 something did not (the smallest failing input is written to a file), 2 bad input.
 */

import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { InputError } from "../lib/base/errors";
import { writeAtomically } from "../lib/base/write-atomically";
import type { FuzzKind } from "./fuzz/kind";
import { FUZZ_KINDS, fuzz } from "./fuzz/kinds";
import { loadEngine } from "./laws/engine";
import { randomPlan } from "./laws/random-plan";
import { type Plan, PlanFailure, runPlan } from "./laws/run-plan";
import { failureOf, shrink } from "./laws/shrink";
import { endWith } from "./support/program";

function wholeNumber(name: string, text: string, least: number): number {
  const n = Number(text);
  if (!/^\d+$/.test(text) || n < least || !Number.isSafeInteger(n))
    throw new InputError(`--${name}: must be a whole number from ${least}: got ${text}`);
  return n;
}

function readPlan(given: string): Plan {
  const text = existsSync(given) ? readFileSync(given, "utf8") : given;
  let plan: Plan;
  try {
    plan = JSON.parse(text) as Plan;
  } catch {
    throw new InputError(`--plan: neither a file nor JSON: ${JSON.stringify(given.slice(0, 60))}`);
  }
  if (typeof plan !== "object" || plan === null || !plan.machine || !Array.isArray(plan.operations))
    throw new InputError("--plan: must be an object with machine and operations");
  return plan;
}

function report(plan: Plan, failure: PlanFailure): void {
  const file = `fuzz-failure-${plan.seed}.json`;
  writeAtomically(file, `${JSON.stringify(plan)}\n`);
  process.stdout.write(`${failure.message}\n`);
  process.stdout.write(`shrunk to ${plan.operations.length} operations on ${JSON.stringify(plan.machine)}\n`);
  process.stdout.write(`plan: ${JSON.stringify(plan)}\n`);
  process.stdout.write(`replay with: npm run fuzz -- --plan ${file}\n`);
}

/** The options as texts. */
type Given = Partial<Record<"ops" | "seed" | "every" | "stretch" | "plan" | "minutes" | "kind", string>>;

function readOptions(): Given {
  const option = { type: "string" } as const;
  const options = {
    ...{ ops: option, seed: option, every: option, stretch: option, plan: option },
    ...{ minutes: option, kind: option },
  };
  try {
    return parseArgs({ options }).values;
  } catch (e) {
    throw new InputError(`fuzz: ${(e as Error).message.split("\n")[0]}`);
  }
}

function replayPlan(given: string): number {
  const engine = loadEngine();
  const plan = readPlan(given);
  const failure = failureOf(engine, plan, 1);
  const held = () =>
    `${plan.operations.length} operations, no law broken: ${JSON.stringify(runPlan(engine, plan, 1))}`;
  process.stdout.write(`${failure?.message ?? held()}\n`);
  return failure === undefined ? 0 : 1;
}

/** What stretches of operations found so far. */
interface Sums {
  done: number;
  byRelease: Record<string, number>;
  allocations: number;
  failures: number;
  hash: number;
}

/** Stretches of random operations until `goesOn` ends them; false: a law broke. */
function runStretches(
  { seed, every, stretch }: { seed: number; every: number; stretch: number },
  sums: Sums,
  left: () => number,
): boolean {
  const engine = loadEngine();
  for (let n = 0; left() > 0; n++) {
    const plan = randomPlan((Math.imul(seed, 0x9e3779b1) + n) >>> 0, Math.min(stretch, left()));
    const release = plan.machine.release;
    try {
      const result = runPlan(engine, plan, every);
      sums.allocations += result.allocations;
      sums.failures += result.failures;
      sums.hash = Math.imul(sums.hash ^ result.hash, 0x01000193) >>> 0;
    } catch (e) {
      if (!(e instanceof PlanFailure)) throw e;
      process.stdout.write(`broken in stretch ${n} (plan seed ${plan.seed}); shrinking …\n`);
      const short = shrink(engine, plan);
      report(short.plan, short.failure);
      return false;
    }
    sums.byRelease[release] = (sums.byRelease[release] ?? 0) + plan.operations.length;
    sums.done += plan.operations.length;
  }
  return true;
}

const noSums = (): Sums => ({ done: 0, byRelease: {}, allocations: 0, failures: 0, hash: 0 });

function runOperations(values: Given): number {
  const ops = wholeNumber("ops", values.ops ?? "1000000", 1);
  const seed = wholeNumber("seed", values.seed ?? "1", 0);
  const every = wholeNumber("every", values.every ?? "250", 1);
  const stretch = wholeNumber("stretch", values.stretch ?? "20000", 1);
  process.stdout.write(`fuzz --ops ${ops} --seed ${seed} --every ${every} --stretch ${stretch}\n`);
  const started = performance.now();
  const sums = noSums();
  if (!runStretches({ seed, every, stretch }, sums, () => ops - sums.done)) return 1;
  const seconds = (performance.now() - started) / 1000;
  const shares = Object.entries(sums.byRelease)
    .sort()
    .map(([release, n]) => `${release}: ${n}`);
  process.stdout.write(`operations by profile: ${shares.join(", ")}\n`);
  process.stdout.write(
    `${ops} operations, ${sums.allocations} pages handed out, ${sums.failures} requests failed, 0 laws broken, ` +
      `hash ${sums.hash.toString(16).padStart(8, "0")}, ${seconds.toFixed(1)} s\n`,
  );
  return 0;
}

/** Seconds that a kind has before the next has its turn. */
const TURN_S = 15;
const OPERATIONS = "operations";

function kindsNamed(kind: string | undefined): (FuzzKind | typeof OPERATIONS)[] {
  const all = [...FUZZ_KINDS, OPERATIONS] as (FuzzKind | typeof OPERATIONS)[];
  const named = all.filter((k) => kind === undefined || kind === (k === OPERATIONS ? k : k.name));
  if (named.length > 0) return named;
  const known = [...FUZZ_KINDS.map(({ name }) => name), OPERATIONS].join(", ");
  throw new InputError(`--kind: must be one of ${known}: got ${JSON.stringify(kind!.slice(0, 40))}`);
}

/** The kinds in turn, every turn with a seed of its own; true if all held. */
async function runTurn(kind: FuzzKind | typeof OPERATIONS, seed: number, ms: number): Promise<boolean> {
  const name = kind === OPERATIONS ? kind : kind.name;
  if (kind === OPERATIONS) {
    const sums = noSums();
    const until = performance.now() + ms;
    const held = runStretches({ seed, every: 250, stretch: 20_000 }, sums, () =>
      performance.now() < until ? 20_000 : 0,
    );
    process.stdout.write(`${name}, seed ${seed}: ${sums.done}${held ? "" : ", broken"}\n`);
    return held;
  }
  const { runs, failure } = await fuzz(kind, seed, Number.MAX_SAFE_INTEGER, ms);
  process.stdout.write(
    `${name}, seed ${seed}: ${runs} inputs${failure === undefined ? "" : ", one fails"}\n`,
  );
  if (failure === undefined) return true;
  const file = `fuzz-failure-${name}-${seed}.txt`;
  writeAtomically(file, failure.text);
  process.stdout.write(`${failure.why}\nthe smallest input that fails is in ${file}\n`);
  return false;
}

async function runKinds(minutes: number, kind: string | undefined, firstSeed: number): Promise<number> {
  const kinds = kindsNamed(kind);
  const until = performance.now() + minutes * 60_000;
  for (let seed = firstSeed; ; seed++)
    for (const one of kinds) {
      const ms = Math.min(TURN_S * 1000, until - performance.now());
      if (ms <= 0) return 0;
      if (!(await runTurn(one, seed, ms))) return 1;
    }
}

async function main(): Promise<number> {
  const values = readOptions();
  if (values.plan !== undefined) return replayPlan(values.plan);
  if (values.minutes === undefined && values.kind === undefined) return runOperations(values);
  const seed = wholeNumber("seed", values.seed ?? "1", 0);
  return runKinds(wholeNumber("minutes", values.minutes ?? "1", 1), values.kind, seed);
}

endWith(main());
