/** The process of user-sql.ts: it is given one query, answers once, and is then ended from outside. */
import { errorOf, InputError } from "../base/errors";
import { MiB } from "../base/units";
import { queryResults } from "./results";
import type { SqlAnswer, SqlTask } from "./user-sql";

/** How often its memory is looked at. DuckDB works on threads of its own, so this one is free meanwhile. */
const LOOK_MS = 10;

/** Ends at once: an exit in the usual way waits for DuckDB's threads. */
const end = () => process.kill(process.pid, "SIGKILL");

function say(answer: SqlAnswer, then: () => void = () => {}): void {
  process.send!(answer, then);
}

process.once("message", ({ results, sql, limits }: SqlTask) => {
  const { megabytes, rows } = limits;
  const begin = () => {
    say("begun");
    const most = process.memoryUsage.rss() + megabytes * MiB;
    const looking = setInterval(() => {
      const taken = process.memoryUsage.rss();
      if (taken <= most) return;
      clearInterval(looking);
      const value = Math.round((taken - most) / MiB + megabytes);
      say(
        {
          refused: `sql: stopped at ${megabytes} MiB of memory: it had taken ${value} MiB: ask for less, or allow more`,
        },
        end,
      );
    }, LOOK_MS);
  };
  queryResults(results, sql, { rows, megabytes, begin }).then(
    (found) => say({ rows: found }),
    (error: unknown) => {
      const { message, stack } = errorOf(error);
      say(error instanceof InputError ? { refused: message } : { failed: stack ?? message });
    },
  );
});
// Whoever asked has gone.
process.once("disconnect", end);
