/**
 * A cell as the parser sees it: its statements, its mistakes, and the names it declares. A cell is a module; what it
 * declares at its top, or by `var` in a block, is seen by every later cell.
 */
import ts from "typescript";

/** What a name means for values: `let` names may be assigned to from other cells. */
export type ValueKind = "let" | "const" | "none";

export interface DeclaredName {
  value: ValueKind;
  type: boolean;
}

export interface Complaint {
  /** Empty: the cell itself. */
  readonly file: string;
  /** 1-based, UTF-16 units. */
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

export interface CellSource {
  /** As typed. */
  readonly code: string;
  /** What is compiled: `prefix`, the code, and `closing`. */
  readonly text: string;
  readonly prefix: string;
  readonly extension: ".ts" | ".tsx";
  readonly file: ts.SourceFile;
  readonly complaints: readonly Complaint[];
  readonly declared: ReadonlyMap<string, DeclaredName>;
  /** Lists that begin as `[]`: their type is that of what was put into them by the end of the cell. */
  readonly growing: ReadonlySet<string>;
  /** Every identifier that occurs. */
  readonly mentioned: ReadonlySet<string>;
  /** Names that `declare global` and `declare module` declare for other cells; undefined if there are none. */
  readonly augments: ReadonlySet<string> | undefined;
  /** `// @ts-nocheck` stands at the top. */
  readonly unchecked: boolean;
}

const parseErrors = (file: ts.SourceFile) =>
  (file as unknown as { parseDiagnostics: readonly ts.DiagnosticWithLocation[] }).parseDiagnostics;

export function parsed(text: string, extension: ".ts" | ".tsx"): ts.SourceFile {
  const options: ts.CreateSourceFileOptions = {
    languageVersion: ts.ScriptTarget.ESNext,
    setExternalModuleIndicator: (file) => {
      (file as unknown as { externalModuleIndicator: unknown }).externalModuleIndicator = true;
    },
  };
  const kind = extension === ".tsx" ? ts.ScriptKind.TSX : ts.ScriptKind.TS;
  return ts.createSourceFile(`cell${extension}`, text, options, true, kind);
}

/** `{a: 1, b: 2}` is an object, as in every console: a block with labels would be of no use. */
function asObject(code: string, file: ts.SourceFile): string | undefined {
  const [first] = file.statements;
  if (first === undefined || !ts.isBlock(first)) return undefined;
  const text = `(${code}\n)`;
  const whole = parsed(text, ".ts");
  if (parseErrors(whole).length > 0 || whole.statements.length !== 1) return undefined;
  const [only] = whole.statements;
  return only !== undefined && ts.isExpressionStatement(only) ? text : undefined;
}

/** Reads a cell. JSX is understood where the cell cannot be read without it. */
export function readCell(code: string): CellSource {
  const plain = parsed(code, ".ts");
  const object = asObject(code, plain);
  const text = object ?? code;
  const prefix = object === undefined ? "" : "(";
  let extension: ".ts" | ".tsx" = ".ts";
  let file = object === undefined ? plain : parsed(text, ".ts");
  if (parseErrors(file).length > 0 && code.includes("<")) {
    const asJsx = parsed(text, ".tsx");
    if (parseErrors(asJsx).length === 0) {
      file = asJsx;
      extension = ".tsx";
    }
  }
  const complaints = parseErrors(file).map((d) =>
    complaintAt(code, d.start - prefix.length, ts.flattenDiagnosticMessageText(d.messageText, "\n")),
  );
  const unchecked = (file as unknown as { checkJsDirective?: { enabled: boolean } }).checkJsDirective;
  return {
    ...{ code, text, prefix, extension, file, complaints, ...namesOf(file) },
    unchecked: unchecked?.enabled === false,
  };
}

/** Where `offset` is in the code; a place behind its end is moved to the end of what was typed. */
export function complaintAt(code: string, offset: number, message: string): Complaint {
  const at = Math.max(0, Math.min(offset, code.trimEnd().length));
  const before = code.slice(0, at).split("\n");
  return { file: "", line: before.length, column: before.at(-1)!.length + 1, message };
}

/** The names that a pattern binds. */
export function boundNames(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((e) => (ts.isOmittedExpression(e) ? [] : boundNames(e.name)));
}

/** True for `x = []` without a type. */
function isGrowing({ name, type, initializer }: ts.VariableDeclaration): boolean {
  const isEmpty = initializer !== undefined && ts.isArrayLiteralExpression(initializer);
  return ts.isIdentifier(name) && type === undefined && isEmpty && initializer.elements.length === 0;
}

function namesOf(file: ts.SourceFile): Pick<CellSource, "declared" | "growing" | "mentioned" | "augments"> {
  const growing = new Set<string>();
  const declared = new Map<string, DeclaredName>();
  const mentioned = new Set<string>();
  const augments = new Set<string>();
  const add = (name: string, value: ValueKind, type: boolean): void => {
    const known = declared.get(name);
    declared.set(name, {
      value: known === undefined || known.value === "none" ? value : known.value,
      type: type || known?.type === true,
    });
  };
  const visit = (node: ts.Node, inFunction: boolean): void => {
    if (ts.isIdentifier(node)) mentioned.add(node.text);
    if (!inFunction && ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.BlockScoped) === 0)
      for (const d of node.declarations) for (const name of boundNames(d.name)) add(name, "let", false);
    const inner =
      inFunction || ts.isFunctionLike(node) || ts.isClassLike(node) || ts.isModuleDeclaration(node);
    ts.forEachChild(node, (child) => visit(child, inner));
  };
  for (const statement of file.statements) {
    declare(statement, add, augments);
    if (ts.isVariableStatement(statement))
      for (const d of statement.declarationList.declarations)
        if (isGrowing(d)) growing.add((d.name as ts.Identifier).text);
    visit(statement, false);
  }
  return { declared, growing, mentioned, augments: augments.size > 0 ? augments : undefined };
}

