/** Where the rule of a zone differs by release, machine or context: numbers in pages of 4 KiB, worked out in the comments. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import type { ReportAnswer } from "../../lib/explain/answer";
import { explainReading, explainReadings } from "../../lib/explain/explain-readings";
import { readTexts } from "../../lib/explain/read-texts";
import type { Reading, StackReading, ZoneReading } from "../../lib/explain/reading";
import { readingOf, zoneOf } from "./hand-made";

const KERNEL = { text: "GFP_KERNEL", value: null };

/** Free blocks: [order, blocks, letters]. */
function lists(...blocks: [number, number, string?][]): Pick<ZoneReading, "counts" | "types"> {
  const counts = new Array<number>(11).fill(0);
  const types = new Array<string>(11).fill("");
  for (const [order, n, letters = "UM"] of blocks) [counts[order], types[order]] = [n, letters];
  return { counts, types };
}

function zonesOf(reading: Partial<Reading>): ReportAnswer["zones"] {
  return explainReading(readingOf({ release: "6.6.0", order: 0, gfp: KERNEL, ...reading })).answer.zones;
}

const reasons = (reading: Partial<Reading>) => zonesOf(reading).map((zone) => zone.reasons);

function explained(
  name: string,
  text = readFileSync(join(__dirname, "../fixtures/explain/hard", name), "utf8"),
) {
  return explainReadings(readTexts([{ name, text }]).readings).map(({ answer }) => answer);
}

test("from 4.7 to 5.8 a single page is given above the whole mark, whatever the atomic reserve holds", () => {
  // 5000 pages free, min 4000, reserve 2048: 5000 − 2048 = 2952 ≤ 4000, but 5000 > 4000.
  const zone = zoneOf(
    "Normal",
    { free: 20_000, min: 16_000, highatomic: 8192 },
    lists([0, 3000, "UMEH"], [3, 250]),
  );
  const at = (release: string) => reasons({ release, zones: [zone] })[0];
  assert.deepEqual(["4.6.0", "5.9.0"].map(at), Array(2).fill(["watermark", "highatomic"]));
  assert.deepEqual(["4.7.0", "5.3.0", "5.8.0"].map(at), Array(3).fill([]));
  // At the mark the shortcut does not hold, and the full check counts the reserve.
  const low = zoneOf("Normal", { free: 16_000, min: 16_000, highatomic: 8192 }, lists([0, 4000]));
  assert.deepEqual(reasons({ release: "5.3.0", zones: [low] })[0], ["watermark"]);
  // All that is free belongs to the reserve: the check passes, and no page is found.
  const all = zoneOf("Normal", { free: 20_000, min: 16_000, highatomic: 20_480 }, lists([3, 625, "H"]));
  assert.deepEqual(reasons({ release: "5.3.0", zones: [all] })[0], ["highatomic", "no-block"]);
});

test("from 3.10 to 4.3 free CMA pages count again at the orders above 0", () => {
  // 3088 − 3 = 3085 pages, 2048 of them CMA, min 850: 1037 > 850. Order 0 holds 1000: 2085 > 425 with CMA, 37 without.
  const zone = zoneOf(
    "Normal",
    { free: 12_352, min: 3400, cma: 8192 },
    lists([0, 1000], [2, 10, "U"], [10, 2, "C"]),
  );
  const at = (release: string) => reasons({ release, order: 2, zones: [zone] })[0];
  assert.deepEqual(at("3.9.0"), ["watermark", "cma-only"]);
  assert.deepEqual(["3.10.0", "3.18.0", "4.3.0", "4.4.0"].map(at), Array(4).fill([]));
});

test("the boost binds everybody before 5.9, all but atomic requests to 6.2, all but __GFP_HIGH since", () => {
  // 8000 pages free; min 20000, of them 15000 boost. __GFP_HIGH: 10000 with boost, 2500 without.
  const zones = [zoneOf("Normal", { free: 32_000, min: 80_000, boost: 60_000 }, lists([0, 8000]))];
  const at = (release: string, text: string) =>
    reasons({ release, gfp: { text, value: null }, zones })[0]!.length;
  const both = (release: string) => [at(release, "GFP_ATOMIC"), at(release, "GFP_KERNEL|__GFP_HIGH")];
  // Atomic: 20000 − 10000 − 2500 = 7500 < 8000 also with the boost; so its zone has 1000 pages less.
  assert.deepEqual(both("6.8.0"), [0, 0]);
  assert.deepEqual(both("6.2.0"), [0, 1]);
  const less = [zoneOf("Normal", { free: 28_000, min: 80_000, boost: 60_000 }, lists([0, 7000]))];
  const atomic = (release: string) =>
    reasons({ release, gfp: { text: "GFP_ATOMIC", value: null }, zones: less })[0];
  assert.deepEqual(atomic("5.8.0"), ["watermark"]);
  assert.deepEqual(atomic("5.9.0"), []);
});

