/** A page of text with figures below it: HTML for notebooks, the text alone for terminals. */
import type { Figure } from "../chart/figure";
import { escapeHtml } from "../report/escape";
import { withResults } from "../report/runs";
import type { MimeBundle } from "./display";
import { figuresHtml } from "./figure-bundle";

export function textBundle(text: string, figures: readonly Figure[]): MimeBundle {
  const page = `<pre style="white-space:pre-wrap;font-size:90%">${escapeHtml(text)}</pre>`;
  return withResults({ "text/html": `${page}${figuresHtml(figures)}`, "text/plain": text }, []);
}
