/**
 * Work on several CPUs: tasks, interrupts, readers and kswapd are on CPUs of their own with the option `smp`, and nothing
 * changes without it.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";

import { robustPoints } from "../../lib/experiment/robust-points";
import { run } from "../../lib/experiment/run";
import { System } from "../../lib/machine/system";
import { validate } from "../../lib/mm/reports/validate";
import { parseRobust } from "../../lib/plan/robust";
import { type Plan, parsePlan } from "../../lib/plan/run";
import { Process } from "../../lib/workload/process";
import { ReceiveRing } from "../../lib/workload/receive-ring";
import { WorkloadRun } from "../../lib/workload/scheduler";
import type { WorkloadSpec } from "../../lib/workload/workload";

const CPUS = 4;

function machine(smp: boolean, cpus = CPUS): System {
  return System.boot({ board: "pc-x86-64", memoryBytes: 2 ** 30, cpus }, { smp });
}

/** Pages on the lists of each CPU, all zones together. */
const onLists = ({ memory }: System) =>
  Array.from({ length: CPUS }, (_, cpu) => memory.zones.reduce((n, z) => n + z.pcps[cpu]!.count, 0));

const BUILD: WorkloadSpec = { kind: "kernel-build", duration: 20_000, jobs: 8 };

test("a kernel build is on one CPU, or with smp on all of them; the laws hold", () => {
  for (const smp of [false, true]) {
    const system = machine(smp);
    new WorkloadRun(system, new Random(1)).toEnd(BUILD);
    const used = onLists(system).filter((pages) => pages > 0);
    assert.equal(used.length, smp ? CPUS : 1);
    validate(system.memory, "everything");
  }
});

const plan = (more: object): Plan =>
  parsePlan({
    machine: { board: "raspberry-pi-4", memory: "1GiB", ...more },
    workload: { kind: "uptime", duration: "1 day", profile: "server" },
    strategy: "cma",
    request: { size: "16MiB", times: 2 },
    seed: 4,
    system: { smp: true },
  });
/** What a run gave, without the plan that it was. */
async function resultsOf(asked: Plan): Promise<object> {
  const { plan: _plan, ...rest } = (await run(asked)) as unknown as Record<string, unknown>;
  return JSON.parse(JSON.stringify(rest));
}

test("with smp, equal plans give equal results; with one CPU it changes nothing", async () => {
  const four = await resultsOf(plan({ cpus: 4 }));
  assert.deepEqual(await resultsOf(plan({ cpus: 4 })), four);
  const one = plan({ cpus: 1 });
  const { system: _smp, ...without } = one;
  assert.deepEqual(await resultsOf(one), await resultsOf(without as Plan));
  const { system: _off, ...apart } = plan({ cpus: 4 });
  assert.notDeepEqual(await resultsOf(apart as Plan), four);
});

test("a process frees what it took elsewhere, and buffers are received and read on any CPU", () => {
  const system = machine(true);
  system.processors.seed(new Random(7));
  const { memory } = system;
  const seen = new Set<number>();
  const process = new Process(system);
  for (let i = 0; i < 400; i++) {
    process.fault(1);
    seen.add(memory.cpu);
  }
  assert.equal(seen.size, CPUS, "400 slices, one in 16 finds the task moved");
  const began = [...onLists(system)];
  process.exit();
  const grew = onLists(system).map((pages, cpu) => pages > began[cpu]! + 300);
  assert.deepEqual(grew.filter(Boolean).length, 1, "all of its pages are freed where it ends");

  const taken = new Set<number>();
  const ring = new ReceiveRing(system, new Random(2), 64, 0);
  for (let i = 0; i < 64; i++) {
    ring.receive(1);
    taken.add(memory.cpu);
  }
  assert.equal(taken.size, CPUS);
  ring.drop();
  validate(memory, "everything");
});

test("kswapd is on the last CPU of its node: what it reclaims is on the lists there", () => {
  const system = machine(true);
  const { memory } = system;
  while (memory.counters.pageoutrun === 0) assert.ok(system.alloc("fileClean") >= 0);
  const counts = onLists(system);
  assert.equal(memory.cpu, 0, "the task goes on where it was");
  assert.ok(counts[3]! > 0, `${counts}`);
  assert.deepEqual(counts.slice(1, 3), [0, 0]);
});

test("the knob cpus sets the processors and the option smp", () => {
  const spec = parseRobust({
    plan: {
      machine: { board: "qemu-virt", memory: "512MiB" },
      strategies: ["cma"],
      request: { size: "4MiB" },
    },
    statement: "cma >= 0.5",
    over: { cpus: [4, 1] },
  });
  const { points } = robustPoints(spec);
  const told = points.map(({ values, plan }) => [values.cpus, plan!.machine.cpus, plan!.system?.smp]);
  assert.deepEqual(
    told.sort((a, b) => Number(a[0]) - Number(b[0])),
    [
      [1, 1, true],
      [4, 4, true],
    ],
  );
});