const stackOf = (...names: string[]): StackReading[] =>
  names.map((name) => ({ function: name, module: null, uncertain: false }));

test("no watermark binds a task that reclaims, but an interrupt in its place", () => {
  const zones = [zoneOf("Normal", { free: 400, min: 4000 }, lists([0, 100]))];
  const at = (stack: StackReading[], more: Partial<Reading> = {}) => reasons({ zones, stack, ...more })[0];
  assert.deepEqual(at(stackOf("warn_alloc", "shrink_node", "balance_pgdat", "kswapd")), []);
  assert.deepEqual(at(stackOf("warn_alloc", "shrink_node", "try_to_free_pages", "__alloc_pages")), []);
  assert.deepEqual(
    at(stackOf("warn_alloc", "__netdev_alloc_skb", "__do_softirq", "balance_pgdat", "kswapd")),
    ["watermark"],
  );
  assert.deepEqual(at([], { task: "kswapd0" }), []);
  // An interrupt can only ask for memory that it need not wait for.
  assert.deepEqual(at([], { task: "kswapd0", gfp: { text: "GFP_ATOMIC", value: null } }), ["watermark"]);
  const kept = { text: "GFP_KERNEL|__GFP_NOMEMALLOC", value: null };
  assert.deepEqual(at(stackOf("balance_pgdat"), { gfp: kept }), ["watermark"]);
  const [report] = explained("kswapd.txt");
  assert.deepEqual(report!.reasons, []);
  assert.match(report!.verdict.join(" "), /came from within reclaim/);
});

test("__GFP_THISNODE: a node that could have served was not the one that was asked", () => {
  const [report] = explained("this-node.txt");
  assert.deepEqual(
    report!.zones.map(({ node, allowed, reasons: why }) => [node, allowed, why]),
    [
      [0, true, ["watermark"]],
      [1, false, ["node-not-allowed"]],
    ],
  );
  assert.match(report!.zones[1]!.because[0]!, /one node only.*another one was asked/);
  assert.doesNotMatch(report!.verdict.join(" "), /could have served the request/);
  // If every node could have served it, the numbers are those of a later moment.
  const zones = [0, 1].map((node) =>
    zoneOf("Normal", { free: 4000, min: 400 }, { node, ...lists([0, 1000]) }),
  );
  const gfp = { text: "GFP_KERNEL|__GFP_THISNODE", value: null };
  assert.deepEqual(reasons({ zones, gfp }), [[], []]);
});

test("a page block of Power has 2 MiB at least, not the 512 MiB of arm64 with such pages", () => {
  // 4720 pages of 64 KiB free; min 2812; a reserve of 32 pages would leave enough, one of 1 % (5156) would not.
  const [report] = explained("power-radix.txt");
  assert.deepEqual(report!.reasons, []);
  assert.match(
    report!.verdict[0]!,
    /cannot be said: the text lacks the size of its reserve for atomic requests/,
  );
  const [arm] = explained(
    "",
    readFileSync(join(__dirname, "../fixtures/explain/hard/power-radix.txt"), "utf8").replace(
      "ppc64le",
      "aarch64",
    ),
  );
  assert.deepEqual(arm!.reasons.sort(), ["highatomic", "watermark"]);
});

test("what a text lacks is not taken for zero", () => {
  const lacking = (name: string) => explained(name)[0]!.zones.map(({ lacks }) => lacks.join());
  assert.deepEqual(lacking("no-free-list.txt"), ["its free list"]);
  assert.match(lacking("cut-in-reserve.txt")[0]!, /lowmem_reserve/);
  const [dma32, normal] = explained("no-reserve-rows.txt")[0]!.zones;
  assert.match(dma32!.lacks[0]!, /lowmem_reserve/);
  assert.deepEqual([normal!.lacks, normal!.reasons], [[], ["watermark"]]);
  for (const name of ["no-free-list.txt", "cut-in-reserve.txt"]) {
    const { verdict } = explained(name)[0]!;
    assert.match(verdict[0]!, /cannot be said/);
    assert.doesNotMatch(verdict.join(" "), /By the numbers printed/);
  }
  // The beginning of a cut list is enough if it has the block.
  const cut = { counts: null, countsCut: [10, 5, 3] };
  const zone = (order: number) =>
    zonesOf({ order, zones: [zoneOf("Normal", { free: 4000, min: 400 }, cut)] })[0]!;
  assert.deepEqual(zone(2).lacks, []);
  assert.deepEqual(zone(3).lacks, ["its free list"]);
});

test("a release behind the last one of its major version is read by the rules of that one", () => {
  const text = "Linux version 5.99.1\nt: page allocation failure: order:2, mode:0xcc0(GFP_KERNEL)";
  const [report] = explainReadings(readTexts([{ name: "log", text }]).readings);
  const { rules } = report!.answer;
  assert.ok(rules.notes.includes("Linux 5.x ended with 5.19, whose rules are used for 5.99"));
});
