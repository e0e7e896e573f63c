/**
 * The site of a folder of write-ups: `index.html` with each question, its answer, the picture that shows it and how sure it is, and
 * `playground.html`. Links are relative and nothing is loaded, so that any static host can serve the folder.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { writeAtomically } from "../base/write-atomically";
import type { Figure } from "../chart/figure";
import { type AtlasEntry, atlasEntry } from "./atlas/entry";
import type { Robustness } from "./atlas/how-sure";
import { alternativeText, untitled, wordsOf } from "./captions";
import { escapeHtml } from "./escape";
import { playgroundPage } from "./playground-page";
import { proseHtml } from "./prose";
import { packageVersion } from "./provenance";
import { sitePage } from "./site-page";
import { NARROW_WIDTH } from "./svg/static-size";
import { staticSvg } from "./svg/static-svg";

const INDEX = "index.html";
const PLAYGROUND = "playground.html";

/** Writes the site's own pages into `folder`; returns the path of the first. Throws InputError if a page in it is damaged. */
export function writeIndexPage(folder: string): string {
  const pages = readdirSync(folder)
    .filter((name) => /(?<!\.slides)\.html$/.test(name) && name !== INDEX && name !== PLAYGROUND)
    .sort();
  const page = atlasPage(pages.map((name) => atlasEntry(folder, name)));
  writeAtomically(join(folder, PLAYGROUND), playgroundPage(INDEX));
  const path = join(folder, INDEX);
  writeAtomically(path, page);
  return path;
}

const STYLE = `
main{max-width:76rem}.lead{max-width:46rem}
.questions{font:15px/1.5 system-ui,sans-serif;columns:20rem;padding-left:1.8rem}.questions li{break-inside:avoid;margin-bottom:.3em}
article{border-top:1px solid var(--line);padding-top:1.6rem;margin-top:2.2rem;display:grid;gap:.5rem 2.5rem;grid-template-columns:minmax(0,1fr)}
article h2{margin:0 0 .5rem}article figure{margin:0}article img{display:block;width:100%;max-width:760px}figcaption{font:14px/1.45 system-ui,sans-serif;color:var(--soft);margin-bottom:.4rem}figcaption b{color:var(--ink)}
article>*{min-width:0}.answer{font-size:1.1rem}.answer p{margin:0 0 .7em}
@media(min-width:64rem){article{grid-template-columns:minmax(0,5fr) minmax(0,6fr)}article h2{grid-column:1/-1}}
.sure,.files,details{font:14px/1.5 system-ui,sans-serif}.sure{padding-left:1.1rem;margin:.2rem 0 .8rem;overflow-wrap:anywhere}.files{color:var(--soft);overflow-wrap:anywhere}
summary{cursor:pointer;font-weight:600;padding:.2rem 0}h3{margin:.8rem 0 .2rem;font-size:1rem}
.go{font:600 15px/1.5 system-ui,sans-serif;margin-top:.8rem}:focus-visible{outline:3px solid var(--link);outline-offset:2px}
@media(prefers-color-scheme:dark){article img{background:#fff;border-radius:5px;padding:.3rem}}`;

const link = (file: string, words: string) => `<a href="${encodeURI(file)}">${escapeHtml(words)}</a>`;

function atlasPage(entries: readonly AtlasEntry[]): string {
  const body = `<h1>Large contiguous memory: the questions, and what the model answers</h1>
<p class="lead">Each answer is computed: it stands in the notebook behind it, and <code>pageblock verify</code> with its page runs every plan again. How sure it is was tried at points. A point is one kind of machine: its memory, its role, its age, and how much of its memory never moves; the machines of a point differ by their seed. An answer is more than chance at a point if its 95 % interval leaves no other. Written by pageblock ${escapeHtml(packageVersion())}.</p>
<p class="go">${link(PLAYGROUND, "Playground: boot a machine of your own, or explain a kernel log, in this browser")}</p>
<nav aria-label="Questions"><ol class="questions">${entries.map(({ stem, question }) => `<li><a href="#${escapeHtml(encodeURIComponent(stem))}">${escapeHtml(question)}</a></li>`).join("")}</ol></nav>
${entries.map(articleOf).join("\n")}`;
  return sitePage({ title: "pageblock: the questions", style: STYLE, body });
}

function articleOf(entry: AtlasEntry): string {
  const { stem, title, question, picture, plans, resultsSha256, links } = entry;
  return `<article id="${escapeHtml(encodeURIComponent(stem))}">
<h2>${escapeHtml(question)}</h2>
<div>
${answerHtml(entry)}
<h3>How sure it is</h3>
${sureHtml(entry)}
<p class="go">${link(`${stem}.html`, `Read: ${title}`)}</p>
<p class="files">${[`${plans} plans, results <code>${resultsSha256.slice(0, 16)}</code>`, ...links.map(([words, file]) => link(file, words))].join(" · ")}</p>
</div>
${picture === undefined ? "" : pictureHtml(stem, picture)}
</article>`;
}

/** The picture under its words, drawn anew for phones, so that its letters are as large as those of the page. */
function pictureHtml(stem: string, picture: Figure): string {
  const { title, note } = wordsOf(picture);
  const drawn = untitled(picture);
  const data = (svg: string) => `data:image/svg+xml;base64,${Buffer.from(svg).toString("base64")}`;
  const small = `<source media="(max-width:34rem)" srcset="${data(staticSvg(drawn, NARROW_WIDTH))}">`;
  const image = `<img loading="lazy" alt="${escapeHtml(alternativeText(picture))}" src="${data(staticSvg(drawn))}">`;
  const words = `<b>${escapeHtml(title)}</b>${note === "" ? "" : `<br>${escapeHtml(note)}`}`;
  return `<figure><figcaption>${words}</figcaption><a href="${encodeURI(`${stem}.html`)}"><picture>${small}${image}</picture></a></figure>`;
}

function answerHtml({ answer, findings }: AtlasEntry): string {
  if (answer === "")
    return `<p class="answer">The page tells it; nothing computed stands beside it here.</p>`;
  const all = `<details><summary>All it found</summary>${proseHtml(findings.map((one) => `- ${one}`).join("\n"))}</details>`;
  return `<div class="answer">${proseHtml(answer)}</div>${findings.length > 1 ? all : ""}`;
}

/** `Does it last? Tried: cma grants more: true at 3 of 4`, or `cma grants more: true at 3 of 4`: not every question has a yes. */
const joined = ({ what, judged }: Robustness, words: string) =>
  judged === undefined ? `${what}: ${words}` : `${what} Tried: ${judged}: ${words}`;

function sureHtml({ robust, seeds }: AtlasEntry): string {
  const lines = [...robust.map((one) => joined(one, one.counts)), seeds];
  const list = `<ul class="sure">${lines.map((line) => `<li>${escapeHtml(line)}</li>`).join("")}</ul>`;
  if (robust.length === 0) return list;
  const ranges = robust.map((one) => `<li>${escapeHtml(`${joined(one, one.range)}.`)}</li>`);
  return `${list}<details><summary>On which machines it holds</summary><ul class="sure">${ranges.join("")}</ul></details>`;
}
