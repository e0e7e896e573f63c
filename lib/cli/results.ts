/** `pageblock results`: counts the runs in the store, queries them with SQL, and exports CSV and Parquet. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { aligned } from "../base/aligned";
import { InputError, unknownName } from "../base/errors";
import { printableJson, printableLine } from "../base/printable";
import { MiB, parseSize } from "../base/units";
import { exportResults, queryResults, type Row } from "../experiment/results";
import { DEFAULT_STORE, Store } from "../experiment/store";
import { SQL_LIMITS, type SqlLimits, userQuery } from "../experiment/user-sql";

interface Flags {
  store: string;
  json?: boolean;
  sql?: string;
  by?: string;
  csv?: string;
  parquet?: string;
  table: string;
  seconds: string;
  rows: string;
  memory: string;
}

export function register(program: Command): void {
  program
    .command("results")
    .description(
      "query the store: counts, what was granted by columns, SQL over the views runs and requests, CSV, Parquet",
    )
    .option("--store <file>", "the store", DEFAULT_STORE)
    .option("--sql <select>", "one SELECT over the views runs and requests")
    .option("--seconds <n>", "the longest that --sql may take", String(SQL_LIMITS.seconds))
    .option("--rows <n>", "the most rows that --sql may give", String(SQL_LIMITS.rows))
    .option("--memory <size>", "the most memory that --sql may take", `${SQL_LIMITS.megabytes}MiB`)
    .option("--by <columns>", "what was granted, by columns of runs, such as strategy_name,request_bytes")
    .option("--csv <file>", "write a view as CSV")
    .option("--parquet <file>", "write a view as Parquet")
    .option("--table <name>", "view to write: runs or requests", "runs")
    .option("--json", "print one JSON object, or the rows as a list")
    .action(async (flags: Flags) => {
      const { store, table } = flags;
      if (table !== "runs" && table !== "requests")
        throw new InputError(`--table: must be runs or requests: got ${JSON.stringify(table)}`);
      for (const format of ["csv", "parquet"] as const) {
        const path = flags[format];
        if (path !== undefined) await exportResults({ store }, path, format, table);
      }
      if (flags.sql !== undefined) {
        const rows = await userQuery({ store }, flags.sql, limitsIn(flags));
        process.stdout.write(flags.json ? `${printableJson(rows)}\n` : `${asText(rows)}\n`);
        return;
      }
      if (flags.by !== undefined) {
        const rows = await grantedBy(store, flags.by);
        process.stdout.write(flags.json ? `${printableJson(rows)}\n` : `${asText(rows)}\n`);
        return;
      }
      if (flags.csv !== undefined || flags.parquet !== undefined) return;
      if (!existsSync(store))
        throw new InputError(
          `store: ${store}: not found; create it with \`pageblock sweep\` or \`pageblock compare\``,
        );
      const open = await Store.open(store);
      const counts = await open.counts();
      await open.close();
      const { engine } = open;
      process.stdout.write(
        flags.json
          ? `${printableJson({ store, engine, ...counts })}\n`
          : `${printableLine(store)}: ${counts.runs} runs of engine ${engine}, ${counts.ofOtherEngines} of other engines\nwhat was granted: pageblock results --by strategy_name; any question: --sql, --csv, --parquet\n`,
      );
    });
}

function limitsIn({ seconds, rows, memory }: Flags): SqlLimits {
  return { seconds: Number(seconds), rows: Number(rows), megabytes: parseSize(memory, "--memory") / MiB };
}

const NAMED_CHANGE = "coalesce(change, 'none') as change";

/** Most lines of a table by columns. */
const MOST_GROUPS = 200;

/** Runs, requests asked and requests granted for each combination of values. */
async function grantedBy(store: string, given: string): Promise<Row[]> {
  const asked = given.split(",").map((one) => one.trim());
  const described = await queryResults({ store }, "select column_name from (describe runs)");
  const known = described.map((row) => String(row.column_name));
  for (const name of asked) if (!known.includes(name)) throw unknownName("--by", name, known);
  const quoted = asked.map((name) => `"${name.replaceAll('"', '""')}"`);
  // Runs of a changed kernel are never pooled with those of the release that it started from.
  const split = known.includes("change") && !asked.includes("change");
  const columns = [...quoted, ...(split ? ["change"] : [])].join(", ");
  const shown = [
    ...quoted.filter((name) => name !== '"change"'),
    ...(known.includes("change") ? [NAMED_CHANGE] : []),
  ];
  return queryResults(
    { store },
    `select ${shown.join(", ")}, count(*) as runs, sum(asked) as asked, sum(granted) as granted,
      round(100.0 * sum(granted) / nullif(sum(asked), 0), 1) as "granted %"
    from runs group by ${columns} order by ${columns} limit ${MOST_GROUPS}`,
  );
}

function asText(rows: readonly Record<string, unknown>[]): string {
  if (rows.length === 0) return "no rows";
  const names = Object.keys(rows[0]!);
  const cell = (v: unknown) =>
    v === null || v === undefined ? "" : typeof v === "object" ? JSON.stringify(v) : String(v);
  const table = [names, ...rows.map((row) => names.map((n) => cell(row[n])))];
  return aligned(table.map((row) => row.map(printableLine)));
}
