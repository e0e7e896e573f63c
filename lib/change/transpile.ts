/**
 * From the source of a change to plain JavaScript: types are removed, and every loop and function counts its turns, so that code
 * that does not end is stopped at the same turn on every computer. The compiler is the one of the notebook kernel.
 */
import { dirname } from "node:path";
import type * as TS from "@tslab/typescript-for-tslab";
import { InputError } from "../base/errors";
import { countTurns, RESERVED } from "./count-turns";

/** Loaded with the first change: it takes a quarter of a second. */
export function compiler(): typeof TS {
  const kernel = dirname(require.resolve("tslab/package.json"));
  return require(require.resolve("@tslab/typescript-for-tslab", { paths: [kernel] }));
}

/** JavaScript of a CommonJS module. Throws InputError with the line of the source if it is no module of one's own. */
export function transpile(source: string, what: string): string {
  const ts = compiler();
  const file = ts.createSourceFile("change.ts", source, ts.ScriptTarget.ES2022, true);
  const refuse = (node: TS.Node, why: string): never => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    throw new InputError(`${what}: line ${line + 1}: ${why}`);
  };
  for (const rule of [foreign, uncounted]) {
    const visit = (node: TS.Node): void => {
      const why = rule(ts, node);
      if (why !== null) refuse(node, why);
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  const { outputText, diagnostics = [] } = ts.transpileModule(source, {
    fileName: "change.ts",
    reportDiagnostics: true,
    compilerOptions: {
      module: ts.ModuleKind.CommonJS,
      target: ts.ScriptTarget.ES2022,
      removeComments: true,
    },
  });
  const [first] = diagnostics;
  if (first !== undefined) {
    const { line } = file.getLineAndCharacterOfPosition(first.start ?? 0);
    const text = ts.flattenDiagnosticMessageText(first.messageText, " ");
    throw new InputError(`${what}: line ${line + 1}: cannot be read: ${text.slice(0, 200)}`);
  }
  return countTurns(ts, outputText);
}

/** Imports of anything but the types of pageblock and `change`: why they are refused. */
function foreign(ts: typeof TS, node: TS.Node): string | null {
  const only =
    'a change must be self-contained: it may import types and `change` from "pageblock", nothing else';
  if (ts.isImportDeclaration(node) && !node.importClause?.isTypeOnly) {
    const { moduleSpecifier } = node;
    return ts.isStringLiteral(moduleSpecifier) && moduleSpecifier.text === "pageblock" ? null : only;
  }
  if (ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined) return only;
  if (ts.isImportEqualsDeclaration(node)) return only;
  if (!ts.isCallExpression(node)) return null;
  const { expression } = node;
  const loads = ts.isIdentifier(expression) && expression.text === "require";
  return loads || expression.kind === ts.SyntaxKind.ImportKeyword ? only : null;
}

/** What would run at a time of its own, or could reach the counters: why it is refused. */
function uncounted(ts: typeof TS, node: TS.Node): string | null {
  const { SyntaxKind } = ts;
  if (ts.isIdentifier(node) && node.text.startsWith(RESERVED))
    return `a name must not begin with ${RESERVED}: got ${JSON.stringify(node.text.slice(0, 40))}`;
  if (
    node.kind === SyntaxKind.AsyncKeyword ||
    node.kind === SyntaxKind.AwaitKeyword ||
    ts.isAwaitExpression(node)
  )
    return "a change must not wait: async and await are not allowed";
  const generator =
    ts.isYieldExpression(node) ||
    ((ts.isFunctionDeclaration(node) || ts.isFunctionExpression(node) || ts.isMethodDeclaration(node)) &&
      node.asteriskToken !== undefined);
  if (generator) return "a change must not have generators (function*)";
  if (ts.isDecorator(node)) return "a change must not have decorators";
  return null;
}
