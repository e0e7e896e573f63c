/** The time in the weight of a plan: estimated from its fields, told by `--dry-run`, and limited for strangers. */
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { join } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { pageWorkers } from "../../lib/base/page-workers";
import { GiB } from "../../lib/base/units";
import { LocalWorkers } from "../../lib/experiment/local-workers";
import { runSeconds } from "../../lib/experiment/plan-time";
import {
  pageWorkerBytes,
  SECONDS_VARIABLE,
  STRANGER_SECONDS,
  timeLimit,
  timeOf,
} from "../../lib/experiment/weight";
import { parsePlan, planHash } from "../../lib/plan/run";
import { planWeight, runPlan } from "../../lib/report/plan-kinds";
import { RUN_LIMITS, runAgain } from "../../lib/report/run-again";
import { WORKLOADS } from "../../lib/workload";
import { pageblock, ROOT } from "../support/cli";
import { TIMED_PLANS, timed } from "../support/plan-times";
import { dir, fileOf } from "./inputs";

after(() => rmSync(dir, { recursive: true, force: true }));

const BUILD = { kind: "kernel-build", duration: "1 hour" };
const plan = (more: object) => ({
  machine: { board: "qemu-virt", memory: "512MiB" },
  workload: BUILD,
  strategy: "buddy",
  request: { size: "2MiB" },
  ...more,
});
const seconds = (given: object) => runSeconds(parsePlan(given));

test("the time of a plan grows with what it does: duration, rate, memory that is filled, requests", () => {
  const one = seconds(plan({}));
  assert.ok(Math.abs(seconds(plan({ workload: { ...BUILD, duration: "10 hours" } })) / one - 10) < 0.1);
  assert.ok(
    Math.abs(
      seconds(plan({ workload: { ...BUILD, jobs: 400 } })) /
        seconds(plan({ workload: { ...BUILD, jobs: 40 } })) -
        10,
    ) < 0.1,
  );
  const mix = (memory: string) =>
    seconds(plan({ machine: { board: "pc-x86-64", memory }, workload: { kind: "mix" } }));
  assert.ok(mix("64GiB") > 5 * mix("8GiB"));
  assert.ok(seconds(plan({ workload: undefined, request: { size: "4KiB", times: 100_000 } })) > 1);
});

test("every kind of workload has a time, and an endless one takes as long as the requests go on", () => {
  for (const kind of WORKLOADS.keys())
    if (kind !== "recorded-trace") assert.ok(seconds(plan({ workload: { kind } })) > 0, kind);
  const endless = (times: number) =>
    seconds(
      plan({
        workload: { kind: "kernel-build", duration: "endless" },
        request: { size: "4KiB", times, gap: "1 minute" },
      }),
    );
  assert.ok(Math.abs(endless(1000) / endless(100) - 10) < 0.2);
});

test("many plans weigh as much as each of them together, and plans that no machine has weigh nothing", () => {
  const one = seconds(plan({}));
  const sweep = { plan: plan({}), over: { size: ["1MiB", "2MiB"], seed: { from: 1, to: 5000, step: 1 } } };
  const weight = planWeight(sweep);
  assert.equal(weight.plans, 10_000);
  assert.ok(Math.abs(weight.seconds / (10_000 * one) - 1) < 0.02, `${weight.seconds}`);
  const none = { plan: plan({}), over: { memory: ["1KiB"] } };
  assert.throws(() => planWeight(none), /InputError/);
});

// Four of the twenty plans of docs/experiments.md: quick ones, whose estimate lies well within the factor told there.
test("estimates are right within a factor of six", async () => {
  const names = [
    "network, 2 hours, 2 GiB",
    "containers, 4 hours",
    "steps: fill, free, compact",
    "a curve of TLBs",
  ];
  for (const [name, given] of TIMED_PLANS.filter(([one]) => names.includes(one))) {
    const [estimated, measured] = await timed(given, 1);
    const off = estimated / measured;
    assert.ok(off > 1 / 6 && off < 6, `${name}: ${estimated} s estimated, ${measured} s measured`);
  }
});

const LONG = plan({ workload: { kind: "kernel-build", duration: "100 days" } });
const REFUSED =
  /^plan: is likely to take \d+ (?:hours|days): at most (?:60 minutes|\d+ minutes|\d+ s) of a core are taken here: PAGEBLOCK_SECONDS=\d+ lets it run$/;

test("a stranger's plan that is likely to take days is refused before it runs: by verify and by a worker of a cluster", async () => {
  const [answer] = await runAgain([LONG], { ...RUN_LIMITS, seconds: 30, workers: 1 });
  assert.match(
    (answer as { failed: string }).failed,
    /^plan: is likely to take \d+ hours: at most 5 minutes of a core/,
  );
  const limits = { allowCode: new Set<string>(), memoryBytes: 4 * GiB, seconds: STRANGER_SECONDS };
  const worker = new LocalWorkers(1, 1, limits, true);
  const long = parsePlan(LONG);
  try {
    const { finished } = await worker.run([{ index: 0, plan: long, hash: planHash(long) }]);
    assert.equal(finished[0]!.state, "broken");
    assert.match(JSON.parse(finished[0]!.text).error, REFUSED);
  } finally {
    await worker.close();
  }
});

