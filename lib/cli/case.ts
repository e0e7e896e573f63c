/** `pageblock case [name]`: reports of people, from the log to a machine in which the remedy works. */
import type { Command } from "commander";
import { largestOf } from "../base/extremes";
import { CASES } from "../explain/cases";
import { fieldCase } from "../fluent/field-case";

export function register(program: Command): void {
  program
    .command("case")
    .description("tell a report of a person: log, reason, remedy, and a machine that shows both")
    .argument("[name]", "name of the case; without it, all are listed")
    .option("--json", "print one JSON object")
    .action((name: string | undefined, { json }: { json?: boolean }) => {
      process.stdout.write(name === undefined ? listed(json === true) : told(name, json === true));
    });
}

function told(name: string, json: boolean): string {
  const story = fieldCase(name);
  return json ? `${JSON.stringify(story, null, 2)}\n` : story.text();
}

function listed(json: boolean): string {
  const cases = CASES.map(({ name, title, machine, source }) => ({ name, title, machine, source }));
  if (json) return `${JSON.stringify({ format: 1, cases }, null, 2)}\n`;
  const width = largestOf(cases.map(({ name }) => name.length));
  return `${cases.map(({ name, title }) => `${name.padEnd(width)}  ${title}`).join("\n")}\n`;
}
