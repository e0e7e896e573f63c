/**
 * Puts counts into the JavaScript of a change: each loop counts its turns, and whatever runs of itself (functions, constructors,
 * accessors, initialisers, static blocks) counts a turn and a depth, by the size of its frame. What a limit throws cannot be caught.
 */
import type * as TS from "@tslab/typescript-for-tslab";
import { frameSlots } from "./frame-slots";

/** What a counted module calls, in this order the parameters of its wrapper. */
export const COUNTERS = ["__turn", "__enter", "__leave", "__caught"] as const;
const [TURN, ENTER, LEAVE, CAUGHT] = COUNTERS;

/** Begins the names of counters; a change has no names that begin so. */
export const RESERVED = "__";

/** The variable of every catch clause. */
const ERROR = "__error";

/** Plain JavaScript with its counts in place. */
export function countTurns(ts: typeof TS, code: string): string {
  const file = ts.createSourceFile("change.js", code, ts.ScriptTarget.ES2022, true, ts.ScriptKind.JS);
  const tools = toolsOf(ts);
  const { transformed } = ts.transform(file, [
    (context) => {
      const visit = (node: TS.Node): TS.Node => counted(tools, ts.visitEachChild(node, visit, context));
      return (source) => ts.visitEachChild(source, visit, context);
    },
  ]);
  return ts.createPrinter({ removeComments: true }).printFile(transformed[0]!);
}

interface Tools {
  readonly ts: typeof TS;
  readonly f: TS.NodeFactory;
  /** `COUNTER(given)` as a statement. */
  readonly call: (counter: string, ...given: TS.Expression[]) => TS.Statement;
  /** A body deeper by what a call of it weighs, with these parameters: `{ enter(2); try { … } finally { leave(2); } }`. */
  readonly body: (block: TS.Block, parameters?: readonly TS.Node[]) => TS.Block;
  /** An expression that runs without a body of its own: `(() => { … })()`. */
  readonly value: (expression: TS.Expression) => TS.Expression;
}

/** Slots of a frame of ordinary size, which weighs 1. */
const ORDINARY_SLOTS = 64;

const weightOf = (ts: typeof TS, parts: readonly TS.Node[]) =>
  Math.max(1, Math.ceil(frameSlots(ts, parts) / ORDINARY_SLOTS));

function toolsOf(ts: typeof TS): Tools {
  const { factory: f } = ts;
  const call: Tools["call"] = (counter, ...given) =>
    f.createExpressionStatement(f.createCallExpression(f.createIdentifier(counter), [], given));
  const body: Tools["body"] = (block, parameters = []) => {
    const weight = () => f.createNumericLiteral(weightOf(ts, [block, ...parameters]));
    const left = f.createBlock([call(LEAVE, weight())]);
    return f.createBlock([call(ENTER, weight()), f.createTryStatement(block, undefined, left)], true);
  };
  const value: Tools["value"] = (expression) => {
    const block = body(f.createBlock([f.createReturnStatement(expression)]));
    const arrow = f.createArrowFunction(undefined, undefined, [], undefined, undefined, block);
    return f.createCallExpression(f.createParenthesizedExpression(arrow), [], []);
  };
  return { ts, f, call, body, value };
}

/** A node with its counts, whose parts have theirs. */
function counted(tools: Tools, node: TS.Node): TS.Node {
  return (
    countedLoop(tools, node) ??
    countedFunction(tools, node) ??
    countedMember(tools, node) ??
    countedValue(tools, node) ??
    countedTry(tools, node) ??
    node
  );
}

function countedLoop({ ts, f, call }: Tools, node: TS.Node): TS.Node | undefined {
  const turns = (statement: TS.Statement) => f.createBlock([call(TURN), statement], true);
  if (ts.isForStatement(node)) {
    const { initializer, condition, incrementor, statement } = node;
    return f.updateForStatement(node, initializer, condition, incrementor, turns(statement));
  }
  if (ts.isForOfStatement(node)) {
    const { awaitModifier, initializer, expression, statement } = node;
    return f.updateForOfStatement(node, awaitModifier, initializer, expression, turns(statement));
  }
  if (ts.isForInStatement(node))
    return f.updateForInStatement(node, node.initializer, node.expression, turns(node.statement));
  if (ts.isWhileStatement(node)) return f.updateWhileStatement(node, node.expression, turns(node.statement));
  if (ts.isDoStatement(node)) return f.updateDoStatement(node, turns(node.statement), node.expression);
  return undefined;
}

