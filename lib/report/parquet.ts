/** A table as a Parquet file, written by DuckDB, which is loaded on first use. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { csvOf, type DataTable } from "./data-tables";

/** The bytes of the file: the columns with their names and types, rows in order. */
export async function parquetOf(table: DataTable): Promise<Uint8Array> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const folder = mkdtempSync(join(tmpdir(), "pageblock-parquet-"));
  try {
    const csv = join(folder, "table.csv");
    const parquet = join(folder, "table.parquet");
    writeFileSync(csv, csvOf(table));
    const names = distinct(table.columns.map(({ name }) => name));
    const types = table.columns.map(({ type }, i) => `${quoted(names[i]!)}: '${type}'`);
    const database = await DuckDBInstance.create(":memory:", { threads: "1" });
    const connection = await database.connect();
    try {
      await connection.run(
        `COPY (SELECT * FROM read_csv(${quoted(csv)}, columns = {${types.join(", ")}}, header = true, auto_detect = false,
          delim = ',', quote = '"', escape = '"', new_line = '\\r\\n', nullstr = '', allow_quoted_nulls = false, max_line_size = 33554432))
          TO ${quoted(parquet)} (FORMAT parquet, COMPRESSION zstd)`,
      );
    } finally {
      connection.closeSync();
      database.closeSync();
    }
    return Uint8Array.from(readFileSync(parquet));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** DuckDB does not distinguish `a` and `A`. */
function distinct(names: readonly string[]): string[] {
  const seen = new Set<string>();
  return names.map((name) => {
    let own = name;
    for (let n = 2; seen.has(own.toLowerCase()); n++) own = `${name}_${n}`;
    seen.add(own.toLowerCase());
    return own;
  });
}

const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
