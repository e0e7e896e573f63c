/** What stands around a chart on a page: its caption, its words for readers who see no picture, and its data. */
import type { Figure, Layout } from "../chart/figure";
import { escapeHtml } from "./escape";
import type { ValueTable } from "./figure-cells";
import { type Series, seriesOf, shown, valueTables } from "./figure-values";
import { plain } from "./plain-text";

/** Title and note of a figure in plain text; empty if it has none. */
export interface FigureWords {
  title: string;
  note: string;
}

/** Series that are put into words; of more only the names. */
const SERIES_MAX = 6;
const WORDS_MAX = 600;
/** Cells of a table that is put into words. */
const CELLS_MAX = 40;

export function wordsOf({ layout }: Figure): FigureWords {
  const title: unknown = layout.title;
  const text = typeof title === "string" ? title : (layout.title?.text ?? "");
  return { title: plain(String(text)).trim(), note: plain(String(noteOf(layout))).trim() };
}

const noteOf = (layout: Layout) =>
  typeof layout.title === "string" ? "" : (layout.title?.subtitle?.text ?? "");

/** What a chart says, in a few sentences: `layout.meta.finding` if it has one, its title and note, its extremes. */
export function alternativeText(figure: Figure): string {
  const { title, note } = wordsOf(figure);
  const meta = figure.layout.meta as { finding?: unknown } | undefined;
  const finding = typeof meta?.finding === "string" ? plain(meta.finding) : "";
  const series = seriesOf(figure);
  const ranges =
    series.length <= SERIES_MAX ? series.map(rangeOf) : [series.map(({ name }) => name).join(", ")];
  const cells = series.length === 0 ? valueTables(figure).slice(0, 1).map(cellsOf) : [];
  const first = `Chart${title === "" ? "" : `: ${title}`}`;
  const words = [first, note, finding, ...ranges, ...cells].filter((part) => part !== "").map(sentence);
  return cut(words.join(" "));
}

const sentence = (text: string) => (/[.?!…]$/.test(text) ? text : `${text}.`);

const cut = (text: string) =>
  text.length <= WORDS_MAX ? text : `${text.slice(0, WORDS_MAX - 1).trimEnd()}…`;

/** `granted: lowest 0, 0 of 160 (cma-64k); highest 100, 160 of 160 (cma-4k)`; all of a few points. */
function rangeOf({ name, points }: Series): string {
  if (points.length <= 3) return `${name}: ${points.map(({ at, text }) => `${text} (${at})`).join("; ")}`;
  const sorted = [...points].sort((a, b) => a.value - b.value);
  const [low, high] = [sorted[0]!, sorted.at(-1)!];
  if (low.value === high.value) return `${name}: ${shown(low.value)} throughout`;
  return `${name}: lowest ${low.text} (${low.at}); highest ${high.text} (${high.at})`;
}

/** The values of a table that holds few: `free: 12; kernel: 3`. */
function cellsOf({ columns, rows, more }: ValueTable): string {
  if (more > 0 || rows.length * columns.length > CELLS_MAX) return "";
  const named = ([first, ...cells]: string[]) =>
    `${first}: ${cells.map((cell, i) => (cells.length === 1 ? cell : `${columns[i + 1]} ${cell}`)).join(", ")}`;
  return rows.map(named).join("; ");
}

/** Pixels that a title and a note take in the room above the axes (lib/chart/layout.ts). */
const TITLE_PIXELS = 40;
const NOTE_PIXELS = 24;
/** What each further line of a note takes. */
const NOTE_LINE_PIXELS = 19;
/** Room above the axes that stays without a legend. */
const TOP_LEAST = 24;

/** The pixels that a page takes off above the axes, since the title stands in the caption. */
export function titlePixels(figure: Figure): number {
  const { title, note } = wordsOf(figure);
  if (title === "" && note === "") return 0;
  const top = Number((figure.layout.margin as { t?: unknown } | undefined)?.t ?? 100);
  const lines = String(noteOf(figure.layout)).split(/<br\s*\/?>/).length;
  const below = note === "" ? 0 : NOTE_PIXELS + NOTE_LINE_PIXELS * (lines - 1);
  return Math.max(0, Math.min(TITLE_PIXELS + below, top - TOP_LEAST));
}

/** `figure` without its title, which the caption holds; lower by the room that the title took. */
export function untitled(figure: Figure): Figure {
  const cutBy = titlePixels(figure);
  if (cutBy === 0) return figure;
  const { title: _title, height, margin, ...layout } = figure.layout;
  const top = Number((margin as { t?: unknown } | undefined)?.t ?? 100) - cutBy;
  return {
    ...figure,
    layout: {
      ...layout,
      ...(height === undefined ? {} : { height: height - cutBy }),
      margin: { ...(margin as object | undefined), t: top },
    },
  };
}

export function captionHtml(figure: Figure, number: number): string {
  const { title, note } = wordsOf(figure);
  const words = title === "" ? "" : ` ${escapeHtml(title)}`;
  const under = note === "" ? "" : `<span class="note">${escapeHtml(note)}</span>`;
  return `<figcaption><b>Figure ${number}.</b>${words}${under}</figcaption>`;
}

/** The data of a chart, folded; nothing for a chart without a table. */
export function dataHtml(figure: Figure, number: number): string {
  const tables = valueTables(figure);
  if (tables.length === 0) return "";
  const name = `Data of figure ${number}`;
  return `<details class="data"><summary>${name}</summary>${tables.map((table) => tableHtml(table, name)).join("")}</details>`;
}

function tableHtml({ columns, rows, more }: ValueTable, name: string): string {
  const head = columns.map((column) => `<th scope="col">${escapeHtml(column)}</th>`).join("");
  const body = rows.map(([first, ...cells]) => {
    const rest = cells.map((cell) => `<td>${escapeHtml(cell)}</td>`).join("");
    return `<tr><th scope="row">${escapeHtml(first!)}</th>${rest}</tr>`;
  });
  const left =
    more === 0 ? "" : `<p class="note">The first ${rows.length} of ${rows.length + more} rows.</p>`;
  return `<div class="scroll" role="group" aria-label="${name}" tabindex="0"><table class="values"><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>${left}`;
}