function declare(
  statement: ts.Statement,
  add: (name: string, value: ValueKind, type: boolean) => void,
  augments: Set<string>,
): void {
  if (ts.isVariableStatement(statement)) {
    const scoped = statement.declarationList.flags & ts.NodeFlags.BlockScoped;
    const kind = scoped > ts.NodeFlags.Let ? "const" : "let";
    for (const d of statement.declarationList.declarations)
      for (const name of boundNames(d.name)) add(name, kind, false);
  } else if (ts.isFunctionDeclaration(statement)) {
    if (statement.name !== undefined) add(statement.name.text, "const", false);
  } else if (ts.isClassDeclaration(statement)) {
    if (statement.name !== undefined) add(statement.name.text, "const", true);
  } else if (ts.isEnumDeclaration(statement)) add(statement.name.text, "const", true);
  else if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement))
    add(statement.name.text, "none", true);
  else if (ts.isModuleDeclaration(statement)) {
    if (statement.name.text === "global" || ts.isStringLiteral(statement.name)) {
      augments.add(statement.name.text);
      ts.forEachChild(statement.body ?? statement, (one) => {
        const { name } = one as ts.DeclarationStatement;
        if (name !== undefined && ts.isIdentifier(name)) augments.add(`${statement.name.text}.${name.text}`);
        if (ts.isVariableStatement(one))
          for (const d of one.declarationList.declarations)
            for (const bound of boundNames(d.name)) augments.add(`${statement.name.text}.${bound}`);
      });
    } else add(statement.name.text, "const", true);
  } else if (ts.isImportEqualsDeclaration(statement)) add(statement.name.text, "const", true);
  else if (ts.isImportDeclaration(statement)) {
    const clause = statement.importClause;
    if (clause?.name !== undefined) add(clause.name.text, "const", true);
    const bindings = clause?.namedBindings;
    if (bindings === undefined) return;
    if (ts.isNamespaceImport(bindings)) add(bindings.name.text, "const", true);
    else for (const { name } of bindings.elements) add(name.text, "const", true);
  }
}
