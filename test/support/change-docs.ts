/**
 * Writes the table and the sections of decision points in docs/changes.md, from the points themselves. A test compares; after a
 * change of a point: `node --require ./test/support/register.cjs test/support/change-docs.ts`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { POINT_NAMES, POINTS } from "../../lib/change/points";

export const CHANGE_DOCS = join(__dirname, "../../docs/changes.md");
const BEGIN = "<!-- decision points: made by test/support/change-docs.ts -->";
const END = "<!-- end of decision points -->";

const cell = (text: string) => text.replaceAll("|", "\\|");

/** The generated part: a table of all points, then what each is given. */
export function pointDocs(): string {
  const rows = POINT_NAMES.map((name) => {
    const { decides, c } = POINTS[name];
    return `| [\`${name}\`](#${name.toLowerCase()}) | ${cell(decides)} | ${cell(c)} |`;
  });
  const sections = POINT_NAMES.map((name) => {
    const { given, answers, rule, c } = POINTS[name];
    const fields = Object.entries<string>(given).map(([field, doc]) => `| \`${field}\` | ${cell(doc)} |`);
    const head = [`### ${name}`, "", "| | |", "|---|---|"];
    const facts = [
      `| stands for | ${cell(c)} |`,
      `| answers | ${cell(answers)} |`,
      `| stock rule | ${cell(rule)} |`,
    ];
    return [...head, ...facts, "", "| given | |", "|---|---|", ...fields].join("\n");
  });
  return [
    "| point | what is decided | C functions |",
    "|---|---|---|",
    ...rows,
    "",
    sections.join("\n\n"),
  ].join("\n");
}

/** The page with its generated part anew. */
export function changeDocs(page = readFileSync(CHANGE_DOCS, "utf8")): string {
  const [before, rest] = page.split(BEGIN) as [string, string];
  const [, after] = rest.split(END) as [string, string];
  return `${before}${BEGIN}\n\n${pointDocs()}\n\n${END}${after}`;
}

if (require.main === module) writeFileSync(CHANGE_DOCS, changeDocs());
