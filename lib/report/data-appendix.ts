/** The data appendix of a write-up: its tables as CSV and Parquet files. */
import { csvOf, dataTables } from "./data-tables";
import { parquetOf } from "./parquet";
import type { WriteUp } from "./write-up";

/** Files by name, such as `21-arm64-runs.csv`; empty for a write-up without runs. */
export async function dataAppendix(writeUp: WriteUp, stem: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for (const table of dataTables(writeUp.runs)) {
    files.set(`${stem}-${table.name}.csv`, Uint8Array.from(Buffer.from(csvOf(table))));
    files.set(`${stem}-${table.name}.parquet`, await parquetOf(table));
  }
  return files;
}

/** The file as a `data:` URL. */
export function dataUrl(name: string, bytes: Uint8Array): string {
  const mime = name.endsWith(".csv") ? "text/csv;charset=utf-8" : "application/vnd.apache.parquet";
  return `data:${mime};base64,${Buffer.from(bytes).toString("base64")}`;
}
