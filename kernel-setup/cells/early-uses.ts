/**
 * Uses of a variable of a cell before its declaration, such as `x; let x = 1`. A variable of cells exists from the first
 * cell on that has it, so V8 would give what an earlier cell left there: these uses throw what V8 throws elsewhere.
 */
import ts from "typescript";
import type { Renaming } from "./global-names";

/** Where a variable cannot be used yet: before `until`, and where its value is computed. */
interface Dead {
  readonly until: number;
  readonly from: number;
  readonly to: number;
}

/** The identifiers that are evaluated before what they mean is declared. Functions run later: they are left out. */
export function earlyUses(file: ts.SourceFile, end: number, renaming: Renaming): ReadonlySet<ts.Node> {
  const statements = file.statements.filter((s) => s.getStart(file) < end);
  const dead = new Map<string, Dead>();
  for (const s of statements) note(s, dead);
  const found = new Set<ts.Node>();
  if (dead.size === 0) return found;
  const visit = (node: ts.Node): void => {
    if (ts.isFunctionLike(node) || ts.isClassLike(node) || ts.isTypeNode(node)) return;
    if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isIdentifier(node) && isDead(node, dead.get(node.text)) && renaming.isOwn(node)) found.add(node);
    ts.forEachChild(node, visit);
  };
  for (const s of statements) visit(s);
  return found;
}

function isDead(node: ts.Identifier, at: Dead | undefined): boolean {
  if (at === undefined || (node.parent as { name?: ts.Node }).name === node) {
    // `{ x }` is a use, although x is the property's name.
    if (at === undefined || !ts.isShorthandPropertyAssignment(node.parent)) return false;
  }
  return node.end <= at.until || (node.end > at.from && node.end <= at.to);
}

function note(statement: ts.Statement, dead: Map<string, Dead>): void {
  if (ts.isClassDeclaration(statement) && statement.name !== undefined)
    dead.set(statement.name.text, { until: statement.pos, from: 0, to: 0 });
  if (!ts.isVariableStatement(statement)) return;
  const { declarationList } = statement;
  const isDeclared = ts.getCombinedModifierFlags(declarationList.declarations[0]!) & ts.ModifierFlags.Ambient;
  if ((declarationList.flags & ts.NodeFlags.BlockScoped) === 0 || isDeclared) return;
  for (const { name, initializer } of declarationList.declarations) {
    const own = { from: initializer?.pos ?? 0, to: initializer?.end ?? 0 };
    const set = (bound: string, until: number) => {
      if (!dead.has(bound)) dead.set(bound, { until, ...own });
    };
    const bind = (target: ts.BindingName): void => {
      if (ts.isIdentifier(target)) set(target.text, target.parent.end);
      else for (const e of target.elements) if (!ts.isOmittedExpression(e)) bind(e.name);
    };
    if (ts.isIdentifier(name)) set(name.text, name.end);
    else bind(name);
  }
}
