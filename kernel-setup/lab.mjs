// `npm run lab`: installs and builds what is missing, with nothing but Node.js; the rest is lab.ts.
import { spawnSync } from "node:child_process";
import { existsSync, lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const OLDEST_NODE = 20;

function fail(message) {
  process.stderr.write(`lab: ${message}\n`);
  process.exit(2);
}

function npm(...args) {
  process.stdout.write(`lab: npm ${args.join(" ")}\n`);
  const npmCli = process.env.npm_execpath;
  const [command, first] = npmCli?.endsWith(".js") ? [process.execPath, [npmCli]] : ["npm", []];
  const done = spawnSync(command, [...first, ...args], {
    cwd: root,
    stdio: ["ignore", "inherit", "inherit"],
    shell: process.platform === "win32",
  });
  if (done.status !== 0) fail(`npm ${args.join(" ")} failed: see above; it needs the npm registry`);
}

/** Time of the newest source file under `path`, in ms. */
function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}

if (Number(process.versions.node.split(".")[0]) < OLDEST_NODE)
  fail(`Node.js ${OLDEST_NODE} or newer is needed: found ${process.version}`);

/** By versions, not by times: a fresh checkout of an unchanged package-lock.json needs nothing. */
function isInstalled() {
  const packages = (file) => JSON.parse(readFileSync(join(root, file), "utf8")).packages;
  if (!existsSync(join(root, "node_modules", ".package-lock.json"))) return false;
  const there = packages(join("node_modules", ".package-lock.json"));
  return Object.entries(packages("package-lock.json")).every(
    ([name, { version, optional }]) => name === "" || optional || there[name]?.version === version,
  );
}

if (!isInstalled()) {
  const modules = lstatSync(join(root, "node_modules"), { throwIfNoEntry: false });
  // npm would empty the folder that the link points to, which is somebody else's.
  if (modules?.isSymbolicLink())
    fail("node_modules is a link to a folder that lacks packages of package-lock.json: run npm ci there");
  npm("ci");
}

const built = [join(root, "dist", "index.js"), join(root, "dist", "kernel-setup", "lab.js")];
const sources = ["lib", "kernel-setup", "tsconfig.json", "package.json"].map((name) => join(root, name));
const isBuilt = built.every((file) => existsSync(file));
if (!isBuilt || Math.max(...sources.map(newest)) > Math.min(...built.map((file) => statSync(file).mtimeMs)))
  npm("run", "--silent", "build");

const { lab } = createRequire(import.meta.url)(join(root, "dist", "kernel-setup", "lab.js"));
process.exit(await lab(process.argv.slice(2)));
