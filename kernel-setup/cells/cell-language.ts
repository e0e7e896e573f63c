/**
 * TypeScript's language service over cells. Every cell is a module of its own in the notebook's folder. The cell at
 * hand is always the same file, so that the compiler keeps what it knows of all others; a cell that has run stays as
 * `In[3].ts`, and later cells take types from its source: nothing needs to be emitted as a declaration.
 */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { slashed } from "../package-resolution";
import { CELL_SCHEME } from "./cell-names";
import type { CellSource, Complaint } from "./cell-source";
import { complaintAt } from "./cell-source";
import { type CellOptions, cellOptions, configVersion, findConfig } from "./compiler-options";
import { isTooDeep, TooDeepError } from "./too-deep";
import { isInPackage, TypeResolution } from "./type-resolution";

/**
 * Mistakes that are none in a cell: packages without types are used as they are (7016); a variable without a type may
 * get its value, and a list that begins as `[]` what it holds, in a later cell (7005, 7034).
 */
const ALLOWED = new Set([7005, 7016, 7034]);

/** A module that is not found; what a `data:` URL holds is not known to the compiler. */
const NO_MODULE = 2307;
const ASSIGNED_IMPORT = 2632;

/** Declarations of what the kernel adds to Node's globals. */
const GLOBALS = slashed(join(__dirname, "../assets/cell-globals.d.ts"));

interface Virtual {
  readonly text: string;
  readonly version: string;
}

/** Beginnings of names that stand for those of cells in generated lines (cell-names.ts). */
const GENERATED = /\$(?:cell|grown|narrow)_(?=[\p{ID_Start}$_])/gu;

export class CellLanguage {
  private readonly virtual = new Map<string, Virtual>();
  private readonly snapshots = new Map<string, { version: string; snapshot: ts.IScriptSnapshot }>();
  private readonly kept = new Map<string, string>();
  private version = 0;
  /** The program of the open cell, as soon as it is made. */
  private known: ts.Program | undefined;
  private settings: CellOptions;
  private settingsVersion: string;
  private toldProblems = "";
  private current: string;
  private resolution: TypeResolution;
  service: ts.LanguageService;

  constructor(private readonly cwd: string) {
    this.settings = cellOptions(cwd);
    this.settingsVersion = configVersion(this.settings);
    this.current = this.pathOf("", ".ts");
    this.resolution = this.newResolution();
    this.service = this.newService();
    // Reads the standard library and Node's types before the first cell asks for them.
    this.open("export {};", ".ts");
    this.program().getTypeChecker();
  }

  /** The notebook's folder. */
  get folder(): string {
    return this.cwd;
  }

  get options(): ts.CompilerOptions {
    return this.settings.options;
  }

  /** Puts `text` where the cell at hand is, and returns its path. */
  open(text: string, extension: ".ts" | ".tsx"): string {
    this.readOptionsAgain();
    this.current = this.pathOf("", extension);
    if (this.virtual.get(this.current)?.text !== text)
      this.virtual.set(this.current, { text, version: String(++this.version) });
    this.resolution.forget();
    this.known = undefined;
    return this.current;
  }

  private readOptionsAgain(): void {
    const { configFile, problems } = this.settings;
    const isSame =
      configFile === findConfig(this.cwd) && configVersion(this.settings) === this.settingsVersion;
    if (isSame && problems.length === 0) return;
    const settings = cellOptions(this.cwd);
    const version = configVersion(settings);
    if (version === this.settingsVersion && settings.problems.join() === problems.join()) return;
    this.settings = settings;
    this.settingsVersion = version;
    this.resolution = this.newResolution();
  }

  /** What is wrong with the tsconfig.json, each time that it is something else. */
  takeProblems(): readonly string[] {
    const { problems } = this.settings;
    if (problems.join() === this.toldProblems) return [];
    this.toldProblems = problems.join();
    return problems;
  }

  private newService(): ts.LanguageService {
    return ts.createLanguageService(this.host(), ts.createDocumentRegistry());
  }

  /** Does `work`; if the compiler itself fails, once more with a new one, which knows nothing of the failed one's state. */
  steadily<T>(work: () => T): T {
    const { version } = this;
    try {
      return work();
    } catch (error) {
      const tooDeep = isTooDeep(error);
      // The service has not seen the code yet.
      if (tooDeep && this.version === version) throw new TooDeepError();
      this.service = this.newService();
      this.resolution = this.newResolution();
      this.known = undefined;
      if (tooDeep) throw new TooDeepError();
      return work();
    }
  }

