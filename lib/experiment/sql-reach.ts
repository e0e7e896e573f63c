/**
 * What somebody's SELECT reaches, by its syntax tree, before it is run: the views, and functions that compute. DuckDB also has tables
 * and functions about itself and the computer, which tell paths and settings; and a PRAGMA passes for a SELECT.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { InputError, quoted } from "../base/errors";
import { isObject } from "../schema/check";

const VIEWS = ["runs", "requests"];
/** Functions that give rows of what they are given. */
const ROW_FUNCTIONS = new Set([
  ...["range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree"],
]);
/** Tables and functions about DuckDB, its files and the computer. */
const TELLING =
  /^(?:(?:duckdb|pg|sqlite|pragma|read|sniff|parquet|which)_.*|glob|query|query_table|getenv|getvariable|current_(?:setting|database|catalog|schemas?|user|role|query|connection_id|transaction_id)|in_search_path|session_user|user|version)$/;

/** Throws InputError for a SELECT that reaches more than the views. */
export async function checkReach(connection: DuckDBConnection, sql: string): Promise<void> {
  const answer = await connection.runAndReadAll("select json_serialize_sql($1::varchar)", [sql]);
  const tree: unknown = JSON.parse(String(answer.getRows()[0]![0]));
  // PRAGMA, CALL and the like; what is no SELECT at all was refused before.
  if (isObject(tree) && tree.error === true)
    throw new InputError("sql: only SELECT is allowed: got a PRAGMA, or what stands for one");
  const nodes = objectsIn(tree);
  const named = new Set(nodes.flatMap((node) => cteNames(node)));
  for (const node of nodes) {
    const refused = refusedIn(node, named);
    if (refused !== null)
      throw new InputError(
        `sql: only the views ${VIEWS.join(" and ")} and what a SELECT makes of them can be read: got ${quoted(refused)}`,
      );
  }
}

/** The name of what a node of the tree reaches and may not; null if there is none. */
function refusedIn(node: Readonly<Record<string, unknown>>, named: ReadonlySet<string>): string | null {
  const { type, table_name: table, function_name: called } = node;
  if (typeof called === "string" && TELLING.test(called.toLowerCase())) return called;
  if (type === "TABLE_FUNCTION" && isObject(node.function)) {
    const name = String(node.function.function_name);
    return ROW_FUNCTIONS.has(name.toLowerCase()) ? null : name;
  }
  if (type === "SHOW_REF") return /^(?:DESCRIBE|SUMMARY)$/.test(String(node.show_type)) ? null : "SHOW";
  if (type !== "BASE_TABLE") return null;
  const name = String(table).toLowerCase();
  if (VIEWS.includes(name)) return null;
  const isOwn = named.has(name) && !node.schema_name && !node.catalog_name && !TELLING.test(name);
  return isOwn ? null : [node.schema_name, table].filter(Boolean).join(".");
}

/** Names that `with` gives. */
function cteNames({ cte_map: given }: Readonly<Record<string, unknown>>): string[] {
  if (!isObject(given) || !Array.isArray(given.map)) return [];
  return given.map.map((one) => (isObject(one) ? String(one.key).toLowerCase() : ""));
}

/** Every object in a value, without recursion: a tree may be deep. */
function objectsIn(value: unknown): Readonly<Record<string, unknown>>[] {
  const found: Readonly<Record<string, unknown>>[] = [];
  const open: unknown[] = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (Array.isArray(one)) for (const inner of one) open.push(inner);
    else if (isObject(one)) {
      found.push(one);
      for (const inner of Object.values(one)) if (typeof inner === "object") open.push(inner);
    }
  }
  return found;
}
