/**
 * Results as tables: `runs` (one row per run: the plan's fields, counts, every metric) and `requests` (one row per
 * request). They can be written as CSV or Parquet, and queried with read-only SQL.
 */
import { renameSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { DuckDBConnection, DuckDBInstance, DuckDBResult } from "@duckdb/node-api";
import { errorOf, InputError } from "../base/errors";
import { makeFolder } from "../base/make-folder";
import { scratchOf } from "../base/scratch";
import { MiB } from "../base/units";
import { checkOutput, writeError } from "../base/write-atomically";
import { checkOurs, duckdb } from "./duckdb";
import { engineVersion } from "./engine-version";
import type { StoredRun } from "./keeper";
import { checkReach } from "./sql-reach";
import { checkClosed, checkFile, storeError } from "./store";

/** The runs to query: a store, or runs in memory; `hashes` selects the runs of one sweep, in its order. */
export interface Results {
  store?: string;
  runs?: readonly StoredRun[];
  hashes?: readonly string[];
}

/** A row: column → value. Integers beyond 2^53 are text. */
export type Row = Record<string, unknown>;

/** Format of an exported file. */
export type TableFormat = "csv" | "parquet";

const TABLE_COLUMNS = "hash varchar, engine varchar, state varchar, plan varchar, outcome varchar";
/** Memory limit of a user's SQL. It must not spill to disk, so it fails beyond this limit. */
const SQL_MEMORY = "2GB";
/** Characters of an answer: it is held as a whole, and again as JSON. */
const ANSWER_CHARACTERS_MOST = 64 * MiB;
/** Characters of DuckDB's own words in a message. */
const SHOWN_CHARACTERS = 300;

/** Limits within the process of a user's query, and who is told when the tables are there. */
export interface QueryLimits {
  rows: number;
  megabytes: number;
  begin: () => void;
}

/**
 * Runs one SELECT over `runs` and `requests`. Throws InputError with DuckDB's first line if it is invalid. SQL that somebody
 * hands in goes through userQuery() (user-sql.ts).
 */
export async function queryResults(results: Results, sql: string, limits?: QueryLimits): Promise<Row[]> {
  return withTables(results, true, async (connection) => {
    try {
      if (limits !== undefined) await limitMemory(connection, limits.megabytes);
      await connection.run("set lock_configuration=true");
      limits?.begin();
      const statements = await connection.extractStatements(sql);
      if (statements.count !== 1)
        throw new InputError(`sql: must be one SELECT: got ${statements.count} statements`);
      const prepared = await statements.prepare(0);
      const { StatementType } = duckdb();
      if (prepared.statementType !== StatementType.SELECT)
        throw new InputError(`sql: only SELECT is allowed: got ${StatementType[prepared.statementType]}`);
      if (limits !== undefined) await checkReach(connection, sql);
      return await rowsOf(await prepared.stream(), limits?.rows ?? Number.POSITIVE_INFINITY);
    } catch (error) {
      if (error instanceof InputError) throw error;
      const { message } = errorOf(error);
      if (/^Out of Memory/i.test(message)) throw outOfMemory(message, limits?.megabytes);
      const text = message.split("\n").slice(0, 2).join(" ");
      throw new InputError(`sql: ${text.slice(0, SHOWN_CHARACTERS)}`);
    }
  });
}

/** DuckDB's own words count the tables too, and advise settings that a query cannot make. */
function outOfMemory(message: string, megabytes?: number): InputError {
  const asked = /(?:of size|allocate) (\d{1,6}(?:\.\d{1,3})? [KMGT]?i?B)/.exec(message)?.[1];
  const limit = megabytes === undefined ? SQL_MEMORY : `${megabytes} MiB`;
  const value = asked === undefined ? "it needs more" : `it asked for ${asked} more than is left of it`;
  return new InputError(`sql: stopped at ${limit} of memory: ${value}: ask for less, or allow more`);
}

/** DuckDB may take so much more than it has for the tables. */
async function limitMemory(connection: DuckDBConnection, megabytes: number): Promise<void> {
  const used = await connection.runAndReadAll("select sum(memory_usage_bytes) from duckdb_memory()");
  const most = Math.ceil(Number(used.getRows()[0]![0]) / MiB + megabytes);
  await connection.run(`set memory_limit='${most}MiB'`);
}

/** Rows, chunk by chunk: an answer that is too long ends where it is, and is never held as a whole. */
async function rowsOf(answer: DuckDBResult, rowsMost: number): Promise<Row[]> {
  const names = answer.deduplicatedColumnNames();
  const { JSDuckDBValueConverter } = duckdb();
  const rows: Row[] = [];
  let characters = 0;
  for (let chunk = await answer.fetchChunk(); chunk?.rowCount; chunk = await answer.fetchChunk()) {
    if (rows.length + chunk.rowCount > rowsMost)
      throw new InputError(
        `sql: gives more than ${rowsMost} rows: ask for fewer (limit), allow more, or write a table as CSV or Parquet`,
      );
    for (let i = 0; i < chunk.rowCount; i++) {
      const values = chunk.convertRowValues(i, JSDuckDBValueConverter);
      for (const value of values) characters += typeof value === "string" ? value.length : 8;
      if (characters > ANSWER_CHARACTERS_MOST)
        throw new InputError(
          `sql: gives more than ${ANSWER_CHARACTERS_MOST} characters: ask for fewer rows or shorter texts`,
        );
      rows.push(Object.fromEntries(names.map((name, column) => [name, plain(values[column])])));
    }
  }
  return rows;
}

/** Writes the table `runs` or `requests` to `path`, completely or not at all. Rows are in the order of the plans. */
export async function exportResults(
  results: Results,
  path: string,
  format: TableFormat,
  table: "runs" | "requests" = "runs",
): Promise<void> {
  const target = resolve(path);
  const options = format === "csv" ? "format csv, header" : "format parquet, compression zstd";
  checkOutput(target);
  const scratch = scratchOf(target);
  await withTables(results, false, async (connection) => {
    try {
      makeFolder(dirname(target));
      const order = table === "runs" ? "run, hash" : "run, hash, request";
      await connection.run(
        `copy (select * from ${table} order by ${order}) to '${quoted(scratch)}' (${options})`,
      );
      renameSync(scratch, target);
    } catch (error) {
      rmSync(scratch, { force: true });
      throw writeError(path, error);
    }
  });
}

/** A value as JSON may hold it: integers beyond 2^53 are text, in lists and structures too. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint")
    return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
      ? Number(value)
      : String(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype)
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, plain(one)]));
  return value;
}

async function withTables<T>(
  results: Results,
  locked: boolean,
  use: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  let instance: DuckDBInstance | undefined;
  try {
    const settings = {
      threads: "2",
      memory_limit: SQL_MEMORY,
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
    };
    if (results.store !== undefined) {
      checkClosed(results.store);
      checkFile(results.store);
      instance = await openRead(results.store, settings, locked);
    } else instance = await duckdb().DuckDBInstance.create(":memory:", settings);
    const connection = await instance.connect();
    await tablesIn(connection, results);
    // A file was opened with this setting, which cannot be made twice.
    if (locked && results.store === undefined) await connection.run("set enable_external_access=false");
    return await use(connection);
  } finally {
    instance?.closeSync();
  }
}

async function tablesIn(connection: DuckDBConnection, results: Results): Promise<void> {
  if (results.store === undefined) {
    await fill(connection, results.runs ?? []);
    await makeViews(connection, results.hashes);
    return;
  }
  try {
    await checkOurs(connection, results.store);
    await makeViews(connection, results.hashes);
  } catch (error) {
    throw error instanceof InputError ? error : storeError(results.store, error);
  }
}

async function openRead(
  path: string,
  settings: Record<string, string>,
  locked: boolean,
): Promise<DuckDBInstance> {
  const options = {
    ...settings,
    access_mode: "READ_ONLY",
    ...(locked && { enable_external_access: "false" }),
  };
  try {
    return await duckdb().DuckDBInstance.create(resolve(path), options);
  } catch (error) {
    if (/does not exist|No such file/i.test(errorOf(error).message))
      throw new InputError(
        `store: ${path}: not found; create it with \`pageblock sweep\` or \`pageblock compare\``,
      );
    throw storeError(path, error);
  }
}

async function fill(connection: DuckDBConnection, runs: readonly StoredRun[]): Promise<void> {
  await connection.run(`create temp table results (${TABLE_COLUMNS})`);
  const appender = await connection.createAppender("results");
  for (const { hash, state, plan, text } of runs) {
    for (const value of [hash, engineVersion(), state, plan, text]) appender.appendVarchar(value);
    appender.endRow();
  }
  appender.closeSync();
}

/**
 * Creates views of the runs with `hashes` of this engine; without `hashes`, of all runs of every engine, in order of
 * hash.
 */
async function makeViews(connection: DuckDBConnection, hashes: readonly string[] | undefined): Promise<void> {
  await connection.run("create temp table wanted (run bigint, hash varchar, engine varchar)");
  if (hashes === undefined)
    await connection.run(
      "insert into wanted select row_number() over (order by engine, hash) - 1, hash, engine from results",
    );
  else {
    const appender = await connection.createAppender("wanted", "main", "temp");
    hashes.forEach((hash, i) => {
      appender.appendBigInt(BigInt(i));
      appender.appendVarchar(hash);
      appender.appendVarchar(engineVersion());
      appender.endRow();
    });
    appender.closeSync();
  }
  const structure = async (json: string) => {
    const rows = await connection.runAndReadAll(
      `select json_group_structure(${json}) from results join wanted using (hash, engine) where state = 'ok'`,
    );
    return JSON.parse(String(rows.getRows()[0]?.[0] ?? "{}"));
  };
  // The workload's shape differs from plan to plan, so it stays JSON.
  const plan = await structure('json_merge_patch(plan, \'{"workload": null, "format": null}\')');
  const metrics = await structure("outcome->'metrics'");
  const columns = [
    ...flat(plan, ["plan"]).map(([path, type]) =>
      column("plan", path.slice(1), type, path.slice(1).join("_")),
    ),
    ...Object.entries(metrics)
      .filter(([, type]) => typeof type === "string")
      .map(([name, type]) => column("outcome", ["metrics", name], type as string, name)),
  ];
  await connection.run(`create temp view runs as
    select run, hash, engine, state, json_extract_string(outcome, '$.error') as error, ${changeColumn(plan)}
      ${columns.map((c) => `${c},`).join("\n      ")}
      json_extract(plan, '$.workload')::varchar as workload,
      json_array_length(outcome, '$.requests.granted')::integer as asked,
      list_sum(from_json(outcome->'$.requests.granted', '["INTEGER"]'))::integer as granted
    from (select run, outcome, hash, engine, state, plan from results join wanted using (hash, engine))`);
  const list = (name: string) => `unnest(from_json(outcome->'$.requests.${name}', '["BIGINT"]')) as ${name}`;
  await connection.run(`create temp view requests as
    select run, hash, engine, unnest(range(json_array_length(outcome, '$.requests.granted')::bigint)) as request,
      ${["granted", "errno", "pfn", "latencyNs", "busyRetries", "migrated", "reclaimed"].map(list).join(",\n      ")}
    from (select run, outcome, hash, engine from results join wanted using (hash, engine) where state = 'ok')`);
}

/**
 * `change`, if a run has one: `NAME (SHA-256…)`, with the decision points if not all are in force; null for kernels as they are.
 * Groups by release alone would pool both.
 */
function changeColumn(plan: Record<string, unknown>): string {
  const machine = plan.machine as Record<string, unknown> | undefined;
  if (machine?.change === undefined) return "";
  const at = (field: string) => `json_extract_string(plan, '$.machine.change.${field}')`;
  return `${at("name")} || ' (' || left(${at("sha256")}, 12) || ')' || coalesce(' ' || json_extract(plan, '$.machine.change.points')::varchar, '') as change,`;
}

/** Leaves of a structure; lists and values of mixed type stay JSON. */
function flat(structure: Record<string, unknown>, path: string[]): [string[], string][] {
  return Object.entries(structure).flatMap(([key, type]): [string[], string][] => {
    const at = [...path, key];
    if (typeof type === "string") return [[at, type]];
    if (Array.isArray(type)) return [[at, "JSON"]];
    return flat(type as Record<string, unknown>, at);
  });
}

function column(table: "plan" | "outcome", path: string[], type: string, name: string): string {
  const at = quoted(`$${path.map((p) => `."${p.replaceAll('"', '\\"')}"`).join("")}`);
  const as = `"${name.replaceAll('"', '""')}"`;
  if (type === "JSON") return `json_extract(${table}, '${at}')::varchar as ${as}`;
  if (type === "VARCHAR" || type === "NULL") return `json_extract_string(${table}, '${at}') as ${as}`;
  return `try_cast(json_extract_string(${table}, '${at}') as ${type === "BOOLEAN" ? "boolean" : type === "DOUBLE" ? "double" : "bigint"}) as ${as}`;
}

function quoted(text: string): string {
  return text.replaceAll("'", "''");
}
