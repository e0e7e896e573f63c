// Puts into dist/assets what the library sends to browsers: Plotly (minified, gzip, base64) and the chart runtime (skipped when
// the assets are newer than what they are made of), and into dist/kernel-setup/assets what the kernel's set-up needs.
// Also dist/engine.json, the hash of the sources that results depend on (lib/experiment/engine-version.ts).
// Writes what parameters mean into the declarations that completion reads (parameter-docs.mjs).
// Makes the library's door lazy (lazy-door.mjs).
// Takes out of dist what was compiled from sources that are gone: it would be packed and published.
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { transformSync } from "esbuild";
import { programFor } from "./browser-bundles.mjs";
import { makeDoorLazy } from "./lazy-door.mjs";
import { documentParameters } from "./parameter-docs.mjs";

const here = dirname(fileURLToPath(import.meta.url));
const out = join(here, "../dist/assets");
const plotly = createRequire(import.meta.url).resolve("plotly.js-dist/plotly.js");
const chartPage = join(here, "browser/chart-page.js");
const fit = join(here, "browser/chart-fit.js");
const runtime = join(here, "browser/chart-runtime.js");
const slides = join(here, "browser/slides.js");
const page = join(here, "browser/page.js");
const made = join(out, "assets.json");

for (const [folder, sources] of [
  ["kernel-setup", here],
  ["", join(here, "../lib")],
])
  prune(join(here, "../dist", folder), sources);
cpSync(join(here, "assets"), join(here, "../dist/kernel-setup/assets"), { recursive: true });

// The script and the C programs of `pageblock reproduce`.
cpSync(join(here, "../lib/reproduce/programs"), join(here, "../dist/reproduce/programs"), {
  recursive: true,
});

documentParameters(join(here, "../dist"));

const { hashSources } = createRequire(import.meta.url)("../dist/experiment/engine-version.js");
writeFileSync(
  join(here, "../dist/engine.json"),
  JSON.stringify({ sources: hashSources(join(here, "../lib")) }),
);

makeDoorLazy(join(here, "../dist/index.js"));

const sources = [plotly, fit, chartPage, runtime, slides, page, fileURLToPath(import.meta.url)];
const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs));
if (!existsSync(made) || statSync(made).mtimeMs < newest) {
  mkdirSync(out, { recursive: true });
  // The browser runs it as an inline script: a script's text is what its hash in a Content-Security-Policy is of.
  const code = minified(readFileSync(plotly, "utf8").replaceAll("\r\n", "\n"));
  write("plotly.gz.b64", gzipSync(code, { level: 9 }).toString("base64"));
  const script = inlineScript([fit, chartPage, runtime], "chart-runtime.js");
  const slidesScript = inlineScript([slides], "slides.js");
  const pageScript = inlineScript([page], "page.js");
  const { version } = JSON.parse(readFileSync(join(dirname(plotly), "package.json"), "utf8"));
  write(
    "assets.json",
    JSON.stringify({
      plotly: { version, csp: cspOf(code) },
      runtime: { csp: cspOf(script) },
      slides: { csp: cspOf(slidesScript) },
      page: { csp: cspOf(pageScript) },
    }),
  );
}

// The engine, for pages that verify themselves and for what is built on it; and what explains logs.
mkdirSync(out, { recursive: true });
const engine = await programFor("lib/page/engine-worker.ts");
write("engine.gz.b64", packed(engine));
const explain = await programFor("lib/page/explain-worker.ts");
write("explain.gz.b64", packed(explain));
const boot = await programFor("lib/page/boot-worker.ts");
write("boot.gz.b64", packed(boot));
const playground = await programFor("kernel-setup/browser/playground/playground-page.mjs", {
  BOOT_SHA256: JSON.stringify(hex(boot)),
  EXPLAIN_SHA256: JSON.stringify(hex(explain)),
});
refuseEnd(playground, "playground-page.js");
write("playground-page.js", playground);
write("playground.json", JSON.stringify({ csp: cspOf(playground) }));
const live = await pageScript("live-page");
const knobs = await pageScript("knobs");
write("live.json", JSON.stringify({ csp: cspOf(live), knobs: cspOf(knobs), engine: hex(engine) }));

/** A script of kernel-setup/browser/live that starts the engine, written under its name. */
async function pageScript(name) {
  const script = await programFor(`kernel-setup/browser/live/${name}.mjs`, {
    ENGINE_SHA256: JSON.stringify(hex(engine)),
  });
  refuseEnd(script, `${name}.js`);
  write(`${name}.js`, script);
  return script;
}

/** A program as pages carry it. */
function packed(code) {
  return gzipSync(code, { level: 9 }).toString("base64");
}

/** Lower-case hexadecimal SHA-256. */
function hex(text) {
  return createHash("sha256").update(text).digest("hex");
}

/** By which a Content-Security-Policy admits a script. */
function cspOf(text) {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

function refuseEnd(script, file) {
  if (/<\/script|<!--/i.test(script)) throw new Error(`${file} would end the script element it is put into`);
}

/** The same program in fewer bytes, in syntax that every browser since 2020 knows; the licence's comment stays. */
function minified(code) {
  return transformSync(code, { minify: true, legalComments: "inline", target: "es2020" }).code;
}

/** The text of a script of ours that stands inside pages, written under `name`. */
function inlineScript(files, name) {
  const script = files.map((file) => readFileSync(file, "utf8").replaceAll("\r\n", "\n")).join("");
  refuseEnd(script, name);
  write(name, script);
  return script;
}

/** Removes .js and .d.ts files below `folder` that have no .ts file below `sources`. */
function prune(folder, sources) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!["assets", "kernel-setup"].includes(entry.name)) prune(path, join(sources, entry.name));
    } else if (/\.(?:js|d\.ts)$/.test(entry.name)) {
      const stem = entry.name.replace(/\.(?:js|d\.ts)$/, "");
      if (!existsSync(join(sources, `${stem}.ts`))) rmSync(path, { force: true });
    }
  }
}

function write(name, text) {
  const path = join(out, name);
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}
