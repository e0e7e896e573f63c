/** The answer as JSON of its schema, as text, as a bundle of a notebook, and from the command line. */
import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import type { ExplainAnswer } from "../../lib/explain/answer";
import { EXPLAIN_SCHEMA } from "../../lib/explain/answer-schema";
import { Explanation, explain } from "../../lib/fluent/explanation";
import { DISPLAY } from "../../lib/notebook/display";
import { FIXTURES, pageblock } from "../support/cli";

const LOGS = join(FIXTURES, "field/logs");
const CASES = join(FIXTURES, "explain/cases");
const SCHEMA = EXPLAIN_SCHEMA as Schema;
const folder = mkdtempSync(join(tmpdir(), "pageblock-explain-"));
after(() => rmSync(folder, { recursive: true }));

/** The words of JSON Schema that ours uses. */
interface Schema {
  const?: unknown;
  enum?: unknown[];
  type?: string | string[];
  anyOf?: Schema[];
  minimum?: number;
  maximum?: number;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
}

/** Where a value departs from a schema. */
function faults(value: unknown, schema: Schema, path = "$"): string[] {
  const typeOf = (one: unknown) =>
    one === null ? "null" : Array.isArray(one) ? "array" : Number.isInteger(one) ? "integer" : typeof one;
  if (schema.anyOf) {
    const each = schema.anyOf.map((one) => faults(value, one, path));
    return each.some((found) => found.length === 0) ? [] : each.flat();
  }
  const found: string[] = [];
  if ("const" in schema && value !== schema.const) found.push(`${path}: ${value} is not ${schema.const}`);
  if (schema.enum && !schema.enum.includes(value)) found.push(`${path}: ${value} is none of ${schema.enum}`);
  const types = schema.type === undefined ? [] : [schema.type].flat();
  const type = typeOf(value);
  if (types.length > 0 && !types.includes(type) && !(type === "integer" && types.includes("number")))
    return [...found, `${path}: ${type} is none of ${types}`];
  if (typeof value === "number") {
    if (!Number.isFinite(value)) found.push(`${path}: not finite`);
    if (value < (schema.minimum ?? -Infinity)) found.push(`${path}: ${value} below ${schema.minimum}`);
    if (value > (schema.maximum ?? Infinity)) found.push(`${path}: ${value} above ${schema.maximum}`);
  }
  if (Array.isArray(value))
    value.forEach((one, i) => {
      found.push(...faults(one, schema.items!, `${path}[${i}]`));
    });
  if (type === "object" && schema.properties) {
    const fields = value as Record<string, unknown>;
    for (const name of schema.required ?? []) if (!(name in fields)) found.push(`${path}.${name} is missing`);
    for (const [name, one] of Object.entries(fields)) {
      const of = schema.properties[name];
      if (of === undefined) found.push(`${path}.${name} is not in the schema`);
      else found.push(...faults(one, of, `${path}.${name}`));
    }
  }
  return found;
}

test("the JSON of every log and case has the form of the schema", () => {
  let reports = 0;
  for (const source of [LOGS, CASES])
    for (const file of readdirSync(source)) {
      const answer = JSON.parse(JSON.stringify(explain(readFileSync(join(source, file), "utf8"))));
      assert.deepEqual(faults(answer, SCHEMA), [], file);
      reports += answer.reports.length;
    }
  assert.ok(reports > 100, `${reports} reports`);
});

test("the check of the form finds faults", () => {
  const answer = JSON.parse(JSON.stringify(explain("Node 0, zone DMA32 531 642 3751 306 0 0 0 0 0 0 0")));
  answer.reports[0].zones[0].reasons.push("tired");
  answer.reports[0].more = 1;
  assert.equal(faults(answer, SCHEMA).length, 2);
});

test("the text of a report is about a page, in lines of a terminal", () => {
  const why = explain({ name: "log", text: readFileSync(join(LOGS, "A29-debian-519-order4.txt"), "utf8") });
  const lines = why.text().split("\n");
  assert.ok(lines.length < 75, `${lines.length} lines`);
  assert.match(lines[0]!, /^A request for pages was refused \(log, lines \d+ to \d+\)$/);
  assert.ok(lines.slice(1).every((line) => line.length <= 100));
});

test("reports that say the same are shown once, with their number", () => {
  const line = (n: number) =>
    `[    ${n}.0] cma: cma_alloc: linux,cma: alloc failed, req-size: 512 pages, ret: -12`;
  const why = explain([
    { name: "a", text: line(1) },
    { name: "b", text: line(2) },
  ]);
  assert.equal(why.reports.length, 2);
  assert.deepEqual(
    why.reports.map(({ times, sameAs }) => [times, sameAs]),
    [
      [2, null],
      [2, 0],
    ],
  );
  assert.match(why.text(), /^A contiguous area refused a request .*, 2 times;/);
});

test("in a notebook: the text, a chart of watermarks and one of free blocks", () => {
  const why = explain(readFileSync(join(LOGS, "A29-debian-519-order4.txt"), "utf8"));
  const bundle = why[DISPLAY]();
  assert.equal(bundle["text/plain"], why.text());
  const html = String(bundle["text/html"]);
  assert.equal(html.match(/class="pageblock-chart"/g)!.length, 2);
  const { data } = why.chart.watermarks();
  const heights = (trace: unknown) => (trace as { y: number[] }).y;
  // Normal: 126872 kB free, less 15 pages of the request and none of CMA; 63960 kB must remain.
  assert.deepEqual(heights(data[0])[2], 126_872 / 1024);
  assert.deepEqual(heights(data[1])[2], (126_872 - 15 * 4) / 1024);
  assert.deepEqual(heights(data[2])[2], 63_960 / 1024);
  assert.equal(why.chart.freeBlocks().data.length, 3);
  assert.throws(() => why.chart.freeBlocks(7), /number of a report must be from 0 to 0: got 7/);
});