  private newResolution(): TypeResolution {
    return new TypeResolution(this.cwd, (cell) => this.kept.get(cell));
  }

  /** True if a cell is kept under this name. */
  has(cell: string): boolean {
    return this.kept.has(cell);
  }

  /** The program with the open cell. */
  program(): ts.Program {
    this.known ??= this.service.getProgram()!;
    return this.known;
  }

  /** Keeps the open cell's text under the cell's name, for those that come. */
  keep(cell: string, text: string, extension: ".ts" | ".tsx"): void {
    const path = this.pathOf(cell, extension);
    this.virtual.set(path, { text, version: String(++this.version) });
    this.kept.set(cell, path);
  }

  /** What is wrong with the types of the open cell, in the places of its code. */
  mistakes(source: CellSource): Complaint[] {
    const program = this.program();
    const file = program.getSourceFile(this.current)!;
    const from = source.prefix.length;
    const end = from + source.code.length;
    return program
      .getSemanticDiagnostics(file)
      .filter((d) => d.category === ts.DiagnosticCategory.Error && !ALLOWED.has(d.code))
      .filter((d) => d.start === undefined || d.start < end)
      .filter((d) => d.code !== NO_MODULE || !/^["'`]data:/.test(source.text.slice(d.start)))
      .map((d) => complaintAt(source.code, (d.start ?? 0) - from, this.inCells(d, file)));
  }

  /** The message, where the name of an earlier cell is to the compiler an import, and to the reader what it is there. */
  private inCells({ code, messageText }: ts.Diagnostic, file: ts.SourceFile): string {
    const words = this.inWords(messageText);
    if (code !== ASSIGNED_IMPORT) return words;
    const name = /'([^']*)'/.exec(words)?.[1] ?? "";
    const kind = kindInCells(name, file, this.program().getTypeChecker());
    return kind === undefined ? words : `Cannot assign to '${name}' because it is ${kind}.`;
  }

  /** Constants of the open cell that are of one of several types, of which its checks may have left fewer. */
  narrowable({ declared }: CellSource): Set<string> {
    const checker = this.program().getTypeChecker();
    const file = this.program().getSourceFile(this.current) as unknown as { locals: Map<string, ts.Symbol> };
    const found = new Set<string>();
    for (const [name, { value, type }] of declared) {
      const declaration = file.locals.get(name)?.valueDeclaration;
      if (value !== "const" || type || declaration === undefined) continue;
      if (!ts.isVariableDeclaration(declaration) && !ts.isBindingElement(declaration)) continue;
      if (checker.getTypeOfSymbol(file.locals.get(name)!).isUnion()) found.add(name);
    }
    return found;
  }

  /** Names that the open cell imports, of variables that their module may set again (`export let`). */
  changing({ file }: CellSource): string[] {
    const checker = this.program().getTypeChecker();
    const { locals } = this.program().getSourceFile(this.current) as unknown as {
      locals: Map<string, ts.Symbol>;
    };
    const imports = file.statements.filter(ts.isImportDeclaration).flatMap(({ importClause }) => {
      const bindings = importClause?.namedBindings;
      return bindings !== undefined && ts.isNamedImports(bindings) ? [...bindings.elements] : [];
    });
    return imports.flatMap(({ name }) => {
      const symbol = locals.get(name.text);
      if (symbol === undefined || (symbol.flags & ts.SymbolFlags.Alias) === 0) return [];
      const declaration = checker.getAliasedSymbol(symbol).valueDeclaration;
      if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return [];
      const isConstant = (ts.getCombinedNodeFlags(declaration) & ts.NodeFlags.Const) !== 0;
      return isConstant || declaration.getSourceFile().isDeclarationFile ? [] : [name.text];
    });
  }

  /** A message with cells named as the reader knows them. */
  inWords(message: string | ts.DiagnosticMessageChain): string {
    const text = ts.flattenDiagnosticMessageText(message, "\n");
    return text
      .replaceAll(`import("${slashed(this.cwd)}/In[]")`, "this cell's ")
      .replaceAll(this.inFolder, "$1")
      .replaceAll(GENERATED, "");
  }

