/** Writes the table of docs/live-machine.md, or with a folder as argument prints it for the rows there. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { forecastRow, type RowForecast, rowsIn } from "./forecast-rows";

const ROOT = resolve(__dirname, "../..");
const SEEDS = Number(process.argv[3] ?? 16);
const given = process.argv[2];
const dir = given ?? join(ROOT, "test/fixtures/live-machine");

const n = (values: readonly number[]) => values.map((v) => String(Math.round(v * 10) / 10)).join(", ");

function line(f: RowForecast): string {
  const cells = [f.row, n(f.recorded), n(f.mid), `${n(f.low)} to ${n(f.high)}`, f.inside ? "yes" : "**no**"];
  return `| ${cells.join(" | ")} |`;
}

const rows: RowForecast[] = [];
for (const row of rowsIn(dir)) {
  rows.push(forecastRow(dir, row, SEEDS));
  process.stderr.write(`${line(rows.at(-1)!)}\n`);
}
const inside = rows.filter((f) => f.inside).length;
const table = [
  "| row | recorded | median | 5 % to 95 % | inside |",
  "| --- | --- | --- | --- | --- |",
  ...rows.map(line),
  "",
  `${inside} of ${rows.length} rows lie inside, over ${SEEDS} seeds: ${Math.round((100 * inside) / rows.length)} %.`,
].join("\n");
if (given !== undefined) process.stdout.write(`${table}\n`);
else {
  const file = join(ROOT, "docs/live-machine.md");
  const text = readFileSync(file, "utf8");
  const part = /(<!-- rows: [^\n]*-->\n\n)[\s\S]*?(\n\n<!-- end of rows -->)/;
  writeFileSync(
    file,
    text.replace(part, (_, before, after) => `${before}${table}${after}`),
  );
}
