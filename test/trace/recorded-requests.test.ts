/**
 * A recording that tells who left the first attempt: which attempt a request makes, and what it read before others counted.
 * 2,048 free pages, low watermark 2,040, refills of three pages, counters without delay.
 */
import assert from "node:assert/strict";
import test from "node:test";
import {
  ALLOC_NO_WATERMARKS,
  ALLOC_OOM,
  ALLOC_WMARK_HIGH,
  GFP_HIGHUSER_MOVABLE,
} from "../../lib/mm/state/gfp";
import { noneGiven } from "../../lib/trace/given-answers";
import { RecordedRequests } from "../../lib/trace/recorded-requests";
import { tinyMemory } from "../mm/tiny-memory";

const OTHER_ZONE = -1;

function requests(told: boolean, open: number[] = []) {
  const m = tinyMemory("6.1", { cpus: 2, watermarks: { min: 2030, low: 2040, high: 2045 } });
  for (const pcp of m.zones[0]!.pcps) pcp.statThreshold = 0;
  const given = noneGiven();
  const recorded = new RecordedRequests(m, { open: () => open }, given);
  const ask = (pid: number, frame: number) => recorded.answer(GFP_HIGHUSER_MOVABLE, 0, pid, frame);
  const event = (name: "slowpath" | "search", pid: number, flags = 0) =>
    recorded.event(name, `${pid} ${name} gfp=${GFP_HIGHUSER_MOVABLE} order=0 alloc_flags=${flags}`);
  if (told) {
    event("slowpath", 9);
    assert.equal(ask(9, 1024), 1024);
  } else assert.equal(ask(1, 1024), 1024);
  /** CPU 1 takes four pages, so that 2,039 are left: CPU 0 has 1025 and 1026, CPU 1 has 1031 and 1032. */
  const others = () => {
    m.runOn(1);
    for (const pfn of [1027, 1028, 1029, 1030]) assert.equal(ask(2, pfn), pfn);
    assert.equal(m.zones[0]!.nrFreePages, 2039);
    recorded.counted();
    m.runOn(0);
  };
  return { m, event, ask, others, given };
}

test("a search that began before others took pages may have read the counter before or after", () => {
  const before = requests(true);
  before.event("search", 1);
  before.others();
  assert.equal(before.ask(1, 1025), 1025, "2,045 pages were free when the search began");
  assert.equal(before.m.zones[0]!.nrFreePages, 2039, "the counter itself is as it was");
  assert.equal(
    before.ask(1, 1026),
    -1,
    "the next request has no earlier search, and 2,039 are not above 2,040",
  );

  const after = requests(true);
  after.event("search", 1);
  after.others();
  assert.equal(after.ask(1, OTHER_ZONE), -1, "the recorded page was of no zone here, so 2,039 was read");
});

test("a search that is shown has the rights of the first attempt unless the request left it", () => {
  const { event, ask, others } = requests(true);
  others();
  event("search", 1);
  assert.equal(ask(1, 1025), -1, "2,039 is the only value it can have read");
  event("slowpath", 7);
  event("search", 7);
  assert.equal(ask(1, 1025), -1, "another task, whose first attempt is refused");
  assert.equal(ask(7, 1025), 1025, "2,039 pages are above min");
  assert.equal(ask(7, 1026), -1, "its next request begins anew");
});

test("what another CPU was about to count may have been read without it", () => {
  const { ask, others } = requests(true, [2]);
  others();
  assert.equal(ask(1, 1025), 1025, "2,039 and the two pages of the other CPU are above 2,040");
  assert.equal(requests(true, [2]).ask(1, 1025), 1025, "allowed either way");
});

test("an attempt that found nothing sets the flag of a zone below its high watermark (6.7 and newer)", () => {
  const m = tinyMemory("6.12", { cpus: 2, watermarks: { min: 2030, low: 2049, high: 2050 } });
  const recorded = new RecordedRequests(m);
  recorded.event("slowpath", `3 slowpath gfp=${GFP_HIGHUSER_MOVABLE} order=0`);
  assert.equal(m.zones[0]!.belowHigh, true);
});

test("without such records a request that is refused goes on by itself", () => {
  const { ask, others } = requests(false);
  others();
  assert.deepEqual([ask(1, 1025), ask(1, 1026)], [1025, 1026]);
});

test("rights that a task has for itself are those of its last search: its request's flags do not tell them", () => {
  /** 2,039 pages are free; the min watermark leaves none of them. */
  const answer = (flags: number, min: number) => {
    const { m, event, ask, others, given } = requests(true);
    others();
    m.zones[0]!.wmark[0] = min;
    m.zones[0]!.wmark[2] = 2045;
    event("slowpath", 7);
    event("search", 7, flags);
    return [ask(7, 1025), given.rights];
  };
  assert.deepEqual(answer(0, 2039), [-1, 0], "2,039 are not above 2,039");
  assert.deepEqual(answer(ALLOC_OOM, 2039), [1025, 1], "the OOM killer's choice goes down to the half");
  assert.deepEqual(answer(ALLOC_OOM, 4100), [-1, 1], "and not below");
  assert.deepEqual(answer(ALLOC_NO_WATERMARKS, 4100), [1025, 1], "who reclaims has no watermark");
  assert.deepEqual(
    answer(ALLOC_WMARK_HIGH, 2000),
    [-1, 1],
    "the last look before the OOM killer is at the high one",
  );
});

test("the first attempt has the same rights whatever its search shows", () => {
  const { event, ask, others, given } = requests(true);
  others();
  event("search", 1, ALLOC_NO_WATERMARKS);
  assert.deepEqual([ask(1, 1025), given.rights], [-1, 0]);
});

test("requests whose zone the recorded page decides are counted, with what each reading would have given", () => {
  const early = requests(true);
  early.event("search", 1);
  early.others();
  early.ask(1, 1025);
  assert.deepEqual(early.given, { ...noneGiven(), zones: 1, zonesByFirst: 1 });

  const late = requests(true);
  late.event("search", 1);
  late.others();
  late.ask(1, OTHER_ZONE);
  assert.deepEqual(late.given, { ...noneGiven(), zones: 1, zonesByLast: 1 });

  const clear = requests(true, [2]);
  clear.ask(1, 1025);
  assert.deepEqual(clear.given, noneGiven(), "allowed either way");
});
