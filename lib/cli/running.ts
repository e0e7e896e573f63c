/** Shared by `run`, `compare`, `sweep` and `results`: options, progress on a terminal, Ctrl-C. */
import { type Command, InvalidArgumentError } from "commander";
import { told } from "../base/errors";
import type { RunningOptions } from "../experiment/compare";
import { type Progress, progressText } from "../experiment/progress";
import { DEFAULT_STORE } from "../experiment/store";

export interface RunningFlags {
  workers?: number;
  cluster?: string;
  store: string;
  json?: boolean;
}

/** Exit status after Ctrl-C, as in shells. */
export const INTERRUPTED_EXIT = 130;

export function wholeNumber(text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new InvalidArgumentError("must be a whole number.");
  return Number(text);
}

export function withRunningOptions(command: Command): Command {
  return command
    .option("--workers <n>", "number of threads (default: one per core)", wholeNumber)
    .option("--cluster <url>", "run on the workers of redis://… instead (see `pageblock worker`)")
    .option("--store <file>", "file that caches results; none: no cache", DEFAULT_STORE)
    .option("--json", "print one JSON object");
}

/**
 * Runs `work` with progress on stderr, if that is a terminal. Ctrl-C stops it and keeps finished runs; a second Ctrl-C
 * exits immediately.
 */
export async function running<T>(
  flags: RunningFlags,
  work: (options: RunningOptions) => Promise<T>,
): Promise<T> {
  const cancel = new AbortController();
  const tty = process.stderr.isTTY === true;
  let shown = false;
  const onProgress = (progress: Progress) => {
    process.stderr.write(`\r\x1b[K${progressText(progress)}`);
    shown = true;
  };
  const interrupt = (signal: NodeJS.Signals) => {
    if (cancel.signal.aborted) process.exit(INTERRUPTED_EXIT);
    process.stderr.write(`${shown ? "\n" : ""}pageblock: ${signal}: stopping; finished runs are kept\n`);
    cancel.abort();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  try {
    return await work({
      ...(flags.workers !== undefined && { workers: flags.workers }),
      ...(flags.cluster !== undefined && { cluster: flags.cluster }),
      store: flags.store,
      signal: cancel.signal,
      ...(tty && { onProgress }),
      onReport: (line) => process.stderr.write(`${shown ? "\n" : ""}pageblock: ${told(line)}\n`),
    });
  } finally {
    process.removeListener("SIGINT", interrupt).removeListener("SIGTERM", interrupt);
    if (shown) process.stderr.write("\r\x1b[K");
  }
}
