/**
 * Which packages a cell can import. tslab looks only in node_modules folders above the folder Jupyter was started in,
 * by the rules of Node 10 (no `exports`). Here a cell also finds, wherever Jupyter was started, the
 * package this kernel belongs to — always this very copy — and that package's own dependencies, unless
 * the notebook's folder has its own. The compiler uses `bundler` resolution, which reads `exports`.
 */
import { existsSync, readFileSync } from "node:fs";
import Module, { createRequire } from "node:module";
import { dirname, join, sep } from "node:path";
import { createCellProgram } from "./cell-program";
import { requireOfTslab, ts, typescriptPath } from "./tslab-internals";
import { shareOneTimer, type TimerHost } from "./watch-timers";

/** The folder of the package that contains this notebook kernel: the nearest package.json above this file. */
export function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, "package.json"))) {
    if (dirname(folder) === folder) throw new Error(`no package.json above ${__dirname}`);
    folder = dirname(folder);
  }
  return folder;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types?: string }>>;
}

export function packageManifest(): Manifest {
  return JSON.parse(readFileSync(join(packageRoot(), "package.json"), "utf8"));
}

/** Folder of an installed package as seen from `from`, or undefined. */
function folderOf(name: string, from: NodeJS.Require): string | undefined {
  return from.resolve
    .paths(name)
    ?.map((folder) => join(folder, ...name.split("/")))
    .find((folder) => existsSync(join(folder, "package.json")));
}

/** TypeScript's form of a path. */
const slashed = (path: string) => path.split(sep).join("/");

/** Compiler `paths` of the package's entry points, and of the dependencies that `cwd` does not see itself. */
export function compilerPaths(cwd: string): Record<string, string[]> {
  const root = packageRoot();
  const { name, dependencies, exports } = packageManifest();
  const paths: Record<string, string[]> = {};
  for (const [door, target] of Object.entries(exports))
    if (typeof target === "object" && target.types !== undefined)
      paths[name + door.slice(1)] = [join(root, target.types)];
  const fromHere = createRequire(join(root, "package.json"));
  const fromCell = createRequire(join(cwd, "cell.js"));
  for (const dependency of Object.keys(dependencies)) {
    if (folderOf(dependency, fromCell) !== undefined) continue;
    const folders = [folderOf(dependency, fromHere), folderOf(`@types/${dependency}`, fromHere)];
    const found = folders.filter((f): f is string => f !== undefined);
    paths[dependency] = found;
    paths[`${dependency}/*`] = found.map((f) => `${f}/*`);
  }
  for (const key of Object.keys(paths)) paths[key] = paths[key]!.map(slashed);
  return paths;
}

/**
 * Makes tslab's compiler follow these rules. Must run before tslab's converter is loaded. Of the @types packages only
 * Node's (those tslab ships) is loaded unasked: stock tslab loads every one it finds, and the newer cannot be read by
 * 5.0.
 */
export function prepareCompiler(cwd: string): void {
  const nodeTypes = folderOf("@types/node", requireOfTslab);
  const create = ts.createWatchCompilerHost as (...args: unknown[]) => unknown;
  const createPrepared = (
    files: unknown,
    options: Record<string, unknown>,
    system: unknown,
    _create: unknown,
    ...rest: unknown[]
  ) => {
    const moduleResolution = ts.ModuleResolutionKind.Bundler;
    const types =
      nodeTypes === undefined ? {} : { types: ["node"], typeRoots: [slashed(dirname(nodeTypes))] };
    const paths = compilerPaths(cwd);
    const all = { ...options, moduleResolution, paths, ...types };
    const host = create(files, all, system, createCellProgram, ...rest) as TimerHost;
    shareOneTimer(host);
    return host;
  };
  // TypeScript's exports cannot be assigned to: tslab gets a copy of the module with one function changed.
  const copy = Object.defineProperties(
    {},
    {
      ...Object.getOwnPropertyDescriptors(ts),
      createWatchCompilerHost: { value: createPrepared, enumerable: true },
    },
  );
  require.cache[typescriptPath]!.exports = copy;
}

/** Makes `require` in cells follow the same rules. */
export function prepareRequire(): void {
  const root = packageRoot();
  const { name, dependencies } = packageManifest();
  const here = join(root, "package.json");
  const fromHere = createRequire(here);
  const inNodeModules = `${sep}node_modules${sep}`;
  type Resolve = (request: string, parent?: { filename?: string | null }, ...rest: unknown[]) => string;
  const loader = Module as unknown as { _resolveFilename: Resolve };
  const resolve = loader._resolveFilename;
  const isOrIsIn = (request: string, packageName: string) =>
    request === packageName || request.startsWith(`${packageName}/`);
  loader._resolveFilename = function (request, parent, ...rest) {
    const from = parent?.filename ?? here;
    const byUser = from !== here && !from.includes(inNodeModules);
    if (byUser && isOrIsIn(request, name)) return fromHere.resolve(request);
    try {
      return resolve.call(this, request, parent, ...rest);
    } catch (error) {
      if (!byUser || !Object.keys(dependencies).some((d) => isOrIsIn(request, d))) throw error;
      return fromHere.resolve(request);
    }
  };
}

/**
 * An interrupt can end a cell in the middle of `require`, and no `finally` of the loader runs then: without this the next import
 * would get the modules as far as they had come. Call it where no `require` is under way.
 */
export function forgetHalfLoaded(): void {
  for (const [path, module] of Object.entries(require.cache))
    if (module !== undefined && !module.loaded) delete require.cache[path];
}
