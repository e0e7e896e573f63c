/**
 * Mutants of a source file: small changes of its syntax tree, each of which a test should notice. Own faults (`assert()`,
 * `throw new Error()`) and texts are left alone.
 */
import ts from "typescript";

export type MutantKind =
  | "statement"
  | "boundary"
  | "logical"
  | "condition"
  | "constant"
  | "arithmetic"
  | "shift"
  | "return";

export interface Mutant {
  /** From 1, over all files in the order of their names. */
  id: number;
  /** Path below the root of the repository. */
  file: string;
  kind: MutantKind;
  /** Place in the text of the file. */
  start: number;
  end: number;
  line: number;
  /** The source line that it begins in, without the blanks around it. */
  source: string;
  before: string;
  /** What takes its place; empty: the statement is left out. */
  after: string;
}

const K = ts.SyntaxKind;

/** Binary operators and what takes their place. */
const SWAPS: ReadonlyMap<ts.SyntaxKind, readonly [string, MutantKind]> = new Map<
  ts.SyntaxKind,
  readonly [string, MutantKind]
>([
  [K.LessThanToken, ["<=", "boundary"]],
  [K.LessThanEqualsToken, ["<", "boundary"]],
  [K.GreaterThanToken, [">=", "boundary"]],
  [K.GreaterThanEqualsToken, [">", "boundary"]],
  [K.AmpersandAmpersandToken, ["||", "logical"]],
  [K.BarBarToken, ["&&", "logical"]],
  [K.EqualsEqualsEqualsToken, ["!==", "condition"]],
  [K.ExclamationEqualsEqualsToken, ["===", "condition"]],
  [K.PlusToken, ["-", "arithmetic"]],
  [K.MinusToken, ["+", "arithmetic"]],
  [K.PlusEqualsToken, ["-=", "arithmetic"]],
  [K.MinusEqualsToken, ["+=", "arithmetic"]],
]);

const SHIFTS = new Set([
  K.LessThanLessThanToken,
  K.GreaterThanGreaterThanToken,
  K.GreaterThanGreaterThanGreaterThanToken,
]);

type Add = (node: ts.Node, kind: MutantKind, after: string) => void;

/** All mutants of a file, in the order of their places. Ids begin at `firstId`. */
export function mutantsOf(
  source: ts.SourceFile,
  checker: ts.TypeChecker,
  file: string,
  firstId: number,
): Mutant[] {
  const found: Mutant[] = [];
  const lines = source.text.split("\n");
  const add: Add = (node, kind, after) => {
    const start = node.getStart(source);
    const line = source.getLineAndCharacterOfPosition(start).line;
    const before = source.text.slice(start, node.end);
    if (before === after) return;
    const place = { start, end: node.end, line: line + 1, source: lines[line]!.trim() };
    found.push({ id: firstId + found.length, file, kind, ...place, before, after });
  };
  const visit = (node: ts.Node): void => {
    if (leftAlone(node)) return;
    ofStatement(node, add);
    ofExpression(node, add, checker);
    ts.forEachChild(node, visit);
  };
  ts.forEachChild(source, visit);
  return found;
}

/** Types, imports, texts, and what only finds faults of our own. */
function leftAlone(node: ts.Node): boolean {
  if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return true;
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return true;
  if (ts.isExpressionStatement(node) && calls(node.expression, ["assert", "super"])) return true;
  const thrown = ts.isThrowStatement(node) ? node.expression : undefined;
  return thrown !== undefined && ts.isNewExpression(thrown) && thrown.expression.getText() === "Error";
}

const calls = (node: ts.Expression, names: string[]) =>
  ts.isCallExpression(node) && names.includes(node.expression.getText());

function ofStatement(node: ts.Node, add: Add): void {
  if (
    ts.isExpressionStatement(node) ||
    ts.isBreakOrContinueStatement(node) ||
    ts.isThrowStatement(node) ||
    (ts.isReturnStatement(node) && node.expression === undefined)
  )
    add(node, "statement", "");
}

/** The condition of a statement or of `? :`, if the node has one. */
function conditionOf(node: ts.Node): ts.Expression | undefined {
  if (ts.isIfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) return node.expression;
  return ts.isForStatement(node) || ts.isConditionalExpression(node) ? node.condition : undefined;
}

