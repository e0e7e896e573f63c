/** The parts of docs/strategies that are what lib/strategy says: the facts of a page, and the table of the index. */
import { STRATEGIES } from "../../lib/strategy";
import type { Strategy } from "../../lib/strategy/strategy";

const cell = (text: string) => text.replaceAll("|", "\\|");

/** Control, release, configuration, parameters, sources. */
export function strategyFacts(s: Strategy): string {
  const parameters = Object.entries(s.defaults).map(
    ([name, value]) => `| \`${name}\` | \`${String(value)}\` | ${cell(s.meanings[name]!)} |`,
  );
  return [
    "| | |",
    "|---|---|",
    `| who controls it | ${cell(s.control)} |`,
    `| since | ${cell(s.since)} |`,
    `| what must be configured | ${cell(s.configure)} |`,
    "",
    ...(parameters.length === 0
      ? ["It takes no parameters."]
      : ["| parameter | default | meaning |", "|---|---|---|", ...parameters]),
    "",
    "Sources:",
    "",
    ...s.sources.map((source) => `- ${source}`),
  ].join("\n");
}

/** One line a strategy, in the order of the library. */
export function strategyIndex(): string {
  return [
    "| strategy | | since |",
    "|---|---|---|",
    ...[...STRATEGIES.values()].map(
      (s) => `| [\`${s.name}\`](${s.name}.md) | ${cell(s.title)} | ${cell(s.since)} |`,
    ),
  ].join("\n");
}
