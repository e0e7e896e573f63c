/** CMA allocations of a real 6.1.192 under load: the model's own allocation has the kernel's outcome. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { loadTable } from "../../lib/trace/load-table";
import { FIXTURES } from "../support/cli";

const TABLE = join(FIXTURES, "arm64-cma", "load-table.csv");

test("every row of the fixture: the recorded success or error, retries and pages migrated", async () => {
  assert.ok(loadTable.recognises(TABLE));
  const { report } = await loadTable.check(TABLE);
  assert.equal(report.rows, 31);
  for (const { row, recorded, predicted } of report.results) {
    assert.equal(predicted.result, recorded!.result, `row ${row}`);
    assert.equal(predicted.innerRet, recorded!.innerRet, `row ${row}`);
    assert.equal(predicted.busyRetries, recorded!.busyRetries, `row ${row}`);
  }
  assert.deepEqual(
    report.results.filter((r) => !r.agrees),
    [],
  );
});

test("without the columns for pages filled, pinned and in use, the rows with 64 KB pages end the same", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "pageblock-load-"));
  try {
    const [head, ...rows] = readFileSync(TABLE, "utf8").trimEnd().split("\n");
    const columns = head!.split(",");
    const told = ["fill_pages", "fill_kb", "pinned", "filler_pages_in_cma", "cma_used_before"];
    const strip = (row: string) =>
      row
        .split(",")
        .map((value, i) => (told.includes(columns[i]!) ? "" : value))
        .join(",");
    const path = join(scratch, "load-table.csv");
    const kept = rows.filter((row) => row.startsWith("64K,")).map(strip);
    assert.ok(kept.length >= 15, `${kept.length} rows`);
    writeFileSync(path, `${[head, ...kept].join("\n")}\n`);
    const { report } = await loadTable.check(path);
    assert.equal(report.agreeing, kept.length);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});

test("an unreadable row is invalid input, with file and line", () => {
  const scratch = mkdtempSync(join(tmpdir(), "pageblock-load-"));
  try {
    const [head, first] = readFileSync(TABLE, "utf8").split("\n");
    const path = join(scratch, "load-table.csv");
    writeFileSync(path, `${head}\n${first!.replace("anon", "stone")}\n`);
    assert.throws(
      () => loadTable.check(path),
      /load-table\.csv:2: fill_type: must be one of anon, tmpfs, thp, mlock: got "stone"/,
    );
    writeFileSync(path, `${head}\n${first!.replace("4K", "5K")}\n`);
    assert.throws(() => loadTable.check(path), /load-table\.csv:2: /);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
