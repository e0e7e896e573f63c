/**
 * npm run fuzz -- --ops N --seed S [--every K] [--stretch L]: N random operations on machines of every profile and
 * geometry, L on each machine, with all laws checked after each K-th operation and the count after each.
 * npm run fuzz -- --plan FILE|JSON: runs one plan, checking after each operation.
 * Exit status: 0 no law broke, 1 one did (the shrunk plan is printed), 2 bad input.
 */
import { existsSync, readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { InputError } from "../lib/base/errors";
import { writeAtomically } from "../lib/base/write-atomically";
import { loadEngine } from "./laws/engine";
import { randomPlan } from "./laws/random-plan";
import { type Plan, PlanFailure, runPlan } from "./laws/run-plan";
import { failureOf, shrink } from "./laws/shrink";

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

function main(): number {
  let values: Record<"ops" | "seed" | "every" | "stretch" | "plan", string | undefined>;
  try {
    const option = { type: "string" } as const;
    const parsed = parseArgs({
      options: { ops: option, seed: option, every: option, stretch: option, plan: option },
    });
    values = { ops: "1000000", seed: "1", every: "250", stretch: "20000", plan: undefined, ...parsed.values };
  } catch (e) {
    throw new InputError(`fuzz: ${(e as Error).message.split("\n")[0]}`);
  }
  const engine = loadEngine();
  if (values.plan !== undefined) {
    const plan = readPlan(values.plan);
    const failure = failureOf(engine, plan, 1);
    process.stdout.write(
      `${failure?.message ?? `${plan.operations.length} operations, no law broken: ${JSON.stringify(runPlan(engine, plan, 1))}`}\n`,
    );
    return failure === undefined ? 0 : 1;
  }
  const ops = wholeNumber("ops", values.ops!, 1);
  const seed = wholeNumber("seed", values.seed!, 0);
  const every = wholeNumber("every", values.every!, 1);
  const stretch = wholeNumber("stretch", values.stretch!, 1);
  process.stdout.write(`fuzz --ops ${ops} --seed ${seed} --every ${every} --stretch ${stretch}\n`);
  const started = performance.now();
  const byRelease: Record<string, number> = {};
  let allocations = 0;
  let failures = 0;
  let hash = 0;
  for (let done = 0, n = 0; done < ops; n++) {
    const plan = randomPlan((Math.imul(seed, 0x9e3779b1) + n) >>> 0, Math.min(stretch, ops - done));
    const release = plan.machine.release;
    try {
      const result = runPlan(engine, plan, every);
      allocations += result.allocations;
      failures += result.failures;
      hash = Math.imul(hash ^ result.hash, 0x01000193) >>> 0;
    } catch (e) {
      if (!(e instanceof PlanFailure)) throw e;
      process.stdout.write(`broken in stretch ${n} (plan seed ${plan.seed}); shrinking …\n`);
      const short = shrink(engine, plan);
      report(short.plan, short.failure);
      return 1;
    }
    byRelease[release] = (byRelease[release] ?? 0) + plan.operations.length;
    done += plan.operations.length;
  }
  const seconds = (performance.now() - started) / 1000;
  const shares = Object.entries(byRelease)
    .sort()
    .map(([release, n]) => `${release}: ${n}`);
  process.stdout.write(`operations by profile: ${shares.join(", ")}\n`);
  process.stdout.write(
    `${ops} operations, ${allocations} pages handed out, ${failures} requests failed, 0 laws broken, ` +
      `hash ${hash.toString(16).padStart(8, "0")}, ${seconds.toFixed(1)} s\n`,
  );
  return 0;
}

try {
  process.exitCode = main();
} catch (e) {
  if (!(e instanceof InputError)) throw e;
  process.stderr.write(`${e.message}\n`);
  process.exitCode = 2;
}
