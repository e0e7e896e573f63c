/** `pageblock top` on a terminal with fewer rows than the page has lines: what is shown, by hand. */
import assert from "node:assert/strict";
import test from "node:test";
import { topLinesWithin } from "../../../lib/cli/top/fit";
import { topLines } from "../../../lib/cli/top/page";
import { type Rates, ratesOf } from "../../../lib/cli/top/rates";
import { readingOf, type TopReading } from "../../../lib/cli/top/reading";
import { SMALL_TEXTS, vmstat } from "../../support/small-machine";

const base = readingOf(
  {
    format: "pageblock-snapshot",
    version: 1,
    pageSize: 4096,
    texts: { ...SMALL_TEXTS, vmstat: vmstat({}) },
    sysctls: {},
    thp: {},
    hugepages: [],
    unread: [],
  },
  "small",
);

/** Three zones as a machine of 24 GiB has them: the largest is the last of them, as kernels list zones. */
const types = ["Unmovable", "Movable", "Reclaimable"];
const zone = (name: string, managed: number) => ({
  node: 0,
  name,
  free: managed / 2,
  min: 10,
  low: 20,
  high: 30,
  managed,
  freeBlocks: Array.from({ length: 11 }, () => 7),
  byType: types.map((type) => ({ type, counts: Array.from({ length: 11 }, () => 2), capped: [] })),
  pageBlocks: { Unmovable: 5, Movable: 5 },
});
const reading: TopReading = {
  ...base,
  zones: [zone("DMA", 3840), zone("DMA32", 760_000), zone("Normal", 5_500_000)],
};
const rates = ratesOf({ reading, atMs: 0 });
const pageIn = (rows: number, columns = 100) => topLinesWithin(reading, rates, { columns, rows });
const at = (lines: readonly { text: string }[], what: string) =>
  lines.findIndex(({ text }) => text.startsWith(what));

test("a page that fits is the page as it is", () => {
  const whole = topLines(reading, rates, 100);
  assert.deepEqual(pageIn(whole.length), { lines: whole, shortened: false });
  assert.equal(pageIn(whole.length - 1).shortened, true);
});

test("in 29 lines everything fits, and the largest zone comes first with all its types", () => {
  const { lines, shortened } = pageIn(29);
  assert.ok(shortened);
  assert.ok(lines.length <= 29, `${lines.length}`);
  const normal = at(lines, "Node 0 Normal");
  assert.ok(normal >= 0 && normal < at(lines, "Per second") && normal < at(lines, "Node 0 DMA32"));
  for (const type of types) assert.ok(at(lines, type) > normal, type);
  assert.ok(at(lines, "Node 0 DMA32") < at(lines, "Node 0 DMA "), "larger zones before smaller ones");
  const ends = [at(lines, "Node 0 DMA32"), at(lines, "Node 0 DMA ")];
  for (const end of ends) assert.doesNotMatch(lines[end + 2]?.text ?? "", /^(order|Page blocks)/);
});

test("fewer rows show less, never more, and no width makes a line longer than it", () => {
  let before = Number.POSITIVE_INFINITY;
  for (const rows of [60, 45, 35, 29, 26, 23, 10]) {
    const { lines } = pageIn(rows);
    assert.ok(lines.length <= before, `${rows} rows: ${lines.length} lines`);
    before = lines.length;
  }
  for (const columns of [40, 80, 200])
    for (const { text } of pageIn(23, columns).lines) assert.ok(text.length <= columns);
});

test("groups of rates in which nothing happened share a line", () => {
  const quiet = Object.fromEntries(Object.keys(rates!.perSecond).map((name) => [name, 0]));
  const silent = {
    ...rates!,
    perSecond: { ...quiet, pgalloc: 3, cma_alloc_success: null } as Rates["perSecond"],
  };
  const lines = topLinesWithin(reading, silent, { columns: 100, rows: 29 }).lines.map(({ text }) =>
    text.trimEnd(),
  );
  assert.ok(
    lines.includes("None            Compaction, Migration, Reclaim, CMA requests, Huge pages"),
    lines.join("\n"),
  );
  assert.ok(lines.some((line) => /^Pages +allocated 3, freed 0$/.test(line)));
  const never = { ...silent, perSecond: { ...silent.perSecond, cma_alloc_fail: null } };
  const less = topLinesWithin(reading, never, { columns: 100, rows: 29 }).lines.map(({ text }) =>
    text.trimEnd(),
  );
  assert.ok(
    less.includes("None            Compaction, Migration, Reclaim, Huge pages"),
    "what is not counted is not told",
  );
});
