/**
 * Magics: the few lines of IPython's language that people miss in a TypeScript notebook. Nothing here can be TypeScript: no
 * program begins with `%`, and none ends with `?` behind a name. A cell magic (`%%time`) is the first line of a cell,
 * line magics (`%npm i x`) stand before its code; everywhere else `%` is the operator.
 */

/** One magic: `%npm i x` is named `npm`, with `i x` behind it. */
export interface Magic {
  readonly name: string;
  readonly rest: string;
}

/** A cell, taken apart. */
export interface PreparedCell {
  readonly lines: readonly Magic[];
  /** The cell magic, with everything below its line. */
  readonly cell: (Magic & { readonly body: string }) | undefined;
  /** TypeScript, with an empty line for each magic, so that lines keep their numbers; empty if the cell magic takes the body. */
  readonly code: string;
  /** `parseSize?` asks what `parseSize` is. */
  readonly help: string | undefined;
}

export const LINE_MAGICS = ["npm", "reset", "who", "whos", "lsmagic"] as const;
/** Cell magics around TypeScript; the others take the cell's text. */
const AROUND_CODE = ["time"];
export const TEXT_MAGICS = ["html", "javascript", "js", "markdown", "latex", "svg", "bash", "sh"] as const;
const CELL_MAGICS: readonly string[] = [...AROUND_CODE, ...TEXT_MAGICS];
const MAX_HELP_CHARS = 200;

/** A magic that does not exist. */
export class UnknownMagicError extends Error {
  constructor(sign: string, name: string) {
    const known: Readonly<Record<string, readonly string[]>> = { "%%": CELL_MAGICS, "%": LINE_MAGICS };
    const other = sign === "%%" ? "%" : "%%";
    const meant = known[other]!.includes(name) ? `; ${other}${name} is` : "";
    const list = known[sign]!.map((one) => sign + one).join(", ");
    super(`${sign}${name.slice(0, 40)} is not known here${meant}: known are ${list}`);
    this.name = "UnknownMagic";
    this.stack = `${this.name}: ${this.message}`;
  }
}

function magicOf(line: string, sign: string): Magic {
  const text = line.trim().slice(sign.length);
  const end = text.search(/\s/);
  return end < 0 ? { name: text, rest: "" } : { name: text.slice(0, end), rest: text.slice(end).trim() };
}

/** Where the magic lines of a cell are: how many lines up to and with the last one, and which of them are magics. */
function magicLines(lines: readonly string[]): { cell: number; plain: number[] } {
  let cell = -1;
  const plain: number[] = [];
  for (const [index, line] of lines.entries()) {
    const text = line.trim();
    if (text === "" || text.startsWith("//")) continue;
    if (text.startsWith("%%") && cell < 0 && plain.length === 0) {
      cell = index;
      if (!AROUND_CODE.includes(magicOf(line, "%%").name)) break;
    } else if (text.startsWith("%") && !text.startsWith("%%")) plain.push(index);
    else break;
  }
  return { cell, plain };
}

/** Takes a cell apart. Throws {@link UnknownMagicError}. */
export function prepareCell(source: string): PreparedCell {
  const help = helpIn(source);
  if (help !== undefined) return { lines: [], cell: undefined, code: "", help };
  if (!source.includes("%")) return { lines: [], cell: undefined, code: source, help };
  const lines = source.split("\n");
  const { cell: at, plain } = magicLines(lines);
  const magics = plain.map((index) => magicOf(lines[index]!, "%"));
  const unknown = magics.find(({ name }) => !(LINE_MAGICS as readonly string[]).includes(name));
  if (unknown !== undefined) throw new UnknownMagicError("%", unknown.name);
  const code = lines.map((line, index) => (index === at || plain.includes(index) ? "" : line)).join("\n");
  if (at < 0) return { lines: magics, cell: undefined, code, help };
  const cell = { ...magicOf(lines[at]!, "%%"), body: lines.slice(at + 1).join("\n") };
  if (AROUND_CODE.includes(cell.name)) {
    // `%%time f()` times what stands on its line.
    const own = code.split("\n");
    own[at] = cell.rest;
    return { lines: magics, cell, code: own.join("\n"), help };
  }
  if (!(TEXT_MAGICS as readonly string[]).includes(cell.name)) throw new UnknownMagicError("%%", cell.name);
  return { lines: magics, cell, code: "", help };
}

/** The cell with blanks in place of magics, of the same length: for completion and hover. */
export function withoutMagics(source: string): string {
  if (!source.includes("%")) return source;
  const lines = source.split("\n");
  const { cell, plain } = magicLines(lines);
  if (cell < 0 && plain.length === 0) return source;
  const isText = cell >= 0 && !AROUND_CODE.includes(magicOf(lines[cell]!, "%%").name);
  const blank = (line: string) => " ".repeat(line.length);
  return lines
    .map((line, i) => (i === cell || plain.includes(i) || (isText && i > cell) ? blank(line) : line))
    .join("\n");
}

/** The magics that can stand at `position` (UTF-16 units), if a magic's name is being typed there. */
export function magicsAt(
  source: string,
  position: number,
): { start: number; end: number; candidates: string[] } | undefined {
  const start = source.lastIndexOf("\n", position - 1) + 1;
  const [, blank, typed] = /^(\s*)(%%?[a-z]*)$/.exec(source.slice(start, position)) ?? [];
  if (blank === undefined || typed === undefined) return undefined;
  const before = source.slice(0, start).split("\n").slice(0, -1);
  const { cell, plain } = magicLines(before);
  const isCode = (line: string, i: number) =>
    !/^\s*(?:\/\/.*)?$/.test(line) && i !== cell && !plain.includes(i);
  if (before.some(isCode) || (cell >= 0 && !AROUND_CODE.includes(magicOf(before[cell]!, "%%").name)))
    return undefined;
  const first = cell < 0 && plain.length === 0;
  const all = [
    ...LINE_MAGICS.map((one) => `%${one}`),
    ...(first ? CELL_MAGICS.map((one) => `%%${one}`) : []),
  ];
  const rest = /^[a-z]*/.exec(source.slice(position))![0].length;
  const candidates = all.filter((one) => one.startsWith(typed));
  return { start: start + blank.length, end: position + rest, candidates };
}

/** The name that a cell asks about with `name?`. */
export function helpIn(source: string): string | undefined {
  const text = source.trim();
  if (text.length > MAX_HELP_CHARS || !text.endsWith("?")) return undefined;
  const name = text.slice(0, -1).trim();
  return /^[\p{ID_Start}$_][\p{ID_Continue}$.]*$/u.test(name) ? name : undefined;
}
