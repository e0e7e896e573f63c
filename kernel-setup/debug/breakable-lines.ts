/** Lines of a text, as typed, at which a program can stop: known before it has been compiled. */
import type ts from "typescript";
import { prepareCell } from "../protocol/magics";
import { typescript } from "./typescript";

/** True for what leaves nothing to run. */
function isOnlyType(
  node: ts.Node,
  { isInterfaceDeclaration, isTypeAliasDeclaration, SyntaxKind }: typeof ts,
) {
  if (isInterfaceDeclaration(node) || isTypeAliasDeclaration(node)) return true;
  const { modifiers } = node as { modifiers?: ts.NodeArray<ts.ModifierLike> };
  if (modifiers?.some((one) => one.kind === SyntaxKind.DeclareKeyword)) return true;
  const { importClause } = node as { importClause?: ts.ImportClause };
  return importClause?.isTypeOnly === true;
}

/** The cell without its magics; one that can't be taken apart has no lines to stop at. */
function withoutMagics(typed: string): string {
  try {
    return prepareCell(typed).code;
  } catch {
    return "";
  }
}

/** The lines, from 1, in order. */
export function breakableLines(typed: string, fileName: string): number[] {
  const t = typescript();
  const text = withoutMagics(typed);
  const kind = /x$/.test(fileName) ? t.ScriptKind.TSX : t.ScriptKind.TS;
  const file = t.createSourceFile(fileName, text, t.ScriptTarget.ESNext, true, kind);
  const lines = new Set<number>();
  const add = (offset: number) => lines.add(file.getLineAndCharacterOfPosition(offset).line + 1);
  const visit = (node: ts.Node): void => {
    if (isOnlyType(node, t)) return;
    const isList = t.isBlock(node) || t.isEmptyStatement(node) || t.isNotEmittedStatement(node);
    if (t.isStatement(node) && !isList && !t.isFunctionDeclaration(node)) add(node.getStart(file));
    if (t.isFunctionDeclaration(node) && node.body !== undefined) add(node.getStart(file));
    if (t.isArrowFunction(node) && !t.isBlock(node.body)) add(node.body.getStart(file));
    if (t.isFunctionLike(node) && "body" in node && node.body !== undefined) add(node.getEnd() - 1);
    if (t.isCallExpression(node) && t.isPropertyAccessExpression(node.expression))
      add(node.expression.name.getStart(file));
    t.forEachChild(node, visit);
  };
  t.forEachChild(file, visit);
  return [...lines].sort((a, b) => a - b);
}
