/** Expressions of the person who debugs: TypeScript, with names as typed. */
import type ts from "typescript";
import { typescript } from "./typescript";

/** What stands for a name: `cell$process`, `exports.rate`. */
export type Renamed = ReadonlyMap<string, string>;

/** The expression as JavaScript. Throws a SyntaxError. */
export function compiledExpression(expression: string, renamed: Renamed): string {
  // Braces that can be an object are one, as in a cell.
  const object = /^\s*\{/.test(expression) ? transpiled(`(${expression}\n)`, renamed) : undefined;
  const { js, mistake } =
    object !== undefined && object.mistake === undefined ? object : transpiled(expression, renamed);
  if (mistake !== undefined) throw new SyntaxError(mistake);
  return js;
}

function transpiled(text: string, renamed: Renamed): { js: string; mistake: string | undefined } {
  const t = typescript();
  const { outputText, diagnostics } = t.transpileModule(text, {
    reportDiagnostics: true,
    compilerOptions: { target: t.ScriptTarget.ESNext, module: t.ModuleKind.ESNext, removeComments: true },
    transformers: { before: [renaming(renamed)] },
  });
  const [first] = diagnostics ?? [];
  const mistake = first && t.flattenDiagnosticMessageText(first.messageText, "\n");
  return { js: outputText.trim().replace(/;$/, ""), mistake };
}

/** Names that the expression itself binds: parameters, declarations. */
function boundIn(file: ts.SourceFile, t: typeof ts): Set<string> {
  const bound = new Set<string>();
  const visit = (node: ts.Node): void => {
    const isBinding = t.isParameter(node) || t.isVariableDeclaration(node) || t.isBindingElement(node);
    if (isBinding && t.isIdentifier(node.name)) bound.add(node.name.text);
    t.forEachChild(node, visit);
  };
  visit(file);
  return bound;
}

function renaming(renamed: Renamed): ts.TransformerFactory<ts.SourceFile> {
  const t = typescript();
  return (context) => (file) => {
    const { factory } = context;
    const bound = boundIn(file, t);
    const written = (name: string): ts.Expression | undefined => {
      const other = bound.has(name) ? undefined : renamed.get(name);
      const [first, ...members] = other?.split(".") ?? [];
      if (first === undefined) return undefined;
      return members.reduce<ts.Expression>(
        (object, member) => factory.createPropertyAccessExpression(object, member),
        factory.createIdentifier(first),
      );
    };
    const visit = (node: ts.Node): ts.Node => {
      if (t.isIdentifier(node)) return written(node.text) ?? node;
      if (t.isPropertyAccessExpression(node)) {
        const object = t.visitNode(node.expression, visit) as ts.Expression;
        return node.questionDotToken === undefined
          ? factory.updatePropertyAccessExpression(node, object, node.name)
          : t.visitEachChild(node, (child) => (child === node.name ? child : visit(child)), context);
      }
      if (t.isShorthandPropertyAssignment(node)) {
        const value = written(node.name.text);
        return value === undefined ? node : factory.createPropertyAssignment(node.name.text, value);
      }
      if (t.isPropertyAssignment(node) && t.isIdentifier(node.name))
        return factory.updatePropertyAssignment(
          node,
          node.name,
          t.visitNode(node.initializer, visit) as ts.Expression,
        );
      return t.visitEachChild(node, visit, context);
    };
    return t.visitNode(file, visit) as ts.SourceFile;
  };
}

/**
 * Names of a module as typed, and how its compiled text has them: what it imports is a property of the module that was
 * loaded, what it exports by `const` and `let` one of `exports`.
 */
export function moduleNames(typed: string, js: string): { imported: Renamed; exported: Renamed } {
  const t = typescript();
  const imported = new Map<string, string>();
  const exported = new Map<string, string>();
  const loaded = new Map<string, string>();
  for (const [, name, quoted] of js.matchAll(/const (\w+) = \$import\(("(?:[^"\\]|\\.)*")\)/g))
    loaded.set(JSON.parse(quoted!), name!);
  for (const statement of t.createSourceFile("m.ts", typed, t.ScriptTarget.ESNext, true).statements) {
    if (t.isVariableStatement(statement)) {
      if (!statement.modifiers?.some((one) => one.kind === t.SyntaxKind.ExportKeyword)) continue;
      for (const { name } of statement.declarationList.declarations)
        if (t.isIdentifier(name)) exported.set(name.text, `exports.${name.text}`);
    }
    if (!t.isImportDeclaration(statement)) continue;
    const from = loaded.get((statement.moduleSpecifier as ts.StringLiteral).text);
    const { name, namedBindings } = statement.importClause ?? {};
    if (from === undefined) continue;
    if (name !== undefined) imported.set(name.text, `${from}.default`);
    if (namedBindings === undefined || !t.isNamedImports(namedBindings)) continue;
    for (const one of namedBindings.elements)
      imported.set(one.name.text, `${from}.${(one.propertyName ?? one.name).text}`);
  }
  return { imported, exported };
}
