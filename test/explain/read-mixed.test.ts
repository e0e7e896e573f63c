/** Reports printed at the same time, and numbers that no kernel prints. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { InputError } from "../../lib/base/errors";
import { untar } from "../../lib/base/tar";
import { explainReadings } from "../../lib/explain/explain-readings";
import { readTexts } from "../../lib/explain/read-texts";

const TAGGED = readFileSync(join(__dirname, "../fixtures/explain/hard/two-callers.txt"), "utf8");

function read(text: string) {
  const { readings, passedOver } = readTexts([{ name: "log", text }]);
  return { readings, passedOver, answers: explainReadings(readings).map(({ answer }) => answer) };
}

test("two reports printed at once are told apart by who printed each line", () => {
  // appA (T4011): order 4, 120000 kB in single pages. appB (C1): atomic, 3600 kB, at most 6000 of 16000 kB may be left.
  const { readings, answers } = read(TAGGED);
  assert.deepEqual(
    readings.map(({ task, zones }) => [task, zones.length, zones[0]!.freeBytes / 1024]),
    [
      ["appA", 1, 120_000],
      ["appB", 1, 3600],
    ],
  );
  assert.deepEqual(
    answers.map((answer) => answer.reasons),
    [["no-block"], ["watermark"]],
  );
  // The same from /dev/kmsg.
  const kmsg = TAGGED.split("\n")
    .map((line, n) => line.replace(/^\[.{12}\]\[ {0,4}(\w+)\] /, `4,${n},100000000,-,caller=$1;`))
    .join("\n");
  assert.deepEqual(
    read(kmsg).answers.map((answer) => answer.reasons),
    [["no-block"], ["watermark"]],
  );
});

test("without that mark the two are said to be mixed, and no zone is judged", () => {
  const { readings, answers } = read(TAGGED.replace(/\]\[[^\]]*\]/g, "]"));
  assert.deepEqual(
    readings.map(({ kind, mixed }) => [kind, mixed]),
    Array(2).fill(["page-allocation-failure", true]),
  );
  for (const { zones, verdict, reasons } of answers) {
    assert.deepEqual(reasons, []);
    assert.match(zones[0]!.lacks[0]!, /two reports are mixed/);
    assert.doesNotMatch(verdict.join(" "), /By the numbers printed/);
  }
});

test("a report without its memory and a later one with all of it are not mixed", () => {
  const lines = TAGGED.replace(/\]\[[^\]]*\]/g, "]").split("\n");
  const [a, b] = [0, 1].map((which) => lines.filter((_, n) => n % 2 === which));
  const memory = b!.slice(b!.findIndex((line) => line.includes("Mem-Info")));
  const { readings } = read([...a!.slice(0, 3), ...b!, ...memory].join("\n"));
  assert.deepEqual(
    readings.map(({ kind, mixed, zones }) => [kind, mixed, zones.length]),
    [
      ["page-allocation-failure", false, 0],
      ["page-allocation-failure", false, 1],
      ["memory-state", false, 1],
    ],
  );
});

const ZONE = "Node 0 Normal free:120000kB min:16000kB low:20000kB high:24000kB free_cma:0kB";
const failure = (head: string, zone: string) => `${head}\nMem-Info:\n${zone}\nlowmem_reserve[]: 0 0 0 0 0\n`;

test("an order that no kernel has is not read", () => {
  const head = (order: string) => `x: page allocation failure: order:${order}, mode:0xcc0(GFP_KERNEL)`;
  const orders = ["4", "63", "64", "999999999"].map((order) => read(failure(head(order), ZONE)).answers[0]!);
  assert.deepEqual(
    orders.map(({ order }) => order),
    [4, 63, null, null],
  );
  assert.doesNotMatch(JSON.stringify(orders), /NaN|Infinity/);
});

test("counters beyond 64 bits, or below zero, decide nothing", () => {
  const head = "x: page allocation failure: order:0, mode:0xcc0(GFP_KERNEL)";
  for (const [from, to] of [
    ["min:16000kB", "min:9999999999999999999kB"],
    ["min:16000kB", "min:18446744073709551612kB"],
    ["free:120000kB", "free:-120000kB"],
    ["free:120000kB", "free:99999999999999999999kB"],
  ] as const) {
    const [answer] = read(failure(head, ZONE.replace(from, to))).answers;
    assert.deepEqual(answer!.reasons, [], to);
    assert.equal(answer!.zones[0]!.minBytes, null, to);
    assert.match(answer!.verdict[0]!, /lacks the watermarks/, to);
  }
});

test("free blocks and areas larger than any memory are lines that were not understood", () => {
  const row = "Node 0, zone   Normal 99999999999999999999 1 1 1 1 1 1 1 1 1 1\n";
  const area = "cma: cma_alloc: x: alloc failed, req-size: 99999999999999 pages, ret: -12\n";
  for (const text of [row, area]) {
    const { readings, passedOver } = read(text);
    assert.deepEqual(readings, []);
    assert.equal(passedOver.length, 1);
  }
  // Twelve free pages of none: the total is not one.
  const [failed] = read(
    "cma: cma_alloc: x: alloc failed, req-size: 16 pages, ret: -12\ncma: number of available pages: 3@125+9@300=> 12 free of 0 total pages\n",
  ).readings;
  assert.deepEqual([failed!.cma.at(-1)!.freePages, failed!.cma.at(-1)!.totalPages], [12, null]);
});

test("an archive that ends within a block is cut short", () => {
  const header = Buffer.alloc(512);
  header.write("proc/buddyinfo", 0);
  header.write("00000000010\0", 124);
  header.write("        0", 148);
  const sum = [...header].reduce((n, byte, i) => n + (i >= 148 && i < 156 ? 32 : byte), 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  const content = Buffer.from("12345678");
  assert.throws(
    () => untar(Buffer.concat([header, content, Buffer.alloc(100)]), "x.tar"),
    (error: Error) => {
      return (
        error instanceof InputError &&
        /x\.tar: the archive is cut short behind .*proc\/buddyinfo/.test(error.message)
      );
    },
  );
  assert.equal(untar(Buffer.concat([header, content, Buffer.alloc(504)]), "x.tar").size, 1);
});
