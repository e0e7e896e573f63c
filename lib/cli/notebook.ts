/** `pageblock notebook run <file|all> --out <folder>`: executes notebooks headless. */

import type { Command } from "commander";
import { InputError } from "../base/errors";
import { printableLine } from "../base/printable";
import { tellStoredWeight } from "./dry-run";
import { CELL_TIMEOUT_S, collected, executedNotebook } from "./executed-notebook";
import { kernelSetup, withSetupErrors } from "./kernel-setup";

interface RunOptions {
  out: string;
  timeout: string;
  set: string[];
  dryRun?: boolean;
}

async function runAll(name: string, { out, timeout, set, dryRun }: RunOptions): Promise<void> {
  const cellTimeoutS = Number(timeout);
  if (!Number.isInteger(cellTimeoutS) || cellTimeoutS < 1)
    throw new InputError(`notebook run: --timeout must be whole seconds > 0: got ${timeout}`);
  if (name === "all" && set.length > 0)
    throw new InputError("notebook run: --set needs one notebook: got all");
  const runner = kernelSetup("notebook-runner");
  for (const path of runner.notebooksNamed(name)) {
    if (dryRun) {
      const { cells } = runner.storedNotebook(path);
      if (cells.some(({ outputs = [] }) => outputs.length > 0)) tellStoredWeight(path);
      else
        process.stdout.write(
          `${printableLine(path)}: is stored without outputs: what its cells run is not known before they run\n`,
        );
      continue;
    }
    const executed = await executedNotebook(path, cellTimeoutS, set);
    if (executed !== undefined) {
      const written = runner.writeNotebook(out, path, executed);
      process.stdout.write(`executed: ${printableLine(written)}\n`);
    }
  }
}

export function register(program: Command): void {
  program
    .command("notebook")
    .description("work with notebooks")
    .command("run <notebook>")
    .description("execute a notebook, or `all` of notebooks/, and write it with its outputs")
    .requiredOption("--out <folder>", "folder to write into")
    .option("--timeout <seconds>", "longest time a cell may take", String(CELL_TIMEOUT_S))
    .option(
      "--set <name=value>",
      "override a parameter (of a cell tagged `parameters`); repeatable",
      collected,
      [],
    )
    .option("--dry-run", "print what the plans of its stored outputs may take, and execute nothing")
    .action((name, options) => withSetupErrors(() => runAll(name, options)));
}