function ofExpression(node: ts.Node, add: Add, checker: ts.TypeChecker): void {
  const condition = conditionOf(node);
  if (condition !== undefined && condition.kind !== K.TrueKeyword)
    add(condition, "condition", negated(condition));
  if (ts.isBinaryExpression(node)) ofBinary(node, add, checker);
  else if (ts.isNumericLiteral(node)) ofNumber(node, add);
  else if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) ofStep(node, add);
  else if (ts.isCallExpression(node)) ofCall(node, add);
  const result = returned(node);
  if (result !== undefined) ofResult(result, add, checker);
}

const negated = (node: ts.Expression) =>
  ts.isPrefixUnaryExpression(node) && node.operator === K.ExclamationToken
    ? node.operand.getText()
    : `!(${node.getText()})`;

function ofBinary(node: ts.BinaryExpression, add: Add, checker: ts.TypeChecker): void {
  const [left, right] = [node.left.getText(), node.right.getText()];
  const operator = node.operatorToken.kind;
  if (SHIFTS.has(operator) && !ts.isNumericLiteral(node.right))
    add(node, "shift", `${left} ${node.operatorToken.getText()} (${right} + 1)`);
  const swap = SWAPS.get(operator);
  if (swap === undefined) return;
  const [other, kind] = swap;
  if (kind === "arithmetic" && !isNumber(node, checker)) return;
  // Negated as a whole already.
  if (kind === "condition" && (conditionOf(node.parent) === node || returned(node.parent) === node)) return;
  add(node, kind, `${inside(node.left, other)} ${other} ${inside(node.right, other)}`);
}

/** `a || b && c` needs brackets if its `||` becomes `&&`. */
const inside = (node: ts.Expression, operator: string) =>
  (operator === "&&" || operator === "||") && ts.isBinaryExpression(node)
    ? `(${node.getText()})`
    : node.getText();

function ofNumber(node: ts.NumericLiteral, add: Add): void {
  if (ts.isPropertyAssignment(node.parent) && node.parent.name === node) return;
  if (ts.isEnumMember(node.parent)) return;
  const value = Number(node.text);
  const kind =
    ts.isBinaryExpression(node.parent) && SHIFTS.has(node.parent.operatorToken.kind) ? "shift" : "constant";
  add(node, kind, String(value + 1));
  add(node, kind, String(value - 1));
}

function ofStep(node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression, add: Add): void {
  const text = node.getText();
  if (node.operator === K.PlusPlusToken) add(node, "arithmetic", text.replace("++", "--"));
  else if (node.operator === K.MinusMinusToken) add(node, "arithmetic", text.replace("--", "++"));
}

function ofCall(node: ts.CallExpression, add: Add): void {
  const called = node.expression.getText();
  const other = called === "Math.min" ? "Math.max" : called === "Math.max" ? "Math.min" : undefined;
  if (other !== undefined) add(node, "boundary", node.getText().replace(called, other));
}

/** The expression that a `return` or an arrow gives back. */
function returned(node: ts.Node): ts.Expression | undefined {
  if (ts.isReturnStatement(node)) return node.expression;
  return ts.isArrowFunction(node) && !ts.isBlock(node.body) ? node.body : undefined;
}

function ofResult(node: ts.Expression, add: Add, checker: ts.TypeChecker): void {
  const type = checker.getTypeAtLocation(node);
  if (node.kind === K.TrueKeyword) add(node, "return", "false");
  else if (node.kind === K.FalseKeyword) add(node, "return", "true");
  else if (type.flags & ts.TypeFlags.BooleanLike || isUnionOf(type, ts.TypeFlags.BooleanLike))
    add(node, "return", negated(node));
  else if (isNumber(node, checker) && !ts.isNumericLiteral(node))
    add(node, "return", `(${node.getText()}) + 1`);
}

const isUnionOf = (type: ts.Type, flags: ts.TypeFlags) =>
  type.isUnion() && type.types.every((t) => (t.flags & flags) !== 0);

function isNumber(node: ts.Expression, checker: ts.TypeChecker): boolean {
  const type = checker.getTypeAtLocation(node);
  return (type.flags & ts.TypeFlags.NumberLike) !== 0 || isUnionOf(type, ts.TypeFlags.NumberLike);
}

/** One program over the files of a folder, so that the types of all of them are known. */
export function mutantsOfFiles(root: string, files: readonly string[]): Mutant[] {
  const program = ts.createProgram(
    files.map((f) => `${root}/${f}`),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      strict: true,
      skipLibCheck: true,
      types: [],
    },
  );
  const checker = program.getTypeChecker();
  const all: Mutant[] = [];
  for (const file of files)
    all.push(...mutantsOf(program.getSourceFile(`${root}/${file}`)!, checker, file, all.length + 1));
  return all;
}
