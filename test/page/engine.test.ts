/** The engine in the bundle for browsers, without Node.js around it: the results of Node.js to the byte, and refusals where it can't. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { sha256Of } from "../../lib/base/canonical-json";
import { seedCount, withSeeds } from "../../lib/page/fewer-seeds";
import { PLAN_KINDS } from "../../lib/plan/kinds";
import { runPlan } from "../../lib/report/plan-kinds";
import { workerOf } from "../support/page-engine";

const ask = workerOf("engine.gz.b64");
/** The answers of the engine are plain JSON of many forms. */
// biome-ignore lint/suspicious/noExplicitAny: what comes back is what is tested
const engine = async (...asked: Parameters<typeof ask>): Promise<any> => ask(...asked);
const request = { size: "4MiB", times: 3 };
const small = { board: "qemu-virt", memory: "256MiB" };

/** One plan at least of every kind that a page can run, and workloads whose random numbers go through logarithms and powers. */
const PLANS: readonly (readonly [name: string, plan: unknown])[] = [
  ...PLAN_KINDS.filter(({ name }) => name !== "recording").map(
    ({ name, example }) =>
      [`example of ${name}`, { ...(name !== "run" && { kind: name }), ...example }] as const,
  ),
  ["boot of a Raspberry Pi", { board: "raspberry-pi-3", pageSize: "64K", memory: "1GiB", cma: "64MiB" }],
  ...["camera", "kernel-build", "database", "desktop", "network-server", "containers", "file-server"].map(
    (kind) =>
      [
        `workload ${kind}`,
        { machine: small, workload: { kind, duration: "2s" }, strategy: "buddy", request, seed: 7 },
      ] as const,
  ),
  [
    "a day on a Raspberry Pi",
    {
      machine: { board: "raspberry-pi-4", memory: "2GiB" },
      workload: { kind: "uptime", duration: "1 hour" },
      strategy: "cma",
      request,
    },
  ],
  [
    "a comparison with statistics",
    {
      kind: "comparison",
      scenario: "c",
      machine: small,
      strategies: ["buddy", "cma", "alloc-contig-pages"],
      request,
      seeds: 9,
    },
  ],
];

for (const [name, plan] of PLANS)
  test(`${name}: the SHA-256 of Node.js`, async () => {
    let here: unknown;
    try {
      here = await runPlan(plan);
    } catch (error) {
      assert.fail(`${name}: ${(error as Error).message}`);
    }
    const { sha256 } = await engine("run", { plan });
    assert.equal(sha256, sha256Of({ plan, result: here }));
  });

test("a page reads no recordings and runs no code of changes", async () => {
  await assert.rejects(
    engine("run", { plan: { kind: "recording", path: "x", sha256: "" } }),
    /a page cannot read recordings/,
  );
  const change = { name: "n", source: "export default change({})", sha256: "0".repeat(64) };
  await assert.rejects(
    engine("run", { plan: { machine: { ...small, change }, strategy: "buddy", request } }),
    /^Error: code of the change "n" with SHA-256 0+ is not run: a page runs no code/,
  );
});

test("a machine that is too large is refused before memory is asked for; hostile plans get one line", async () => {
  const of = (size: number) => ({
    machine: { board: "blank-x86-64", ram: [{ base: 0, size }] },
    ...{ strategy: "buddy", request },
  });
  await assert.rejects(
    engine("run", { plan: of(2 ** 44) }),
    /must end below page frame 2\^31, .* it ends at 4294967296/,
  );
  await assert.rejects(
    engine("run", { plan: of(2 ** 42) }),
    /^Error: machine: in a page it may need at most 1\.125 GiB for one field of all its page frames: got 4(\.\d+)? GiB/,
  );
  for (const plan of [
    null,
    1,
    [],
    {},
    { kind: "quantum" },
    JSON.parse('{"__proto__":{"board":"qemu-virt"}}'),
  ])
    await assert.rejects(
      engine("run", { plan }),
      (error: Error) => !error.message.includes("\n") && error.message.length < 400,
    );
  await assert.rejects(engine("nonsense"), /engine: unknown name "nonsense"/);
  await assert.rejects(engine("constructor"), /engine: unknown name/);
});

test("mathjs's stand-in gives what mathjs gives, also beyond the whole numbers that a number holds", async () => {
  const { build } = await import("esbuild");
  const { outputFiles } = await build({
    entryPoints: [join(__dirname, "../../kernel-setup/browser/stand-ins/mathjs.mjs")],
    ...{ bundle: true, write: false, format: "cjs", platform: "node" },
  });
  const module = { exports: {} as typeof import("mathjs") };
  new Function("module", outputFiles[0]!.text)(module);
  const ours = module.exports;
  const theirs: typeof ours = require("mathjs");
  const signs = (
    { bignumber, combinations, divide, multiply, pow, number }: typeof ours,
    n: number,
    fewer: number,
  ) => {
    let tail = bignumber(0);
    for (let i = 0; i <= fewer; i++) tail = tail.plus(combinations(bignumber(n), bignumber(i)));
    return number(divide(multiply(2, tail), pow(bignumber(2), bignumber(n))) as never);
  };
  for (const [n, fewer] of [
    [5, 0],
    [20, 3],
    [64, 20],
    [130, 40],
    [720, 300],
    [1400, 600],
    [2000, 100],
  ] as const)
    assert.equal(signs(ours, n, fewer), signs(theirs, n, fewer), `${fewer} of ${n}`);
  const values = [3.1, 2, 8, 0.1, 4, 4, 9.7];
  assert.deepEqual(
    ours.quantileSeq(values, [0.05, 0.5, 0.99]),
    theirs.quantileSeq(values, [0.05, 0.5, 0.99]),
  );
  assert.equal(Number(ours.std(values)), Number(theirs.std(values)));
});

test("boards, and figures by the name of their builder", async () => {
  const boards = await engine("boards");
  assert.ok(boards.some(({ name }: { name: string }) => name === "raspberry-pi-4"));
  const figure = await engine("figure", {
    name: "bars",
    options: { title: "t", yTitle: "n", categories: ["a"], series: [{ name: "s", values: [1] }] },
  });
  assert.equal(figure.data[0].type, "bar");
  await assert.rejects(engine("figure", { name: "__proto__" }), /figure: unknown name/);
});

test("fewer seeds: the plan with its first seeds, wherever they stand", () => {
  const plan = { kind: "comparison", seeds: 32, firstSeed: 4 };
  assert.equal(seedCount(plan), 32);
  assert.deepEqual(withSeeds(plan, 2), { kind: "comparison", seeds: 2, firstSeed: 4 });
  const robust = { kind: "robust", plan: { seeds: 8 }, statement: "a > b" };
  assert.equal(seedCount(robust), 8);
  assert.deepEqual(withSeeds(robust, 1), { kind: "robust", plan: { seeds: 1 }, statement: "a > b" });
  for (const other of [null, 3, {}, { seeds: 1 }, { seeds: "9" }]) assert.equal(seedCount(other), null);
});

test("a pasted log is explained as by the command", async () => {
  const log = readFileSync(join(__dirname, "../../docs/examples/refused-with-170-mb-free.txt"), "utf8");
  const { explain } = await import("../../lib/fluent/explanation");
  // biome-ignore lint/suspicious/noExplicitAny: what comes back is what is tested
  const told = (await workerOf("explain.gz.b64")("explain", { text: log })) as any;
  assert.equal(told.text, explain(log).text());
  assert.equal(sha256Of(told.answer), sha256Of(JSON.parse(JSON.stringify(explain(log).toJSON()))));
  assert.ok(told.figures.length > 0);
});
