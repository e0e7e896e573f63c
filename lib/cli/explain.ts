/** `pageblock explain <file…>`: why requests were refused, and what to change, from logs and files of /proc. */
import type { Command } from "commander";
import { InputError } from "../base/errors";
import { EXPLAIN_SCHEMA } from "../explain/answer-schema";
import { explainFiles } from "../fluent/explanation";

interface ExplainOptions {
  json?: boolean;
  schema?: boolean;
}

export function register(program: Command): void {
  program
    .command("explain")
    .description(
      "say why memory was refused, and what to change: from kernel logs and files of /proc; exit 1 if they hold no report",
    )
    .argument(
      "[files...]",
      "logs, files of /proc, folders, or tar or zip archives of them; - is standard input",
    )
    .option("--json", "print one JSON object")
    .option("--schema", "print the JSON Schema of that object")
    .action((files: string[], options: ExplainOptions) => {
      process.stdout.write(explained(files, options));
    });
}

function explained(files: readonly string[], { json, schema }: ExplainOptions): string {
  if (schema === true) return `${JSON.stringify(EXPLAIN_SCHEMA, null, 2)}\n`;
  if (files.length === 0)
    throw new InputError("explain: at least one file must be named, or - for standard input: got none");
  const why = explainFiles(files);
  if (!why.found) process.exitCode = 1;
  if (json === true) return `${JSON.stringify(why, null, 2)}\n`;
  const skipped = why.skipped.map(({ name, why: reason }) => `not read: ${name}: ${reason}`);
  return [why.text(), ...skipped.map((line) => `${line}\n`)].join("");
}
