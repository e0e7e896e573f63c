/** The laws on short plans, a seed a test: the cheapest tests that reach most of the allocator. */
import test from "node:test";
import { loadEngine } from "../laws/engine";
import { randomPlan } from "../laws/random-plan";
import { runPlan } from "../laws/run-plan";

const engine = loadEngine();
for (let seed = 1; seed <= 40; seed++)
  test(`laws: plan ${seed}`, () => void runPlan(engine, randomPlan(seed, 1500), 100));
