/**
 * Which file an import means when a cell or a module of the user runs: Node's rules for packages, and TypeScript's for
 * the user's own files (endings, `paths`). Nothing is remembered, so that packages and files made a moment ago are
 * found.
 */
import { existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { createRequire, isBuiltin } from "node:module";
import { basename, dirname, extname, isAbsolute, join, resolve as resolvePath, sep } from "node:path";
import { fileURLToPath } from "node:url";
import type ts from "typescript";
import { isOurs, packageManifest, packageRoot } from "../package-resolution";
import { exportedPath, importedPath, type Manifest } from "./package-exports";

export type Found =
  | { readonly kind: "builtin" | "url"; readonly name: string }
  /** `local` files are compiled here; others are Node's to load. */
  | { readonly kind: "local" | "cjs" | "esm"; readonly path: string };

export type Mode = "import" | "require";

const ENDINGS = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json", ".node"];
/** TypeScript's ending for one of JavaScript. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx"],
  ".jsx": [".tsx"],
  ".mjs": [".mts"],
  ".cjs": [".cts"],
};
const IN_PACKAGES = `${sep}node_modules${sep}`;
/** This Node can `require` ES modules, and knows the condition for it. */
const REQUIRES_MODULES = (process.features as { require_module?: boolean }).require_module === true;

/** The name of the file, which there is not, from which cells import. */
export const CELL_FILE = "<cell>.ts";

/** An error as Node's own loader throws it. */
function notFound(specifier: string, from: string): Error {
  const what = /^[./]/.test(specifier) ? "module" : "package";
  const place = basename(from) === CELL_FILE ? `the notebook in ${dirname(from)}` : from;
  const error = new Error(`Cannot find ${what} '${specifier}' imported from ${place}`);
  Object.defineProperty(error, "missing", { value: { specifier, from } });
  return Object.assign(error, { code: "ERR_MODULE_NOT_FOUND" });
}

const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() === true;
const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

function manifestIn(folder: string): Manifest | undefined {
  const path = join(folder, "package.json");
  return isFile(path) ? JSON.parse(readFileSync(path, "utf8")) : undefined;
}

/** The nearest package above `folder`. */
export function scopeOf(folder: string): { folder: string; manifest: Manifest } | undefined {
  for (let at = folder; ; at = dirname(at)) {
    if (at.endsWith(`${sep}node_modules`)) return undefined;
    const manifest = manifestIn(at);
    if (manifest !== undefined) return { folder: at, manifest };
    if (dirname(at) === at) return undefined;
  }
}

/** A file named without its ending, by the ending that its compiled form has, or by its folder. */
function fileAt(path: string): string | undefined {
  const ending = extname(path);
  const stem = path.slice(0, path.length - ending.length);
  const source = SOURCES[ending]?.map((e) => stem + e).find(isFile);
  if (source !== undefined) return source;
  if (isFile(path)) return path;
  const named = ENDINGS.map((e) => path + e).find(isFile);
  if (named !== undefined || !isFolder(path)) return named;
  const main = manifestIn(path)?.main;
  const inside = main === undefined ? undefined : fileAt(join(path, main));
  return inside ?? ENDINGS.map((e) => join(path, `index${e}`)).find(isFile);
}

/** The file that tsconfig's `paths` or `baseUrl` name. */
function byPaths(specifier: string, options: ts.CompilerOptions): string | undefined {
  const base = options.baseUrl ?? (options.pathsBasePath as string | undefined);
  if (base === undefined) return undefined;
  let best: { targets: readonly string[]; rest: string; length: number } | undefined;
  for (const [pattern, targets] of Object.entries(options.paths ?? {})) {
    const star = pattern.indexOf("*");
    const [head, tail] = star < 0 ? [pattern, ""] : [pattern.slice(0, star), pattern.slice(star + 1)];
    const matches =
      star < 0
        ? pattern === specifier
        : specifier.startsWith(head) &&
          specifier.endsWith(tail) &&
          specifier.length >= head.length + tail.length;
    const length = star < 0 ? Number.POSITIVE_INFINITY : head.length;
    if (!matches || (best !== undefined && best.length >= length)) continue;
    best = { targets, rest: specifier.slice(head.length, specifier.length - tail.length), length };
  }
  for (const target of best?.targets ?? []) {
    const found = fileAt(resolvePath(base, target.replace("*", best!.rest)));
    if (found !== undefined && !found.endsWith(".d.ts")) return found;
  }
  return options.baseUrl === undefined ? undefined : fileAt(resolvePath(options.baseUrl, specifier));
}

/** The file of a package in a node_modules above `folder`. */
function inPackages(specifier: string, folder: string, conditions: ReadonlySet<string>): string | undefined {
  const [name, ...rest] = specifier.startsWith("@")
    ? [specifier.split("/").slice(0, 2).join("/"), ...specifier.split("/").slice(2)]
    : specifier.split("/");
  const inside = rest.join("/");
  const own = scopeOf(folder);
  if (own?.manifest.name === name && own.manifest.exports !== undefined)
    return exportedPath(own.manifest, own.folder, inside, conditions);
  for (let at = folder; ; at = dirname(at)) {
    const place = join(at, "node_modules", name!);
    const manifest = isFolder(place) ? (manifestIn(place) ?? {}) : undefined;
    if (manifest?.exports !== undefined) return exportedPath(manifest, place, inside, conditions);
    const found = manifest === undefined ? undefined : fileAt(join(place, inside));
    if (found !== undefined) return found;
    if (dirname(at) === at) return undefined;
  }
}

/** How Node would load a file. */
function kindOf(path: string): Found {
  const kept = `${join(realpathSync(packageRoot()), "dist")}${sep}`;
  const isNodes = path.includes(IN_PACKAGES) || path.startsWith(kept) || path.endsWith(".node");
  if (!isNodes || /\.(?:[cm]?ts|[jt]sx)$/.test(path)) return { kind: "local", path };
  if (path.endsWith(".mjs")) return { kind: "esm", path };
  const isModule = path.endsWith(".js") && scopeOf(dirname(path))?.manifest.type === "module";
  return { kind: isModule ? "esm" : "cjs", path };
}

/** What `specifier` means in the file `from`. Throws, as Node does, if there is nothing. */
export function resolve(specifier: string, from: string, mode: Mode, options: ts.CompilerOptions): Found {
  if (isBuiltin(specifier)) return { kind: "builtin", name: specifier };
  if (/^(?:data|https?):/.test(specifier)) return { kind: "url", name: specifier };
  const conditions = new Set(["node", mode, "module-sync", "default", ...(options.customConditions ?? [])]);
  if (!REQUIRES_MODULES) conditions.delete("module-sync");
  const folder = dirname(from);
  const ours = join(packageRoot(), "cell.js");
  const find = (): string | undefined => {
    if (specifier.startsWith("file:")) return fileAt(fileURLToPath(specifier));
    const plain = specifier.replace(/[?#].*/, "");
    if (/^\.{0,2}\//.test(plain) || plain === "." || plain === ".." || isAbsolute(plain))
      return fileAt(resolvePath(folder, plain));
    if (specifier.startsWith("#")) {
      const scope = scopeOf(folder);
      const found = scope && importedPath(scope.manifest, scope.folder, specifier, conditions);
      if (found !== undefined)
        return isAbsolute(found) ? fileAt(found) : inPackages(found, folder, conditions);
    }
    if (isOurs(specifier)) return createRequire(ours).resolve(specifier);
    const mapped = folder.includes(IN_PACKAGES) ? undefined : byPaths(specifier, options);
    const found = mapped ?? inPackages(specifier, folder, conditions);
    if (found !== undefined) return found;
    const isDependency = Object.keys(packageManifest().dependencies).some(
      (d) => specifier === d || specifier.startsWith(`${d}/`),
    );
    return isDependency ? inPackages(specifier, packageRoot(), conditions) : undefined;
  };
  const found = find();
  if (found === undefined || !existsSync(found)) throw notFound(specifier, from);
  return kindOf(realpathSync(found));
}
