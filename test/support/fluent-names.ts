/**
 * Writes lib/fluent/known-names.ts from the registries of workloads and strategies, so that cells have completion and documentation
 * for every one. A test compares; after adding a kind or a strategy: `node --require ./test/support/register.cjs test/support/fluent-names.ts`.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { STRATEGIES } from "../../lib/strategy";
import { WORKLOADS } from "../../lib/workload/kinds";

export const NAMES_FILE = join(__dirname, "../../lib/fluent/known-names.ts");

const camel = (name: string) => name.replace(/-(\w)/g, (_, c: string) => c.toUpperCase());
const comment = (text: string) => text.replaceAll("*/", "* /").replace(/\s+/g, " ");
const type = (value: unknown) => typeof value;

export function namesSource(): string {
  const workloads = [...WORKLOADS.values()].map((w) => {
    const parameters = Object.entries(w.parameters).map(
      ([name, p]) =>
        `    /** ${comment(`${p.meaning}; ${p.unit}; default ${JSON.stringify(p.default)}`)} */\n    ${name}?: ${type(p.default)};`,
    );
    return `  /** ${comment(`${w.title}. ${w.summary}`)} */\n  ${w.kind}: {\n${parameters.join("\n")}\n  };`;
  });
  const strategies = [...STRATEGIES.values()].map((s) => {
    const parameters = Object.entries(s.defaults).map(
      ([name, value]) => `    /** default ${JSON.stringify(value)} */\n    ${name}?: ${type(value)};`,
    );
    const body = parameters.length === 0 ? "Record<never, never>" : `{\n${parameters.join("\n")}\n  }`;
    return `  /** ${comment(`${s.title}. ${s.summary} To configure: ${s.configure}.`)} */\n  ${camel(s.name)}: ${body};`;
  });
  return `/** Names and parameters of workloads and strategies, for completion in a cell. Made by test/support/fluent-names.ts; do not edit. */
// biome-ignore-all format: made by a program

/** Parameters of every workload, by its kind. */
export interface WorkloadParameters {
${workloads.join("\n")}
}

/** Parameters of every strategy, by its name in camel case. */
export interface StrategyParameters {
${strategies.join("\n")}
}
`;
}

if (require.main === module) writeFileSync(NAMES_FILE, namesSource());
