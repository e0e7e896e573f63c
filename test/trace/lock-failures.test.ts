/** Whose a refused lock is: the kernel takes the page at the head of the CPU's list unless this very pass was refused. */
import assert from "node:assert/strict";
import test from "node:test";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { Converter } from "../../lib/recorder/converter";
import { Replayer } from "../../lib/trace/replayer";
import { REC } from "../../lib/trace/trace-reader";
import { tinyMemory } from "../mm/tiny-memory";

const GFP = 0x100cca;

/** Frame 1024 is taken, and the list is 1025, 1026; `lines` come before the request. */
function exactAfter(lines: readonly string[], taken: number): number {
  const m = tinyMemory("6.1", { cpus: 2 });
  m.smp = true;
  assert.equal(allocPages(m, GFP, 0), 1024);
  const replayer = new Replayer(m, "trace", 0);
  for (const line of lines) {
    if (line === "tf") replayer.record(REC.TRYLOCK_FAILED, Float64Array.of(2), 1, 1, "");
    else replayer.record(REC.E, new Float64Array(0), 0, 1, line);
  }
  replayer.record(REC.A, Float64Array.of(taken, 0, 1, GFP, 7), 6, 1, "");
  return replayer.exact;
}

const search = `7 search gfp=${GFP} order=0 alloc_flags=0`;

test("a refused lock belongs to the pass in which it was refused", () => {
  const slowpath = `7 slowpath gfp=${GFP} order=0`;
  assert.equal(exactAfter(["tf", slowpath, search], 1025), 1, "the later pass has the lock");
  assert.equal(exactAfter(["tf", search], 1025), 1, "the single request has the lock");
  assert.equal(exactAfter([search, "tf"], 1025), 0, "this pass was refused");
  assert.equal(exactAfter([search, "tf"], 1027), 1, "it takes from the zone's lists");
});

test("the single request of a refused bulk request has a line where it begins", () => {
  const converter = new Converter();
  const record = (kind: number, ...args: number[]) =>
    converter.record({ kind, cpu: 0, context: 0, pid: 7, args });
  record(1, 0, 0);
  record(16, 4, GFP);
  record(19, 2, 0);
  record(20, GFP, 0, 0);
  record(19, 2, 1);
  record(3, 1025, 0, 1, GFP);
  record(17, 1025, GFP);
  record(18, 1);
  const lines = [...converter.lines.pieces()].join("").split("\n");
  assert.ok(lines.indexOf("tf 2") < lines.indexOf(`E ${search}`), lines.join("\n"));
  assert.ok(lines.indexOf(`E ${search}`) < lines.findIndex((line) => line.startsWith("A 1025")));
});
