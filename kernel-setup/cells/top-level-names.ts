/**
 * Declarations at the top of a compiled cell become assignments to the variables that all cells share. Functions come
 * first, as they are hoisted. `var` in a block, outside functions, belongs to the top too. After each statement the
 * cell notes how far it came, for the case that it fails.
 */
import ts from "typescript";
import { named, type OwnNames, typedName } from "./global-names";

export interface Assigned {
  /** The variable is set when the cell has come so far. */
  readonly step: number;
  /** Whether it was set can be told only by its value: undefined means that it was not. */
  readonly loose: boolean;
  /** While this step is under way, only some variables of a pattern may be set. */
  readonly during?: number;
  readonly imported?: { readonly specifier: string; readonly exported: string };
}

/** `$at.step = 3`: the cell has come so far. */
export function progress(step: number, own: OwnNames, factory: ts.NodeFactory): ts.Statement {
  const place = factory.createPropertyAccessExpression(factory.createIdentifier(own.progress), "step");
  return factory.createExpressionStatement(
    factory.createAssignment(place, factory.createNumericLiteral(step)),
  );
}

/** The hoisted statements and the others. `names` are variables of cells; others stay local. */
export function asAssignments(
  statements: readonly ts.Statement[],
  names: ReadonlySet<string>,
  assigned: Map<string, Assigned>,
  own: OwnNames,
  context: ts.TransformationContext,
): { hoisted: ts.Statement[]; others: ts.Statement[] } {
  const { factory } = context;
  const hoisted: ts.Statement[] = [];
  const others: ts.Statement[] = [];
  let step = Math.max(0, ...[...assigned.values()].map((one) => one.step));
  const done = () => others.push(progress(++step, own, factory));
  const assign = (name: ts.Identifier, value: ts.Expression, from: ts.Node) => {
    const assignment = factory.createAssignment(name, named(name.text, value, factory));
    return ts.setTextRange(factory.createExpressionStatement(assignment), from);
  };

  for (const s of statements.flatMap((one) => withoutVar(one, names, assigned, context))) {
    if (ts.isFunctionDeclaration(s) && names.has(s.name!.text)) {
      const value = factory.createFunctionExpression(
        ...([s.modifiers as readonly ts.Modifier[] | undefined, s.asteriskToken, undefined] as const),
        ...([undefined, s.parameters, undefined, s.body!] as const),
      );
      hoisted.push(assign(s.name!, ts.setTextRange(value, s), s));
      assigned.set(s.name!.text, { step: 0, loose: false });
    } else if (ts.isClassDeclaration(s) && names.has(s.name!.text)) {
      const typed = factory.createIdentifier(typedName(s.name!.text));
      const value = factory.createClassExpression(undefined, typed, undefined, s.heritageClauses, s.members);
      others.push(assign(s.name!, ts.setTextRange(value, s), s));
      assigned.set(s.name!.text, { step: step + 1, loose: false });
      done();
    } else if (ts.isVariableStatement(s)) {
      for (const d of s.declarationList.declarations) {
        const bound = identifiersOf(d.name);
        if (!bound.some((name) => names.has(name))) {
          const list = factory.createVariableDeclarationList([d], s.declarationList.flags);
          others.push(factory.createVariableStatement(undefined, list));
          continue;
        }
        if (ts.isIdentifier(d.name))
          others.push(assign(d.name, d.initializer ?? factory.createVoidZero(), d));
        else {
          // `{ a, b } = (value, the pattern begins)`: if the value cannot be had, nothing was set.
          const temporary = factory.createUniqueName("value");
          const list = factory.createVariableDeclarationList(
            [factory.createVariableDeclaration(temporary, undefined, undefined, d.initializer!)],
            ts.NodeFlags.Const,
          );
          others.push(ts.setTextRange(factory.createVariableStatement(undefined, list), d));
          done();
          const assignment = factory.createAssignment(asTarget(d.name, factory), temporary);
          const whole = factory.createParenthesizedExpression(assignment);
          others.push(ts.setTextRange(factory.createExpressionStatement(whole), d));
        }
        const during = ts.isIdentifier(d.name) ? {} : { during: step };
        for (const name of bound) assigned.set(name, { step: step + 1, loose: false, ...during });
        done();
      }
    } else others.push(s);
  }
  return { hoisted, others };
}

function identifiersOf(name: ts.BindingName): string[] {
  if (ts.isIdentifier(name)) return [name.text];
  return name.elements.flatMap((e) => (ts.isOmittedExpression(e) ? [] : identifiersOf(e.name)));
}

