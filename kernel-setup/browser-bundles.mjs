// The engine as programs for browsers (lib/page): bundled by esbuild from the sources, with stand-ins for what only Node.js has. What
// would need files, threads, a database or a network is a refusal there: a page computes from its plans and from nothing else.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const lib = join(here, "../lib");
const standIn = (name) => join(here, "browser/stand-ins", name);

/** Modules with a stand-in that does the same. */
const REPLACED = new Map([
  ["node:crypto", standIn("crypto.mjs")],
  ["mathjs", standIn("mathjs.mjs")],
  [join(lib, "base/columns.ts"), standIn("columns.mjs")],
  [join(lib, "report/recording-plan.ts"), standIn("recording-plan.mjs")],
]);
/** Modules of ours that a page refuses to use: the files they read, the threads they start, or the code that they would run. */
const REFUSED = new Map([
  [join(lib, "trace/recorded-events.ts"), "recordings are files of the repository"],
  [join(lib, "change/sandbox.ts"), "code of changes is never run in a page"],
  [join(lib, "change/transpile.ts"), "code of changes is never run in a page"],
  [join(lib, "experiment/local-workers.ts"), "it starts threads of Node.js"],
  [join(lib, "experiment/cluster.ts"), "it is a network"],
  [join(lib, "experiment/store.ts"), "it is a database"],
  [join(lib, "experiment/early-runs.ts"), "it writes files"],
]);
/** Packages that are bundled whole or in part; all others are refused. */
const BUNDLED = new Set(["mathjs/number"]);

const forBrowsers = {
  name: "for-browsers",
  setup(bundle) {
    bundle.onResolve({ filter: /./ }, async ({ path, kind, importer, resolveDir, pluginData, namespace }) => {
      if (kind === "entry-point" || pluginData === "ours" || importer.includes("/node_modules/")) return;
      if (namespace === "lodash" || BUNDLED.has(path)) return;
      if (path === "lodash") return { path: importer, namespace: "lodash", pluginData: { resolveDir } };
      const file = path.startsWith(".")
        ? (await bundle.resolve(path, { kind, resolveDir, importer, pluginData: "ours" })).path
        : path;
      const why = REFUSED.get(file) ?? (path.startsWith(".") ? undefined : `${path} is of Node.js`);
      if (REPLACED.has(file)) return { path: REPLACED.get(file) };
      if (why !== undefined) return { path: file, namespace: "refused", pluginData: { why } };
    });
    bundle.onLoad({ filter: /./, namespace: "refused" }, ({ pluginData }) => ({
      contents: refusing(pluginData.why),
      resolveDir: lib,
    }));
    // A module that is required is bundled whole, and mathjs is large: one that is imported is bundled in part.
    bundle.onLoad({ filter: /experiment[\\/]statistics\.ts$/ }, ({ path }) => ({
      contents: `import * as mathjsHere from "mathjs";\n${readFileSync(path, "utf8").replace('require("mathjs")', "mathjsHere as never")}`,
      loader: "ts",
    }));
    // Only the functions that a file names, instead of all of lodash.
    bundle.onLoad({ filter: /./, namespace: "lodash" }, ({ path, pluginData }) => ({
      contents: [...namesFromLodash(path)]
        .map((name) => `export { default as ${name} } from "lodash/${name}";`)
        .join("\n"),
      resolveDir: pluginData.resolveDir,
    }));
  },
};

/** A module in which every name is a function that refuses; it imports nothing, for what is required is bundled whole. */
const refusing = (why) => `
const refuse = () => {
  throw Object.assign(new Error(${JSON.stringify(`a page cannot do this: ${why}; \`pageblock verify\` can`)}), { name: "InputError" });
};
module.exports = Object.create(new Proxy({}, { get: (_, name) => (name === "__esModule" ? true : refuse) }));`;

function namesFromLodash(file) {
  const [, names] = /import \{([^}]*)\} from "lodash"/.exec(readFileSync(file, "utf8"));
  return names
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
}

/** The text of a program whose first file is `entry`, below lib/ or kernel-setup/. */
export async function programFor(entry, define = {}) {
  const { outputFiles } = await build({
    entryPoints: [join(here, "..", entry)],
    ...{ bundle: true, minify: true, format: "iife", platform: "browser", target: "es2020" },
    ...{
      write: false,
      legalComments: "none",
      charset: "ascii",
      define,
      plugins: [forBrowsers],
      logLevel: "error",
    },
  });
  return outputFiles[0].text;
}
