/**
 * Scripts for browsers, which `npm run build` writes to dist/assets: packed Plotly, and the runtimes of charts, slides
 * and pages.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Versions and the hashes by which a Content-Security-Policy admits exactly these scripts. */
export interface AssetFacts {
  plotly: { version: string; csp: string };
  runtime: { csp: string };
  slides: { csp: string };
  page: { csp: string };
}

/** A script of ours inside a page, and the hash by which the policy of the page admits it. */
export interface PageScript {
  text: string;
  csp: string;
}

/** From the built library and, when sources are run directly, from the tree. */
const FOLDERS = [join(__dirname, "../assets"), join(__dirname, "../../dist/assets")];

function read(name: string): string {
  const folder = FOLDERS.find((candidate) => existsSync(join(candidate, name)));
  if (folder === undefined) throw new Error(`${name} is not built: run \`npm run build\``);
  return readFileSync(join(folder, name), "utf8");
}

export const assetFacts = (): AssetFacts => JSON.parse(read("assets.json"));

/** HTML that makes every chart of a document interactive (about 2 MB); needed once, at any place. */
export function loaderHtml(): string {
  return (
    `<script class="pageblock-plotly" type="application/gzip+base64">${read("plotly.gz.b64")}</script>` +
    `<script>${read("chart-runtime.js")}</script>`
  );
}

/** The hashes of the scripts of a page that verifies itself, and of one with knobs. */
export const liveFacts = (): { csp: string; knobs: string } => JSON.parse(read("live.json"));

/**
 * HTML that lets a page verify itself: the packed engine, and the script that runs it in workers. It stands behind the record and before
 * other scripts, so that it reads the page before they change it.
 */
export function liveHtml(): string {
  return `${packedEngine()}<script>${read("live-page.js")}</script>`;
}

const packedEngine = () =>
  `<script class="pageblock-engine" type="application/gzip+base64">${read("engine.gz.b64")}</script>`;

/** HTML that makes controls of every live figure of a document that has the engine. */
export const knobsHtml = (): string => `<script>${read("knobs.js")}</script>`;

/** The same with the engine: needed once in a notebook, at any place. */
export const engineHtml = (): string => packedEngine() + knobsHtml();

/** The script that moves from slide to slide. */
export const slidesScript = (): PageScript => ({ text: read("slides.js"), csp: assetFacts().slides.csp });

/** The script that opens the code of a page and marks the current section in its contents. */
export const pageScript = (): PageScript => ({ text: read("page.js"), csp: assetFacts().page.csp });

/** HTML that runs the playground: its two packed programs, and the script that starts them in workers; `csp`: the hash of the script. */
export const playgroundHtml = (): { html: string; csp: string } => {
  const packed = (name: string) =>
    `<script class="pageblock-${name}" type="application/gzip+base64">${read(`${name}.gz.b64`)}</script>`;
  return {
    html: `${packed("boot")}${packed("explain")}<script>${read("playground-page.js")}</script>`,
    csp: (JSON.parse(read("playground.json")) as { csp: string }).csp,
  };
};
