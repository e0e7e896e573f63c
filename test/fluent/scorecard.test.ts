/** Scorecards of scripts: the same plan as the command's, shown, explained, and made again by whoever has the plan. */
import assert from "node:assert/strict";
import test from "node:test";
import { scenario } from "../../lib/experiment/scenarios";
import { machine } from "../../lib/fluent/machine";
import { scorecard } from "../../lib/fluent/scorecard";
import { strategies } from "../../lib/fluent/strategies";
import { workload } from "../../lib/fluent/workload";
import { DISPLAY } from "../../lib/notebook/display";
import { parseComparison } from "../../lib/plan/comparison";
import { planKindOf, runPlan } from "../../lib/report/plan-kinds";
import { RUNS_MIME, shownSha256 } from "../../lib/report/runs";

const host = machine("pc-x86-64").memory("1GiB");
const small = scorecard({ size: "64MiB" })
  .on(host)
  .under(workload.scatterUnmovable({ share: 1 }))
  .of(strategies.allocContigPages(), strategies.bootReserve({ area: "64MiB" }), strategies.iommu())
  .seeds(2)
  .workers(1)
  .store("none")
  .watched({ onProgress: () => undefined });

test("the scorecard of a script asks for what `pageblock compare rdma-2gb` asks for", () => {
  const {
    kind,
    scenario: name,
    adapter,
    cpu,
    pattern,
    ...spec
  } = scorecard({ size: "2GiB" })
    .on(machine("server-x86-64").memory("64GiB"))
    .uptime("30 days")
    .seeds(32)
    .plan();
  const command = scenario("rdma-2gb", { memory: "64GiB", uptime: "30 days", seeds: 32 });
  assert.deepEqual(spec, parseComparison(JSON.parse(JSON.stringify(command))));
  assert.deepEqual(
    [kind, name, adapter, cpu, pattern],
    ["scorecard", "scorecard", "connectx-5", "skylake-sp", "uniform"],
  );
});

test("it is one table with a front, and its plan makes it again", async () => {
  const card = await small.adapter("connectx-4").cpu("haswell").pattern("hot").run();
  assert.deepEqual(
    card.rows.map((r) => [r.name, r.granted]),
    [
      ["alloc-contig-pages", 0],
      ["boot-reserve", 2],
      ["iommu", 2],
    ],
  );
  assert.deepEqual(
    card.front,
    card.rows.filter((r) => r.pareto).map((r) => r.name),
  );
  assert.ok(card.front.includes("boot-reserve") && !card.front.includes("alloc-contig-pages"));
  assert.equal(card.row("boot-reserve").adapter!.name, "connectx-4");
  assert.equal(card.row("boot-reserve").cpu!.name, "haswell");
  assert.match(card.explain("alloc-contig-pages"), /0 of 2 requests granted/);
  assert.throws(() => card.row("alloc-contig"), /did you mean alloc-contig-pages\?/);

  const bundle = card[DISPLAY]();
  const html = String(bundle["text/html"]);
  for (const { name } of card.rows) assert.ok(html.includes(`>${name}<`), name);
  assert.match(html, /adapter connectx-4, CPU haswell, accesses hot/);
  assert.match(String(bundle["text/plain"]), /\nboot-reserve \| 2 of 2 \| 100\.0 /);
  const { runs, shown } = bundle[RUNS_MIME] as { runs: { plan: object; result: object }[]; shown: string };
  assert.equal(shown, shownSha256(bundle));
  assert.equal(planKindOf(runs[0]!.plan).name, "scorecard");
  assert.deepEqual(await runPlan(runs[0]!.plan), JSON.parse(JSON.stringify(card)));

  const other = await small.run();
  assert.equal(other.resultsHash, card.resultsHash, "hardware models change no run");
  assert.notEqual(other.row("iommu").cpu!.nsPerAccess, card.row("iommu").cpu!.nsPerAccess);
});

test("what is missing or unknown is said, with the known names", () => {
  assert.throws(() => scorecard({} as never), /needs a request: scorecard\(\{ size: "2GiB" \}\)/);
  assert.throws(() => scorecard({ size: "2GiB" }).plan(), /needs a host: \.on\(machine/);
  assert.throws(
    () => small.adapter("connectx-9" as never),
    /adapter: unknown name "connectx-9": known are .*connectx-5/,
  );
  assert.throws(
    () => small.cpu("skylake" as never),
    /cpu: unknown name "skylake": known are .*did you mean skylake-sp\?/,
  );
  assert.throws(() => small.uptime("long").plan(), /scorecard: uptime/);
  for (const [wrong, complaint] of [
    [{ adapter: "connectx-9" }, /adapter: unknown name "connectx-9"/],
    [{ pattern: { kind: "uniform" } }, /pattern: must be a name/],
    [{ seeds: 0 }, /seeds: must be a whole number from 1/],
    [{ surprise: 1 }, /unknown field "surprise"/],
  ] as const)
    assert.throws(() => planKindOf(small.plan()).run({ ...small.plan(), ...wrong }), complaint);
});
