/** `pageblock export <file…> --to html|md|pdf --out <dir>` or `--slides`: a write-up of an executed notebook. */

import { type Command, Option } from "commander";
import { InputError } from "../base/errors";
import { printableLine } from "../base/printable";
import { CODE_STATES, type CodeState } from "../report/article";
import {
  EXPORT_FORMATS,
  type Exported,
  type ExportFormat,
  exportNotebook,
  exportNotebookText,
} from "../report/export";
import { collected, executedNotebook } from "./executed-notebook";
import { withSetupErrors } from "./kernel-setup";

interface Options {
  to: ExportFormat;
  out: string;
  execute?: true;
  slides?: true;
  live?: boolean;
  code: CodeState;
  set: string[];
}

async function exportOne(file: string, options: Options): Promise<Exported | undefined> {
  const { out, execute, set, code, live } = options;
  if (set.length > 0 && execute !== true)
    throw new InputError(`export: --set needs --execute: got --set ${set[0]} without it`);
  const to = options.slides === true ? "slides" : options.to;
  const how = { code, ...(live !== undefined && { live }) };
  if (execute !== true) return exportNotebook(file, to, out, how);
  const notebook = await executedNotebook(file, undefined, set);
  if (notebook === undefined) return undefined;
  return exportNotebookText(JSON.stringify(notebook), file, to, { out, ...how });
}

export function register(program: Command): void {
  program
    .command("export")
    .description("write an executed notebook as a standalone page that carries the plans to run it again")
    .argument("<file...>", "executed notebooks (.ipynb)")
    .addOption(
      new Option("--to <format>", "format of the write-up").choices([...EXPORT_FORMATS]).default("html"),
    )
    .addOption(
      new Option("--code <state>", "code of pages and slides").choices([...CODE_STATES]).default("folded"),
    )
    .option("--slides", "slides, one per heading (same as --to slides)")
    .requiredOption("--out <dir>", "folder to write into")
    .option("--execute", "execute the notebook first, with the kernel of this package")
    .option("--live", "the page has the engine in it and verifies itself (default if it stays below 4 MB)")
    .option("--no-live", "the page has no engine in it")
    .option("--set <name=value>", "with --execute: override a parameter; repeatable", collected, [])
    .action(async (files: string[], options: Options) => {
      for (const file of files) {
        const exported = await withSetupErrors(() => exportOne(file, options));
        if (exported === undefined) continue;
        if (exported.note !== undefined) process.stderr.write(`${exported.note}\n`);
        process.stdout.write(`${printableLine(exported.path)}  results ${exported.resultsSha256}\n`);
      }
    });
}
