/** Reports of one call are those of one machine: one value per setting, one event however often it is told. */
import assert from "node:assert/strict";
import test from "node:test";
import type { ReportAnswer } from "../../lib/explain/answer";
import { explainReadings } from "../../lib/explain/explain-readings";
import { explain } from "../../lib/fluent/explanation";
import { readingOf, zoneOf } from "./hand-made";

/** Values of `cma=` in all remedies, in MiB. */
const areas = (reports: readonly ReportAnswer[]) =>
  reports.flatMap(({ remedies }) =>
    remedies.flatMap(({ how }) =>
      Array.from(how.matchAll(/(?<![\w-])cma=(\d+)M/g), ([, size]) => Number(size)),
    ),
  );

const refused = (second: number, pages: number) =>
  `[    ${second}.054415] cma: __cma_alloc: linux,cma: alloc failed, req-size: ${pages} pages, ret: -12`;
const available = (second: number, free: number) =>
  `[    ${second}.054432] cma: number of available pages: => ${free} free of 16384 total pages`;

test("two requests to one area: the larger value for both, told once", () => {
  // Drivers hold all 64 MiB: four times as much. The second request alone would do with 16 MiB.
  const why = explain([refused(1, 4), available(1, 0), refused(3, 256)].join("\n"));
  assert.deepEqual(areas(why.reports), [256, 256]);
  assert.equal(why.text().match(/the area has 64 MiB now, of which drivers hold/g)!.length, 1);
  assert.match(why.text(), /as told under 1\./);
});

test("an area whose size the boot tells is never made smaller by making it larger", () => {
  const boot = "[    0.000000] Reserved memory: created CMA memory pool at 0x2ac00000, size 64 MiB";
  // Twice the 64 MiB that drivers hold.
  assert.deepEqual(areas(explain([boot, refused(3, 256)].join("\n")).reports), [128]);
  // Without it nobody knows how large the area is: no number.
  assert.deepEqual(areas(explain(refused(3, 256)).reports), []);
});

test("an area of the size that the boot refused is not asked for again", () => {
  const lines = ["[    0.000000] cma: Failed to reserve 256 MiB", refused(1, 4), available(1, 0)];
  const why = explain(lines.join("\n"));
  // 256 MiB would be four times the area; early boot had no room for it, half of it is tried.
  assert.deepEqual(new Set(areas(why.reports)), new Set([128]));
});

test("a smaller area is no remedy where another report needs a larger one", () => {
  const zones = [zoneOf("Normal", { free: 60_000, min: 8000, managed: 900_000, cma: 59_000 })];
  const kernel = readingOf({ release: "6.6.0", order: 0, gfp: { text: "GFP_KERNEL", value: null }, zones });
  const alone = explainReadings([kernel])[0]!.answer;
  assert.ok(alone.remedies.some(({ what }) => what === "Make the CMA area smaller"));
  const cma = {
    ...readingOf({ kind: "cma-alloc-failure", release: "6.6.0" }),
    cma: [
      {
        event: "alloc-failed" as const,
        area: "linux,cma",
        node: null,
        base: null,
        bytes: null,
        askedPages: 4,
        alignOrder: null,
        errno: 12,
        words: "",
        pfns: null,
        place: { source: "log", first: 1, last: 1 },
        freePages: 0,
        totalPages: 16384,
        runs: [],
      },
    ],
  };
  const both = explainReadings([kernel, cma])[0]!.answer;
  assert.ok(both.remedies.every(({ what }) => !/CMA area/.test(what)));
  assert.ok(both.verdict.some((sentence) => /smaller CMA area would help/.test(sentence)));
});

test("the same request refused again with other numbers is one event; another order is not", () => {
  const at = (free: number, order: number, line: number) =>
    readingOf({
      release: "6.6.0",
      order,
      gfp: { text: "GFP_ATOMIC", value: null },
      place: { source: "log", first: line, last: line },
      zones: [zoneOf("Normal", { free, min: 45_000, managed: 8 * 1024 * 1024 })],
    });
  const answers = explainReadings([at(6000, 0, 1), at(5000, 0, 2), at(6000, 4, 3), at(4000, 0, 4)]).map(
    ({ answer }) => answer,
  );
  assert.deepEqual(
    answers.map(({ times, sameAs }) => [times, sameAs]),
    [
      [3, null],
      [3, 0],
      [1, null],
      [3, 0],
    ],
  );
  const values = answers.flatMap(({ remedies }) =>
    remedies.flatMap(({ how }) => /vm\.min_free_kbytes=(\d+)/.exec(how)?.[1] ?? []),
  );
  assert.ok(values.length > 1 && new Set(values).size === 1, values.join());
});

test("huge pages that boot could not make are not asked for at boot again", () => {
  const { reports } = explain(
    "[    0.012345] HugeTLB: allocating 64 of page size 1.00 GiB failed.  Only allocated 3 hugepages.",
  );
  const hows = reports[0]!.remedies
    .map(({ how }) => how)
    .filter((how) => /^hugepagesz=1G hugepages=\d/.test(how));
  assert.deepEqual(
    hows.map((how) => /hugepages=(\d+) on/.exec(how)?.[1]).filter((n) => n !== undefined),
    ["3"],
  );
});
