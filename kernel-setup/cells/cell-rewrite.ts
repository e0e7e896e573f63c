/**
 * What is done to a cell while its nodes are still those that the checker knows: names that are kept under others,
 * `require`, `import()` and `import.meta` of the cell's own module, fast loops, and the cell's value.
 */
import ts from "typescript";
import type { CellSource } from "./cell-source";
import { type FastLoops, onLocalVariables } from "./fast-loops";
import { keptName, type OwnNames, type Renaming } from "./global-names";

/** What is known of a cell's names. */
export interface KnownNames {
  readonly renaming: Renaming;
  readonly loops: FastLoops;
  readonly own: OwnNames;
  /** Uses of a variable before its declaration. */
  readonly early: ReadonlySet<ts.Node>;
}

export function rewritten(known: KnownNames, source: CellSource): ts.TransformerFactory<ts.SourceFile> {
  return (context) => (file) => {
    const { factory } = context;
    const rewrite = new Rewrite(known, context);
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
    private readonly known: KnownNames,
    private readonly context: ts.TransformationContext,
  ) {
    this.factory = context.factory;
  }

  /** A statement at the cell's top. */
  statement(statement: ts.Statement): ts.Statement {
    this.local = this.known.loops.variables(statement);
    const visited = this.visit(statement) as ts.Statement;
    if (this.local.size === 0) return visited;
    return onLocalVariables(visited, [...this.local.keys()], this.known.own.local, this.factory);
  }

  private door(name: string): ts.Expression {
    return this.factory.createPropertyAccessExpression(
      this.factory.createIdentifier(this.known.own.door),
      name,
    );
  }

  /** Throws the error of V8; a property of it, so that it can be assigned to. */
  private early(name: string): ts.Expression {
    const given = [this.factory.createStringLiteral(name)];
    const call = this.factory.createCallExpression(this.door("early"), undefined, given);
    return this.factory.createPropertyAccessExpression(call, "value");
  }

  /** What stands for an identifier, if not itself. */
  private written(node: ts.Identifier): ts.Expression | undefined {
    if (this.known.early.has(node)) return ts.setTextRange(this.early(node.text), node);
    const symbol = this.local.get(node.text);
    if (symbol !== undefined && this.known.loops.means(node, symbol))
      return ts.setTextRange(this.factory.createIdentifier(this.known.own.local + node.text), node);
    if (this.known.renaming.isRenamed(node))
      return ts.setTextRange(
        ts.setOriginalNode(this.factory.createIdentifier(keptName(node.text)), node),
        node,
      );
    return this.known.renaming.isOfModule(node) ? ts.setTextRange(this.door(node.text), node) : undefined;
  }

  private readonly visit = (node: ts.Node): ts.Node => {
    const special = this.withNames(node) ?? this.ofModule(node);
    return special ?? ts.visitEachChild(node, this.visit, this.context);
  };

  /** Nodes in which an identifier is replaced. */
  private withNames(node: ts.Node): ts.Node | undefined {
    const { factory } = this;
    const { renaming, early } = this.known;
    if (!renaming.isNeeded && this.local.size === 0 && early.size === 0) return undefined;
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
    if (
      ts.isImportSpecifier(node) &&
      node.propertyName === undefined &&
      this.known.renaming.isRenamed(node.name)
    ) {
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
