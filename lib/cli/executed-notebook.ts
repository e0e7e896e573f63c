/**
 * Executes a notebook for a command. Returns its normalised JSON with the mark of its outputs; if it fails, one line
 * goes to stderr and the exit status is 1.
 */
import { told } from "../base/errors";
import { normalizedNotebook } from "../notebook/normalized-notebook";
import { marked } from "../report/executed-mark";
import { kernelSetup } from "./kernel-setup";

/** Longest time a cell may take, in seconds. */
export const CELL_TIMEOUT_S = 3600;

/** For an option that can be given several times. */
export const collected = (value: string, before: readonly string[]): string[] => [...before, value];

/** `settings`: `name=value` for the notebook's parameters. Undefined if a cell failed, which has then been reported. */
export async function executedNotebook(
  path: string,
  cellTimeoutS = CELL_TIMEOUT_S,
  settings: readonly string[] = [],
): Promise<unknown> {
  const result = await kernelSetup("notebook-runner").runNotebook(path, cellTimeoutS, settings);
  if (result.ok) return marked(normalizedNotebook(result.notebook), path);
  const { cell, executionCount, name, message } = result.failure;
  const where = executionCount === null ? `cell ${cell ?? "?"}` : `cell ${cell} (In[${executionCount}])`;
  process.stderr.write(`pageblock: ${path}: ${where}: ${name}: ${told(message.split("\n")[0]!)}\n`);
  process.exitCode = 1;
  return undefined;
}
