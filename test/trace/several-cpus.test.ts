/**
 * Recordings of several CPUs, written by hand and small enough to be counted by hand: 16 frames in two page blocks of order 3,
 * two CPUs with lists of two pages a refill, a kernel of 6.1 without CMA.
 */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { InputError } from "../../lib/base/errors";
import { kernelProfile } from "../../lib/mm/state/profile";
import { FlagsRead } from "../../lib/trace/flags-read";
import { replay } from "../../lib/trace/replay";
import { compareWithSnapshot } from "../../lib/trace/snapshot-compare";
import { loadSnapshot } from "../../lib/trace/snapshot-load";
import { parseSnapshot } from "../../lib/trace/snapshot-parse";
import { writeSnapshot } from "../../lib/trace/snapshot-write";
import { tinyMemory } from "../mm/tiny-memory";

const GFP = "100cca";
const NO_PAGES = { count: 0, diff: 0, lists: [] as string[] };

interface Lists {
  count: number;
  diff: number;
  lists: string[];
}

/** `free`: the lists by order 0 to 3, movable, head first. */
function snapshot(free: readonly number[][], cpus: readonly [number, Lists][], frames: string): string {
  const areas = free.flatMap((pfns, order) => [
    `area ${order} nr_free=${pfns.length}`,
    ...(pfns.length > 0 ? [`free ${order} 1 ${pfns.length} : ${pfns.join(" ")}`] : []),
  ]);
  const lists = cpus.flatMap(([cpu, { count, diff, lists }]) => [
    `pcp ${cpu} count=${count} high=8 batch=2 free_factor=0 expire=0 vmstat_diff_nr_free=${diff} stat_threshold=2`,
    ...lists,
  ]);
  return `${[
    `snapshot v1 slot=0 max_order=4 migratetypes=5 pcp_lists=12 pageblock_order=3 max_nr_zones=5 mobility_disabled=0 cpus=${cpus.length}`,
    "zone 2 Normal start=16 spanned=16 present=16 managed=16 wmark_min=0 wmark_low=0 wmark_high=0 wmark_promo=0 watermark_boost=0 nr_reserved_highatomic=0 lowmem_reserve=0,0,0,0,0 nr_free_pages=16 nr_free_cma=0 percpu_drift_mark=4 flags=0 nr_isolate_pageblock=0",
    "pb 16 2 1 0",
    ...areas,
    ...lists,
    `class 16 16 : ${frames}`,
  ].join("\n")}\n`;
}

const S0 = snapshot(
  [[], [], [], [16, 24]],
  [
    [0, NO_PAGES],
    [1, NO_PAGES],
  ],
  "81 07 81 07",
);

/** Writes a recording and replays it. */
async function replayed(t: TestContext, trace: readonly string[], s1 = S0, s0 = S0) {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-cpus-"));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, "version"), "Linux version 6.1.0-56-amd64 (Debian 6.1.192-2)\n");
  writeFileSync(join(dir, "S0.txt"), s0);
  writeFileSync(join(dir, "S1.txt"), s1);
  writeFileSync(join(dir, "trace.txt"), `${["S 0 0", ...trace, "S 1 9"].join("\n")}\n`);
  return replay(dir);
}

/** 16 and 18 are in use by CPU 1; 19 went back from its lists, drained by CPU 0, which has 17 on its own. */
const S1 = snapshot(
  [[19], [], [20], [24]],
  [
    [0, { count: 1, diff: -1, lists: ["pcplist 1 1 : 17"] }],
    [1, { count: 0, diff: -2, lists: [] }],
  ],
  "11 01 11 81 81 03 81 07",
);
const TRACE = [
  `A 16 0 1 ${GFP} 100`,
  "c 1",
  `A 18 0 1 ${GFP} 200`,
  "F 16 0 200",
  `A 16 0 1 ${GFP} 200`,
  "c 0",
  `A 17 0 1 ${GFP} 100`,
  "E 100 drain_pages_zone cpu=1 zone=2",
  "D 19 0 1",
  "F 17 0 100",
];

