/** What is to be said of a figure, table or sentence of a page, by the command line and by the page itself alike. */

/** How a part is called, and where it stands, as a reader finds it. */
export interface PartName {
  /** `id` of the element: figures have a number of their own. */
  id: string;
  /** `id` of the first table in it; empty if there is none. */
  table: string;
  /** `class` of the element: `prose`, `summary`, `output`. */
  classes: string;
  /** Text of the heading above it; empty if there is none. */
  heading: string;
}

const HEADING_MOST = 60;

/** `figure 3 under “Two boards”`, `table 1 …`, `sentence 2 …` (the second below its heading), in the order of `parts`. */
export function partNames(parts: readonly PartName[]): string[] {
  const counts = new Map<string, number>();
  return parts.map(({ id, table, classes, heading }) => {
    const short = heading.length <= HEADING_MOST ? heading : `${heading.slice(0, HEADING_MOST - 1)}…`;
    const place = short === "" ? "" : ` under “${short}”`;
    const kind = KINDS.find(([name]) => classes.split(" ").includes(name))?.[1] ?? "output";
    const numbered =
      /^(figure)-(\d{1,6})$/.exec(id) ?? (kind === "output" && /^(table)-(\d{1,6})$/.exec(table));
    if (numbered) return `${numbered[1]} ${numbered[2]}${place}`;
    const count = (counts.get(kind + place) ?? 0) + 1;
    counts.set(kind + place, count);
    return kind === "summary" ? `summary${place}` : `${kind} ${count}${place}`;
  });
}

const KINDS = [
  ["prose", "sentence"],
  ["summary", "summary"],
] as const;

/** What was found of a result that a part rests on; undefined if it was not run yet. */
export type FoundResult = { verdict: string; why?: string } | undefined;

/** `same`: confirmed; `changed`: it was changed, or a result comes out otherwise; `open`: not verified; null: not known yet. */
export interface JudgedPart {
  state: "same" | "changed" | "open" | null;
  words: string;
}

export const SIGNS = { same: "✓", changed: "✗", open: "–" } as const;

/** `asMade`: the part is as it was made; `runs`: the results that it rests on; `verdicts`: on every result. */
export function judgedPart(
  asMade: boolean,
  runs: readonly number[],
  verdicts: readonly FoundResult[],
): JudgedPart {
  if (!asMade) return { state: "changed", words: "changed after it was made" };
  if (runs.length === 0) return { state: "open", words: "not verified: it rests on no result" };
  const first = (verdict: string) => runs.find((index) => verdicts[index]?.verdict === verdict);
  for (const verdict of ["differs", "changed"]) {
    const index = first(verdict);
    if (index === undefined) continue;
    const what = verdict === "differs" ? "comes out otherwise" : "was changed after it was made";
    const words = `result ${index + 1}, which this rests on, ${what}: ${verdicts[index]!.why}`;
    return { state: "changed", words };
  }
  for (const verdict of ["cannot be run", "too long"]) {
    const index = first(verdict);
    if (index !== undefined)
      return { state: "open", words: `not verified: result ${index + 1}: ${verdicts[index]!.why}` };
  }
  if (runs.some((index) => verdicts[index] === undefined)) return { state: null, words: "" };
  const results = runs.length === 1 ? "its result was" : `its ${runs.length} results were`;
  return { state: "same", words: `as it was made; ${results} computed again: identical` };
}

/** What is said of parts that came or went. */
export const partsMissing = (count: number): string =>
  `${count} ${count === 1 ? "part was" : "parts were"} added or removed`;
