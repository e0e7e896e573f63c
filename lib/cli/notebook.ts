/** `pageblock notebook run <file|all> --out <folder>`: executes notebooks headless. */
import type { Command } from "commander";
import { InputError } from "../base/errors";
import { normalizedNotebook } from "../notebook/normalized-notebook";
import { kernelSetup, withSetupErrors } from "./kernel-setup";

const CELL_TIMEOUT_S = "600";

async function runAll(name: string, { out, timeout }: { out: string; timeout: string }): Promise<void> {
  const cellTimeoutS = Number(timeout);
  if (!Number.isInteger(cellTimeoutS) || cellTimeoutS < 1)
    throw new InputError(`notebook run: --timeout must be whole seconds > 0: got ${timeout}`);
  const runner = kernelSetup("notebook-runner");
  for (const path of runner.notebooksNamed(name)) {
    const result = await runner.runNotebook(path, cellTimeoutS);
    if (result.ok) {
      const written = runner.writeNotebook(out, path, normalizedNotebook(result.notebook));
      process.stdout.write(`executed: ${written}\n`);
      continue;
    }
    const { cell, executionCount, name, message } = result.failure;
    const where = executionCount === null ? `cell ${cell ?? "?"}` : `cell ${cell} (In[${executionCount}])`;
    process.stderr.write(`pageblock: ${path}: ${where}: ${name}: ${message.split("\n")[0]}\n`);
    process.exitCode = 1;
  }
}

export function register(program: Command): void {
  program
    .command("notebook")
    .description("work with notebooks")
    .command("run <notebook>")
    .description("execute a notebook, or `all` of notebooks/, and write it with its outputs")
    .requiredOption("--out <folder>", "where to write")
    .option("--timeout <seconds>", "longest time a cell may take", CELL_TIMEOUT_S)
    .action((name, options) => withSetupErrors(() => runAll(name, options)));
}
