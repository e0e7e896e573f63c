/** The laws of the allocator under random operations, on every profile and page geometry. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { KERNEL_RELEASES } from "../../lib/hardware/kernel-release";
import { loadEngine } from "./engine";
import type { MachineSpec } from "./machine-spec";
import { Random } from "./random";
import { GEOMETRIES, GEOMETRIES_4_17, randomMachine, randomPlan } from "./random-plan";
import { KINDS, type Operation, runPlan } from "./run-plan";

const engine = loadEngine();
const SEED = 20180501;

const order = fc.nat({ max: 13 });
const kind = fc.nat({ max: KINDS.length - 1 });
const cpu = fc.nat({ max: 1 });
const live = fc.nat({ max: 999 });
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 12, arbitrary: fc.tuple(fc.constant("alloc"), fc.nat({ max: 3 }), kind, cpu) },
  { weight: 4, arbitrary: fc.tuple(fc.constant("alloc"), order, kind, cpu) },
  { weight: 12, arbitrary: fc.tuple(fc.constant("free"), live, cpu) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("split"), live, fc.nat({ max: 3 })) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("bulk"), fc.nat({ max: 300 }), kind, cpu) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("capture"), live, order, cpu) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("isolate"), order, fc.nat({ max: 1 })) },
  { weight: 1, arbitrary: fc.constant<Operation>(["compact"]) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("contig"), fc.integer({ min: 1, max: 600 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("cma"), fc.nat({ max: 200 }), fc.nat({ max: 3 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("cmafree"), live) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("drain"), fc.nat({ max: 2 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("decay"), cpu) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("fold"), cpu) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("marks"), fc.nat({ max: 2 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("reclaim"), fc.nat({ max: 1 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("unreserve"), fc.nat({ max: 2 }), fc.nat({ max: 1 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("probe"), order, fc.nat({ max: 2 })) },
);

/** A small machine with the release and geometry; everything else is drawn. */
function machineArbitrary(
  release: MachineSpec["release"],
  [maxOrder, pageblockOrder, pageSize]: readonly number[],
) {
  return fc.nat().map((seed) => {
    for (let n = 0; ; n++) {
      const spec = randomMachine(new Random(seed + n));
      if (
        spec.release === release &&
        spec.maxOrder === maxOrder &&
        spec.pageblockOrder === pageblockOrder &&
        spec.pageSize === pageSize
      )
        return spec;
    }
  });
}

for (const release of KERNEL_RELEASES)
  test(`${release}: no sequence of operations breaks a law, on any geometry, checked after every step`, () => {
    for (const geometry of release === "4.17" ? GEOMETRIES_4_17 : GEOMETRIES) {
      const large = 2 ** geometry[0] > 2048;
      fc.assert(
        fc.property(
          machineArbitrary(release, geometry),
          fc.array(operation, { maxLength: large ? 60 : 200 }),
          (machine, operations) => {
            const fits = operations.map((o): Operation => {
              if (o[0] === "alloc" || o[0] === "isolate" || o[0] === "probe")
                return [o[0], Math.min(o[1]!, machine.maxOrder), ...o.slice(2).map(Number)];
              return o;
            });
            runPlan(engine, { seed: 0, machine, operations: fits }, 1);
          },
        ),
        { seed: SEED, numRuns: large ? 5 : 12 },
      );
    }
  });

test("a small share of the fuzz run: long seeded stretches on random machines", () => {
  let operations = 0;
  for (let n = 0; n < 40; n++) {
    const plan = randomPlan(SEED + n, 4000);
    runPlan(engine, plan, 200);
    operations += plan.operations.length;
  }
  assert.equal(operations, 160_000);
});

for (const off of ["mobilityGrouping", "pcp", "migration"] as const)
  test(`the laws hold with ${off} switched off`, () => {
    for (let n = 0; n < 12; n++) {
      const plan = randomPlan(SEED + 100 + n, 1500);
      plan.machine.switches = { ...plan.machine.switches, [off]: false };
      runPlan(engine, plan, 50);
    }
  });

test("equal plans give equal outcomes", () => {
  for (const seed of [3, 4, 5])
    assert.deepEqual(
      runPlan(engine, randomPlan(seed, 2000), 500),
      runPlan(loadEngine(), randomPlan(seed, 2000), 500),
    );
});