  private get inFolder(): RegExp {
    const folder = slashed(this.cwd).replace(/[^\w/]/g, "\\$&");
    return new RegExp(`import\\("${folder}/(In\\[[^\\]]{0,40}\\])"\\)`, "g");
  }

  private pathOf(cell: string, extension: string): string {
    return slashed(join(this.cwd, `In[${cell}]${extension}`));
  }

  /** The text of a file; read again only when it has changed. */
  private snapshot(path: string): ts.IScriptSnapshot | undefined {
    const version = this.virtual.get(path)?.version ?? versionOnDisk(path);
    const known = this.snapshots.get(path);
    if (known?.version === version) return known.snapshot;
    const text = this.virtual.get(path)?.text ?? ts.sys.readFile(path);
    if (text === undefined) return undefined;
    const snapshot = ts.ScriptSnapshot.fromString(text);
    this.snapshots.set(path, { version, snapshot });
    return snapshot;
  }

  private host(): ts.LanguageServiceHost {
    const read = (path: string) => this.virtual.get(path)?.text ?? ts.sys.readFile(path);
    return {
      getCompilationSettings: () => this.settings.options,
      getScriptFileNames: () => {
        const { nodeTypes } = this.settings;
        return nodeTypes === undefined ? [this.current, GLOBALS] : [nodeTypes, this.current, GLOBALS];
      },
      getScriptVersion: (path) => this.virtual.get(path)?.version ?? versionOnDisk(path),
      getScriptSnapshot: (path) => this.snapshot(path),
      ...{ getModuleResolutionCache: () => this.resolution.packages },
      getCurrentDirectory: () => this.cwd,
      getDefaultLibFileName: ts.getDefaultLibFilePath,
      fileExists: (path) => this.virtual.has(path) || ts.sys.fileExists(path),
      readFile: read,
      directoryExists: ts.sys.directoryExists,
      getDirectories: (path) => (existsSync(path) ? ts.sys.getDirectories(path) : []),
      readDirectory: ts.sys.readDirectory,
      ...(ts.sys.realpath === undefined ? {} : { realpath: ts.sys.realpath }),
      useCaseSensitiveFileNames: () => ts.sys.useCaseSensitiveFileNames,
      resolveModuleNameLiterals: (literals, from, redirected, options, file) =>
        literals.map((literal) =>
          this.resolution.module(literal.text, from, options, {
            ...(redirected === undefined ? {} : { redirected }),
            mode: ts.getModeForUsageLocation(file, literal, options),
          }),
        ),
      resolveTypeReferenceDirectiveReferences: (references, from, redirected, options) =>
        references.map((one) => {
          const name = typeof one === "string" ? one : one.fileName;
          const { nodeTypes } = this.settings;
          if (name === "node" && nodeTypes !== undefined)
            return { resolvedTypeReferenceDirective: { primary: true, resolvedFileName: nodeTypes } };
          return ts.resolveTypeReferenceDirective(name, from, options, ts.sys, redirected);
        }),
      // The user's own modules may name files and packages that were not there a moment ago.
      ...{ hasInvalidatedResolutions: (path: string) => !isInPackage(path, this.cwd) },
    };
  }
}

/** What a name is in the cell that declares it; undefined if that is an import. */
function kindInCells(name: string, file: ts.SourceFile, checker: ts.TypeChecker): string | undefined {
  const direct = checker as unknown as {
    getImmediateAliasedSymbol(symbol: ts.Symbol): ts.Symbol | undefined;
  };
  let symbol = (file as unknown as { locals: Map<string, ts.Symbol> }).locals.get(name);
  while (symbol !== undefined && (symbol.flags & ts.SymbolFlags.Alias) !== 0) {
    const declaration: ts.Node | undefined = symbol.declarations?.[0];
    const from = declaration && ts.findAncestor(declaration, ts.isImportDeclaration)?.moduleSpecifier;
    if (from !== undefined && !(from as ts.StringLiteral).text.startsWith(CELL_SCHEME)) return undefined;
    symbol = direct.getImmediateAliasedSymbol(symbol);
  }
  if (symbol === undefined) return undefined;
  if ((symbol.flags & ts.SymbolFlags.Function) !== 0) return "a function";
  if ((symbol.flags & ts.SymbolFlags.Class) !== 0) return "a class";
  return (symbol.flags & ts.SymbolFlags.Enum) !== 0 ? "an enum" : "a constant";
}

function versionOnDisk(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "" : `${found.mtimeMs} ${found.size}`;
}
