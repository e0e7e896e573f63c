/** How often a change was asked and answered otherwise than the kernel: counts by hand, in outcomes, in tables, in words. */
import assert from "node:assert/strict";
import test from "node:test";
import { type ChangePoints, change } from "../../lib/change/change";
import { countTexts, idleText, sameAnswer, summedCounts } from "../../lib/change/counts";
import { installChange } from "../../lib/change/install";
import { kernelsHere } from "../../lib/experiment/compare-kernels";
import { pairNotes } from "../../lib/experiment/kernels-text";
import { run } from "../../lib/experiment/run";
import { machine } from "../../lib/fluent/machine";
import { freePages } from "../../lib/mm/allocation/page-alloc";
import type { Memory } from "../../lib/mm/state/memory";
import { parseKernels } from "../../lib/plan/compare-kernels";
import { parsePlan } from "../../lib/plan/run";
import { movable, tiny, unmovable } from "./tiny";

/** A tiny machine with a change, and the counts of the change. */
function counted(points: ChangePoints): { m: Memory; counts: ReturnType<typeof installChange>["counts"] } {
  const m = tiny("6.1", {});
  const { counts } = installChange(m, change({ name: "counted", ...points }).toJSON());
  return { m, counts };
}

test("by hand: two frees, of which the change puts one to another end than the kernel", () => {
  const { m, counts } = counted({ listEnd: ({ pfn }) => (pfn === 1024 ? "tail" : "head") });
  const pages = Array.from({ length: 4 }, () => movable(m, 4));
  assert.deepEqual(pages, [1024, 1040, 1056, 1072]);
  // Their buddies are in use, and so is the buddy of the next order: the kernel puts both to the head.
  freePages(m, 1024, 4);
  freePages(m, 1056, 4);
  assert.deepEqual(counts, { point: ["listEnd"], asked: [2], otherwise: [1] });
});

test("by hand: lists and records are compared by what is in them", () => {
  // The largest order is looked at first, and a page is found there. The kernel says reclaimable, then movable.
  const same = counted({
    fallbackOrder: () => ["reclaimable", "movable"],
    pcpSize: ({ batch, high }) => ({ high, batch }),
  });
  unmovable(same.m, 9);
  assert.deepEqual(same.counts, { point: ["fallbackOrder", "pcpSize"], asked: [1, 1], otherwise: [0, 0] });
  const other = counted({
    fallbackOrder: () => ["movable"],
    pcpSize: ({ batch, high }) => ({ high, batch: batch + 1 }),
  });
  unmovable(other.m, 9);
  assert.deepEqual(other.counts, { point: ["fallbackOrder", "pcpSize"], asked: [1, 1], otherwise: [1, 1] });
});

test("answers are the same if they say the same", () => {
  for (const [a, b, same] of [
    [true, true, true],
    [0, false, false],
    [["cma", "movable"], ["cma", "movable"], true],
    [["cma", "movable"], ["movable", "cma"], false],
    [["cma"], ["cma", "movable"], false],
    [{ batch: 1, high: 2 }, { high: 2, batch: 1 }, true],
    [{ batch: 1, high: 2 }, { batch: 1, high: 3 }, false],
    ["first", { from: 0, to: 1 }, false],
  ] as const)
    assert.equal(sameAnswer(a, b), same, JSON.stringify([a, b]));
});

const FRAGMENTING = {
  machine: { board: "qemu-virt", memory: "256MiB", kernel: "6.12" },
  workload: {
    sequence: [
      { kind: "mix", movable: 0.55, reclaimable: 0.1, unmovable: 0.12, polluted: 0.4 },
      { kind: "slab-growth", duration: "2s" },
    ],
  },
  request: { size: "2MiB", times: 2 },
};

test("an outcome has the counts of its change, and none without a change", () => {
  const tail = change({ name: "all to the tail", listEnd: () => "tail", contigSearch: () => ({}) as never });
  const { machine: stock, ...rest } = FRAGMENTING;
  const changed = run(
    parsePlan({ ...rest, machine: { ...stock, change: tail.toJSON() }, strategy: "buddy", seed: 1 } as never),
  );
  const { point, asked, otherwise } = changed.decisions!;
  assert.deepEqual(point, ["listEnd", "contigSearch"]);
  assert.ok(asked[0]! > otherwise[0]! && otherwise[0]! > 0, "some pages go to the tail in any case");
  assert.deepEqual([asked[1], otherwise[1]], [0, 0], "no request for contiguous memory searches");
  const plain = run(parsePlan({ ...FRAGMENTING, strategy: "buddy", seed: 1 } as never));
  assert.equal("decisions" in plain, false);
});

