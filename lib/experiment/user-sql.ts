/**
 * SQL that somebody hands in, within limits of time, rows and memory. It runs in a process of its own (user-sql-process.ts): DuckDB
 * does not count every byte against its own limit, cannot stop everything it does, and a query may end the process it runs in.
 */
import type { ChildProcess } from "node:child_process";
import { InputError } from "../base/errors";
import { ownProcess } from "./own-process";
import type { Results, Row } from "./results";
import { checkClosed } from "./store";

/** Limits of one query: seconds, rows of its answer, and megabytes of memory beyond the tables themselves. */
export interface SqlLimits {
  seconds: number;
  rows: number;
  megabytes: number;
}

/** What a query may take unless told otherwise. */
export const SQL_LIMITS: Readonly<SqlLimits> = { seconds: 5, rows: 100_000, megabytes: 256 };
/** The most that may be asked for. */
const MOST: Readonly<SqlLimits> = { seconds: 86_400, rows: 10_000_000, megabytes: 1_048_576 };
/** Characters of a query: its parser takes many times as much memory. */
const SQL_CHARACTERS_MOST = 100_000;

/** What the process is given. */
export interface SqlTask {
  results: Results;
  sql: string;
  limits: SqlLimits;
}

/** What it says: that the tables are there and the query begins, and then how it ended. */
export type SqlAnswer = "begun" | { rows: Row[] } | { refused: string } | { failed: string };

/**
 * The rows of one SELECT over `runs` and `requests`. Throws InputError with DuckDB's first line if it is invalid, and with the limit
 * that it exceeds.
 */
export async function userQuery(
  results: Results,
  sql: string,
  limits: Partial<SqlLimits> = {},
): Promise<Row[]> {
  const within = checked({ ...SQL_LIMITS, ...limits });
  if (sql.length > SQL_CHARACTERS_MOST)
    throw new InputError(`sql: must have at most ${SQL_CHARACTERS_MOST} characters: got ${sql.length}`);
  if (results.store !== undefined) checkClosed(results.store);
  const child = ownProcess("user-sql-process");
  try {
    return await answered(child, { results, sql, limits: within });
  } finally {
    child.kill("SIGKILL");
  }
}

function checked(limits: SqlLimits): SqlLimits {
  for (const name of ["seconds", "rows", "megabytes"] as const) {
    const value = limits[name];
    if (!(value > 0 && value <= MOST[name]) || (name === "rows" && !Number.isInteger(value)))
      throw new InputError(`sql: ${name} must be above 0, and at most ${MOST[name]}: got ${value}`);
  }
  return limits;
}

function answered(child: ChildProcess, task: SqlTask): Promise<Row[]> {
  const { seconds } = task.limits;
  let timer: NodeJS.Timeout | undefined;
  const answer = new Promise<Row[]>((resolve, reject) => {
    const refuse = (why: string) => reject(new InputError(`sql: ${why}`));
    child.on("message", (said: SqlAnswer) => {
      if (said === "begun")
        timer = setTimeout(
          () => refuse(`stopped after ${seconds} s: ask for less, or allow more seconds`),
          seconds * 1000,
        );
      else if ("rows" in said) resolve(said.rows);
      else if ("refused" in said) reject(new InputError(said.refused));
      else reject(new Error(said.failed));
    });
    child.on("error", (error) => refuse(`its process cannot be started (${error.message})`));
    child.on("exit", (status, signal) =>
      refuse(
        `the query ended its process (${signal ?? `status ${status}`}): it needs more memory, or goes deeper, than DuckDB can`,
      ),
    );
    child.send(task, (error) => {
      if (error) refuse(`its process cannot be reached (${error.message})`);
    });
  });
  return answer.finally(() => clearTimeout(timer));
}
