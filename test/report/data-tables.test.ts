/** The data appendix: what of results becomes a table, and CSV and Parquet that hold the same. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { DuckDBInstance } from "@duckdb/node-api";
import { parse } from "csv-parse/sync";
import { runOf } from "../../lib/chart/run";
import { csvOf, dataTables } from "../../lib/report/data-tables";
import { parquetOf } from "../../lib/report/parquet";

const RUNS = [
  runOf(
    { name: 'a,"b"\nc', empty: "", seed: 7 },
    { ok: true, share: 1.5, zones: [{ managed: 3 }], requests: { granted: [1, 0], pfn: [512, -1] } },
  ),
  runOf(
    { name: "é", A: 1, a: 2 },
    { ok: false, share: 2, requests: { granted: [1], row: [9] }, long: Array(99).fill(1) },
  ),
];

test("a row a run with dotted names; columns of results a row an entry", () => {
  const [runs, columns] = dataTables(RUNS);
  assert.deepEqual(
    runs!.columns.map(({ name, type }) => `${name} ${type}`),
    [
      ...["run BIGINT", "sha256 VARCHAR", "plan.name VARCHAR", "plan.empty VARCHAR", "plan.seed BIGINT"],
      ...[
        "result.ok BOOLEAN",
        "result.share DOUBLE",
        "result.zones.0.managed BIGINT",
        "plan.A BIGINT",
        "plan.a BIGINT",
      ],
    ],
  );
  assert.deepEqual(
    columns!.columns.map(({ name }) => name),
    ["run", "sha256", "columns", "row", "granted", "pfn", "value.row"],
  );
  assert.deepEqual(
    columns!.rows.map(([run, , ...rest]) => [run, ...rest]),
    [
      [1, "result.requests", 0, 1, 512, null],
      [1, "result.requests", 1, 0, -1, null],
      [2, "result.requests", 0, 1, null, 9],
    ],
  );
  assert.deepEqual(dataTables([]), []);
});

test("CSV is read back by another program as it was", () => {
  const [runs] = dataTables(RUNS);
  const read: Record<string, string>[] = parse(csvOf(runs!), { columns: true });
  assert.equal(read.length, 2);
  assert.equal(read[0]!["plan.name"], 'a,"b"\nc');
  assert.equal(read[1]!["plan.name"], "é");
  assert.equal(read[1]!["result.share"], "2");
});

test("Parquet holds the same rows, with types, null apart from the empty text; twice the same bytes", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "pageblock-parquet-test-"));
  try {
    for (const table of dataTables(RUNS)) {
      const bytes = await parquetOf(table);
      assert.deepEqual(await parquetOf(table), bytes);
      const file = join(scratch, `${table.name}.parquet`);
      writeFileSync(file, bytes);
      const connection = await (await DuckDBInstance.create(":memory:")).connect();
      const reader = await connection.runAndReadAll(`SELECT * FROM '${file}'`);
      assert.deepEqual(
        reader.columnTypes().map(String),
        table.columns.map(({ type }) => type),
      );
      const read = reader.getRows().map((row) => row.map((v) => (typeof v === "bigint" ? Number(v) : v)));
      assert.deepEqual(read, table.rows);
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
