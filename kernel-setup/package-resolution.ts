/**
 * This package as cells see it. A cell finds, wherever Jupyter was started, the package this kernel belongs to — always
 * this very copy — and that package's own dependencies, unless the notebook's folder has its own (cells/resolve.ts).
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";

/** The folder of the package that contains this notebook kernel: the nearest package.json above this file. */
export function packageRoot(): string {
  if (root !== undefined) return root;
  let folder = __dirname;
  while (!existsSync(join(folder, "package.json"))) {
    if (dirname(folder) === folder) throw new Error(`no package.json above ${__dirname}`);
    folder = dirname(folder);
  }
  root = folder;
  return folder;
}

let root: string | undefined;
let manifest: Manifest | undefined;

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types?: string }>>;
}

export function packageManifest(): Manifest {
  manifest ??= JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8")) as Manifest;
  return manifest;
}

/** TypeScript's form of a path. */
export const slashed = (path: string) => path.split(sep).join("/");

/**
 * True for a module of this package, and of tslab, whose displays the kernel draws: always those that it has loaded.
 */
export function isOurs(specifier: string): boolean {
  const [name] = specifier.split("/");
  return name === packageManifest().name || name === "tslab";
}

/**
 * An interrupt can end a cell in the middle of `require`, and no `finally` of the loader runs then: without this the
 * next import would get the modules as far as they had come. Call it where no `require` is under way.
 */
export function forgetHalfLoaded(): void {
  for (const [path, module] of Object.entries(require.cache))
    if (module !== undefined && !module.loaded) delete require.cache[path];
}
