/** `pageblock export <file…> --to html|md --out <dir>`: a write-up of an executed notebook. */
import { type Command, Option } from "commander";
import {
  EXPORT_FORMATS,
  type Exported,
  type ExportFormat,
  exportNotebook,
  exportNotebookText,
} from "../report/export";
import { executedNotebook } from "./executed-notebook";
import { withSetupErrors } from "./kernel-setup";

interface Options {
  to: ExportFormat;
  out: string;
  execute?: true;
}

async function exportOne(file: string, { to, out, execute }: Options): Promise<Exported | undefined> {
  if (execute !== true) return exportNotebook(file, to, out);
  const notebook = await executedNotebook(file);
  return notebook === undefined ? undefined : exportNotebookText(JSON.stringify(notebook), file, to, out);
}

export function register(program: Command): void {
  program
    .command("export")
    .description("write an executed notebook as a standalone page, with what is needed to run it again")
    .argument("<file...>", "executed notebooks (.ipynb)")
    .addOption(
      new Option("--to <format>", "form of the write-up").choices([...EXPORT_FORMATS]).default("html"),
    )
    .requiredOption("--out <dir>", "folder to write into")
    .option("--execute", "execute the notebook first, with the kernel of this package")
    .action(async (files: string[], options: Options) => {
      for (const file of files) {
        const exported = await withSetupErrors(() => exportOne(file, options));
        if (exported === undefined) continue;
        process.stdout.write(`${exported.path}  results ${exported.resultsSha256}\n`);
      }
    });
}
