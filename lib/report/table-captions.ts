/**
 * Numbers the tables of a page. A table is named by its own caption, or by the heading of its section, and scrolls in
 * a box of its own.
 */
const BEGINNING = /<h[1-6] id="[^"<>]{0,400}">|<table>/g;
const CAPTION = "<caption>";
const CAPTION_END = "</caption>";
const TABLE_END = "</table>";

/** Letters of names in the first column that stand on one line. */
const NAME_MAX = 24;

/** From so many columns on, the rows of a table stand as lists on a phone. */
const STACKS_FROM = 5;

/** `pieces` of a page, in order; tables that carry attributes are ours and stay as they are. */
export function captioned(pieces: readonly string[]): string[] {
  let number = 0;
  let section = "";
  return pieces.map((piece) => {
    if (isNested(piece)) return piece;
    const made: string[] = [];
    let at = 0;
    for (const { 0: tag, index } of piece.matchAll(BEGINNING)) {
      const from = index + tag.length;
      const end = piece.indexOf(tag === "<table>" ? TABLE_END : `</${tag.slice(1, 3)}>`, from);
      if (end < 0 || index < at) continue;
      if (tag !== "<table>") {
        section = piece.slice(from, end);
        continue;
      }
      const { caption, rows } = tableOf(piece.slice(from, end));
      made.push(piece.slice(at, index), figureHtml(++number, caption ?? section, rows));
      at = end + TABLE_END.length;
    }
    return made.join("") + piece.slice(at);
  });
}

/** The caption of a table, if it begins with one, and what follows. */
function tableOf(inner: string): { caption?: string; rows: string } {
  const text = inner.trimStart();
  const end = text.startsWith(CAPTION) ? text.indexOf(CAPTION_END) : -1;
  if (end < 0) return { rows: inner };
  return { caption: text.slice(CAPTION.length, end), rows: text.slice(end + CAPTION_END.length) };
}

function figureHtml(number: number, words: string, rows: string): string {
  const names = [...rows.matchAll(/<tr>\s*<t[hd][^>]*>([^<]*)</g)].map((found) => found[1]!);
  const short = names.every((name) => name.length <= NAME_MAX);
  const id = `table-${number}`;
  const stacked = withLabels(rows);
  const classes = [...(short ? ["names"] : []), ...(stacked === undefined ? [] : ["stacks"])].join(" ");
  return (
    `<figure class="table" id="${id}"><figcaption id="${id}-title"><b>Table ${number}.</b> ${words}</figcaption>` +
    `<div class="scroll" role="group" aria-labelledby="${id}-title" tabindex="0">` +
    `<table aria-labelledby="${id}-title"${classes === "" ? "" : ` class="${classes}"`}>${tidyHead(stacked ?? rows)}</table></div></figure>`
  );
}

/** `rows` with the heading of its column at every cell but the first; undefined for a table that is narrow, or has joined cells. */
function withLabels(rows: string): string | undefined {
  const end = rows.indexOf("</thead>");
  if (end < 0 || /<t[hd][^<>]* (?:col|row)span=/.test(rows)) return undefined;
  const labels = rows
    .slice(0, end)
    .split(/<t[hd](?: [^<>]*)?>/)
    .slice(1)
    .map((cell) =>
      cell
        .replace(/<[^<>]*>/g, "")
        .trim()
        .replaceAll('"', "&quot;"),
    );
  if (labels.length < STACKS_FROM) return undefined;
  let column = 0;
  const body = rows.slice(end).replace(/<(tr|t[hd])(?: [^<>]*)?>/g, (tag, name: string) => {
    if (name === "tr") column = 0;
    else if (column++ > 0) return `${tag.slice(0, -1)} data-label="${labels[column - 1] ?? ""}">`;
    return tag;
  });
  return rows.slice(0, end) + body;
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
const tidyHead = (rows: string) => rows.replace(/<th([^<>]*)><\/th>/g, "<td$1></td>");
