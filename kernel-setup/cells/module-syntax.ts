/** `import` and `export` in a compiled cell: an import becomes an assignment, an export what it exports. */
import ts from "typescript";
import type { OwnNames } from "./global-names";
import { type Assigned, progress } from "./top-level-names";

/**
 * `$cell.load("x", ["default", "a"], ["x", "a"])`, awaited: the values of these exports, for these variables; "*" is the
 * module itself.
 */
function loading(
  specifier: ts.Expression,
  bound: readonly (readonly [exported: string, name: ts.Identifier])[],
  own: OwnNames,
  factory: ts.NodeFactory,
): ts.Expression {
  const door = factory.createPropertyAccessExpression(factory.createIdentifier(own.door), "load");
  const list = (all: readonly string[]) =>
    factory.createArrayLiteralExpression(all.map((one) => factory.createStringLiteral(one)));
  const given = [specifier, list(bound.map(([e]) => e)), list(bound.map(([, name]) => name.text))];
  return factory.createAwaitExpression(factory.createCallExpression(door, undefined, given));
}

/** The cell's imports in their order; they come before its other statements. */
export function importsOf(
  statements: readonly ts.Statement[],
  assigned: Map<string, Assigned>,
  own: OwnNames,
  factory: ts.NodeFactory,
): ts.Statement[] {
  const steps: ts.Statement[] = [];
  let step = 0;
  for (const s of statements) {
    const isExport = ts.isExportDeclaration(s) && s.moduleSpecifier !== undefined;
    if (!ts.isImportDeclaration(s) && !isExport) continue;
    const bound: [exported: string, name: ts.Identifier][] = [];
    const clause = ts.isImportDeclaration(s) ? s.importClause : undefined;
    if (clause?.name !== undefined) bound.push(["default", clause.name]);
    const bindings = clause?.namedBindings;
    if (bindings !== undefined && ts.isNamespaceImport(bindings)) bound.push(["*", bindings.name]);
    else if (bindings !== undefined)
      for (const { propertyName, name } of bindings.elements) bound.push([(propertyName ?? name).text, name]);
    const load = loading(s.moduleSpecifier!, bound, own, factory);
    const targets = factory.createArrayLiteralExpression(bound.map(([, name]) => name));
    const expression = bound.length === 0 ? load : factory.createAssignment(targets, load);
    steps.push(
      ts.setTextRange(factory.createExpressionStatement(expression), s),
      progress(++step, own, factory),
    );
    const specifier = (s.moduleSpecifier as ts.StringLiteral).text;
    for (const [exported, name] of bound)
      assigned.set(name.text, { step, loose: false, imported: { specifier, exported } });
  }
  return steps;
}

/** The statements without imports, and with exported declarations as plain ones. */
export function withoutModuleSyntax(
  statements: readonly ts.Statement[],
  factory: ts.NodeFactory,
): ts.Statement[] {
  return statements.flatMap((s): ts.Statement[] => {
    if (ts.isImportDeclaration(s) || ts.isExportDeclaration(s)) return [];
    if (ts.isExportAssignment(s))
      return [ts.setTextRange(factory.createExpressionStatement(s.expression), s)];
    if (ts.isVariableStatement(s)) return [factory.updateVariableStatement(s, [], s.declarationList)];
    if (ts.isFunctionDeclaration(s)) {
      if (s.name === undefined) return [];
      const modifiers = s.modifiers?.filter((m) => m.kind === ts.SyntaxKind.AsyncKeyword);
      return [
        factory.updateFunctionDeclaration(
          ...([s, modifiers, s.asteriskToken, s.name, undefined] as const),
          ...([s.parameters, undefined, s.body] as const),
        ),
      ];
    }
    if (ts.isClassDeclaration(s))
      return s.name === undefined
        ? []
        : [factory.updateClassDeclaration(s, [], s.name, undefined, s.heritageClauses, s.members)];
    return [s];
  });
}
