/** A change that breaks a law of the machine is named, with the law and the event. */
import assert from "node:assert/strict";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { int32Column } from "../../lib/base/columns";
import { InputError } from "../../lib/base/errors";
import { type Change, change, loadChange } from "../../lib/change/change";
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
    /^change "cma for all" \([0-9a-f]{12}\) breaks a law at event \d+, a decision on fallbackOrder \(zone \w+, order \d+, type unmovable\) that answered \["cma"\] where the kernel answers \["reclaimable","movable"\]: /,
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

  assert.match(first, /breaks a law at event \d, a decision on fallbackOrder/, "one request, one event");
});

test("the law breaks at boot already where the kernel's own pages are taken", () => {
  // The change is at work from the start of the allocator; a run without a workload notices it at the end.
  const plan = { ...planOf("6.1", cmaForAll("cma at boot")), workload: undefined };
  const [text] = runAllToText([plan as never]);
  assert.equal(text!.state, "refused");
  assert.match(JSON.parse(text!.text).error, /change "cma at boot".*breaks a law/);
});

/**
 * From decision 500 on, one unmovable request is sent to CMA pages of order 9, the area's; everything else is as the kernel decides.
 */
const once = (instead: string) => {
  const path = join(mkdtempSync(join(tmpdir(), "change-laws-")), "once.ts");
  writeFileSync(
    path,
    `import { change } from "pageblock";
let n = 0;
let done = false;
export default change({
  name: "once",
  listEnd: (given, stock) => {
    n++;
    return stock.listEnd(given);
  },
  watermark: (given, stock) => {
    n++;
    return stock.watermark(given);
  },
  fallbackOrder: (given, stock) => {
    n++;
    if (n < 500 || done || given.type !== "unmovable" || given.order < 9) return stock.fallbackOrder(given);
    if (given.order > 9) return ["cma"];
    done = true;
    ${instead}
  },
});
`,
  );
  return loadChange(path);
};

test("the event is the very decision: counted by the change itself", () => {
  for (const kernel of ["6.1", "6.12"]) {
    const thrown = lineOf(kernel, once("throw new Error(String(n));"));
    const [, event, own] = /event (\d+): threw Error: (\d+)$/.exec(thrown)!;
    assert.equal(event, own, "events are the decisions of all points");
    assert.ok(Number(event) > 500);
    const line = lineOf(kernel, once('return ["cma"];'));
    assert.ok(line.includes(`breaks a law at event ${event}, a decision on fallbackOrder (zone `), line);
    assert.match(line, /order 9, type unmovable\) that answered \["cma"\] where the kernel answers \["recl/);
  }
});

test("a search that reaches its bound tells the narrowest events it knows, the same every time", () => {
  const told = (most: number) => {
    const plan = planOf("6.1", once('return ["cma"];'));
    const running = (watch: (system: System) => void) => {
      const system = System.boot(plan.machine as never, { placement: 1, watch: watch as never });
      for (let i = 0; i < 2000; i++) system.allocFixed("slab");
    };
    assert.throws(
      () => runWatched(running, most),
      (error: Error) => {
        line = error.message;
        return true;
      },
    );
    return line;
  };
  let line = "";
  const event = Number(/at event (\d+), a decision on fallbackOrder/.exec(told(1e9))![1]);
  const wide = told(1);
  const [, from, to] =
    /between events (\d+) and (\d+), the last a decision on \w+ \(the search for the event ended after 1 decisions\): /.exec(
      wide,
    )!;
  assert.ok(Number(from) <= event && event <= Number(to), `${from} ${event} ${to}`);
  assert.equal(told(1), wide);
});

test("an engine that stops is named by its decision too", () => {
  // The kernel's own code stops at a page that is none: the answer is taken by force.
  const c = change({ name: "stops", listEnd: ({ pfn }) => (pfn % 2 === 0 ? "tail" : "head") });
  const plan = planOf("6.12", c);
  let stop = 0;
  const running = (watch: (system: System) => void) => {
    const system = System.boot(plan.machine as never, { placement: 1, watch: watch as never });
    const { decisions } = system.change!;
    const ask = decisions.listEnd!;
    Object.assign(decisions, {
      listEnd: (given: never) => {
        const answer = ask(given);
        // As if the engine could not bear a tail after event 40.
        if (
          system.change!.events > 40 &&
          answer !== "head" &&
          system.change!.events <= system.change!.decidesTo
        )
          stop ||= system.change!.events;
        if (
          stop > 0 &&
          system.change!.events === stop &&
          answer === "tail" &&
          stop <= system.change!.decidesTo
        )
          throw new Error("a broken list");
        return answer;
      },
    });
    const pages = Array.from({ length: 400 }, () => system.allocFixed("slab", undefined, 4));
    for (const page of pages) if (page >= 0) system.freeFixed(page, 4);
  };
  assert.throws(
    () => runWatched(running),
    (error: Error) => {
      assert.ok(stop > 40);
      assert.match(
        error.message,
        new RegExp(
          `at event ${stop}, a decision on listEnd \\(.*\\) that answered "tail".*: the engine stopped: a broken list$`,
        ),
      );
      return true;
    },
  );
});

test("a machine led step by step names the step's events", () => {
  const { machine } = planOf("6.1", cmaForAll("cma for all"));
  assert.throws(() => {
    const stepped = new SteppedSystem(machine);
    for (let i = 0; i < 50; i++) stepped.take({ do: "fill", kind: "slab", bytes: 2 ** 21 } as never);
  }, /change "cma for all".*breaks a law at event \d+, a decision on fallbackOrder/);
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