test("c names the CPU: its lists serve, take what it frees, and are drained from another CPU", async (t) => {
  const { result, memory } = await replayed(t, TRACE, S1);
  assert.equal(result.firstMismatch, null);
  assert.deepEqual([result.exact, result.allocations], [4, 4]);
  assert.deepEqual(result.finalDifferences, []);
  const [zone] = memory.zones;
  assert.deepEqual(
    zone!.pcps.map((pcp) => pcp.diffNrFree),
    [-1, -2],
    "the page that came back is counted by the CPU that brought it",
  );
});

test("the same trace without its CPUs is another one", async (t) => {
  const { result } = await replayed(
    t,
    TRACE.filter((line) => !line.startsWith("c ")),
    S1,
  );
  assert.equal(result.firstMismatch?.line, 3, "CPU 0 has 17 at the head of its list");
  assert.ok(result.exact < result.allocations);
});

test("lists of the wrong CPU are a difference that names it", async (t) => {
  const swapped = S1.replace("pcp 0 ", "pcp x ").replace("pcp 1 ", "pcp 0 ").replace("pcp x ", "pcp 1 ");
  const { result } = await replayed(t, TRACE, swapped);
  const lists = result.finalDifferences.filter(({ what }) => what.includes("pcplist"));
  assert.deepEqual(
    lists.map(({ what, expected, predicted }) => `${what}: ${expected}, ${predicted}`),
    ["CPU 1 pcplist 1 position 0: 17, ", "CPU 0 pcplist 1 position 0: , 17"],
  );
});

test("tf: the next attempt of that CPU to lock its lists fails, whatever another CPU does meanwhile", async (t) => {
  const s1 = snapshot(
    [[17, 19], [], [20], [24]],
    [
      [0, NO_PAGES],
      [1, { count: 1, diff: -2, lists: ["pcplist 1 1 : 18"] }],
    ],
    "11 07 81 07",
  );
  // CPU 0 takes 16 past its lists, and 17 is left of its pair; CPU 1 then refills with 17 and 18.
  const trace = ["tf", "c 1", "c 0", `A 16 0 1 ${GFP} 100`, "c 1", `A 17 0 1 ${GFP} 200`];
  const { result, memory } = await replayed(t, trace, s1);
  assert.equal(result.firstMismatch, null);
  const [zone] = memory.zones;
  assert.deepEqual(
    zone!.pcps.map((pcp) => pcp.lists[1]!.toArray()),
    [[], [18]],
  );
  const freed = await replayed(t, [...trace, "tf", "F 17 0 200"], s1);
  assert.deepEqual(freed.memory.zones[0]!.pcps[1]!.lists[1]!.toArray(), [18], "17 went past them");
  assert.equal(freed.memory.zones[0]!.nrFree[0], 2, "17, and 19 that the refill left");
});

test("kswapd awake: a zone in danger of drift has the threshold of pressure, and its usual one once it sleeps", async (t) => {
  const woken = [`E 50 mm_vmscan_kswapd_wake nid=0 order=0`];
  const awake = await replayed(t, woken);
  assert.deepEqual(
    awake.memory.zones[0]!.pcps.map((pcp) => pcp.statThreshold),
    [1, 1],
    "low is min: at least 1",
  );
  const asleep = await replayed(t, [...woken, "E 50 mm_vmscan_kswapd_sleep nid=0"]);
  assert.deepEqual(
    asleep.memory.zones[0]!.pcps.map((pcp) => pcp.statThreshold),
    [4, 4],
    "64 KiB: 2 × fls(2) × 1",
  );
});

