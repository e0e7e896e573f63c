/**
 * The store of results: one DuckDB file, a row a run, keyed by the plan's SHA-256 and the engine's version. One process at a time
 * has it open (DuckDB has a single writer); within a process, runs share it. What is written is whole: a run is there or it is not.
 */
import { type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { errorOf, InputError } from "../base/errors";
import { makeFolder } from "../base/make-folder";
import { kindOf } from "../base/open-regular";
import { checkOurs, duckdb, TABLES } from "./duckdb";
import { engineVersion } from "./engine-version";
import type { Keeper, StoredRun } from "./keeper";
import type { Look } from "./looks";
import type { RunText } from "./run-text";

/** Where results go unless told otherwise. */
export const DEFAULT_STORE = ".pageblock/results.duckdb";

interface Open {
  store: Store;
  users: number;
}

/** Stores open in this process, by absolute path. */
const open = new Map<string, Promise<Open>>();

/** Throws InputError if this process has the store open: it cannot be queried meanwhile. */
export function checkClosed(path: string): void {
  if (open.has(resolve(path)))
    throw new InputError(`store: ${path}: in use by a run of this process: wait until it ends`);
}

/** Throws InputError if something other than a regular file lies at `path`: DuckDB would wait for the other end of a FIFO for ever. */
export function checkFile(path: string): void {
  let stats: Stats | undefined;
  try {
    stats = statSync(path, { throwIfNoEntry: false });
  } catch {
    return; // whoever opens it says why it cannot be reached
  }
  if (stats !== undefined && !stats.isFile())
    throw new InputError(
      `store: ${path}: is ${kindOf(stats)}, a regular file was expected: name another with --store`,
    );
}

/** Memory beyond this is not taken: a store of any size is queried beside the workers. */
const DUCKDB = { threads: "2", memory_limit: "1GB" };

/** Another process has the store open. */
export class StoreInUse extends InputError {}

/** One line about a DuckDB file that cannot be used. */
export function storeError(path: string, error: unknown): InputError {
  const text = errorOf(error).message.split("\n")[0]!;
  if (/not a valid DuckDB|Corrupt|deserializ|checksum|magic|could not read enough/i.test(text))
    return new InputError(
      `store: ${path}: is not a DuckDB file, or is damaged: move it away, or name another with --store`,
    );
  const holder = /PID (\d+)/.exec(errorOf(error).message)?.[1];
  if (/\block\b/i.test(text))
    return new StoreInUse(
      `store: ${path}: is in use by another process${holder === undefined ? "" : ` (PID ${holder})`}: wait for it, or name another with --store`,
    );
  if (/version|newer/i.test(text))
    return new InputError(`store: ${path}: was written by another version of DuckDB (${text})`);
  if (/no space left|disk quota|file too large/i.test(text))
    return new InputError(
      `store: ${path}: cannot be opened (${text}): what was stored before is kept: make room, and run the same command again`,
    );
  if (/read-only|permission denied/i.test(text))
    return new InputError(
      `store: ${path}: cannot be opened (${text}): allow writing there, or name another with --store`,
    );
  return new InputError(`store: ${path}: cannot be opened (${text}): name another with --store`);
}

/** One line about a store that takes no more, as on a full disk; and how to go on. */
function writeError(path: string, error: unknown): InputError {
  const text = errorOf(error).message.split("\n")[0]!.slice(0, 200);
  return new InputError(
    `store: ${path}: cannot be written (${text}): what was stored before is kept: make room, and run the same command again: only missing plans run`,
  );
}

export class Store implements Keeper {
  private constructor(
    readonly path: string,
    private readonly key: string,
    private readonly instance: DuckDBInstance,
    private readonly connection: DuckDBConnection,
    readonly engine: string,
  ) {}

  /** Opens or makes the store. Throws InputError in one line when another process has it, or the file is none of ours. */
  static async open(path = DEFAULT_STORE): Promise<Store> {
    const key = resolve(path);
    let opening = open.get(key);
    if (opening === undefined) {
      opening = Store.create(path, key).then((store) => ({ store, users: 0 }));
      open.set(key, opening);
      opening.catch(() => open.delete(key));
    }
    const entry = await opening;
    entry.users++;
    return entry.store;
  }

  private static async create(path: string, key: string): Promise<Store> {
    let instance: DuckDBInstance | undefined;
    checkFile(path);
    try {
      makeFolder(dirname(key));
      instance = await duckdb().DuckDBInstance.create(key, DUCKDB);
      const connection = await instance.connect();
      const tables = await connection.runAndReadAll("select count(*) from duckdb_tables()");
      if (Number(tables.getRows()[0]![0]) === 0) await connection.run(TABLES);
      await checkOurs(connection, path);
      // Beside the tables of the format: stores of before have none, and whoever reads one does not need it.
      await connection.run(
        "create table if not exists looks (comparison varchar, engine varchar, seeds integer, primary key (comparison, engine, seeds))",
      );
      await connection.run(
        "create temp table arrived (hash varchar, state varchar, plan varchar, outcome varchar)",
      );
      return new Store(path, key, instance, connection, engineVersion());
    } catch (error) {
      instance?.closeSync();
      throw error instanceof InputError ? error : storeError(path, error);
    }
  }

  /** Runs that are there, of this engine. */
  async get(hashes: readonly string[]): Promise<Map<string, RunText>> {
    const found = new Map<string, RunText>();
    if (hashes.length === 0) return found;
    // One text for all hashes: a list of values is put together one by one. The join reads each row of the store once.
    const rows = await this.connection.runAndReadAll(
      `select hash, state, outcome from results
       where engine = $engine and hash in (select unnest(string_split($hashes, ',')))`,
      { engine: this.engine, hashes: hashes.join(",") },
    );
    for (const [hash, state, text] of rows.getRows() as [string, RunText["state"], string][])
      found.set(hash, { state, text });
    return found;
  }

  /**
   * Keeps runs, all or none of them; one that is there already stays as it is. Throws InputError in one line if the store takes no
   * more.
   */
  async put(runs: readonly StoredRun[]): Promise<void> {
    try {
      await this.write(runs);
    } catch (error) {
      throw writeError(this.path, error);
    }
  }

  private async write(runs: readonly StoredRun[]): Promise<void> {
    const appender = await this.connection.createAppender("arrived");
    for (const { hash, state, plan, text } of runs) {
      for (const value of [hash, state, plan, text]) appender.appendVarchar(value);
      appender.endRow();
    }
    appender.closeSync();
    await this.connection.run(
      "insert or ignore into results select hash, $engine, state, plan, outcome from arrived",
      { engine: this.engine },
    );
    await this.connection.run("delete from arrived");
  }

  /** Notes that a comparison is seen, and returns with which smaller numbers of seeds it was before, ascending. */
  async looked({ comparison, seeds }: Look): Promise<number[]> {
    const { engine } = this;
    await this.connection
      .run("insert or ignore into looks select $comparison, $engine, $seeds", { comparison, engine, seeds })
      .catch((error) => {
        throw writeError(this.path, error);
      });
    const rows = await this.connection.runAndReadAll(
      "select seeds from looks where comparison = $comparison and engine = $engine and seeds < $seeds order by seeds",
      { comparison, engine, seeds },
    );
    return rows.getRows().map(([one]) => Number(one));
  }

  /** Runs there are, of this engine and of others. */
  async counts(): Promise<{ runs: number; ofOtherEngines: number }> {
    const rows = await this.connection.runAndReadAll(
      "select count(*) filter (engine = $engine), count(*) filter (engine <> $engine) from results",
      { engine: this.engine },
    );
    const [runs, ofOtherEngines] = rows.getRows()[0]!.map(Number) as [number, number];
    return { runs, ofOtherEngines };
  }

  /** Lets go of it; the last user closes the file. */
  async close(): Promise<void> {
    const entry = await open.get(this.key);
    if (entry === undefined || --entry.users > 0) return;
    open.delete(this.key);
    this.connection.closeSync();
    this.instance.closeSync();
  }
}
