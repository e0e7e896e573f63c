/** `pageblock run`, `compare`, `sweep`, `results` as a user runs them. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { pageblock, ROOT } from "../support/cli";

const folder = mkdtempSync(join(tmpdir(), "pageblock-cli-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const PLAN = `machine: { board: qemu-virt, memory: 256MiB }
workload: { kind: kernelBuild, duration: 500ms, jobs: 2, rss: 8MiB }
strategy: { name: cma }
request: { size: 4MiB, times: 2 }
`;
const file = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const json = (args: string[]) => {
  const run = pageblock(args, folder);
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout);
};
const indented = PLAN.trim()
  .split("\n")
  .map((l) => `  ${l}`)
  .join("\n");

test("run prints the outcome and what was asked with every default", () => {
  const plan = file("plan.yaml", PLAN);
  const outcome = json(["run", plan, "--json", "--seed", "3"]);
  assert.deepEqual(outcome.requests.granted, [1, 1]);
  assert.equal(outcome.asked.seed, 3);
  assert.equal(outcome.asked.request.gapMs, 1000);
  assert.match(pageblock(["run", plan], folder).stdout, /granted {3}2 of 2/);
  const bad = pageblock(["run", file("bad.yaml", PLAN.replace("times", "tmes"))], folder);
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /bad\.yaml:4: request\.tmes: unknown field "tmes"; did you mean times\?\n$/);
});

test("compare prints rows and a hash; a scenario takes board, memory and uptime", () => {
  const args = ["compare", "cma-64k-pi", "--seeds", "2", "--uptime", "1s", "--memory", "1GiB", "--json"];
  const result = json(args);
  assert.deepEqual([result.scenario, result.seeds], ["cma-64k-pi", 2]);
  assert.deepEqual(
    result.strategies.map((s: { name: string }) => s.name),
    ["buddy", "cma-64k", "cma-4k"],
  );
  for (const row of result.strategies) {
    assert.equal(row.asked, 40);
    assert.ok(row.successRate.low <= row.successRate.mid && row.successRate.mid <= row.successRate.high);
    if (row.granted > 0) assert.deepEqual(Object.keys(row.latencyNs), ["p50", "p95", "p99"]);
  }
  assert.match(result.resultsHash, /^[0-9a-f]{64}$/);
  assert.equal(json(args).resultsHash, result.resultsHash);
  const text = pageblock(
    ["compare", join(folder, "plan.yaml"), "--seeds", "2", "--strategies", "buddy,cma"],
    folder,
  );
  assert.match(text.stdout, /strategy +granted +granted %/);
  assert.match(pageblock(["compare", "cma-64k-po"]).stderr, /did you mean cma-64k-pi\?/);
});

test("one strategy in full is a list of one, and the plan of another kind is sent to its command", () => {
  const one = [
    "compare",
    join(folder, "plan.yaml"),
    "--strategies",
    "{name: cma, area: 64MiB}",
    "--print-plan",
  ];
  const { stdout, stderr } = pageblock(one, folder);
  assert.equal(stderr, "");
  assert.deepEqual(JSON.parse(stdout).strategies, [{ label: "cma", spec: { name: "cma", area: "64MiB" } }]);
  const sweep = file("asweep.yaml", `plan:\n${indented}\nover: { seed: [1] }\n`);
  assert.match(
    pageblock(["run", sweep]).stderr,
    /is the plan of a sweep, not of one run: use pageblock sweep/,
  );
});

test("robust says where a statement is true; compare --robust asks the same of its own comparison", () => {
  const compared = PLAN.replace("strategy: { name: cma }", "strategies: [buddy, cma]");
  const nested = compared
    .trim()
    .split("\n")
    .map((l) => `  ${l}`)
    .join("\n");
  const knobs = "{ memory: [256MiB, 512MiB], pageSize: [4KiB, 8KiB], seeds: [1] }";
  const robust = file("robust.yaml", `plan:\n${nested}\nstatement: cma >= 0.5\nover: ${knobs}\n`);
  const none = ["--store", "none", "--workers", "1"];
  const { plan, result } = json(["robust", robust, "--json", ...none]);
  assert.deepEqual([result.points, result.judged, result.held], [4, 2, 2]);
  assert.deepEqual([plan.kind, plan.statement.atLeast], ["robust", 0.5]);
  const asked = ["--robust", knobs, "--statement", "cma >= 0.5"];
  const own = file("compared.yaml", compared);
  assert.deepEqual(json(["compare", own, ...asked, "--json", ...none]).result, result);
  const table = pageblock(["compare", own, ...asked, ...none], folder).stdout;
  assert.match(table, /^The share granted of cma is at least 0\.5: 2 of 2 points\n/);
  assert.match(table, /^plan robust [0-9a-f]{64}\nknob /m);
  assert.match(table, /; varied: memory, page size, seeds$/m);
  assert.match(
    table,
    /It holds at all 2 points tried \(memory 256 MiB or 512 MiB, page size 4 KiB, seeds 1\)/,
  );
  assert.match(table, /2 points without a verdict: .*8 KiB/);
  assert.match(
    pageblock(["robust", robust, "--by-point", ...none], folder).stdout,
    /memory 512 MiB.* yes .*2 of 2/,
  );
  assert.match(pageblock(["run", robust], folder).stderr, /use pageblock robust/);
  assert.match(
    pageblock(["compare", own, "--robust", knobs, ...none], folder).stderr,
    /statement: is missing/,
  );
});

test("sweep prints counts; a second one answers from the store; results reads it", () => {
  const sweep = file("sweep.yaml", `plan:\n${indented}\nover:\n  seed: { from: 1, to: 6, step: 1 }\n`);
  const store = ["--store", join(folder, "s.duckdb")];
  const first = json(["sweep", sweep, "--json", ...store]);
  assert.deepEqual(Object.keys(first), ["plans", "run", "fromStore", "failed", "resultsHash", "seconds"]);
  assert.deepEqual([first.plans, first.run, first.fromStore, first.failed], [6, 6, 0, 0]);
  const second = json(["sweep", sweep, "--json", "--workers", "1", ...store]);
  assert.deepEqual([second.run, second.fromStore, second.resultsHash], [0, 6, first.resultsHash]);
  assert.equal(json(["results", "--json", ...store]).runs, 6);
  assert.deepEqual(json(["results", "--json", "--sql", "select count(*) as n from runs", ...store]), [
    { n: 6 },
  ]);
});

test("sweep prints a line for each combination; results counts by columns of its runs", () => {
  const sweep = file(
    "axes.yaml",
    `plan:\n${indented}\nover:\n  request.bytes: [1MiB, 2MiB]\n  seed: { from: 1, to: 3, step: 1 }\n`,
  );
  const store = ["--store", join(folder, "axes.duckdb")];
  const run = pageblock(["sweep", sweep, ...store], folder);
  assert.equal(run.status, 0, run.stderr);
  const lines = run.stdout.split("\n");
  assert.match(lines[0]!, /^request\.bytes +runs +asked +granted +granted %/);
  const rows = json(["results", "--json", "--by", "request_bytes", ...store]);
  const sums = json([
    ...["results", "--json", ...store, "--sql"],
    "select request_bytes, sum(asked) as asked, sum(granted) as granted from runs group by 1 order by 1",
  ]);
  for (const [i, size] of ["1MiB", "2MiB"].entries()) {
    const { asked, granted, request_bytes } = sums[i];
    assert.match(lines[1 + i]!, new RegExp(`^ *${size} +3 +${asked} +${granted} `), run.stdout);
    assert.equal(rows[i]["granted %"], Math.round((1000 * granted) / asked) / 10);
    assert.deepEqual(rows[i], { request_bytes, runs: 3, asked, granted, "granted %": rows[i]["granted %"] });
  }
  assert.match(run.stdout, /^6 plans: 6 run in .*\nresults [0-9a-f]{64}\n$/m);
  const unknown = pageblock(["results", "--by", "request_byte", ...store], folder);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /--by: unknown name "request_byte": known are .*did you mean request_bytes/);
});

test("Ctrl-C keeps what is done; a store in use is refused in one line", async () => {
  const plan = indented.replace("500ms", "60s");
  const sweep = file("long.yaml", `plan:\n${plan}\nover:\n  seed: { from: 1, to: 100000, step: 1 }\n`);
  const store = join(folder, "long.duckdb");
  const child = spawn(process.execPath, [
    join(ROOT, "dist/cli/main.js"),
    "sweep",
    sweep,
    "--store",
    store,
    "--json",
  ]);
  let out = "";
  child.stdout.on("data", (d) => (out += d));
  const tiny = file("tiny.yaml", `plan:\n${indented}\nover: { seed: [1] }\n`);
  // The sweep opens the store first: a second command that is quicker would have it, and refuse the sweep. The file is there
  // before it is locked; its log is not.
  while (!existsSync(`${store}.wal`) && child.exitCode === null) await new Promise((r) => setTimeout(r, 50));
  let refused = "";
  for (let i = 0; i < 40 && refused === "" && child.exitCode === null; i++) {
    await new Promise((r) => setTimeout(r, 250));
    const other = pageblock(["sweep", tiny, "--store", store, "--json"], folder);
    if (other.status === 2) refused = other.stderr;
  }
  assert.match(refused, /^pageblock: store: .*long\.duckdb: is in use by another process/);
  assert.equal(refused.trim().split("\n").length, 1);
  // At "exit" its last words may still be under way.
  const ended = once(child, "close");
  process.kill(child.pid!, "SIGINT");
  const [code] = await ended;
  assert.equal(code, 130);
  const summary = JSON.parse(out);
  assert.deepEqual([summary.cancelled, summary.resultsHash, summary.plans], [true, null, 100000]);
  assert.ok(json(["results", "--json", "--store", store]).runs >= summary.run);
});

test("a request that cannot be served is a result: the run points at the field, the scorecard gives the reason", () => {
  const large = file("large.yaml", PLAN.replace("size: 4MiB", "size: 512MiB"));
  const run = pageblock(["run", large], folder);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /granted {3}0 of 2\n/);
  assert.match(
    run.stdout,
    /request 1 failed: .*large\.yaml:4: request\.size: 512 MiB are more than the largest node has, 25\d(\.\d+)? MiB/,
  );
  const small = ["--board", "pc-x86-64", "--memory", "512MiB", "--uptime", "1s", "--seeds", "1"];
  const ask = (more: string[]) =>
    pageblock(["compare", "rdma-2gb", ...small, "--strategies", "map-contig,iommu", ...more], folder);
  const card = ask(["--size", "1GiB"]);
  assert.equal(card.status, 0, card.stderr);
  assert.match(card.stdout, /\nmap-contig +0 of 1 +0\.0 /);
  assert.match(
    card.stdout,
    /\nmap-contig: 1 GiB are more than the largest node has, 511\.\d+ MiB; .* \(1\)\n/,
  );
  assert.match(card.stdout, /\niommu: 1 GiB are more than all memory of the machine, 511\.\d+ MiB \(1\)\n/);
  const odd = ask(["--size", "8388609"]).stdout;
  assert.match(odd, /\nmap-contig: 8388609 bytes are no whole number of pages of 4 KiB/);
  const mask = ask(["--size", "8MiB", "--dma-bits", "20"]).stdout;
  assert.match(
    mask,
    /\nmap-contig: the device reaches 20 address bits .* dma_set_mask\(\) returns −5 \(EIO\) \(1\)/,
  );
  assert.match(mask, /\niommu: the device reaches 20 address bits: 1 MiB of bus addresses have no room/);
  for (const [flags, complaint] of [
    [["--size", "much"], /--size: size must be a number with an optional K, M, G or T: got "much"/],
    [["--dma-bits", "65"], /--dma-bits: must be a whole number from 1 to 64: got 65/],
    [["--size", "0"], /--size: must be from 1 to/],
  ] as const) {
    const bad = ask([...flags]);
    assert.equal(bad.status, 2);
    assert.match(bad.stderr, complaint);
    assert.equal(bad.stdout, "");
  }
});

test("hardware of a scorecard is chosen by name, for any comparison; unknown names are answered with the known ones", () => {
  const plan = file("card.yaml", PLAN);
  const card = json([
    "compare",
    plan,
    "--seeds",
    "1",
    "--strategies",
    "cma,buddy",
    "--cpu",
    "zen2",
    "--adapter",
    "connectx-3",
    "--json",
  ]);
  assert.deepEqual([card.cpu, card.adapter], ["zen2", "connectx-3"]);
  assert.equal(card.strategies[0].cpu.name, "zen2");
  assert.equal(card.strategies[0].adapter.name, "connectx-3");
  const bad = pageblock(["compare", plan, "--cpu", "haswel"], folder);
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /cpu: unknown name "haswel": known are haswell, .*; did you mean haswell\?\n$/);
  const adapter = pageblock(["compare", "rdma-2gb", "--adapter", "cx5", "--seeds", "1"], folder);
  assert.equal(adapter.status, 2);
  assert.match(adapter.stderr, /adapter: unknown name "cx5": known are connectx-3, .*connectx-5/);
});