test("a machine led step by step tells them too", () => {
  const stock = machine("qemu-virt").memory("256MiB");
  const boost = change({ name: "no boost", watermarkBoost: ({ boost }) => boost });
  assert.deepEqual(stock.change(boost).running().toJSON().decisions, {
    point: ["watermarkBoost"],
    asked: [0],
    otherwise: [0],
  });
  assert.equal(stock.running().toJSON().decisions, undefined);
});

test("a refused request: ten orders, two lists, to claim and to steal, in 19 tries", () => {
  const none = change({ name: "none", fallbackOrder: () => [] });
  const { system } = machine("qemu-virt").memory("256MiB").kernel("6.12").change(none).running();
  const { change: bound, memory } = system;
  assert.equal(memory.zones.length, 1);
  assert.equal(memory.zones[0]!.nrFree.filter((blocks) => blocks > 0).length, 10);
  const before = bound!.events;
  assert.equal(system.allocFixed("slab"), -1);
  assert.equal(bound!.events - before, 10 * 2 * 2 * 19);
});

test("a comparison sums them over seeds, and says so if a change had no effect", () => {
  const variants = (points: ChangePoints) =>
    kernelsHere(
      parseKernels({
        ...FRAGMENTING,
        metrics: ["fallbacks"],
        seeds: 2,
        variants: [
          { label: "as it is" },
          { label: "mine", change: change({ name: "mine", ...points }).toJSON() },
        ],
      } as never),
    );
  const head = variants({ listEnd: () => "head" });
  const runs = [1, 2].map((seed) =>
    run(
      parsePlan({
        ...FRAGMENTING,
        machine: {
          ...FRAGMENTING.machine,
          change: change({ name: "mine", listEnd: () => "head" }).toJSON(),
        },
        strategy: "buddy",
        record: {},
        seed,
      } as never),
    ),
  );
  const sums = runs.map(({ decisions }) => decisions!);
  assert.deepEqual(head.variants[1]!.decisions, {
    point: ["listEnd"],
    asked: [sums[0]!.asked[0]! + sums[1]!.asked[0]!],
    otherwise: [sums[0]!.otherwise[0]! + sums[1]!.otherwise[0]!],
  });
  assert.equal(head.variants[0]!.decisions, undefined);
  const notes = pairNotes(head, head.pairs[0]!);
  assert.ok(
    notes.some((note) =>
      /^Over all seeds of mine, listEnd: asked [\d,]+ times, answered otherwise than stock [\d,]+ times\.$/.test(
        note,
      ),
    ),
    notes.join("\n"),
  );
  assert.ok(!notes.some((note) => /no effect/.test(note)));

  const never = variants({ contigSearch: (given, stock) => stock.contigSearch(given) });
  assert.equal(
    pairNotes(never, never.pairs[0]!)[1],
    "mine: The change was never asked, so it had no effect: these runs say nothing of it.",
  );
  const same = variants({ listEnd: (given, stock) => stock.listEnd(given) });
  assert.equal(
    pairNotes(same, same.pairs[0]!)[1],
    "mine: The change never answered otherwise than the stock rule, so it had no effect: these runs say nothing of it.",
  );
});

test("words", () => {
  const counts = {
    point: ["fallbackOrder", "listEnd", "pcpHigh"],
    asked: [3412, 0, 1],
    otherwise: [118, 0, 0],
  };
  assert.deepEqual(countTexts(counts as never), [
    "fallbackOrder: asked 3,412 times, answered otherwise than stock 118 times",
    "listEnd: asked 0 times",
    "pcpHigh: asked 1 time, answered otherwise than stock 0 times",
  ]);
  assert.equal(
    idleText(counts as never),
    "The change was never asked about listEnd and never answered otherwise than stock on pcpHigh: that part of it had no effect.",
  );
  assert.equal(idleText({ point: ["listEnd"], asked: [2], otherwise: [1] }), null);
  assert.deepEqual(summedCounts([]), { point: [], asked: [], otherwise: [] });
});
