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
import { checkBounded } from "../read-bounded";

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
  /** That file and those that it extends. */
  readonly configFiles: readonly string[];
  /** What is wrong with it, each with file and line. */
  readonly problems: readonly string[];
}

interface Configured {
  readonly options: ts.CompilerOptions;
  readonly files: readonly string[];
  readonly problems: readonly string[];
}

/** TypeScript says that a tsconfig.json names no files: for cells it does not matter. */
const WITHOUT_FILES = new Set([18002, 18003]);

/** The tsconfig.json that counts in `cwd`. */
export const findConfig = (cwd: string) => ts.findConfigFile(cwd, ts.sys.fileExists);

/** The options for cells in `cwd`. A tsconfig.json with mistakes counts as far as it can be read; `strict` is on then. */
export function cellOptions(cwd: string): CellOptions {
  const configFile = findConfig(cwd);
  const read = configFile === undefined ? { options: {}, files: [], problems: [] } : readOptions(configFile);
  // A file that only lists other projects says nothing of what is wrong.
  const isSilent = Object.keys(read.options).every(
    (name) => name === "configFilePath" || name === "pathsBasePath",
  );
  const unread = isSilent || read.problems.length > 0;
  const configured: ts.CompilerOptions = unread ? { strict: true, ...read.options } : read.options;
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
  const { files: configFiles, problems } = read;
  return { options, nodeTypes: nodeTypes(cwd), configFile, configFiles, problems };
}

/** No settings of a compiler are nearly as large. */
const CONFIG_MIB = 1;

function readOptions(configFile: string): Configured {
  const readFile = (path: string) => {
    if (existsSync(path)) checkBounded(path, CONFIG_MIB, "tsconfig");
    return ts.sys.readFile(path);
  };
  const host: ts.ParseConfigHost = { ...ts.sys, readFile, readDirectory: () => [] };
  const file = ts.readJsonConfigFile(configFile, readFile);
  const { options, errors } = ts.parseJsonSourceFileConfigFileContent(file, host, dirname(configFile));
  const { parseDiagnostics } = file as unknown as { parseDiagnostics: readonly ts.Diagnostic[] };
  const all = [...parseDiagnostics, ...errors].filter(({ code }) => !WITHOUT_FILES.has(code));
  const problems = new Set(all.map((one) => inWords(one, file)));
  return { options, files: [configFile, ...(file.extendedSourceFiles ?? [])], problems: [...problems] };
}

/** A message of the compiler. One without a place is on what `extends` names. */
function inWords({ file, start, messageText }: ts.Diagnostic, config: ts.TsConfigSourceFile): string {
  const where = file ?? config;
  const [root] = config.statements;
  const properties = root && ts.isObjectLiteralExpression(root.expression) ? root.expression.properties : [];
  const extended = properties.find(({ name }) => name && ts.isStringLiteral(name) && name.text === "extends");
  const { line, character } = where.getLineAndCharacterOfPosition(start ?? extended?.getStart(config) ?? 0);
  const message = ts.flattenDiagnosticMessageText(messageText, " ");
  return `${where.fileName}:${line + 1}:${character + 1}: ${message}`;
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

/** Changes when the tsconfig.json, or one that it extends, does. */
export function configVersion({ configFiles }: CellOptions): string {
  return configFiles
    .map((file) => {
      const found = statSync(file, { throwIfNoEntry: false });
      return `${file} ${found?.mtimeMs} ${found?.size}`;
    })
    .join("\n");
}
