/**
 * How much stack a call of a function takes at most, from its syntax alone: the same on every computer, whatever a compiler makes of
 * it. Each parameter and variable has a slot of its own; a call holds its arguments twice, and what is under way around an
 * expression holds some slots more.
 */
import type * as TS from "@tslab/typescript-for-tslab";

/** Slots of a loop, a try statement or a class while what is in them runs. */
const STATEMENT_SLOTS = 12;
/** Slots of any other expression or statement while its parts are computed. */
const PART_SLOTS = 3;

/** Slots of 8 bytes of the parts of one function, without functions within it. */
export function frameSlots(ts: typeof TS, parts: readonly (TS.Node | undefined)[]): number {
  let names = 0;
  /** Slots that are in use at once within a node. */
  const needs = (node: TS.Node): number => {
    if (bindsName(ts, node)) names++;
    if (ts.isFunctionLike(node) || ts.isClassStaticBlockDeclaration(node)) return PART_SLOTS;
    let most = 0;
    ts.forEachChild(node, (child) => {
      most = Math.max(most, needs(child));
    });
    return most + ownSlots(ts, node);
  };
  let most = 0;
  for (const part of parts) if (part !== undefined) most = Math.max(most, needs(part));
  return names + most;
}

function bindsName(ts: typeof TS, node: TS.Node): boolean {
  if (ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node)) return true;
  return ts.isFunctionDeclaration(node) || ts.isClassLike(node);
}

function ownSlots(ts: typeof TS, node: TS.Node): number {
  if (ts.isCallExpression(node) || ts.isNewExpression(node))
    return PART_SLOTS + 2 * (node.arguments?.length ?? 0);
  if (ts.isClassLike(node)) return STATEMENT_SLOTS + 2 * node.members.length;
  if (ts.isObjectBindingPattern(node) || ts.isObjectLiteralExpression(node)) {
    const { length } = ts.isObjectBindingPattern(node) ? node.elements : node.properties;
    return PART_SLOTS + length;
  }
  if (ts.isTaggedTemplateExpression(node))
    return PART_SLOTS + (ts.isTemplateExpression(node.template) ? 2 * node.template.templateSpans.length : 0);
  if (ts.isTryStatement(node) || ts.isIterationStatement(node, false) || ts.isArrayBindingPattern(node))
    return STATEMENT_SLOTS;
  return ts.isExpressionStatement(node) || ts.isBlock(node) ? 0 : PART_SLOTS;
}
