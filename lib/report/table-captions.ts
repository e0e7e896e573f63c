/**
 * Numbers the tables of a page. A table is named by its own caption, or by the heading of its section, and scrolls in
 * a box of its own.
 */
const PARTS =
  /<h[1-6] id="[^"]*">([\s\S]*?)<\/h[1-6]>|<table>(?:\s*<caption>([\s\S]*?)<\/caption>)?([\s\S]*?)<\/table>/g;

/** Letters of names in the first column that stand on one line. */
const NAME_MAX = 24;

/** `pieces` of a page, in order; tables that carry attributes are ours and stay as they are. */
export function captioned(pieces: readonly string[]): string[] {
  let number = 0;
  let section = "";
  return pieces.map((piece) => {
    if (isNested(piece)) return piece;
    return piece.replace(
      PARTS,
      (all, heading: string | undefined, caption: string | undefined, rows: string) => {
        if (heading === undefined) return figureHtml(++number, caption ?? section, rows);
        section = heading;
        return all;
      },
    );
  });
}

function figureHtml(number: number, words: string, rows: string): string {
  const names = [...rows.matchAll(/<tr>\s*<t[hd][^>]*>([^<]*)</g)].map((found) => found[1]!);
  const short = names.every((name) => name.length <= NAME_MAX) ? ' class="names"' : "";
  const id = `table-${number}`;
  return (
    `<figure class="table" id="${id}"><figcaption id="${id}-title"><b>Table ${number}.</b> ${words}</figcaption>` +
    `<div class="scroll" role="group" aria-labelledby="${id}-title" tabindex="0">` +
    `<table aria-labelledby="${id}-title"${short}>${tidyHead(rows)}</table></div></figure>`
  );
}

/** A table in a table: a box around the inner one would end with the outer one. */
function isNested(html: string): boolean {
  let depth = 0;
  for (const [tag] of html.matchAll(/<\/?table\b/g)) {
    depth += tag === "<table" ? 1 : -1;
    if (depth > 1) return true;
  }
  return false;
}

/** A heading of a column without words is no heading. */
const tidyHead = (rows: string) => rows.replace(/<th([^>]*)><\/th>/g, "<td$1></td>");
