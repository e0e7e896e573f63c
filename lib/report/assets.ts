/** What browsers get from us, made by `npm run build` in dist/assets: Plotly, packed, the chart runtime, and the one of slides. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** Versions and the hashes by which a Content-Security-Policy admits exactly these scripts. */
export interface AssetFacts {
  plotly: { version: string; csp: string };
  runtime: { csp: string };
  slides: { csp: string };
}

/** From the built library and, when sources are run directly, from the tree. */
const FOLDERS = [join(__dirname, "../assets"), join(__dirname, "../../dist/assets")];

function read(name: string): string {
  const folder = FOLDERS.find((candidate) => existsSync(join(candidate, name)));
  if (folder === undefined) throw new Error(`${name} is not built: run \`npm run build\``);
  return readFileSync(join(folder, name), "utf8");
}

export const assetFacts = (): AssetFacts => JSON.parse(read("assets.json"));

/** HTML that makes every chart of a document live (about 2 MB); needed once, anywhere in it. */
export function loaderHtml(): string {
  return (
    `<script class="pageblock-plotly" type="application/gzip+base64">${read("plotly.gz.b64")}</script>` +
    `<script>${read("chart-runtime.js")}</script>`
  );
}

/** The script that moves from slide to slide. */
export const slidesScript = (): { text: string; csp: string } => ({
  text: read("slides.js"),
  csp: assetFacts().slides.csp,
});