test("a snapshot of several CPUs loads in any order of its records, is written again, and equals itself", () => {
  const lines = S1.split("\n");
  const first = lines.findIndex((line) => line.startsWith("pcp 0"));
  const turned = [
    ...lines.slice(0, first),
    lines[first + 2]!,
    ...lines.slice(first, first + 2),
    ...lines.slice(first + 3),
  ].join("\n");
  assert.notEqual(turned, S1);
  for (const text of [S1, turned]) {
    const parsed = parseSnapshot(Buffer.from(text), "S1.txt");
    const memory = loadSnapshot(parsed, kernelProfile("6.1"));
    assert.deepEqual(compareWithSnapshot(memory, parseSnapshot(Buffer.from(S1), "S1.txt")), []);
    const written = writeSnapshot(memory, parsed);
    assert.ok(written.includes("pcp 0 count=1"), written);
    assert.ok(written.includes("pcp 1 count=0"), written);
    assert.deepEqual(compareWithSnapshot(memory, parseSnapshot(Buffer.from(written), "w")), []);
  }
});

test("CPUs that the snapshot does not have, or has twice, are refused with their place", async (t) => {
  const refused = async (trace: string[], s0: string, message: RegExp) =>
    assert.rejects(replayed(t, trace, S0, s0), (error: Error) => {
      assert.ok(error instanceof InputError, error.stack);
      assert.match(error.message, message);
      return true;
    });
  await refused(["c 2"], S0, /trace\.txt:2: CPU 2 is not in the snapshot, which has 2 \(0 to 1\)/);
  await refused(["c -1"], S0, /trace\.txt:2: CPU -1 is not in the snapshot/);
  await refused(["c x"], S0, /trace\.txt:2: malformed record "c x"/);
  await refused(["E 1 drain_pages_zone cpu=7 zone=2"], S0, /trace\.txt:2: CPU 7 is not in the snapshot/);
  await refused([], S0.replace("pcp 1 ", "pcp 0 "), /S0\.txt:2: zone Normal: CPU 0 has two pcp records/);
});

test("L, if the snapshot says that the recorder writes it: the page is the first of its list from then on", async (t) => {
  const trace = ["L 24 0", "L 24 0", `A 24 3 1 ${GFP} 100`];
  const s1 = snapshot(
    [[], [], [], [16]],
    [
      [0, { count: 0, diff: -8, lists: [] }],
      [1, NO_PAGES],
    ],
    "81 07 11 07",
  );
  const told = await replayed(t, trace, s1, S0.replace("cpus=2", "cpus=2 recorder=2"));
  assert.deepEqual(told.result.firstMismatch, null);
  assert.equal(told.result.given.rotations, 1, "the second line changes nothing");
  const older = await replayed(t, trace, s1, S0.replace("cpus=2", "cpus=2 recorder=1"));
  assert.equal(older.result.firstMismatch?.predicted, 16);
  assert.equal(older.result.given.rotations, 0);
});

test("pcp_lock: a request and a free see the zone's flags as they were when they got the lock of their lists", () => {
  const m = tinyMemory("6.12", { cpus: 2, watermarks: { min: 1, low: 2, high: 3 } });
  const [zone] = m.zones;
  const flags = new FlagsRead(m);
  const seen = (pid: number, frees = false) =>
    flags.during(pid, frees, () => [zone!.belowHigh, zone!.reclaimActive]);
  zone!.belowHigh = true;
  flags.note(7);
  zone!.belowHigh = false;
  zone!.reclaimActive = true;
  assert.deepEqual(seen(8), [false, true], "another task");
  assert.deepEqual(seen(7), [true, false]);
  assert.deepEqual([zone!.belowHigh, zone!.reclaimActive], [false, true], "they are what they were");
  assert.deepEqual(seen(7), [false, true], "once");

  zone!.belowHigh = false;
  flags.note(7);
  zone!.belowHigh = true;
  assert.deepEqual(seen(7, true), [false, true]);
  assert.equal(zone!.belowHigh, false, "behind a drain the free looks at it again: enough pages are free");
});
