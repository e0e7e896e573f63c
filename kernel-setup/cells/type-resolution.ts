/**
 * Where the types of an imported module are. The notebook's own packages come first, then those of this package; the
 * package itself and tslab are always this very copy, because the kernel draws what they show.
 */
import { join } from "node:path";
import ts from "typescript";
import { isOurs, packageManifest, packageRoot, slashed } from "../package-resolution";
import { CELL_SCHEME } from "./cell-names";

interface Request {
  readonly redirected?: ts.ResolvedProjectReference;
  readonly mode: ts.ResolutionMode;
}

/** `./m` means `m.mts` and the like when it runs (resolve.ts); the compiler alone would want the ending. */
const ENDINGS = [".mjs", ".cjs", ".json"];

/** What this package was built to: its files name the same others as long as a kernel runs, as a package's do. */
const BUILT = slashed(join(packageRoot(), "dist/"));

/** True for a file of a package. A notebook may itself lie in one, as those of this package do. */
export function isInPackage(path: string, cwd: string): boolean {
  if (path.startsWith(BUILT)) return true;
  const folder = slashed(cwd);
  return (path.startsWith(folder) ? path.slice(folder.length) : path).includes("/node_modules/");
}

export class TypeResolution {
  /** For files of packages, which name the same files every time. */
  readonly packages: ts.ModuleResolutionCache;
  private recent: ts.ModuleResolutionCache | undefined;
  private readonly dependencies = Object.keys(packageManifest().dependencies);
  private readonly fromHere = slashed(join(packageRoot(), "cell.ts"));

  constructor(
    private readonly cwd: string,
    private readonly pathOfCell: (cell: string) => string | undefined,
  ) {
    this.packages = this.newCache();
  }

  /** Looks again for what the user's files name. */
  forget(): void {
    this.recent = undefined;
  }

  module(
    name: string,
    from: string,
    options: ts.CompilerOptions,
    { redirected, mode }: Request,
  ): ts.ResolvedModuleWithFailedLookupLocations {
    if (name.startsWith(CELL_SCHEME)) {
      const path = this.pathOfCell(name.slice(CELL_SCHEME.length));
      if (path === undefined) return { resolvedModule: undefined };
      return { resolvedModule: { resolvedFileName: path, extension: path.slice(path.lastIndexOf(".")) } };
    }
    const inPackage = isInPackage(from, this.cwd);
    const resolve = (place: string, cache: ts.ModuleResolutionCache, ending = "") =>
      ts.resolveModuleName(name + ending, place, options, ts.sys, cache, redirected, mode);
    if (inPackage) return resolve(from, this.packages);
    if (isOurs(name)) return resolve(this.fromHere, this.packages);
    this.recent ??= this.newCache();
    const recent = this.recent;
    const found = resolve(from, recent);
    const { resolvedModule } = found;
    if (resolvedModule === undefined && name.startsWith(".")) {
      const others = ENDINGS.map((ending) => resolve(from, recent, ending));
      return others.find((one) => one.resolvedModule !== undefined) ?? found;
    }
    if (resolvedModule !== undefined && resolvedModule.extension !== ".js") return found;
    const isDependency = this.dependencies.some((d) => name === d || name.startsWith(`${d}/`));
    if (!isDependency) return found;
    const ours = resolve(this.fromHere, this.packages);
    return ours.resolvedModule === undefined ? found : ours;
  }

  private newCache(): ts.ModuleResolutionCache {
    const same = (path: string) => (ts.sys.useCaseSensitiveFileNames ? path : path.toLowerCase());
    return ts.createModuleResolutionCache(this.cwd, same);
  }
}
