import assert from "node:assert/strict";
import test from "node:test";
import { machine, workload } from "../../lib";
import { DISPLAY, type MimeBundle } from "../../lib/notebook/display";
import { runPlan } from "../../lib/report/plan-kinds";

const PI = machine("raspberry-pi-4").memory("1GiB");
const life = workload.uptime({ duration: "endless", profile: "pi" });

test("a workload that was started goes on whenever time passes, and its steps are a plan that runs again", async () => {
  const parts = PI.running().start(life).pass("1 day").pass("1 day");
  const once = PI.running().start(life).pass("2 days");
  assert.equal(parts.days, 2);
  assert.deepEqual(parts.freeBlocks(), once.freeBlocks(), "the pieces in which time passes do not matter");
  assert.notDeepEqual(parts.freeBlocks(), PI.running().freeBlocks());
  assert.deepEqual(await runPlan(parts.plan), JSON.parse(JSON.stringify(parts.toJSON())));
});

test("what cannot be started, or time that cannot pass, is refused", () => {
  assert.throws(() => PI.running().start(workload.uptime("1 day")), /"endless"/);
  assert.throws(() => PI.running().start(life).start(life), /goes on already/);
  assert.throws(() => PI.running().pass(0), /above 0/);
});

test("a page that a driver took stays where it is while others make room, and can be released", () => {
  const m = PI.running().run(workload.uptime({ duration: "2 days", profile: "pi" }));
  const held = Array.from({ length: 24 }, () => m.allocPages(9)).filter((r) => r.ok);
  for (const r of held) assert.ok(m.system.memory.freePlaceOf(r.pfn) === undefined);
  for (const r of held) m.release(r);
});

test("without migration the explanation says that movable pages did not move", () => {
  const m = machine("raspberry-pi-4").memory("1GiB").cma("64MiB").running({ migration: false });
  m.fill("anon", { share: 0.95 }).free(0.5);
  const failed = m.cmaAlloc("32MiB", { align: "32MiB" });
  assert.equal(failed.errno, -16);
  assert.match(failed.reason!, /movable pages, held by nobody, did not move/);
});

test("a request of a machine led by hand that cannot be served is an outcome with the reason", async () => {
  const server = machine("server-x86-64").memory("16GiB").running();
  const large = server.allocContigPages("12GiB");
  assert.deepEqual([large.ok, large.errno], [false, -12]);
  assert.match(large.reason!, /^12 GiB are more than the largest node has, 8 GiB/);
  assert.deepEqual(large.details?.refused?.field, "bytes");
  const odd = server.allocContigPages(4097);
  assert.equal(odd.errno, -22);
  assert.match(odd.reason!, /^4097 bytes are no whole number of pages of 4 KiB/);
  const pi = PI.running();
  assert.match(pi.cmaAlloc("4GiB").reason!, /The area linux,cma has 16384 pages in all/);
  assert.equal(pi.cmaAlloc(4097).ok, true, "what a driver asks of CMA is rounded up");
  assert.throws(() => pi.cmaAlloc("1MiB", { align: "3MiB" }), /alignment must be a power of two: got 3 MiB/);
  assert.deepEqual(await runPlan(server.plan), JSON.parse(JSON.stringify(server.toJSON())));
});

test("alloc_contig_pages() tells how many clean pages it dropped, as cma_alloc() does, and they cost time", () => {
  const m = PI.cma("off").running().fill("fileClean", { share: 0.9 }).free(0.3);
  const before = m.toJSON().counters.dropped!;
  const got = m.system.contig.allocContigPages(4096, undefined, { world: m.system.world });
  assert.ok(got.ok);
  assert.ok(got.dropped > 0);
  assert.equal(got.dropped, m.toJSON().counters.dropped! - before);
  const asked = m.allocContigPages("16MiB");
  assert.ok(asked.latencyNs > 4096 * 25, "more than the free pages alone cost");
});

test("tables of two requests have two titles, and sizes have three figures", () => {
  const m = machine("qemu-virt").memory("512MiB").cma("64MiB").running();
  const text = (shown: { [DISPLAY](): MimeBundle }) => String(shown[DISPLAY]()["text/plain"]);
  assert.match(text(m.cmaAlloc("16MiB")), /^cma_alloc\(\): 16 MiB\n/);
  assert.match(text(m.allocContigPages("16MiB")), /^alloc_contig_pages\(\): 16 MiB\n/);
  assert.match(text(m.allocPages(3)), /^alloc_pages\(\): order 3\n/);
  assert.match(text(m), /^free +\d{1,3}(\.\d)? MiB of \d{1,3}(\.\d)? MiB managed$/m);
  assert.match(text(m), /^pages moved +none$/m);
});