test("plans that are short alone and long together are refused where they become one result", async () => {
  process.env[SECONDS_VARIABLE] = "60";
  try {
    const { strategy: _one, ...rest } = plan({});
    const many = { ...rest, strategies: ["buddy", "cma"], seeds: 100 };
    await assert.rejects(
      runPlan(many),
      /^InputError: plan: is likely to take .* at most 60 s of a core are taken here/,
    );
  } finally {
    delete process.env[SECONDS_VARIABLE];
  }
});

test("one's own plans may take any time, or what PAGEBLOCK_SECONDS says", () => {
  assert.equal(timeLimit(), Number.POSITIVE_INFINITY);
  for (const bad of ["3 bananas", "0", "-1", "1e9"]) {
    process.env[SECONDS_VARIABLE] = bad;
    assert.throws(() => timeLimit(), /^InputError: PAGEBLOCK_SECONDS: must be seconds above 0: got "/, bad);
  }
  delete process.env[SECONDS_VARIABLE];
  assert.deepEqual([0.01, 1.26, 100, 7300, 1e6].map(timeOf), [
    "less than 0.1 s",
    "1.3 s",
    "100 s",
    "2 hours",
    "12 days",
  ]);
});

test("a page's workers take no more together than one stranger's plan may", () => {
  assert.deepEqual(
    [undefined, 1, 2, 3, 4, 64].map((cores) => pageWorkers(cores)),
    [1, 1, 1, 2, 3, 4],
  );
  for (const cores of [1, 2, 4, 64]) assert.equal(pageWorkerBytes(cores) * pageWorkers(cores), 4 * GiB);
});

/** `env`: variables of the environment for this call alone. */
function told(args: readonly string[], env: Record<string, string> = {}): string {
  Object.assign(process.env, env);
  try {
    const { status, stdout, stderr } = pageblock([...args, "--dry-run"]);
    assert.equal(status, 0, stderr);
    return stdout;
  } finally {
    for (const name of Object.keys(env)) delete process.env[name];
  }
}

test("--dry-run tells memory and time of every command that runs plans, and runs nothing", () => {
  const heavy = ["--board", "pc-x86-64", "--memory", "1TiB", "--strategy", "buddy", "--size", "2MiB"];
  assert.match(
    told(["run", ...heavy, "--workload", JSON.stringify(BUILD)]),
    /^plan {6}[0-9a-f]{64}\nmemory {4}up to 11 GiB of 16 GiB that may be taken here \(PAGEBLOCK_MEMORY\)\ntime {6}28 s of one core \(an estimate\)\n$/,
  );
  assert.match(
    told(["run", ...heavy, "--workload", JSON.stringify(BUILD)], {
      PAGEBLOCK_MEMORY: "1GiB",
      PAGEBLOCK_SECONDS: "5",
    }),
    /of 1 GiB .*: not run unless PAGEBLOCK_MEMORY is raised\ntime .* of 5 s .*: not run unless PAGEBLOCK_SECONDS is raised\n$/,
  );
  const example = (name: string) => join(ROOT, "docs/examples", name);
  const cases: [string[], RegExp][] = [
    [
      ["compare", "cma-64k-pi", "--seeds", "16"],
      /^plan {6}comparison, \d+ runs\nmemory {4}up to \d+ MiB for each plan that runs, of 16 GiB/,
    ],
    [
      [
        "compare",
        "cma-64k-pi",
        "--robust",
        "{ memory: [1GiB, 2GiB] }",
        "--strategies",
        "buddy,cma-4k",
        "--statement",
        "cma-4k > buddy",
      ],
      /^plan {6}robust, \d+ runs\n/,
    ],
    [["sweep", example("sweep-1000.yaml")], /^plan {6}sweep, 1,000 runs\n/],
    [["robust", example("robust.yaml")], /^plan {6}robust, \d+ runs\n/],
    [
      [
        "steps",
        fileOf("steps.json", JSON.stringify({ machine: { board: "qemu-virt" }, steps: [{ do: "compact" }] })),
      ],
      /^plan {6}steps\nmemory .*\ntime {6}less than 0\.1 s/,
    ],
    [
      ["notebook", "run", join(ROOT, "notebooks/00-tour.ipynb"), "--out", join(dir, "never")],
      /00-tour\.ipynb: is stored without outputs: what its cells run is not known before they run\n$/,
    ],
  ];
  for (const [args, said] of cases) assert.match(told(args), said, args[0]);
});
