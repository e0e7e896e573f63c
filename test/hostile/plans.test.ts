/** Plans that pass the schema and weigh too much, plans with too much of everything, pages that carry them, and outputs that are none. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import test, { after } from "node:test";
import { sha256Of } from "../../lib/base/canonical-json";
import { InputError, NoResult } from "../../lib/base/errors";
import { GiB, MiB } from "../../lib/base/units";
import { writeAtomically } from "../../lib/base/write-atomically";
import { MEMORY_VARIABLE, memoryLimit, runBytes, stepsBytes } from "../../lib/experiment/weight";
import { parsePlan } from "../../lib/plan/run";
import { parseSteps } from "../../lib/plan/steps";
import { runPlan } from "../../lib/report/plan-kinds";
import { RUN_LIMITS } from "../../lib/report/run-again";
import { RUNS_MIME, shownSha256 } from "../../lib/report/runs";
import { verifyFile } from "../../lib/report/verify";
import { parsePlanText } from "../../lib/schema/plan-file";
import { code, notebook } from "../support/notebooks";
import { dir, fileOf, gzipBomb } from "./inputs";
import { takenBytes } from "./memory";

after(() => rmSync(dir, { recursive: true, force: true }));

const HUGE = { board: "pc-x86-64", memory: "1TiB", cma: { kind: "off" } };
const MANY_PINS = { kind: "pin-pages", share: 1, term: "long", duration: "1 minute" };

/** Plans, and what each may take by hand: 2^28 pages of 4 KiB at 40 bytes, pins at 140, and 64 MiB. */
const HEAVY: Record<string, { plan: object; gib: number }> = {
  "a machine of 1 TiB, filled": {
    plan: { kind: "steps", machine: HUGE, steps: [{ do: "fill", kind: "anon", size: "1TiB" }] },
    gib: 10.0625,
  },
  "a machine of 1 TiB, filled and pinned": {
    plan: {
      kind: "steps",
      machine: HUGE,
      steps: [
        { do: "fill", kind: "anon", size: "1TiB" },
        { do: "pin", share: 1 },
      ],
    },
    gib: 45.0625,
  },
  "a machine of 1 TiB with all pages pinned": {
    plan: {
      machine: HUGE,
      workload: { together: [MANY_PINS] },
      strategy: { name: "buddy" },
      request: { size: "2MiB" },
    },
    gib: 45.0625,
  },
};

test("verify: a packed record that unpacks to 10 GiB is refused", async () => {
  const record = gzipBomb(10, " ").toString("base64");
  const page = `<script type="application/gzip+base64" class="pageblock-record">${record}</script>`;
  await assert.rejects(
    verifyFile(fileOf("bomb.html", page)),
    /bomb\.html: the record of the write-up is damaged: unpacks to more than 64 MiB/,
  );
});

test("verify: a record of five million values is refused before it is parsed", async () => {
  const values = `[${"0,".repeat(5_000_000)}0]`;
  await assert.rejects(
    verifyFile(fileOf("values.ipynb", values)),
    /values\.ipynb: a notebook: JSON may have 4000000 values: got up to 5000001/,
  );
});

for (const [what, { plan, gib }] of Object.entries(HEAVY))
  test(`${what}: weighed by its fields, and refused above the limit in a line`, async () => {
    const bytes = "steps" in plan ? stepsBytes(parseSteps(plan)) : runBytes(parsePlan(plan));
    assert.ok(Math.abs(bytes / GiB - gib) < 0.001, `${bytes / GiB} GiB`);
    process.env[MEMORY_VARIABLE] = "4GiB";
    try {
      await assert.rejects(runPlan(plan), (error: Error) => {
        assert.ok(error instanceof NoResult, error.stack);
        assert.match(
          error.message,
          /^plan: may take up to \d+ GiB of memory: at most 4 GiB may be taken here: PAGEBLOCK_MEMORY=\d+GiB lets it run$/,
        );
        return true;
      });
    } finally {
      delete process.env[MEMORY_VARIABLE];
    }
  });

test("the limit of memory is one's own, or what PAGEBLOCK_MEMORY says", () => {
  assert.equal(memoryLimit(), 16 * GiB);
  process.env[MEMORY_VARIABLE] = "3 bananas";
  assert.throws(() => memoryLimit(), /^InputError: PAGEBLOCK_MEMORY: size must be a number/);
  delete process.env[MEMORY_VARIABLE];
});

