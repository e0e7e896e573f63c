/**
 * The timeline of a contiguous request: it adds up to the latency, changes nothing, and reports the work of the
 * kernel's steps.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib";
import { attemptTimeline, blockers } from "../../lib/chart";
import type { RunningMachine } from "../../lib/fluent/running-machine";
import type { ContigFailureReport } from "../../lib/mm/contiguous/contig-failure";
import { type ContigTimeline, RANGES_KEPT } from "../../lib/mm/contiguous/contig-timeline";
import { bundleOf } from "../../lib/notebook/show";
import { runPlan } from "../../lib/report/plan-kinds";

const board = machine("raspberry-pi-4").memory("1GiB").cma("128MiB");
const half = (m: RunningMachine) => m.fill("anon", { share: 0.97 }).free(0.4);
const both = (m: RunningMachine) => {
  for (let i = 0; i < 16; i++) m.fill("anon", "28MiB").fill("fileClean", "28MiB");
  return m.fill("fileClean", { share: 0.97 });
};
const FILLED: Record<string, () => RunningMachine> = {
  "room left": () => half(board.running()),
  "full of both": () => both(board.running()),
  "full, no reclaim": () => both(board.running({ reclaim: false })),
  "pinned here and there": () => half(board.running()).pin(0.0005, "longterm", "RDMA"),
  "anonymous with swap": () => board.running({ swapBytes: 2 ** 29 }).fill("anon", { share: 1 }),
  "64 KiB pages, 4.17": () =>
    half(machine("qemu-virt").pageSize("64K").memory("3GiB").kernel("4.17").running()),
};
const total = ({ ranges }: ContigTimeline) => ranges.flatMap((r) => r.steps).reduce((ns, s) => ns + s.ns, 0);
const LATENCY_ROUNDING_NS = 1;

for (const [name, filled] of Object.entries(FILLED))
  for (const how of ["cma_alloc", "alloc_contig_pages"])
    test(`${how}, ${name}: the steps add up to the modelled latency, and watching changes nothing`, () => {
      const ask = (m: RunningMachine, timeline: boolean) =>
        how === "cma_alloc"
          ? m.cmaAlloc("16MiB", { align: "4MiB", timeline })
          : m.allocContigPages("16MiB", { timeline });
      const [plain, watched] = [filled(), filled()];
      const [a, b] = [ask(plain, false), ask(watched, true)];
      assert.deepEqual(
        [a.ok, a.errno, a.pfn, a.latencyNs, plain.buddyinfo(), plain.toJSON().counters],
        [b.ok, b.errno, b.pfn, b.latencyNs, watched.buddyinfo(), watched.toJSON().counters],
      );
      const timeline = b.timeline({ json: true });
      assert.ok(Math.abs(timeline.totalNs - b.latencyNs) < LATENCY_ROUNDING_NS);
      if (timeline.rangesTried <= RANGES_KEPT) assert.ok(Math.abs(total(timeline) - timeline.totalNs) < 1);
      assert.equal(timeline.ranges.length, Math.min(timeline.rangesTried, RANGES_KEPT));
      const last = timeline.ranges.at(-1);
      assert.equal(last?.errno === 0, b.ok);
      assert.throws(() => a.timeline(), /was not recorded: ask for it/);
    });

test("the steps report the work of the request: pages isolated, moved, dropped, taken", () => {
  const m = FILLED["full of both"]!();
  const before = m.toJSON().counters;
  // Larger than a stripe of FILLED: both kinds of pages lie in it.
  const got = m.cmaAlloc("48MiB", { timeline: true });
  const after = m.toJSON().counters;
  const [range] = got.timeline({ json: true }).ranges;
  const pages = Object.fromEntries(range!.steps.map((s) => [s.step, s.pages]));
  assert.ok(got.ok);
  assert.equal(range!.endPfn - range!.startPfn, got.pages);
  assert.deepEqual([pages.isolate, pages.take, pages.undo], [got.pages, got.pages, got.pages]);
  assert.equal(pages.migrate ?? 0, after.pgmigrate_success! - before.pgmigrate_success!);
  assert.equal(pages.reclaim, after.dropped! - before.dropped!);
});

test("a shared page that is pinned is tried in 5 calls of 10 passes, then the range fails the final test", () => {
  const m = board.running().fill("shmem", { share: 0.97 }).free(0.4).pin(0.02, "pin", "a driver");
  const refused = m.cmaAlloc("64MiB", { align: "64MiB", timeline: true });
  assert.equal(refused.errno, -16);
  for (const { steps, errno } of refused.timeline({ json: true }).ranges) {
    assert.equal(errno, -16);
    assert.deepEqual(
      steps.map((s) => s.step),
      ["isolate", "drain", "migrate", "test", "undo"],
    );
    const { lists, calls, failedTries } = steps[2]!;
    // __alloc_contig_migrate_range(): a list that cannot be emptied gets five calls of 10 passes each.
    assert.equal(calls! - lists!, 4);
    assert.ok(failedTries! >= 5 * 10, `${failedTries} failed tries`);
  }
});

test("of many ranges the first and the last are kept, with their places", () => {
  const m = half(board.running()).pin(0.02, "longterm", "RDMA");
  const refused = m.cmaAlloc("16MiB", { align: "256KiB", timeline: true });
  const { rangesTried, ranges } = refused.timeline({ json: true });
  assert.ok(rangesTried > RANGES_KEPT, `${rangesTried} ranges`);
  const places = ranges.map((r) => r.index);
  assert.deepEqual(places.slice(0, RANGES_KEPT / 2), [...Array(RANGES_KEPT / 2).keys()]);
  assert.equal(places.at(-1), rangesTried - 1);
  const { layout } = attemptTimeline(refused.timeline());
  assert.match(JSON.stringify(layout), new RegExp(`first and last 16 of ${rangesTried} ranges`));
});

test("the timeline is part of the plan and of its result: it can be repeated, and it is empty without an area", async () => {
  const m = FILLED["full of both"]!();
  m.cmaAlloc("8MiB", { timeline: true });
  const json = JSON.parse(JSON.stringify(m.toJSON()));
  assert.deepEqual(await runPlan(m.plan), json);
  assert.equal(json.results.at(-1).timeline.rangesTried, 1);
  const none = machine("raspberry-pi-4").memory("1GiB").cma("off").running();
  assert.deepEqual(none.cmaAlloc("1MiB", { timeline: true }).timeline().lanes, []);
});

test("the timeline and the picture of blocking pages have the same number of ranges", () => {
  const m = half(board.running()).pin(0.02, "longterm", "RDMA");
  const refused = m.cmaAlloc("16MiB", { align: "2MiB", timeline: true });
  const { rangesTried } = refused.timeline({ json: true });
  assert.ok(rangesTried > 8);
  const report = refused.details as ContigFailureReport;
  const drawn = JSON.stringify(blockers({ report, pageBytes: m.pageSize }).data);
  assert.match(drawn, new RegExp(`the first 8 of ${rangesTried} ranges tried`));
  const [, shown] = /(failed +-16 \(EBUSY\))/.exec(String(bundleOf(refused)["text/plain"])) ?? [];
  assert.ok(shown !== undefined, "the error by name");
});
