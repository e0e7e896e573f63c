/** The parts of docs/strategies that are made from lib/strategy: the facts of a page and the table of the index. */
import { STRATEGIES } from "../../lib/strategy";
import type { Strategy } from "../../lib/strategy/strategy";
import { parameterTable } from "./parameter-table";

const cell = (text: string) => text.replaceAll("|", "\\|");

/** Control, release, configuration, parameters, sources. */
export function strategyFacts(s: Strategy): string {
  return [
    "| | |",
    "|---|---|",
    `| who controls it | ${cell(s.control)} |`,
    `| since | ${cell(s.since)} |`,
    `| what must be configured | ${cell(s.configure)} |`,
    "",
    Object.keys(s.parameters).length === 0 ? "It takes no parameters." : parameterTable(s.parameters),
    "",
    "Sources:",
    "",
    ...s.sources.map((source) => `- ${source}`),
  ].join("\n");
}

/** One line per strategy, in the order of the library. */
export function strategyIndex(): string {
  return [
    "| strategy | | since |",
    "|---|---|---|",
    ...[...STRATEGIES.values()].map(
      (s) => `| [\`${s.name}\`](${s.name}.md) | ${cell(s.title)} | ${cell(s.since)} |`,
    ),
  ].join("\n");
}
