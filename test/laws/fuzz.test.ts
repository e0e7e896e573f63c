/** The fuzz command prints what is needed to repeat a run, shrinks a failure, and the shrunk plan fails again. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test from "node:test";
import { type Engine, loadEngine } from "./engine";
import { randomPlan } from "./random-plan";
import { runPlan } from "./run-plan";
import { failureOf, lawOf, shrink } from "./shrink";

const ROOT = resolve(__dirname, "../..");
const REGISTER = join(ROOT, "test/support/register.cjs");

function fuzz(...args: string[]) {
  const env = { ...process.env, NODE_OPTIONS: "", NODE_TEST_CONTEXT: undefined };
  const script = join(ROOT, "test/fuzz.ts");
  return spawnSync(process.execPath, ["--require", REGISTER, script, ...args], {
    cwd: ROOT,
    env,
    encoding: "utf8",
  });
}

test("fuzz prints its seed and the same hash for the same seed", () => {
  const [a, b] = [1, 2].map(() => fuzz("--ops", "12000", "--seed", "7", "--stretch", "4000"));
  assert.equal(a!.status, 0, a!.stderr);
  assert.match(a!.stdout, /^fuzz --ops 12000 --seed 7 --every 250 --stretch 4000\n/);
  const last = (text: string) => /12000 operations, .* 0 laws broken, hash [0-9a-f]{8}/.exec(text)?.[0];
  assert.ok(last(a!.stdout));
  assert.equal(last(a!.stdout), last(b!.stdout));
});

test("fuzz: invalid input gives one line on stderr and status 2", () => {
  for (const args of [
    ["--ops", "many"],
    ["--seeds", "1"],
    ["--plan", "no-such-plan.json"],
    ["--plan", "{}"],
  ]) {
    const { status, stdout, stderr } = fuzz(...args);
    assert.equal(status, 2, args.join(" "));
    assert.equal(stdout, "");
    assert.equal(stderr.trim().split("\n").length, 1, stderr);
  }
});

test("a failure shrinks to a few operations that reproduce it; a plan file replays", () => {
  const engine = loadEngine();
  // A defect with two conditions: an order-2 free while the zone's counter is off because of an earlier fold.
  let folded = false;
  const broken: Engine = {
    ...engine,
    bootMemory: (shape) => {
      folded = false;
      return engine.bootMemory(shape);
    },
    drainAllPages: (m, only) => {
      folded = true;
      engine.drainAllPages(m, only);
    },
    freePages: (m, pfn, order) => {
      engine.freePages(m, pfn, order);
      if (folded && order === 2) m.zones[0]!.nrFreePages -= 1;
    },
  };
  const plan = randomPlan(11, 3000);
  const first = failureOf(broken, plan, 1);
  assert.ok(first !== undefined && first.step > 10);
  const short = shrink(broken, plan);
  assert.equal(lawOf(short.failure), lawOf(first));
  // A drain, an order-2 page (or a split into one), its free; a page may first need room.
  assert.ok(short.plan.operations.length <= 5, `${short.plan.operations.length} operations`);
  assert.ok(failureOf(broken, short.plan, 1) !== undefined);
  runPlan(engine, short.plan, 1);
  const folder = mkdtempSync(join(tmpdir(), "pageblock-fuzz-"));
  try {
    const file = join(folder, "plan.json");
    writeFileSync(file, JSON.stringify(short.plan));
    const { status, stdout } = fuzz("--plan", file);
    assert.equal(status, 0);
    assert.match(stdout, /no law broken/);
    assert.equal(fuzz("--plan", JSON.stringify(short.plan)).status, 0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
