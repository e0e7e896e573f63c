/**
 * What is done to a cell while its nodes are still those that the checker knows: names that are kept under others,
 * `require`, `import()` and `import.meta` of the cell's own module, fast loops, and the cell's value.
 */
import ts from "typescript";
import type { CellSource } from "./cell-source";
import { type FastLoops, onLocalVariables } from "./fast-loops";
import { DOOR, keptName, type Renaming } from "./global-names";
import { localName } from "./local-names";

export function rewritten(
  renaming: Renaming,
  loops: FastLoops,
  source: CellSource,
): ts.TransformerFactory<ts.SourceFile> {
  return (context) => (file) => {
    const { factory } = context;
    const rewrite = new Rewrite(renaming, loops, context);
    const last = source.file.statements.at(-1);
    const statements = file.statements.map((statement) => {
      if (statement.getStart(file) >= source.text.length) return statement;
      const visited = rewrite.statement(statement);
      return statement.end === last?.end ? asResult(visited, factory) : visited;
    });
    return factory.updateSourceFile(file, statements);
  };
}

class Rewrite {
  private readonly factory: ts.NodeFactory;
  /** Variables that the loop at hand keeps to itself. */
  private local: ReadonlyMap<string, ts.Symbol> = new Map();

  constructor(
    private readonly renaming: Renaming,
    private readonly loops: FastLoops,
    private readonly context: ts.TransformationContext,
  ) {
    this.factory = context.factory;
  }

  /** A statement at the cell's top. */
  statement(statement: ts.Statement): ts.Statement {
    this.local = this.loops.variables(statement);
    const visited = this.visit(statement) as ts.Statement;
    if (this.local.size === 0) return visited;
    return onLocalVariables(visited, [...this.local.keys()], this.factory);
  }

  private door(name: string): ts.Expression {
    return this.factory.createPropertyAccessExpression(this.factory.createIdentifier(DOOR), name);
  }

  /** What stands for an identifier, if not itself. */
  private written(node: ts.Identifier): ts.Expression | undefined {
    const symbol = this.local.get(node.text);
    if (symbol !== undefined && this.loops.means(node, symbol))
      return ts.setTextRange(this.factory.createIdentifier(localName(node.text)), node);
    if (this.renaming.isRenamed(node))
      return ts.setTextRange(
        ts.setOriginalNode(this.factory.createIdentifier(keptName(node.text)), node),
        node,
      );
    return this.renaming.isOfModule(node) ? ts.setTextRange(this.door(node.text), node) : undefined;
  }

  private readonly visit = (node: ts.Node): ts.Node => {
    const special = this.withNames(node) ?? this.ofModule(node);
    return special ?? ts.visitEachChild(node, this.visit, this.context);
  };

  /** Nodes in which an identifier is replaced. */
  private withNames(node: ts.Node): ts.Node | undefined {
    const { factory } = this;
    if (!this.renaming.isNeeded && this.local.size === 0) return undefined;
    if (ts.isIdentifier(node)) return this.written(node);
    if (ts.isShorthandPropertyAssignment(node)) {
      const value = this.written(node.name);
      if (value === undefined) return undefined;
      const initial = ts.visitNode(node.objectAssignmentInitializer, this.visit) as ts.Expression | undefined;
      const whole = initial === undefined ? value : factory.createAssignment(value, initial);
      return factory.createPropertyAssignment(node.name.text, whole);
    }
    const isPlain = ts.isBindingElement(node) && node.propertyName === undefined && !node.dotDotDotToken;
    if (isPlain && ts.isIdentifier(node.name) && ts.isObjectBindingPattern(node.parent)) {
      const name = this.written(node.name) as ts.Identifier | undefined;
      if (name === undefined) return undefined;
      const initial = ts.visitNode(node.initializer, this.visit) as ts.Expression | undefined;
      const property = factory.createIdentifier(node.name.text);
      return factory.updateBindingElement(node, undefined, property, name, initial);
    }
    if (ts.isImportSpecifier(node) && node.propertyName === undefined && this.renaming.isRenamed(node.name)) {
      const name = this.written(node.name) as ts.Identifier;
      const exported = factory.createIdentifier(node.name.text);
      return factory.updateImportSpecifier(node, node.isTypeOnly, exported, name);
    }
    return undefined;
  }

  /** `import.meta`, `import()` and `import fs = require("fs")`, which a script has not. */
  private ofModule(node: ts.Node): ts.Node | undefined {
    if (ts.isImportEqualsDeclaration(node)) return this.required(node);
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
      return this.door("meta");
    if (!ts.isCallExpression(node) || node.expression.kind !== ts.SyntaxKind.ImportKeyword) return undefined;
    const given = node.arguments.map((a) => ts.visitNode(a, this.visit) as ts.Expression);
    return this.factory.createCallExpression(this.door("import"), undefined, given);
  }

  private required(node: ts.ImportEqualsDeclaration): ts.Node | undefined {
    if (node.isTypeOnly || !ts.isExternalModuleReference(node.moduleReference)) return undefined;
    const { factory } = this;
    const call = factory.createCallExpression(this.door("require"), undefined, [
      node.moduleReference.expression,
    ]);
    const name = (this.written(node.name) ?? node.name) as ts.Identifier;
    const declaration = factory.createVariableDeclaration(name, undefined, undefined, call);
    const list = factory.createVariableDeclarationList([declaration], ts.NodeFlags.Const);
    return ts.setTextRange(factory.createVariableStatement(undefined, list), node);
  }
}

/**
 * The cell's value is that of its last statement, if that is an expression. An array keeps a promise from being
 * awaited.
 */
function asResult(statement: ts.Statement, factory: ts.NodeFactory): ts.Statement {
  const isDefault = ts.isExportAssignment(statement) && !statement.isExportEquals;
  if (!ts.isExpressionStatement(statement) && !isDefault) return statement;
  const { expression } = statement as ts.ExpressionStatement | ts.ExportAssignment;
  const value = factory.createReturnStatement(factory.createArrayLiteralExpression([expression]));
  return ts.setTextRange(ts.setOriginalNode(value, statement), statement);
}
