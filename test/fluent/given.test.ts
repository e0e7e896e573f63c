/** What a script hands to a method by mistake: the message names the method and the value. */
import assert from "node:assert/strict";
import test from "node:test";
import { compare, experiment, InputError, machine, strategies, workload } from "../../lib";
import { resolveMeasure } from "../../lib/metrics/measures";

const virt = machine("qemu-virt").memory("512MiB");

/** Values that the types forbid. */
const no = null as never;
const nothing = undefined as never;

function refused(cases: readonly [() => unknown, RegExp][]): void {
  for (const [call, message] of cases)
    assert.throws(call, (e) => e instanceof InputError && message.test(e.message), String(message));
}

test("a comparison takes strategies alone, and says which entry is none", () => {
  refused([
    [() => compare(no), /strategies\[0\]: must be a name, or an object with a name: got null/],
    [() => compare("buddy" as never, [no]), /strategies\[1\]: must be a name.*got null/],
    [() => compare({} as never), /strategies\[0\]: must have a name: got {}/],
    [
      () =>
        compare(() => [no])
          .on(virt)
          .request({ size: "1MiB" })
          .plan(),
      /strategies\[0\]: must be a name.*got null/,
    ],
  ]);
});

test("an experiment refuses a plan that is no plain data", () => {
  const plan: Record<string, unknown> = { machine: { board: "qemu-virt" } };
  plan.workload = plan;
  const big = { machine: { board: "qemu-virt", memory: 1n } };
  refused([
    [() => experiment(plan as never), /experiment: the plan must be plain data.*got {"machine"/],
    [() => experiment(big as never), /experiment: the plan must be plain data.*got .*1n/],
  ]);
});

test("workloads are composed of workloads alone", () => {
  const up = workload.uptime("1 day");
  const round: { sequence: unknown[] } = { sequence: [] };
  round.sequence.push(round);
  refused([
    [() => up.with(3 as never), /workload: must be a workload .*got 3/],
    [() => up.after(nothing), /workload: must be a workload .*got nothing/],
    [() => up.then(no), /workload: must be a workload .*got null/],
    [() => up.during({} as never), /workload: must be a workload .*got {}/],
    [() => up.with({ together: [up.toJSON(), 3] } as never), /workload: must be a workload .*got 3/],
    [() => up.with(round as never), /workload: must be a workload .*got {"sequence"/],
  ]);
});

test("a maker of a strategy or a workload sets its name, and leaves out what has no value", () => {
  refused([
    [() => strategies.cma({ name: "buddy" } as never), /strategy cma: name is no parameter.*got "buddy"/],
    [
      () => workload.uptime({ kind: "camera" } as never),
      /workload uptime: kind is no parameter.*got "camera"/,
    ],
    [() => strategies.cma(no), /strategy cma: parameters must be an object: got null/],
    [() => workload.uptime(3 as never), /workload uptime: parameters must be an object: got 3/],
    [
      // Once it was silently a server.
      () => (workload.uptime as (...given: unknown[]) => unknown)("1 hour", { profile: "database" }),
      /workload uptime: takes one object of parameters, or a duration alone, nothing after it: got \{/,
    ],
    [
      () => (strategies.cma as (...given: unknown[]) => unknown)({}, "16MiB"),
      /strategy cma: takes one object of parameters, nothing after it: got "16MiB"/,
    ],
  ]);
  assert.deepEqual(strategies.cma({ area: nothing }), { name: "cma" });
  assert.deepEqual(workload.uptime({ duration: nothing }).toJSON(), { kind: "uptime" });
  const plan = compare(strategies.cma({ area: nothing }))
    .on(virt)
    .request({ size: "1MiB" })
    .plan();
  assert.equal(plan.strategies[0]!.spec.name, "cma");
});

test("a running machine names the method and the value", () => {
  const m = virt.running();
  refused([
    [() => m.release(nothing), /release: must be the outcome of a request: got nothing/],
    [() => m.release({} as never), /release: must be the outcome of a request: got {}/],
    [() => m.fill("anon", no), /fill: must be a size .*got null/],
    [
      () => m.fill("anon", { share: "half" } as never),
      /fill: share must be a number from 0 to 1: got "half"/,
    ],
    [() => m.metric(nothing), /metric: must be the name of a counter: got nothing/],
    [() => m.latencies(no), /latencies: options must be an object: got null/],
  ]);
  assert.equal(m.plan.steps.length, 0, "what was refused is no step");
});

test("a measure is a name, a list of names, or an object", () => {
  refused([
    [() => resolveMeasure(nothing), /metric: must be a name .*got nothing/],
    [() => resolveMeasure(no), /metric: must be a name .*got null/],
    [() => resolveMeasure([]), /metric: must be a name .*got \[\]/],
    [() => resolveMeasure({ unit: "MiB" } as never), /metric: must be a name .*got {"unit":"MiB"}/],
    [
      () => resolveMeasure({ of: "idleBytes", unit: 5 as never }),
      /metric idleBytes: unit must be text: got 5/,
    ],
  ]);
});

test("results name the method and the value", async () => {
  const one = experiment({ machine: virt, strategy: "buddy", request: { size: "1MiB" } });
  refused([
    [() => one.metric(nothing), /metric: must be a name .*got nothing/],
    [() => one.constraint(nothing), /constraint: must be the name of a check: got nothing/],
    [() => one.latencies(no), /latencies: options must be an object: got null/],
  ]);
  const both = await compare("buddy" as never)
    .on(virt)
    .request({ size: "1MiB" })
    .seeds(1)
    .workers(1)
    .store("none")
    .run();
  refused([
    [() => both.metric(nothing), /metric: must be a name .*got nothing/],
    [() => both.metric("idleBytes", no), /metric: options must be an object: got null/],
    [() => both.estimates("idleBytes", no), /estimates: options must be an object: got null/],
    [() => both.frontier(nothing, nothing), /metric: must be a name .*got nothing/],
    [() => both.frontier({ of: "idleBytes" }, nothing), /metric: must be a name .*got nothing/],
    [
      () => both.frontier("idleBytes", "success", { only: "buddy" as never }),
      /only: must be a list .*got "buddy"/,
    ],
    [() => both.row(nothing), /row: must be the label of a strategy: got nothing/],
    [() => both.explain(nothing), /explain: must be the label of a strategy: got nothing/],
    [() => both.latencies(no), /latencies: options must be an object: got null/],
    [() => both.successRates(no), /successRates: options must be an object: got null/],
  ]);
});