for (const keys of [20_000, 50_000])
  test(`a plan with ${keys} unknown keys is refused within a second`, () => {
    const machine = Object.fromEntries(Array.from({ length: keys }, (_, i) => [`memori${i}`, i]));
    const text = JSON.stringify({ machine });
    const { value, locate } = parsePlanText(text, "plan.json");
    const started = process.cpuUsage();
    assert.throws(() => parsePlan(value, locate), /unknown field "memori0"; did you mean memory\?/);
    const { user, system } = process.cpuUsage(started);
    assert.ok(user + system < 1e6, `${user + system} µs`);
  });

/** A stored notebook whose one output carries these plans, with a result that none of them has. */
function carrying(name: string, plans: readonly object[]): string {
  const runs = plans.map((plan) => ({ plan, result: {}, sha256: sha256Of({ plan, result: {} }) }));
  const data = { "text/plain": "x" };
  const output = {
    output_type: "display_data",
    metadata: {},
    data: { ...data, [RUNS_MIME]: { runs, shown: shownSha256(data) } },
  };
  return fileOf(name, JSON.stringify(notebook(code("x", output as never))));
}

test("verify: a stranger's plan that is too heavy is told, and the process goes on", async () => {
  const light = { kind: "boot", board: "qemu-virt", memory: "256MiB" };
  const plans = [...Object.values(HEAVY).map(({ plan }) => plan), light];
  const { results } = await verifyFile(carrying("heavy.ipynb", plans), { ...RUN_LIMITS, workers: 1 });
  assert.deepEqual(
    results.map(({ verdict }) => verdict),
    ["cannot be run", "cannot be run", "cannot be run", "differs"],
  );
  for (const { why } of results.slice(0, 3)) assert.match(why!, /at most 4 GiB may be taken here/);
});

test("verify: 5,000 plans stop at the seconds for all, and those that were not run are named", async () => {
  const plans = Array.from({ length: 5000 }, (_, i) => ({
    machine: { board: "qemu-virt", memory: "512MiB" },
    workload: { kind: "kernel-build", duration: "2 hours" },
    strategy: { name: "buddy" },
    request: { size: "2MiB" },
    seed: i,
  }));
  const started = performance.now();
  const { results } = await verifyFile(carrying("many.ipynb", plans), {
    ...RUN_LIMITS,
    secondsTogether: 2,
    workers: 1,
  });
  assert.ok(performance.now() - started < 20_000);
  const notRun = results.filter(({ why }) => why === "not run: 2 s for all plans were over");
  assert.ok(notRun.length > 4000, `${notRun.length}`);
});

test("outputs that are no file are refused, and stay what they are", () => {
  const fifo = join(dir, "output-fifo");
  execFileSync("mkfifo", [fifo]);
  const folder = join(dir, "output-folder");
  mkdirSync(folder);
  for (const [path, kind] of [
    [fifo, /is a named pipe \(FIFO\), a regular file was expected$/],
    ["/dev/full", /is a character device, a regular file was expected$/],
    [folder, /is a folder, a regular file was expected$/],
    ["/proc/pageblock", /cannot be written \(/],
    ["/dev/null/x", /cannot be written \(/],
  ] as const) {
    const message = (error: unknown) => error instanceof InputError && kind.test(error.message);
    assert.throws(() => writeAtomically(path, "x"), message, path);
  }
  assert.ok(statSync(fifo).isFIFO() && statSync("/dev/full").isCharacterDevice());
  assert.ok(!existsSync("/dev/.full.part"));
});

test("messages are cut in their middle: place and advice stay", () => {
  const { message } = new InputError(`plan.yaml:7: ${"x".repeat(100_000)}: at most 5: got 6`);
  assert.ok(message.length <= 480);
  assert.match(message, /^plan\.yaml:7: x+\.\.\.x+: at most 5: got 6$/);
});

test("all of it takes less than 512 MB beyond what the process began with", () => {
  const taken = takenBytes();
  assert.ok(taken < 512 * MiB, `${Math.round(taken / MiB)} MiB`);
});

// One's own plan, whose outcome may take more than a stranger's input may.
test("a plan of 300,000 requests is run, and every table of it is made", async () => {
  const plan = {
    machine: { board: "qemu-virt", memory: "256MiB" },
    strategy: { name: "buddy" },
    request: { size: "4KiB", times: 300_000 },
  };
  const outcome = (await runPlan(plan)) as { requests: { granted: number[] } };
  assert.equal(outcome.requests.granted.length, 300_000);
});
