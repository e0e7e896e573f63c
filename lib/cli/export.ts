/** `pageblock export <file…> --to html|md --out <dir>`: a write-up of an executed notebook. */
import { type Command, Option } from "commander";
import { EXPORT_FORMATS, type ExportFormat, exportNotebook } from "../report/export";

export function register(program: Command): void {
  program
    .command("export")
    .description(
      "write an executed notebook as a standalone page: charts alive, no network, and what is needed to run it again",
    )
    .argument("<file...>", "executed notebooks (.ipynb)")
    .addOption(
      new Option("--to <format>", "form of the write-up").choices([...EXPORT_FORMATS]).default("html"),
    )
    .requiredOption("--out <dir>", "folder to write into")
    .action((files: string[], options: { to: ExportFormat; out: string }) => {
      for (const file of files) {
        const { path, resultsSha256 } = exportNotebook(file, options.to, options.out);
        process.stdout.write(`${path}  results ${resultsSha256}\n`);
      }
    });
}
