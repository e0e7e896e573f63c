import assert from "node:assert/strict";
import test from "node:test";
import { type ComparisonSpec, comparisonPlans } from "../../lib/experiment/comparison";
import { front } from "../../lib/experiment/pareto";
import { everyPlan } from "../../lib/experiment/plans";
import { run } from "../../lib/experiment/run";
import { scenario } from "../../lib/experiment/scenarios";
import { scorecard } from "../../lib/experiment/scorecard";
import { METRICS } from "../../lib/plan/metric-names";

const MiB = 2 ** 20;

/** A small PC on which everything of the RDMA session fits: 64 MiB of 1 GiB. */
const small: ComparisonSpec = {
  machine: { board: "pc-x86-64", memoryBytes: 1024 * MiB },
  workload: { kind: "scatterUnmovable", share: 1 },
  request: { bytes: 64 * MiB, who: "user", longtermPin: true, cpuMapBytes: 2 * MiB },
  strategies: [
    { label: "search", spec: { name: "alloc-contig-pages" } },
    { label: "set aside", spec: { name: "boot-reserve", area: "64MiB" } },
    { label: "pieces", spec: { name: "iommu" } },
  ],
  seeds: 2,
  firstSeed: 1,
};

test("a scorecard says what each strategy gives, what it costs and why it failed", async () => {
  const made = await scorecard("small", small, {}, { store: "none", workers: 1 });
  assert.ok(made.scorecard !== null);
  const [search, aside, pieces] = made.scorecard.strategies;
  assert.equal(search!.granted, 0, "an unmovable page in every block bars every range");
  assert.equal(search!.adapter, null);
  assert.equal(search!.pareto, false, "what was never granted is on no front");
  assert.ok(search!.failures!.reasons[0]!.count >= 1);
  assert.match(search!.failures!.example, /alloc_contig_pages of 16384 pages failed/);
  assert.equal(aside!.granted, 2);
  assert.equal(aside!.reservedBytes, 64 * MiB);
  assert.ok(aside!.adapter!.entries <= 2, "one range is one entry, or two where it crosses a boundary");
  assert.ok(aside!.pareto);
  assert.equal(pieces!.idleBytes, 0);
  assert.equal(pieces!.cpu!.pageBytes, 4096);
  assert.ok(aside!.cpu!.nsPerAccess < pieces!.cpu!.nsPerAccess, "pages of 2 MiB need fewer walks");
  for (const row of made.scorecard.strategies) assert.ok(row.control !== "" && row.since !== "");
  const again = await scorecard("small", small, {}, { store: "none", workers: 1 });
  assert.deepEqual(again.scorecard, made.scorecard);
});

test("the front holds what nothing beats in every respect", () => {
  assert.deepEqual(
    front([
      [1, 0],
      [0, 1],
      [0, 0],
      [1, 0],
    ]),
    [true, true, false, true],
  );
});

test("rdma-2gb asks ten strategies for 2 GiB, and its figures have names", () => {
  const spec = scenario("rdma-2gb", { board: "pc-x86-64", memory: "4GiB", uptime: "60s", seeds: 1 });
  assert.equal(spec.strategies.length, 10);
  assert.equal(spec.request.bytes, 2 * 2 ** 30);
  const plan = [...everyPlan(comparisonPlans(spec))].find((p) => p.strategy.name === "alloc-contig-pages")!;
  for (const name of Object.keys(run(plan).metrics)) assert.ok(name in METRICS, name);
});
