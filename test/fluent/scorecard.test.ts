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
  // 13 ranges of 32 page blocks: 1 − (1 − 2^(−1/13))^(1/32) = 8.83 %, computed apart.
  assert.match(
    html,
    /alloc-contig-pages: depends on where unmovable memory lies\. After boot 13 clean ranges/,
  );
  assert.match(html, /up to 8\.83 % of 512 page blocks/);
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

test("the threshold of a search: counts, sentences, and plans that make it again", async () => {
  const search = scorecard({ size: "64MiB" })
    .on(host)
    .of(strategies.allocContigPages(), strategies.iommu())
    .seeds(8)
    .workers(1)
    .store("none")
    .watched({ onProgress: () => undefined });
  const where = await search.threshold({ together: ["16MiB", "2MiB", "2MiB"] });
  assert.deepEqual(
    where.rows.map(({ run, togetherBytes }) => [run, togetherBytes]),
    [
      [1, 2 * 2 ** 20],
      [8, 16 * 2 ** 20],
    ],
  );
  for (const { threshold, halfway, closedForm } of where.rows) {
    const [first, last] = [threshold.levels[0]!, threshold.levels.at(-1)!];
    assert.deepEqual([first.value, first.granted, first.asked, closedForm[0]], [0, 8, 8, 1]);
    assert.ok(last.value > halfway && last.granted < 8);
    // Eight seeds are far from exact; a threshold twice as high or low would say that the search is another one.
    assert.ok(threshold.at! > halfway / 2 && threshold.at! < 2 * halfway, `${threshold.at} at ${halfway}`);
  }
  const [alone, together] = where.rows;
  assert.ok(together!.threshold.at! > 3 * alone!.threshold.at!, "what lies together spoils fewer ranges");
  assert.match(
    where.sentences[0]!,
    /^alloc-contig-pages finds 64 MiB on half of the machines, if spoiled page blocks lie one by one, up to \d/,
  );
  const bundle = where[DISPLAY]();
  assert.match(String(bundle["text/plain"]), /\n16 MiB together \| 0 % \| 8 of 8 \| 100\.0 .* \| 100\.0\n/);
  const { runs } = bundle[RUNS_MIME] as { runs: { plan: object; result: object }[] };
  assert.deepEqual(
    runs.map(({ plan }) => planKindOf(plan).name),
    ["sweep", "sweep"],
  );
  assert.deepEqual(await runPlan(runs[1]!.plan), JSON.parse(JSON.stringify(runs[1]!.result)));
  for (const over of ["share", "places"] as const) {
    const { data, runs: from } = where.chart({ over });
    assert.equal(data.length, 3, "two sizes of place and the closed form");
    assert.equal(from!.length, 2);
  }
});

test("a threshold needs a strategy of the card, a clean range, and whole places", async () => {
  await assert.rejects(
    scorecard({ size: "64MiB" }).on(host).threshold({ of: "alloc-contig" }),
    /threshold: strategy: unknown name "alloc-contig": known are .*alloc-contig-pages/,
  );
  await assert.rejects(
    scorecard({ size: "2GiB" }).on(host).threshold(),
    /threshold: the host must have a clean range of 2 GiB after boot, of whole page blocks \(2 MiB\): got none/,
  );
  await assert.rejects(
    scorecard({ size: "64MiB" })
      .on(host)
      .threshold({ together: ["6MiB"] }),
    /threshold: together must be a power of two of page blocks \(2 MiB\): got 6MiB/,
  );
  await assert.rejects(
    scorecard({ size: "64MiB" })
      .on(host)
      .threshold(1 as never),
    /options must be an object/,
  );
});
