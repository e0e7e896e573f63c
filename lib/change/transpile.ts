/**
 * From the source of a change to plain JavaScript: types are removed, and every loop and function counts its turns, so that code
 * that does not end is stopped at the same turn on every computer. The compiler is the one of the notebook kernel.
 */
import { dirname } from "node:path";
import type * as TS from "@tslab/typescript-for-tslab";
import { InputError } from "../base/errors";

/** Loaded with the first change: it takes a quarter of a second. */
function compiler(): typeof TS {
  const kernel = dirname(require.resolve("tslab/package.json"));
  return require(require.resolve("@tslab/typescript-for-tslab", { paths: [kernel] }));
}

/** The name of the function that counts turns. */
export const TURN = "__turn";

/** JavaScript of a CommonJS module. Throws InputError with the line of the source if it is no module of one's own. */
export function transpile(source: string, what: string): string {
  const ts = compiler();
  const file = ts.createSourceFile("change.ts", source, ts.ScriptTarget.ES2022, true);
  const refuse = (node: TS.Node, why: string): never => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    throw new InputError(`${what}: line ${line + 1}: ${why}`);
  };
  refuseForeign(ts, file, refuse);
  const { outputText, diagnostics = [] } = ts.transpileModule(source, {
    fileName: "change.ts",
    reportDiagnostics: true,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      removeComments: true,
    },
    transformers: { before: [countTurns(ts)] },
  });
  const [first] = diagnostics;
  if (first !== undefined) {
    const { line } = file.getLineAndCharacterOfPosition(first.start ?? 0);
    const text = ts.flattenDiagnosticMessageText(first.messageText, " ");
    throw new InputError(`${what}: line ${line + 1}: cannot be read: ${text.slice(0, 200)}`);
  }
  return outputText;
}

/** Imports of anything but the types of pageblock and `change`. */
function refuseForeign(
  ts: typeof TS,
  file: TS.SourceFile,
  refuse: (node: TS.Node, why: string) => never,
): void {
  const only =
    'a change must be self-contained: it may import types and `change` from "pageblock", nothing else';
  const visit = (node: TS.Node): void => {
    if (ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly) {
      const { moduleSpecifier } = node;
      if (!ts.isStringLiteral(moduleSpecifier) || moduleSpecifier.text !== "pageblock") refuse(node, only);
    }
    if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) refuse(node, only);
    if (ts.isImportEqualsDeclaration(node)) refuse(node, only);
    if (ts.isCallExpression(node)) {
      const { expression } = node;
      const loads = ts.isIdentifier(expression) && expression.text === "require";
      if (loads || expression.kind === ts.SyntaxKind.ImportKeyword) refuse(node, only);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
}

/** Puts a call that counts at the start of every loop and function. */
function countTurns(ts: typeof TS): TS.TransformerFactory<TS.SourceFile> {
  const { factory } = ts;
  const turn = () =>
    factory.createExpressionStatement(factory.createCallExpression(factory.createIdentifier(TURN), [], []));
  const counted = (body: TS.Statement): TS.Block =>
    factory.createBlock([turn(), ...(ts.isBlock(body) ? body.statements : [body])], true);
  const body = (block: TS.Block): TS.Block => factory.createBlock([turn(), ...block.statements], true);
  return (context) => {
    const inner = (node: TS.Node): TS.Node => changed(ts.visitEachChild(node, inner, context));
    const changed = (node: TS.Node): TS.Node => {
      const f = factory;
      if (ts.isForStatement(node))
        return f.updateForStatement(
          node,
          node.initializer,
          node.condition,
          node.incrementor,
          counted(node.statement),
        );
      if (ts.isForOfStatement(node))
        return f.updateForOfStatement(
          node,
          node.awaitModifier,
          node.initializer,
          node.expression,
          counted(node.statement),
        );
      if (ts.isForInStatement(node))
        return f.updateForInStatement(node, node.initializer, node.expression, counted(node.statement));
      if (ts.isWhileStatement(node))
        return f.updateWhileStatement(node, node.expression, counted(node.statement));
      if (ts.isDoStatement(node)) return f.updateDoStatement(node, counted(node.statement), node.expression);
      if (ts.isArrowFunction(node)) {
        const block = ts.isBlock(node.body)
          ? body(node.body)
          : f.createBlock([turn(), f.createReturnStatement(node.body)], true);
        const { modifiers, typeParameters, parameters, type, equalsGreaterThanToken } = node;
        return f.updateArrowFunction(
          node,
          modifiers,
          typeParameters,
          parameters,
          type,
          equalsGreaterThanToken,
          block,
        );
      }
      if (ts.isFunctionExpression(node))
        return f.updateFunctionExpression(
          node,
          node.modifiers,
          node.asteriskToken,
          node.name,
          node.typeParameters,
          node.parameters,
          node.type,
          body(node.body),
        );
      if (ts.isFunctionDeclaration(node) && node.body !== undefined)
        return f.updateFunctionDeclaration(
          node,
          node.modifiers,
          node.asteriskToken,
          node.name,
          node.typeParameters,
          node.parameters,
          node.type,
          body(node.body),
        );
      if (ts.isMethodDeclaration(node) && node.body !== undefined)
        return f.updateMethodDeclaration(
          node,
          node.modifiers,
          node.asteriskToken,
          node.name,
          node.questionToken,
          node.typeParameters,
          node.parameters,
          node.type,
          body(node.body),
        );
      if (ts.isGetAccessorDeclaration(node) && node.body !== undefined)
        return f.updateGetAccessorDeclaration(
          node,
          node.modifiers,
          node.name,
          node.parameters,
          node.type,
          body(node.body),
        );
      return node;
    };
    return (source) => ts.visitEachChild(source, inner, context);
  };
}
