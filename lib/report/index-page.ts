/** The page that links all write-ups of a folder, in the order of their names. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { readOutsideText } from "../base/outside-file";
import { writeAtomically } from "../base/write-atomically";
import { escapeHtml } from "./escape";
import { packageVersion } from "./provenance";
import { recordOfPage } from "./record";
import { STYLE } from "./style";

/** Writes `index.html` into `folder`; returns its path. Throws InputError if a page in it is damaged. */
export function writeIndexPage(folder: string): string {
  const names = readdirSync(folder).sort();
  const pages = names.filter((name) => /(?<!\.slides)\.html$/.test(name) && name !== "index.html");
  const items = pages.map((name) => {
    const { record } = recordOfPage(readOutsideText(join(folder, name)), name);
    const stem = name.replace(/\.html$/, "");
    const others = [
      ["slides", `${stem}.slides.html`],
      ["Markdown", `${stem}.md`],
      ["PDF", `${stem}.pdf`],
      ["notebook with outputs", `${stem}.ipynb`],
    ].filter(([, file]) => names.includes(file!));
    const links = others.map(([words, file]) => link(file!, words!)).join(" · ");
    return `<li>${link(name, record.title)}<br><small>${record.runs.length} plans, results <code>${record.resultsSha256.slice(0, 16)}</code>${links === "" ? "" : ` · ${links}`}</small></li>`;
  });
  const path = join(folder, "index.html");
  writeAtomically(path, pageOf(items));
  return path;
}

const link = (file: string, words: string) => `<a href="${encodeURI(file)}">${escapeHtml(words)}</a>`;

function pageOf(items: readonly string[]): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>pageblock: write-ups</title>
<style>${STYLE}li{margin-bottom:.8em}</style>
</head>
<body>
<main>
<h1>Write-ups</h1>
<p>Each page is the notebook of its name as pageblock ${escapeHtml(packageVersion())} ran it. <code>pageblock verify</code> with a page runs every plan in it again and compares.</p>
<ul>${items.join("\n")}</ul>
</main>
</body>
</html>
`;
}
