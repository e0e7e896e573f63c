/** What runs as a plan has the type of one: a checked plan, what a machine says of itself, and what the builders make. */
import assert from "node:assert/strict";
import test from "node:test";
import { experiment, machine, type PlanIn, parsePlan, strategies, sweep, workload } from "../../lib";

const board = machine("qemu-virt").memory("256MiB").cma("16MiB").cmaArea("camera", "4MiB");
const request = { size: "64KiB" } as const;
const written: PlanIn = {
  machine: {
    board: "qemu-virt",
    memory: "256MiB",
    cma: "16MiB",
    cmaAreas: [{ name: "camera", size: "4MiB" }],
  },
  workload: { kind: "uptime", duration: "1s" },
  strategy: "cma",
  request,
};
const checked = parsePlan(written);
const said = JSON.parse(JSON.stringify(checked));

/** Each is an argument as it is, without a cast. */
const PLANS: Readonly<Record<string, PlanIn>> = {
  "as in a file": written,
  "a checked plan": checked,
  "a checked plan with another request": { ...checked, request },
  "a machine as it says itself": { ...written, machine: board.toJSON() },
  "what the builders make": {
    machine: board,
    workload: workload.uptime("1s"),
    strategy: strategies.cma(),
    request,
    seed: 1,
  },
};

for (const [name, plan] of Object.entries(PLANS))
  test(`${name} is a plan of a sweep and of an experiment`, () => {
    assert.deepEqual(JSON.parse(JSON.stringify(sweep(plan).plan().plan)), said);
    assert.deepEqual(JSON.parse(JSON.stringify(experiment(plan).plan)), said);
  });

test("what is no plan is refused by its type and when it runs", () => {
  // @ts-expect-error no field of a plan
  assert.throws(() => sweep({ ...written, colour: "red" }), /colour/);
  // @ts-expect-error a plan has a request
  assert.throws(() => experiment({ machine: board, strategy: "cma" }), /request/);
  // @ts-expect-error a size is no truth value
  assert.throws(() => experiment({ ...written, request: { size: true } }), /size/);
});
