/**
 * Top-level await. tslab's compiler takes `await (x)`, `await [x]` and a lone `for await` at the start of a cell
 * for a call, an index and an error. It parses them as meant once the file holds an unmistakable await, so a cell
 * that awaits outside functions gets `await 0;` put before its first line, and positions are moved back by it.
 */
import type * as TS from "@tslab/typescript-for-tslab";
import type { Converter, Diagnostic } from "tslab/dist/converter";
import { ts } from "./tslab-internals";

const PREFIX = "await 0;";

/** True when the cell awaits outside every function and class. */
export function awaitsAtTopLevel(code: string): boolean {
  if (!/\bawait\b/.test(code)) return false;
  const file = ts.createSourceFile("cell.ts", `async () => {\n${code}\n}`, ts.ScriptTarget.ES2022, true);
  const cell = (file.statements[0] as TS.ExpressionStatement | undefined)?.expression;
  if (cell === undefined || !ts.isArrowFunction(cell)) return false;
  const visit = (node: TS.Node): boolean => {
    if (ts.isFunctionLike(node) || ts.isClassStaticBlockDeclaration(node)) return false;
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) return true;
    return ts.forEachChild(node, (child) => visit(child) || undefined) ?? false;
  };
  return visit(cell.body);
}

/** The converter with its positions as the user sees them. */
export function withTopLevelAwait(converter: Converter): Converter {
  const moved = (d: Diagnostic): Diagnostic => {
    const back = <P extends { offset: number; line: number; character: number }>(p: P): P => ({
      ...p,
      offset: p.offset - PREFIX.length,
      character: p.line === 0 ? p.character - PREFIX.length : p.character,
    });
    return d.fileName ? d : { ...d, start: back(d.start), end: back(d.end) };
  };
  return {
    ...converter,
    convert(previous, code) {
      if (!awaitsAtTopLevel(code)) return converter.convert(previous, code);
      const converted = converter.convert(previous, PREFIX + code);
      return { ...converted, diagnostics: converted.diagnostics.map(moved) };
    },
    inspect(previous, code, position) {
      if (!awaitsAtTopLevel(code)) return converter.inspect(previous, code, position);
      return converter.inspect(previous, PREFIX + code, position + PREFIX.length);
    },
    complete(previous, code, position) {
      if (!awaitsAtTopLevel(code)) return converter.complete(previous, code, position);
      const info = converter.complete(previous, PREFIX + code, position + PREFIX.length);
      return { ...info, start: info.start - PREFIX.length, end: info.end - PREFIX.length };
    },
  };
}
