/**
 * Loops at the top of a cell that count in variables of cells. V8 keeps such a variable where every function could see
 * it; a number with a fraction is made anew on each assignment, which made loops five times slower on Node 20. Where
 * nothing else can see the variable, the loop works on a local one, and writes it back when it ends, however it ends,
 * and from time to time, for an interrupt.
 */
import ts from "typescript";
import { keptName } from "./global-names";
import { localName } from "./local-names";

/** Rounds after which values are written back: an interrupted loop leaves those of a round before. */
const WRITTEN_BACK_AFTER = 1024;

const isLoop = (node: ts.Node): node is ts.IterationStatement => ts.isIterationStatement(node, false);

function loopIn(statement: ts.Statement): ts.IterationStatement | undefined {
  let inner = statement;
  while (ts.isLabeledStatement(inner)) inner = inner.statement;
  return isLoop(inner) ? inner : undefined;
}

/** Names that functions and classes of a cell mention: other code may see their values at any time. */
export function seenByFunctions(file: ts.SourceFile): Set<string> {
  const seen = new Set<string>();
  const visit = (node: ts.Node, inFunction: boolean): void => {
    if (inFunction && ts.isIdentifier(node)) seen.add(node.text);
    const inner = inFunction || ts.isFunctionLike(node) || ts.isClassLike(node);
    ts.forEachChild(node, (child) => visit(child, inner));
  };
  visit(file, false);
  return seen;
}

function isAssignment(node: ts.Node): boolean {
  if (ts.isBinaryExpression(node)) {
    const { kind } = node.operatorToken;
    return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
  }
  const steps = ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node);
  return (
    steps &&
    (node.operator === ts.SyntaxKind.PlusPlusToken || node.operator === ts.SyntaxKind.MinusMinusToken)
  );
}

export class FastLoops {
  private readonly checker: ts.TypeChecker;
  private readonly locals: ReadonlyMap<string, ts.Symbol>;

  /** `seen` are names that a function of any cell mentions. */
  constructor(
    program: ts.Program,
    file: ts.SourceFile,
    private readonly seen: ReadonlySet<string>,
  ) {
    this.checker = program.getTypeChecker();
    this.locals = (file as unknown as { locals: Map<string, ts.Symbol> }).locals;
  }

  /** Variables of cells that the loop can keep to itself, with their symbols. */
  variables(statement: ts.Statement): ReadonlyMap<string, ts.Symbol> {
    const found = new Map<string, ts.Symbol>();
    if (loopIn(statement) === undefined || this.seen.has("eval") || this.seen.has("Function")) return found;
    const declared = new Set<string>();
    let waits = false;
    const visit = (node: ts.Node): void => {
      if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) waits = true;
      if (ts.isIdentifier(node) && (node.text === "eval" || node.text === "Function")) waits = true;
      if (ts.isVariableDeclaration(node) && ts.isIdentifier(node.name)) declared.add(node.name.text);
      if (isAssignment(node)) {
        const target = ts.isBinaryExpression(node) ? node.left : (node as ts.PrefixUnaryExpression).operand;
        if (ts.isIdentifier(target)) this.consider(target, found);
      }
      ts.forEachChild(node, visit);
    };
    visit(statement);
    for (const name of declared) found.delete(name);
    return waits ? new Map() : found;
  }

  private consider(target: ts.Identifier, found: Map<string, ts.Symbol>): void {
    const local = this.locals.get(target.text);
    if (local === undefined || this.seen.has(target.text) || keptName(target.text) !== target.text) return;
    if (this.checker.getSymbolAtLocation(target) !== this.checker.getExportSymbolOfSymbol(local)) return;
    const declaration = local.valueDeclaration;
    if (declaration === undefined || !ts.isVariableDeclaration(declaration)) return;
    const { flags } = this.checker.getTypeOfSymbol(local);
    if ((flags & ts.TypeFlags.NumberLike) !== 0) found.set(target.text, local);
  }

  /** True if the identifier means this variable. */
  means(node: ts.Identifier, symbol: ts.Symbol): boolean {
    const { parent } = node;
    const meant =
      parent !== undefined && ts.isShorthandPropertyAssignment(parent)
        ? this.checker.getShorthandAssignmentValueSymbol(parent)
        : this.checker.getSymbolAtLocation(node);
    return meant === symbol || meant === this.checker.getExportSymbolOfSymbol(symbol);
  }
}

/** The loop, whose variables are already named as local ones, between taking and writing back their values. */
export function onLocalVariables(
  statement: ts.Statement,
  names: readonly string[],
  factory: ts.NodeFactory,
): ts.Statement {
  const id = (name: string) => factory.createIdentifier(name);
  const rounds = localName("$rounds");
  const back = () =>
    names.map((name) =>
      factory.createExpressionStatement(factory.createAssignment(id(name), id(localName(name)))),
    );
  const next = factory.createBitwiseAnd(
    factory.createParenthesizedExpression(factory.createAdd(id(rounds), factory.createNumericLiteral(1))),
    factory.createNumericLiteral(WRITTEN_BACK_AFTER - 1),
  );
  const check = factory.createIfStatement(
    factory.createStrictEquality(
      factory.createParenthesizedExpression(factory.createAssignment(id(rounds), next)),
      factory.createNumericLiteral(0),
    ),
    factory.createBlock(back()),
  );
  const declared = [
    ...names.map((name) =>
      factory.createVariableDeclaration(localName(name), undefined, undefined, id(name)),
    ),
    factory.createVariableDeclaration(rounds, undefined, undefined, factory.createNumericLiteral(0)),
  ];
  const list = factory.createVariableDeclarationList(declared, ts.NodeFlags.Let);
  return factory.createBlock([
    factory.createVariableStatement(undefined, list),
    factory.createTryStatement(
      factory.createBlock([withFirst(statement, check, factory)]),
      undefined,
      factory.createBlock(back()),
    ),
  ]);
}

/** The loop with a statement at the beginning of each round. */
function withFirst(statement: ts.Statement, first: ts.Statement, f: ts.NodeFactory): ts.Statement {
  if (ts.isLabeledStatement(statement))
    return f.updateLabeledStatement(statement, statement.label, withFirst(statement.statement, first, f));
  const loop = statement as ts.IterationStatement;
  const body = f.createBlock([first, loop.statement]);
  if (ts.isForStatement(loop))
    return f.updateForStatement(loop, loop.initializer, loop.condition, loop.incrementor, body);
  if (ts.isForOfStatement(loop))
    return f.updateForOfStatement(loop, undefined, loop.initializer, loop.expression, body);
  if (ts.isForInStatement(loop)) return f.updateForInStatement(loop, loop.initializer, loop.expression, body);
  if (ts.isWhileStatement(loop)) return f.updateWhileStatement(loop, loop.expression, body);
  return f.updateDoStatement(loop as ts.DoStatement, body, (loop as ts.DoStatement).expression);
}
