/**
 * A cell as JavaScript. Each variable of cells is a `let` of the global scope that is declared once, by the cell that has it first;
 * every later declaration is an assignment. So a name has one binding, which all functions of all cells see, and a cell
 * that fails leaves the names it did not reach as they were. The cell's statements are the body of a function.
 */
import ts from "typescript";
import type { CellSource } from "./cell-source";
import { DOOR, keptName, Renaming } from "./global-names";
import { importsOf, withoutModuleSyntax } from "./module-syntax";
import { type Assigned, asAssignments } from "./top-level-names";

export interface EmittedCell {
  readonly js: string;
  /** A source map of `js`, in lines and columns of the compiled text. */
  readonly map: string;
  readonly isAsync: boolean;
  /** Variables that the cell sets, as they are kept, and after which step they are set. */
  readonly assigned: ReadonlyMap<string, Assigned>;
}

/** Compiles the open cell of `program`. */
export function emitCell(program: ts.Program, path: string, source: CellSource): EmittedCell {
  const file = program.getSourceFile(path)!;
  const end = source.text.length;
  const renaming = new Renaming(program, file, source.mentioned);
  let js = "";
  let map = "";
  let isAsync = false;
  const assigned = new Map<string, Assigned>();
  const after: ts.TransformerFactory<ts.SourceFile> = (context) => (emitted) => {
    const own = emitted.statements.filter((s) => ts.getOriginalNode(s).pos < end);
    const names = new Set([...source.declared.keys()].map(keptName));
    const imports = importsOf(own, assigned, context.factory);
    const plain = withoutModuleSyntax(own, context.factory);
    const { hoisted, others } = asAssignments(plain, names, assigned, context);
    const statements = [...hoisted, ...imports, ...others];
    isAsync = statements.some(awaits);
    return context.factory.updateSourceFile(emitted, statements);
  };
  program.emit(
    file,
    (name, text) => {
      if (name.endsWith(".map")) map = text;
      else js = text;
    },
    undefined,
    false,
    { before: [beforeCompiling(renaming, source, end)], after: [after] },
  );
  return { js: js.replace(/\n\/\/# sourceMappingURL=.*\s*$/, ""), map, isAsync, assigned };
}

/** True when the statement awaits outside every function and class. */
function awaits(node: ts.Node): boolean {
  if (ts.isFunctionLike(node) || ts.isClassStaticBlockDeclaration(node)) return false;
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) return true;
  return ts.forEachChild(node, (child) => awaits(child) || undefined) ?? false;
}

/** What must be done while nodes are still those that the checker knows. */
function beforeCompiling(
  renaming: Renaming,
  source: CellSource,
  end: number,
): ts.TransformerFactory<ts.SourceFile> {
  return (context) => (file) => {
    const { factory } = context;
    const door = (name: string) =>
      factory.createPropertyAccessExpression(factory.createIdentifier(DOOR), name);
    const written = (node: ts.Identifier): ts.Expression | undefined =>
      renaming.isRenamed(node)
        ? ts.setTextRange(ts.setOriginalNode(factory.createIdentifier(keptName(node.text)), node), node)
        : renaming.isOfModule(node)
          ? ts.setTextRange(door(node.text), node)
          : undefined;
    const visit = (node: ts.Node): ts.Node => {
      if (ts.isIdentifier(node) && renaming.isNeeded) return written(node) ?? node;
      if (ts.isShorthandPropertyAssignment(node) && renaming.isNeeded) {
        const value = written(node.name);
        const initial = node.objectAssignmentInitializer;
        if (value !== undefined)
          return factory.createPropertyAssignment(
            node.name.text,
            initial === undefined
              ? value
              : factory.createAssignment(value, ts.visitNode(initial, visit) as ts.Expression),
          );
      }
      if (
        ts.isBindingElement(node) &&
        node.propertyName === undefined &&
        renaming.isNeeded &&
        ts.isIdentifier(node.name)
      ) {
        const name = written(node.name);
        if (name !== undefined && node.dotDotDotToken === undefined && ts.isObjectBindingPattern(node.parent))
          return factory.updateBindingElement(
            node,
            undefined,
            factory.createIdentifier(node.name.text),
            name as ts.Identifier,
            ts.visitNode(node.initializer, visit) as ts.Expression | undefined,
          );
      }
      if (ts.isImportSpecifier(node) && node.propertyName === undefined && renaming.isRenamed(node.name))
        return factory.updateImportSpecifier(
          node,
          node.isTypeOnly,
          factory.createIdentifier(node.name.text),
          written(node.name) as ts.Identifier,
        );
      if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) return door("meta");
      if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
        return factory.createCallExpression(
          door("import"),
          undefined,
          node.arguments.map((a) => ts.visitNode(a, visit) as ts.Expression),
        );
      return ts.visitEachChild(node, visit, context);
    };
    const last = source.file.statements.at(-1);
    const statements = file.statements.map((statement) => {
      const visited = ts.visitNode(statement, visit) as ts.Statement;
      if (last === undefined || statement.pos >= end || statement.end !== last.end) return visited;
      return asResult(visited, factory);
    });
    return factory.updateSourceFile(file, statements);
  };
}

/** The cell's value is that of its last statement, if that is an expression. An array keeps a promise from being awaited. */
function asResult(statement: ts.Statement, factory: ts.NodeFactory): ts.Statement {
  const isDefault = ts.isExportAssignment(statement) && !statement.isExportEquals;
  if (!ts.isExpressionStatement(statement) && !isDefault) return statement;
  const { expression } = statement as ts.ExpressionStatement | ts.ExportAssignment;
  const value = factory.createReturnStatement(factory.createArrayLiteralExpression([expression]));
  return ts.setTextRange(ts.setOriginalNode(value, statement), statement);
}