test("free blocks are drawn by migrate type where pagetypeinfo tells them", () => {
  const why = explain(readFileSync(join(LOGS, "D09-pagetypeinfo-hotsos.txt"), "utf8"));
  const names = why.chart.freeBlocks().data.map((trace) => trace.name);
  assert.ok(names.includes("Unmovable") && names.includes("Movable"), names.join());
});

test("a text may hold anything", () => {
  const hostile = [
    "",
    "\u0000\u001b[31m",
    "page allocation failure: order:99999999999, mode:0xffffffffffffffff(GFP_KERNEL)",
    "Node 0 Normal free:-5kB min:NaNkB low:1kB high:99999999999999999999kB",
    "Normal: 99999999999999999*4kB (UM) = 1kB",
    "x: page allocation failure: order:3, mode:0x0()\nMem-Info:\nlowmem_reserve[]: -1 -2",
    "cma: cma_alloc: alloc failed, req-size: 18446744073709551615 pages, ret: -12",
    "HugeTLB: allocating 999999999999999 of page size 1.00 GiB failed.  Only allocated 0 hugepages.",
  ];
  for (const text of hostile) {
    const why = explain(text);
    assert.ok(why instanceof Explanation);
    assert.deepEqual(faults(JSON.parse(JSON.stringify(why)), SCHEMA), [], text);
    assert.doesNotMatch(why.text(), /(?!\n)\p{Cc}/u);
  }
});

test("pageblock explain: text, --json, standard input, --schema", () => {
  const file = join(CASES, "15-i915-order0-le9.txt");
  const run = pageblock(["explain", file]);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /DMA32.*lowmem-reserve/);
  const json = pageblock(["explain", file, "--json"]);
  const { reports } = JSON.parse(json.stdout) as ExplainAnswer;
  assert.deepEqual(Object.fromEntries(reports[0]!.zones.map((zone) => [zone.name, zone.reasons])), {
    DMA32: ["lowmem-reserve"],
    Normal: ["watermark"],
    DMA: [],
  });
  const piped = pageblock(["explain", "-", "--json"], undefined, readFileSync(file, "utf8"));
  const { place } = reports[0]!;
  assert.deepEqual(JSON.parse(piped.stdout).reports, [
    { ...reports[0], place: { ...place, source: "standard input" } },
  ]);
  const endless = openSync("/dev/zero", "r");
  const refused = pageblock(["explain", "-"], undefined, endless);
  closeSync(endless);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, /^pageblock: standard input: .*256 MiB.*\n$/);
  assert.deepEqual(JSON.parse(pageblock(["explain", "--schema"]).stdout), EXPLAIN_SCHEMA);
});

test("no report: exit 1, what the text speaks of, and what to paste", () => {
  writeFileSync(join(folder, "nothing.txt"), "all is well\n");
  const none = pageblock(["explain", join(folder, "nothing.txt")]);
  assert.equal(none.status, 1, none.stderr);
  assert.match(none.stdout, /No report of the kernel's memory was found/);
  assert.match(none.stdout, /What to paste in its place\n {2}- the messages of the kernel: sudo dmesg/);
  const json = pageblock(["explain", "--json", join(folder, "nothing.txt")]);
  assert.equal(json.status, 1);
  assert.deepEqual(JSON.parse(json.stdout).topics, []);
  assert.deepEqual(faults(JSON.parse(json.stdout), SCHEMA), []);
});

test("a pool that a configuration wants is told in the kernel's notation", () => {
  const yaml = (size: string, node: string) =>
    `hugepages:\n  pages:\n  - size: "${size}"\n    count: 12\n${node}  - size: 2M\n    count: 7\nother: 1\n`;
  const { reports, topics } = explain(yaml("1G", "    node: 3\n")).toJSON();
  assert.deepEqual(reports, []);
  const pools = topics.filter(({ answer }) => answer !== null);
  assert.deepEqual(
    pools.map(({ what, place: { first, last } }) => [what, first, last]),
    [
      ["a pool of 12 huge pages of 1 GiB on node 3", 3, 5],
      ["a pool of 7 huge pages of 2 MiB", 6, 7],
    ],
  );
  assert.match(pools[0]!.answer!, /hugepagesz=1G hugepages=3:12 .*node3\/hugepages\/hugepages-1048576kB\//);
  assert.match(pools[1]!.answer!, /hugepagesz=2M hugepages=7 .*hugepages-2048kB\/nr_hugepages/);
  // A text with a report tells the report alone.
  const { topics: none } = explain(`${yaml("1G", "")}Node 0, zone DMA 1 2 3\n`).toJSON();
  assert.deepEqual(none, []);
});

test("prose: the release that it names, and what would show the reason", () => {
  const text = explain(
    "Since kernel 6.3.1 it swaps with gigabytes of free memory.\nLinux 2.6.32 did not.",
  ).text();
  assert.match(text, /- kernel 6\.3\.1 \(text, line 1\)/);
  assert.match(text, /- kernel 2\.6\.32 \(text, line 2\)/);
  assert.match(text, /cat \/proc\/buddyinfo \/proc\/zoneinfo \/proc\/vmstat/);
});

test("bad input: one line, exit 2", () => {
  for (const args of [["explain"], ["explain", join(folder, "missing.txt")], ["explain", "/dev/zero"]]) {
    const run = pageblock(args);
    assert.equal(run.status, 2, args.join(" "));
    assert.equal(run.stderr.trim().split("\n").length, 1);
    assert.equal(run.stdout, "");
  }
});