/** A pattern of a declaration as the target of an assignment. */
function asTarget(name: ts.BindingName, factory: ts.NodeFactory): ts.Expression {
  if (ts.isIdentifier(name)) return name;
  const withDefault = (e: ts.BindingElement): ts.Expression => {
    const target = asTarget(e.name, factory);
    if (e.initializer === undefined) return target;
    const value = ts.isIdentifier(e.name) ? named(e.name.text, e.initializer, factory) : e.initializer;
    return factory.createAssignment(target, value);
  };
  if (ts.isArrayBindingPattern(name))
    return factory.createArrayLiteralExpression(
      name.elements.map((e) =>
        ts.isOmittedExpression(e)
          ? factory.createOmittedExpression()
          : e.dotDotDotToken !== undefined
            ? factory.createSpreadElement(asTarget(e.name, factory))
            : withDefault(e),
      ),
    );
  return factory.createObjectLiteralExpression(
    name.elements.map((e) =>
      e.dotDotDotToken !== undefined
        ? factory.createSpreadAssignment(asTarget(e.name, factory))
        : factory.createPropertyAssignment(
            e.propertyName ?? factory.createIdentifier((e.name as ts.Identifier).text),
            withDefault(e),
          ),
    ),
  );
}

/** The statement with every `var` outside functions as assignments. */
function withoutVar(
  statement: ts.Statement,
  names: ReadonlySet<string>,
  assigned: Map<string, Assigned>,
  context: ts.TransformationContext,
): ts.Statement[] {
  const { factory } = context;
  const isShared = (list: ts.VariableDeclarationList) =>
    (list.flags & ts.NodeFlags.BlockScoped) === 0 &&
    list.declarations.some((d) => identifiersOf(d.name).some((name) => names.has(name)));
  const note = (list: ts.VariableDeclarationList) => {
    for (const d of list.declarations)
      for (const name of identifiersOf(d.name)) assigned.set(name, { step: 0, loose: true });
  };
  const values = (list: ts.VariableDeclarationList): ts.Expression[] =>
    list.declarations.flatMap((d) =>
      d.initializer === undefined
        ? []
        : [factory.createAssignment(asTarget(d.name, factory), visit(d.initializer) as ts.Expression)],
    );
  const visit = (node: ts.Node): ts.Node => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node)) return node;
    if (ts.isVariableStatement(node) && isShared(node.declarationList)) {
      note(node.declarationList);
      const all = values(node.declarationList).map((value) =>
        factory.createExpressionStatement(factory.createParenthesizedExpression(value)),
      );
      const block = all.length === 1 ? all[0]! : factory.createBlock(all);
      return ts.setTextRange(block, node);
    }
    if ((ts.isForInStatement(node) || ts.isForOfStatement(node)) && isList(node.initializer)) {
      if (!isShared(node.initializer)) return ts.visitEachChild(node, visit, context);
      note(node.initializer);
      const target = asTarget(node.initializer.declarations[0]!.name, factory);
      const expression = visit(node.expression) as ts.Expression;
      const body = visit(node.statement) as ts.Statement;
      return ts.isForInStatement(node)
        ? factory.updateForInStatement(node, target, expression, body)
        : factory.updateForOfStatement(node, node.awaitModifier, target, expression, body);
    }
    if (ts.isForStatement(node) && node.initializer !== undefined && isList(node.initializer)) {
      if (!isShared(node.initializer)) return ts.visitEachChild(node, visit, context);
      note(node.initializer);
      const all = values(node.initializer);
      const initializer = all.length === 0 ? undefined : all.reduce((a, b) => factory.createComma(a, b));
      const [condition, step] = [node.condition, node.incrementor].map(
        (e) => e && (visit(e) as ts.Expression),
      );
      return factory.updateForStatement(
        node,
        initializer,
        condition,
        step,
        visit(node.statement) as ts.Statement,
      );
    }
    return ts.visitEachChild(node, visit, context);
  };
  if (!ts.isVariableStatement(statement)) return [visit(statement) as ts.Statement];
  const { declarationList } = statement;
  if (!isShared(declarationList)) return [statement];
  // At the top a `var` with a value is like `let`; one without keeps the value that it got before in this cell.
  return declarationList.declarations.flatMap((d) => {
    if (d.initializer === undefined) {
      note(declarationList);
      return [];
    }
    const list = factory.createVariableDeclarationList([d], ts.NodeFlags.Let);
    return [ts.setTextRange(factory.createVariableStatement(undefined, list), d)];
  });
}

const isList = (node: ts.ForInitializer): node is ts.VariableDeclarationList =>
  ts.isVariableDeclarationList(node);
