/**
 * Rows of x86-contig: the model decides for itself, starting from the recorded state. The figures in the table are
 * the kernel's.
 */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { readContigResults } from "../../lib/trace/contig-results";
import { contigRows } from "../../lib/trace/contig-rows";
import { replayWithheld } from "../../lib/trace/withheld";
import { FIXTURES } from "../support/cli";

test("2 MiB pages obtained are within 5 % or 2 pages of those recorded, counters of compact_memory within 20 %", async () => {
  const path = join(FIXTURES, "x86-contig", "rows.csv");
  assert.ok(contigRows.recognises(path));
  const { report } = await contigRows.check(path);
  assert.equal(report.rows, 2);
  assert.equal(report.agreeing, 2);
  for (const { recorded, predicted } of report.results)
    for (const [column, value] of Object.entries(recorded!))
      if (column.startsWith("compact_memory_") && typeof value === "number" && value > 20)
        assert.ok(
          Math.abs(Number(predicted[column]) - value) <= 0.2 * value,
          `${column}: ${predicted[column]} for ${value}`,
        );
});

test("a row from another boot than its folder is compared with the folder's own results.txt, and a note says so", async () => {
  const name = "2m-occ80-unm0-holes0-comp0";
  const dir = mkdtempSync(join(tmpdir(), "pageblock-rows-"));
  try {
    cpSync(join(FIXTURES, "x86-contig", name), join(dir, name), { recursive: true });
    const lines = readFileSync(join(FIXTURES, "x86-contig", "rows.csv"), "utf8").split("\n");
    const row = lines.find((l) => l.startsWith(name))!;
    writeFileSync(join(dir, "rows.csv"), `${lines[0]}\n${row.replace(",73636,132,", ",73744,99,")}\n`);
    const { report, notes } = await contigRows.check(join(dir, "rows.csv"));
    const { recorded, agrees } = report.results[0]!;
    assert.equal(recorded!.obtained, 132);
    assert.equal(recorded!.pgmigrate_success, 55939);
    assert.equal(recorded!.allocstall, 18);
    assert.equal(agrees, true);
    assert.match(notes[0]!, /another boot .* 73744 and 73636/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("results.txt agrees with the row of the table", () => {
  const own = readContigResults(join(FIXTURES, "x86-contig", "2m-occ80-unm0-holes0-comp0"))!;
  assert.equal(own.freeBefore, 73636);
  assert.equal(own.obtained, "132");
  assert.equal(own.counter("compact_free_scanned", "request"), 138709);
  assert.equal(own.counter("compact_free_scanned", "compact_memory"), null);
  assert.equal(readContigResults(FIXTURES), null);
});

test("w6-compact without its isolations: the model's own compaction ends within one page of order 9 and 10 % of order 10", async () => {
  const own = await replayWithheld(join(FIXTURES, "x86-6.1", "w6-compact"));
  assert.deepEqual(
    own?.map((o) => [o.order, o.recorded]),
    [
      [9, 3],
      [10, 23],
    ],
  );
  assert.ok(Math.abs(own![0]!.predicted - 3) <= 1, `order 9: ${own![0]!.predicted}`);
  assert.ok(Math.abs(own![1]!.predicted - 23) <= 2.3, `order 10: ${own![1]!.predicted}`);
  assert.equal(
    await replayWithheld(join(FIXTURES, "x86-6.1", "boot-8G")),
    null,
    "no compaction, no second row",
  );
});
