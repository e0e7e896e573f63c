/**
 * Everything that guards the engine, in one process, for a copy of the sources with a defect: the laws, a recording
 * of a real kernel, the hand-derived vectors and rules. Prints the first failure and exits with status 1. `argv[2]`: the
 * recording.
 */
import { loadEngine } from "./engine";
import { randomPlan } from "./random-plan";
import { runPlan } from "./run-plan";

/** Enough to exercise every law on every profile; small enough to run once per defect. */
const PLANS = 60;
const OPERATIONS = 1500;

function fail(by: string, why: unknown): never {
  const message = why instanceof Error ? why.message : String(why);
  process.stdout.write(`caught by ${by}: ${message.split("\n")[0]}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  try {
    const engine = loadEngine();
    for (let seed = 1; seed <= PLANS; seed++) runPlan(engine, randomPlan(seed, OPERATIONS), 100);
  } catch (e) {
    fail("laws", e);
  }
  try {
    const { replay } = await import("../../lib/trace/replay");
    const { result } = await replay(process.argv[2]!);
    if (result.firstMismatch !== null || result.finalDifferences.length > 0)
      fail("replay", `line ${result.firstMismatch?.line}, ${result.mismatches} frames differ`);
  } catch (e) {
    fail("replay", e);
  }
  // Runs under node:test, whose report names the failing vector.
  require("../mm/vectors.test");
  require("../mm/kernel-rules.test");
  require("../mm/watermark-releases.test");
}

void main();