function countedFunction({ ts, f, body }: Tools, node: TS.Node): TS.Node | undefined {
  if (ts.isArrowFunction(node)) {
    const { modifiers, parameters, equalsGreaterThanToken: arrow } = node;
    const block = ts.isBlock(node.body) ? node.body : f.createBlock([f.createReturnStatement(node.body)]);
    return f.updateArrowFunction(
      node,
      modifiers,
      undefined,
      parameters,
      undefined,
      arrow,
      body(block, parameters),
    );
  }
  if (ts.isFunctionExpression(node)) {
    const { modifiers, name, parameters } = node;
    return f.updateFunctionExpression(
      node,
      modifiers,
      undefined,
      name,
      undefined,
      parameters,
      undefined,
      body(node.body, node.parameters),
    );
  }
  if (ts.isFunctionDeclaration(node) && node.body !== undefined) {
    const { modifiers, name, parameters } = node;
    return f.updateFunctionDeclaration(
      node,
      modifiers,
      undefined,
      name,
      undefined,
      parameters,
      undefined,
      body(node.body, node.parameters),
    );
  }
  return undefined;
}

/** Methods, accessors, constructors and static blocks. */
function countedMember({ ts, f, body }: Tools, node: TS.Node): TS.Node | undefined {
  if (ts.isClassStaticBlockDeclaration(node))
    return f.updateClassStaticBlockDeclaration(node, body(node.body));
  if (ts.isMethodDeclaration(node) && node.body !== undefined) {
    const { modifiers, name, parameters } = node;
    return f.updateMethodDeclaration(
      node,
      modifiers,
      undefined,
      name,
      undefined,
      undefined,
      parameters,
      undefined,
      body(node.body, node.parameters),
    );
  }
  if (ts.isGetAccessorDeclaration(node) && node.body !== undefined) {
    const { modifiers, name, parameters } = node;
    return f.updateGetAccessorDeclaration(
      node,
      modifiers,
      name,
      parameters,
      undefined,
      body(node.body, node.parameters),
    );
  }
  if (ts.isSetAccessorDeclaration(node) && node.body !== undefined)
    return f.updateSetAccessorDeclaration(
      node,
      node.modifiers,
      node.name,
      node.parameters,
      body(node.body, node.parameters),
    );
  if (ts.isConstructorDeclaration(node) && node.body !== undefined)
    return f.updateConstructorDeclaration(
      node,
      node.modifiers,
      node.parameters,
      body(node.body, node.parameters),
    );
  return undefined;
}

/** Initialisers of fields, and defaults of parameters and patterns: they run before the body does. */
function countedValue({ ts, f, value }: Tools, node: TS.Node): TS.Node | undefined {
  const initial = (one: TS.Expression | undefined) => (one === undefined ? undefined : value(one));
  if (ts.isPropertyDeclaration(node))
    return f.updatePropertyDeclaration(
      node,
      node.modifiers,
      node.name,
      undefined,
      undefined,
      initial(node.initializer),
    );
  if (ts.isParameter(node)) {
    const { modifiers, dotDotDotToken, name, initializer } = node;
    return f.updateParameterDeclaration(
      node,
      modifiers,
      dotDotDotToken,
      name,
      undefined,
      undefined,
      initial(initializer),
    );
  }
  if (ts.isBindingElement(node)) {
    const { dotDotDotToken, propertyName: key, name, initializer } = node;
    const own =
      key !== undefined && ts.isComputedPropertyName(key)
        ? f.updateComputedPropertyName(key, value(key.expression))
        : key;
    return f.updateBindingElement(node, dotDotDotToken, own, name, initial(initializer));
  }
  return undefined;
}

/** A catch clause passes on what a limit threw; so does one that stands in before a `finally`, which might hide it. */
function countedTry({ ts, f, call }: Tools, node: TS.Node): TS.Node | undefined {
  const thrown = () => f.createIdentifier(ERROR);
  const variable = () => f.createVariableDeclaration(ERROR);
  if (ts.isCatchClause(node)) {
    const { variableDeclaration: own, block } = node;
    const named =
      own === undefined
        ? []
        : [
            f.createVariableStatement(
              undefined,
              f.createVariableDeclarationList(
                [f.createVariableDeclaration(own.name, undefined, undefined, thrown())],
                ts.NodeFlags.Let,
              ),
            ),
          ];
    return f.updateCatchClause(
      node,
      variable(),
      f.createBlock([call(CAUGHT, thrown()), ...named, block], true),
    );
  }
  if (!ts.isTryStatement(node) || node.finallyBlock === undefined) return undefined;
  const { tryBlock, catchClause, finallyBlock } = node;
  const inner =
    catchClause === undefined
      ? tryBlock
      : f.createBlock([f.createTryStatement(tryBlock, catchClause, undefined)]);
  const passOn = f.createBlock([call(CAUGHT, thrown()), f.createThrowStatement(thrown())]);
  return f.updateTryStatement(node, inner, f.createCatchClause(variable(), passOn), finallyBlock);
}
