/** Bytes of readings as pages and as words. */
import { log2 } from "../base/elementary";
import { formatSize } from "../base/units";

/** Whether a number is in the text: neither null nor a number that the reader marked as missing. */
export function listed(bytes: number | null | undefined): bytes is number {
  return bytes !== null && bytes !== undefined && Number.isFinite(bytes);
}

/** Whole pages of a printed size; 0 if it is not in the text. */
export function inPages(bytes: number | null | undefined, pageBytes: number): number {
  return listed(bytes) ? Math.round(bytes / pageBytes) : 0;
}

/** `173,104 kB`, as reports print sizes, with separators. */
export function kB(bytes: number): string {
  return `${Math.round(bytes / 1024).toLocaleString("en")} kB`;
}

/** A size for a reader: exact to three digits, `169 MiB`. */
export function about(bytes: number): string {
  if (bytes <= 0) return "0";
  const unit = 1024 ** Math.floor(log2(bytes) / 10);
  return formatSize(Number((bytes / unit).toPrecision(3)) * unit);
}

/** `order 4 (64 KiB)`. */
export function orderInWords(order: number, pageBytes: number): string {
  return `order ${order} (${formatSize(pageBytes * 2 ** order)})`;
}

/** A size as a kernel parameter takes it: lib/cmdline.c memparse() reads whole numbers with one letter, and no fraction. */
export function memparseSize(bytes: number, largest: "G" | "M" = "G"): string {
  const units = [
    ["G", 2 ** 30],
    ["M", 2 ** 20],
    ["K", 2 ** 10],
  ] as const;
  const [word, unit] = units.find(
    ([letter, size]) => (letter !== "G" || largest === "G") && bytes >= size && bytes % size === 0,
  ) ?? ["", 1];
  return `${Math.ceil(bytes / unit)}${word}`;
}

/** With a capital, as a sentence begins; names of functions stay as they are. */
export const capital = (text: string) =>
  /^\w{1,80}\(\)/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);

/** Sentences of one kind that are told; a text may hold hundreds of thousands of such lines. */
const TOLD_MOST = 16;

/** The first of many sentences or words, each once, and how many more there are. */
export function firstOf(sentences: readonly string[], more: (count: number) => string): string[] {
  const different = [...new Set(sentences)];
  if (different.length <= TOLD_MOST) return different;
  return [...different.slice(0, TOLD_MOST), more(different.length - TOLD_MOST)];
}

/** `one`, `one and two`, `one, two and three`. */
export function listInWords(words: readonly string[]): string {
  if (words.length < 2) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}
