/** `pageblock schema [kind]`: JSON Schema of plans, for editors. */
import type { Command } from "commander";
import { unknownName } from "../base/errors";
import { writeAtomically } from "../base/write-atomically";
import { PLAN_KINDS } from "../plan/kinds";
import { jsonSchema } from "../schema/json-schema";

export function register(program: Command): void {
  const names = PLAN_KINDS.map(({ name }) => name);
  program
    .command("schema")
    .description(
      "print the JSON Schema of a kind of plan; editors use it if a plan begins with `# yaml-language-server: $schema=FILE`",
    )
    .argument("[kind]", `one of ${names.join(", ")}`, "run")
    .option("--out <file>", "write to this file")
    .action((kind: string, { out }: { out?: string }) => {
      const found = PLAN_KINDS.find(({ name }) => name === kind);
      if (found === undefined) throw unknownName("schema", kind, names);
      const text = `${JSON.stringify(jsonSchema(found.statement, found.title), null, 2)}\n`;
      if (out === undefined) process.stdout.write(text);
      else writeAtomically(out, text);
    });
}
