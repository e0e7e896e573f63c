/** The end of every page: references, how to cite it, the data, and the plans to run it again. */
import { howToCite } from "./cite-this";
import { escapeHtml } from "./escape";
import { proseHtml } from "./prose";
import { rerunOf } from "./provenance";
import type { WriteUp } from "./write-up";

/** A file of the data appendix. */
export interface DataLink {
  name: string;
  /** `data:` URL or relative address; undefined if it is attached (PDF). */
  href?: string;
  bytes: number;
}

/** The sections, each with a heading of its own. */
export function closingSections(writeUp: WriteUp, data: readonly DataLink[]): string[] {
  return [referencesHtml(writeUp), citeHtml(writeUp), dataHtml(data), rerunHtml(writeUp)].filter(Boolean);
}

function referencesHtml({ references }: WriteUp): string {
  if (references.length === 0) return "";
  const items = references.map(
    ({ number, markdown }) => `<li id="ref-${number}">${proseHtml(markdown)}</li>`,
  );
  return `<section class="rerun"><h2>References</h2><ol>${items.join("")}</ol></section>`;
}

function citeHtml(writeUp: WriteUp): string {
  const { sentence, bibtex } = howToCite(writeUp);
  return `<section class="rerun"><h2>How to cite this</h2><p>${escapeHtml(sentence)}</p><pre class="columns" tabindex="0">${escapeHtml(bibtex)}</pre></section>`;
}

function dataHtml(data: readonly DataLink[]): string {
  if (data.length === 0) return "";
  const items = data.map(({ name, href, bytes }) => {
    const words = escapeHtml(name);
    const shown =
      href === undefined ? words : `<a download="${words}" href="${escapeHtml(href)}">${words}</a>`;
    const place = href === undefined ? "attached to this file, " : "";
    return `<li>${shown} <small>${place}${bytes.toLocaleString("en")} bytes</small></li>`;
  });
  return `<section class="rerun"><h2>Data</h2>
<p>The results as tables: <code>runs</code> has a row for each plan, <code>columns</code> a row for each entry of results that hold columns.</p>
<ul>${items.join("")}</ul></section>`;
}

function rerunHtml(writeUp: WriteUp): string {
  const { facts, plans } = rerunOf(writeUp);
  const rows = facts.map(
    ([name, value]) => `<tr><th scope="row">${name}</th><td>${escapeHtml(value)}</td></tr>`,
  );
  const lines = plans.map(
    ({ plan, sha256 }) => `<li><code>${escapeHtml(plan)}</code><br><small>${sha256}</small></li>`,
  );
  return `<section class="rerun"><h2>To run this again</h2>
<p>Everything above was computed from these plans. The same plan gives the same result, byte for byte, on every computer; the SHA-256 under a plan is that of the plan with its result. <code>pageblock verify</code> with this file runs them all and compares.</p>
<table class="facts">${rows.join("")}</table>
${plans.length === 0 ? "" : `<details><summary>The plans (${plans.length})</summary><ol>${lines.join("")}</ol></details>`}
</section>`;
}
