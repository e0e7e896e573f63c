/**
 * With which options cells are checked: those of the user's `tsconfig.json`, found upwards from the notebook's folder,
 * as far as they say what is an error or how names are found. The language version, the standard library and Node's
 * types are those of the Node.js that runs the cells.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";
import { packageRoot, slashed } from "../package-resolution";

/**
 * Options of a tsconfig.json that cells follow. Those on unused names and on files to write make no sense for a cell.
 */
const FOLLOWED = [
  ...["strict", "noImplicitAny", "strictNullChecks", "strictFunctionTypes", "strictBindCallApply"],
  ...["strictPropertyInitialization", "strictBuiltinIteratorReturn", "noImplicitThis"],
  ...["useUnknownInCatchVariables", "exactOptionalPropertyTypes", "noUncheckedIndexedAccess"],
  ...["noPropertyAccessFromIndexSignature", "noImplicitOverride", "noFallthroughCasesInSwitch"],
  ...["noImplicitReturns", "suppressImplicitAnyIndexErrors", "experimentalDecorators"],
  ...["emitDecoratorMetadata", "useDefineForClassFields", "jsx", "jsxFactory", "jsxFragmentFactory"],
  ...["jsxImportSource", "baseUrl", "paths", "pathsBasePath", "types", "typeRoots", "customConditions"],
  ...["moduleSuffixes", "preserveSymlinks", "rootDirs"],
];

/** Parts of the standard library that Node has before the year of which they are, by Node's major version. */
const LIBRARIES: readonly (readonly [since: number, ...names: string[]])[] = [
  [20, "es2023", "es2024.string", "es2024.regexp", "esnext.disposable"],
  [20, "esnext.decorators"],
  [22, "es2024", "esnext.array", "esnext.collection", "esnext.iterator"],
  [24, "esnext.promise", "esnext.error", "esnext.float16", "esnext.sharedmemory"],
];

export const NODE_MAJOR = Number(process.versions.node.split(".")[0]);

/** ECMAScript that this Node runs; what is newer (`using`, decorators) is compiled. */
export const TARGET = NODE_MAJOR >= 22 ? ts.ScriptTarget.ES2024 : ts.ScriptTarget.ES2023;

export interface CellOptions {
  readonly options: ts.CompilerOptions;
  /** Root of Node's types: a file that every program holds. */
  readonly nodeTypes: string | undefined;
  readonly configFile: string | undefined;
}

/** The options for cells in `cwd`. A tsconfig.json that cannot be read counts as far as it can. */
export function cellOptions(cwd: string): CellOptions {
  const configFile = ts.findConfigFile(cwd, ts.sys.fileExists);
  const read = configFile === undefined ? {} : readOptions(configFile);
  // A file that only lists other projects says nothing of what is wrong.
  const isSilent = Object.keys(read).every((name) => name === "configFilePath" || name === "pathsBasePath");
  const configured: ts.CompilerOptions = isSilent ? { strict: true } : read;
  const followed: ts.CompilerOptions = {};
  for (const name of FOLLOWED) if (configured[name] !== undefined) followed[name] = configured[name];
  const options: ts.CompilerOptions = {
    jsx: ts.JsxEmit.ReactJSX,
    ...followed,
    target: TARGET,
    lib: libraries(configured.lib),
    module: ts.ModuleKind.Preserve,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    moduleDetection: ts.ModuleDetectionKind.Force,
    esModuleInterop: true,
    allowSyntheticDefaultImports: true,
    resolveJsonModule: true,
    allowImportingTsExtensions: true,
    allowJs: true,
    maxNodeModuleJsDepth: 0,
    skipLibCheck: true,
    types: (followed.types ?? []).filter((name) => name !== "node"),
    noEmitOnError: false,
    sourceMap: true,
    removeComments: true,
    preserveConstEnums: true,
    newLine: ts.NewLineKind.LineFeed,
  };
  if (options.jsx === ts.JsxEmit.Preserve || options.jsx === ts.JsxEmit.ReactNative)
    options.jsx = ts.JsxEmit.ReactJSX;
  return { options, nodeTypes: nodeTypes(cwd), configFile };
}

function readOptions(configFile: string): ts.CompilerOptions {
  const host: ts.ParseConfigHost = { ...ts.sys, readDirectory: () => [] };
  const { config } = ts.readConfigFile(configFile, (path) => ts.sys.readFile(path));
  return ts.parseJsonConfigFileContent(config ?? {}, host, dirname(configFile)).options;
}

/** The library of this Node, and what else the user names that is no year of ECMAScript: `dom`, `webworker`. */
function libraries(named: readonly string[] | undefined): string[] {
  const own = LIBRARIES.filter(([since]) => since <= NODE_MAJOR).flatMap(([, ...names]) => names);
  const others = (named ?? []).filter((file) => !/^lib\.(?:es\d|esnext\.d)/.test(file));
  const folder = dirname(ts.sys.getExecutingFilePath());
  const files = own.map((name) => `lib.${name}.d.ts`).filter((file) => existsSync(join(folder, file)));
  return [...new Set([...files, ...others])];
}

/**
 * Types of this Node's major version if there are any, the user's own first; otherwise those of the closest version.
 */
function nodeTypes(cwd: string): string | undefined {
  const ours = createRequire(join(packageRoot(), "package.json"));
  const users = createRequire(join(cwd, "cell.js"));
  const candidates: { folder: string; major: number }[] = [];
  for (const [from, name] of [
    [users, "@types/node"],
    [ours, `node-types-${NODE_MAJOR}`],
    [ours, "@types/node"],
  ] as const)
    for (const path of from.resolve.paths(name) ?? []) {
      const folder = join(path, name);
      if (!existsSync(join(folder, "index.d.ts"))) continue;
      const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
      candidates.push({ folder, major: Number.parseInt(version, 10) });
    }
  const distance = ({ major }: { major: number }) =>
    Math.abs(major - NODE_MAJOR) + (major > NODE_MAJOR ? 0.5 : 0);
  const [best] = candidates.sort((a, b) => distance(a) - distance(b));
  return best === undefined ? undefined : slashed(join(best.folder, "index.d.ts"));
}

/** Changes when the tsconfig.json that counts in `cwd` does. */
export function configVersion(cwd: string): string {
  const file = ts.findConfigFile(cwd, ts.sys.fileExists);
  if (file === undefined) return "";
  const { mtimeMs, size } = statSync(file);
  return `${file} ${mtimeMs} ${size}`;
}
