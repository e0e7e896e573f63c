/**
 * DuckDB, loaded when it is first used, and the format of a store in it. Apart from the store: no declaration that `pageblock` leads to
 * names DuckDB's types, which are 160 files that every notebook kernel would read for its first cell, and walk through for each.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { InputError } from "../base/errors";

/** Raised when the tables change. */
const STORE_FORMAT = "1";

/** The library. */
export function duckdb(): typeof import("@duckdb/node-api") {
  return require("@duckdb/node-api");
}

/** Makes the tables of a store. */
export const TABLES = `
begin;
create table pageblock_store (format varchar);
insert into pageblock_store values ('${STORE_FORMAT}');
create table results (
  hash varchar, engine varchar, state varchar, plan varchar, outcome varchar,
  primary key (hash, engine)
);
commit;`;

/** Throws InputError unless the file is a store of ours, of a format that is read here. */
export async function checkOurs(connection: DuckDBConnection, path: string): Promise<void> {
  const tables = await connection.runAndReadAll(
    "select count(*) from duckdb_tables() where table_name in ('pageblock_store', 'results') and not temporary",
  );
  if (Number(tables.getRows()[0]![0]) !== 2)
    throw new InputError(
      `store: ${path}: is a DuckDB file, but no store of pageblock: name another with --store`,
    );
  const format = (await connection.runAndReadAll("select format from pageblock_store")).getRows()[0]?.[0];
  if (format !== STORE_FORMAT)
    throw new InputError(
      `store: ${path}: has format ${format}, this version reads ${STORE_FORMAT}: name another with --store`,
    );
}
