/** The figures of a run as text: units and digits by hand, and every recorded table as the JSON has it. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import "../support/clean-environment";
import { metricText } from "../../lib/experiment/metrics-text";
import { METRICS } from "../../lib/plan/metric-names";
import { pageblock } from "../support/cli";

const dir = mkdtempSync(join(tmpdir(), "pageblock-metrics-"));
after(() => rmSync(dir, { recursive: true, force: true }));

test("every unit has its words, with three digits", () => {
  for (const [name, value, text] of [
    ["managedBytes", 256 * 2 ** 20, "256 MiB"],
    ["managedBytes", 203_423_744, "194 MiB"],
    ["roundingBytes", 0, "0 B"],
    ["pageblockBytes", 2 ** 21, "2 MiB"],
    ["cpuReclaimNs", 848_912_400, "849 ms"],
    ["thpP50Ns", 151, "0.151 µs"],
    ["uptimeMs", 3_640_000, "1.01 h"],
    ["uptimeMs", 400, "400 ms"],
    ["unusableIndex", 0.2046, "20.5 %"],
    ["reclaimScanned", 653_026, "653,026 pages"],
    ["othersAsked", 1_022_710, "1,022,710"],
    ["mixedBlocksMean", 1.5333, "1.53"],
    ["firstByteAddress", 2 ** 30, "0x40000000"],
    ["fittingPageBytes", 2 ** 21, "2 MiB"],
    ["fittingPageBytes", 2 ** 40, "any size"],
  ] as const)
    assert.equal(metricText(name, value), text, name);
  // A unit that is added to the list needs words here.
  const units = new Set(Object.values(METRICS).map(({ unit }) => unit));
  assert.deepEqual([...units].sort(), ["bytes", "count", "ms", "ns", "pages", "ratio"]);
});

test("run prints what was recorded in tables; the JSON has the same numbers", () => {
  const plan = join(dir, "recorded.json");
  const workload = {
    sequence: [
      { kind: "uptime", duration: "10 minutes" },
      { kind: "pressure", duration: "endless", orders: "0 9" },
    ],
  };
  const spec = { machine: { board: "pc-x86-64", memory: "256MiB" }, workload, strategy: "buddy" };
  writeFileSync(plan, JSON.stringify({ ...spec, request: { size: "2MiB", times: 2 }, record: {} }));
  const none = ["--store", "none", "--workers", "1"];
  const { stdout, status } = pageblock(["run", plan, ...none]);
  assert.equal(status, 0);
  const json = JSON.parse(pageblock(["run", plan, "--json", ...none]).stdout);
  const { metrics, recorded, probes } = json;
  assert.match(stdout, /^metric +value +what it is$/m);
  assert.match(stdout, /^managedBytes +\d+ MiB +memory that the allocator manages$/m);
  assert.match(stdout, /^reclaimScanned +[\d,]+ pages +pages of LRU lists/m);
  for (const line of stdout.split("\n").slice(1)) assert.doesNotMatch(line, /\d{6}/, "thousands are apart");
  assert.match(stdout, new RegExp(`^fallbacks +${metrics.fallbacks.toLocaleString("en-US")} +requests`, "m"));
  // The rows of the table, counted from the text, are the kinds of fallback, and their last column adds up.
  const lines = stdout.split("\n");
  const from = lines.indexOf("fallbacks by kind") + 2;
  const table = lines.slice(from, lines.indexOf("", from));
  const rows = table.filter((line) => !line.includes("more fallbacks"));
  assert.equal(rows.length, Math.min(20, recorded.fallbacks.count.length));
  const shown = rows.reduce((n, row) => n + Number(row.split(/\s+/).at(-1)!.replaceAll(",", "")), 0);
  const [, more = "0"] = /^([\d,]+) more fallbacks/m.exec(stdout) ?? [];
  assert.equal(shown + Number(more.replaceAll(",", "")), metrics.fallbacks);
  const free = lines
    .find((line) => line.startsWith("free blocks at the end"))!
    .trim()
    .split(/\s{2,}/)
    .slice(1);
  assert.deepEqual(
    free.map((n) => Number(n.replaceAll(",", ""))),
    free.map((_, order) => metrics[`freeOrder${order}`]),
  );
  for (const { name } of probes) assert.match(stdout, new RegExp(`^pressure +${name} `, "m"));
  assert.doesNotMatch(stdout, /^freeOrder|^pressureOrder/m);
});

test("what a run did not record is not printed", () => {
  const plan = join(dir, "plain.json");
  const machine = { board: "qemu-virt", memory: "256MiB" };
  writeFileSync(plan, JSON.stringify({ machine, strategy: "buddy", request: { size: "2MiB" } }));
  const { stdout } = pageblock(["run", plan, "--store", "none", "--workers", "1"]);
  assert.match(stdout, /^fittingPageBytes +any size +largest page that fits wherever/m);
  assert.doesNotMatch(stdout, /by kind|series over time|by order|TiB/);
});
