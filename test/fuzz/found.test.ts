/** What fuzzing found, each as a test of its own. */
import assert from "node:assert/strict";
import test from "node:test";
import { recordOfPage } from "../../lib/report/record";
import { RecordReader } from "../../lib/trace/ftrace/trace-record";
import { loadEngine } from "../laws/engine";
import { randomPlan } from "../laws/random-plan";
import { runPlan } from "../laws/run-plan";

test("an event of a task whose name begins with a hexadecimal word is no call of a chain", () => {
  const reader = new RecordReader("t", () => true);
  reader.line("             a b-123   [000] ..... 1.000000: sched_switch: prev_comm=a ==> next_comm=b", 1);
  reader.end();
  assert.equal(reader.counts.otherEvents, 1);
  // perf script: an address, a symbol, a file.
  const calls = new RecordReader("t", () => true);
  calls.line("            a1b2c3 __alloc_pages+0x1 ([kernel.kallsyms])", 1);
  assert.deepEqual([calls.counts.otherEvents, calls.counts.passedOver], [0, 0]);
});

test("a record of a page with a sign that is no base64 is damaged, though it unpacks to the same", () => {
  const page = (packed: string) =>
    `<script type="application/gzip+base64" class="pageblock-record">${packed}</script>`;
  const packed = "H4sIAAAAAAAAA6uuBQBDv6ajAgAAAA==";
  for (const changed of [`${packed.slice(0, 9)}é${packed.slice(9)}`, `${packed}\n`])
    assert.throws(() => recordOfPage(page(changed), "p.html"), /p\.html: the record .* is not the base64/);
  // As it was written it is unpacked: to "{}", which is no record.
  assert.throws(() => recordOfPage(page(packed), "p.html"), /format/);
});

test("page blocks of four frames: an isolated block that a drained page crosses may lose its type before 6.16", () => {
  const plan = randomPlan(535207025, 20_000);
  assert.deepEqual([plan.machine.release, plan.machine.pageblockOrder], ["6.12", 2]);
  runPlan(loadEngine(), { ...plan, operations: plan.operations.slice(0, 4779) }, 1000);
});
