/** A change that breaks a law of the machine is named, with the law and the event. */
import assert from "node:assert/strict";
import test from "node:test";
import { int32Column } from "../../lib/base/columns";
import { InputError } from "../../lib/base/errors";
import { type Change, change } from "../../lib/change/change";
import { run } from "../../lib/experiment/run";
import { runAllToText } from "../../lib/experiment/run-text";
import { SteppedSystem } from "../../lib/experiment/steps";
import { runWatched } from "../../lib/experiment/watched-run";
import { System } from "../../lib/machine/system";
import { parsePlan } from "../../lib/plan/run";

/** Unmovable requests may fall back on CMA pages: nobody could move them out of the area again. */
const cmaForAll = (name: string): Change =>
  change({ name, fallbackOrder: ({ type }) => (type === "unmovable" ? ["cma"] : []) });

const planOf = (kernel: string, c: Change | null, seed = 1) =>
  parsePlan({
    machine: {
      board: "qemu-virt",
      memory: "256MiB",
      kernel,
      cma: "64MiB",
      ...(c !== null && { change: c.toJSON() }),
    },
    workload: { kind: "slab-growth", duration: "2s" },
    strategy: "cma",
    request: { size: "1MiB", times: 1 },
    seed,
  } as never);

/** The one line that the run ends in. */
function lineOf(kernel: string, c: Change): string {
  try {
    run(planOf(kernel, c));
  } catch (error) {
    assert.equal((error as Error).name, "InputError");
    return (error as Error).message;
  }
  return assert.fail("no law was broken");
}

test("unmovable pages in CMA blocks: each way of falling back breaks a law of its own", () => {
  // Up to 6.9 free pages move to the lists of the request without a count of CMA pages.
  const steal = lineOf("6.1", cmaForAll("cma for all"));
  assert.match(
    steal,
    /^change "cma for all" \([0-9a-f]{12}\) breaks a law (at event \d+|between events \d+ and \d+), the last a decision on fallbackOrder: /,
  );
  assert.match(steal, /NR_FREE_CMA_PAGES|CMA area keeps its blocks/);
  assert.doesNotMatch(steal, /\n/);
  // Since 6.10 the page counts as what it is, but it cannot move.
  const claim = lineOf("6.12", cmaForAll("cma for all"));
  assert.match(
    claim,
    /CMA block lends no page that cannot move|CMA area keeps its blocks|nr_reserved|NR_FREE/,
  );
});

test("the event is the same every time, and it is that of one request", () => {
  const first = lineOf("6.1", cmaForAll("cma for all"));
  assert.equal(lineOf("6.1", cmaForAll("cma for all")), first);

  assert.match(
    first,
    /breaks a law (at event \d|between events \d and \d), the last a decision on fallbackOrder/,
    "one request, one event",
  );
});

test("the law breaks at boot already where the kernel's own pages are taken", () => {
  // The change is at work from the start of the allocator; a run without a workload notices it at the end.
  const plan = { ...planOf("6.1", cmaForAll("cma at boot")), workload: undefined };
  const [text] = runAllToText([plan as never]);
  assert.equal(text!.state, "refused");
  assert.match(JSON.parse(text!.text).error, /change "cma at boot".*breaks a law/);
});

test("a machine led step by step names the step's events", () => {
  const { machine } = planOf("6.1", cmaForAll("cma for all"));
  assert.throws(() => {
    const stepped = new SteppedSystem(machine);
    for (let i = 0; i < 50; i++) stepped.take({ do: "fill", kind: "slab", bytes: 2 ** 21 } as never);
  }, /change "cma for all".*breaks a law/);
});

test("a change that keeps the laws runs to its end, and the kernel as it is is not watched", () => {
  const kept = change({ name: "kept", fallbackOrder: (given, stock) => stock.fallbackOrder(given) });
  const { plan: _a, remarks: _b, decisions: _decisions, ...changed } = run(planOf("6.1", kept));
  const { plan: _c, remarks: _d, ...stock } = run(planOf("6.1", null));
  assert.deepEqual(changed, stock);
});

test("the columns of a machine with a change go to the next machine, whether a law was broken or not", () => {
  const tail = change({ name: "all to the tail", listEnd: () => "tail" });
  const machine = { board: "qemu-virt", memoryBytes: 2 ** 30, kernel: "6.1", change: tail.toJSON() };
  const columns: Int32Array[] = [];
  const taking = (fail: boolean) => () =>
    runWatched((watch) => {
      const system = System.boot(machine, { watch });
      columns.push(system.memory.next as Int32Array);
      if (fail) throw new InputError("nothing more is asked");
    });
  taking(false)();
  assert.throws(taking(true), /nothing more is asked/);
  assert.equal(columns[1], columns[0], "the second machine has the columns of the first");
  const spare = Array.from({ length: 8 }, () => int32Column(columns[0]!.length));
  assert.ok(spare.includes(columns[0]!), "and gives them back");
});
