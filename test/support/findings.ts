/**
 * What the notebooks find, as text: from executed notebooks, from docs/findings.md, and the figures in it. docs/findings.md is
 * written from executed notebooks whose cells are those of the tree, so with their default parameters.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const ROOT = join(__dirname, "../..");
export const FINDINGS_FILE = join(ROOT, "docs/findings.md");
const NOTEBOOKS = join(ROOT, "notebooks");

interface Cell {
  id: string;
  cell_type: string;
  source: string | string[];
  outputs?: { data?: Record<string, string | string[]> }[];
}

const text = (lines: string | string[] | undefined) =>
  Array.isArray(lines) ? lines.join("") : (lines ?? "");
const cellsOf = (path: string): Cell[] => JSON.parse(readFileSync(path, "utf8")).cells;
const nameOf = (number: string) => readdirSync(NOTEBOOKS).find((file) => file.startsWith(`${number}-`))!;

/** Numbers of the notebooks that end with findings: `10`, `20`, … */
export const FOUND_IN: readonly string[] = readdirSync(NOTEBOOKS)
  .filter(
    (file) => file.endsWith(".ipynb") && /"id": "findings/.test(readFileSync(join(NOTEBOOKS, file), "utf8")),
  )
  .map((file) => file.slice(0, 2));

/** The sources of a stored notebook's cells. */
export const sourcesOf = (number: string): string[] =>
  cellsOf(join(NOTEBOOKS, nameOf(number))).map((cell) => text(cell.source));

/** The list of findings among Markdown that a notebook shows: everything a `findings` cell shows. */
export function findingsIn(shown: readonly string[]): string {
  return (
    shown
      .map((part) => part.trim())
      .join("\n")
      .trim()
      // A notebook links to its neighbours.
      .replace(/\]\((?=\d\d-[^)]*\.ipynb)/g, "](../notebooks/")
  );
}

/** The findings of the executed notebook in `folder`, or undefined where there is none. Throws when its cells are not the tree's. */
export function executedFindings(folder: string, number: string): string | undefined {
  const path = join(folder, nameOf(number));
  if (!existsSync(path)) return undefined;
  const cells = cellsOf(path);
  if (JSON.stringify(cells.map((c) => text(c.source))) !== JSON.stringify(sourcesOf(number)))
    throw new Error(`${path}: was not executed from the notebook of this tree, with its own parameters`);
  return findingsIn(
    cells
      .filter((cell) => cell.id.startsWith("findings"))
      .flatMap((cell) => (cell.outputs ?? []).map((output) => text(output.data?.["text/markdown"]))),
  );
}

/** The sections of docs/findings.md by the notebook's number. */
export function storedFindings(): Map<string, string> {
  const page = existsSync(FINDINGS_FILE) ? readFileSync(FINDINGS_FILE, "utf8") : "";
  const sections = [...page.matchAll(/^## \[(\d\d)[^\n]*\n\n([\s\S]*?)(?=\n\n## |\n*$(?![\s\S]))/gm)];
  return new Map(sections.map(([, number, body]) => [number!, body!.trim()]));
}

/** docs/findings.md. */
export function findingsPage(findings: ReadonlyMap<string, string>): string {
  const sections = FOUND_IN.filter((number) => findings.has(number)).map((number) => {
    const title = /^# (.*)/.exec(sourcesOf(number)[0]!)![1]!;
    return `## [${title}](../notebooks/${nameOf(number)})\n\n${findings.get(number)}\n`;
  });
  return `# Findings

What each notebook prints at its end, with the parameters it is stored with. This page is written from executed notebooks, not by
hand:

    pageblock notebook run all --out build/run
    UPDATE_FINDINGS=build/run node test/run.mjs docs/claims

\`CHECK_FINDINGS\` in place of \`UPDATE_FINDINGS\` compares and writes nothing. A test computes the quick notebooks again, and checks every
figure of [claims](claims.md) against this page.

${sections.join("\n")}`;
}

/** Figures in a text, without separators of thousands: \`1,536 MiB\` has 1536. */
export const figuresIn = (words: string): string[] =>
  [...words.replaceAll(/(?<=\d),(?=\d{3}(?!\d))/g, "").matchAll(/\d+(?:\.\d+)?/g)].map(([figure]) => figure);
