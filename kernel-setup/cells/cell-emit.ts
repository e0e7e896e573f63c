/**
 * A cell as JavaScript. Each variable of cells is a `let` of the global scope that is declared once, by the cell that
 * has it first; every later declaration is an assignment. So a name has one binding, which all functions of all cells
 * see, and a cell that fails leaves the names it did not reach as they were. The cell's statements are the body of a
 * function.
 */
import ts from "typescript";
import { rewritten } from "./cell-rewrite";
import type { CellSource } from "./cell-source";
import { earlyUses } from "./early-uses";
import { FastLoops } from "./fast-loops";
import { keptName, type OwnNames, ownNames, Renaming } from "./global-names";
import { importsOf, withoutModuleSyntax } from "./module-syntax";
import { type Assigned, asAssignments } from "./top-level-names";

export interface EmittedCell {
  readonly js: string;
  /** A source map of `js`, in lines and columns of the compiled text. */
  readonly map: string;
  readonly isAsync: boolean;
  readonly own: OwnNames;
  /** Statements that write back what its loops keep to themselves. */
  readonly writingBack: readonly string[];
  /** Variables that the cell sets, as they are kept, and after which step they are set. */
  readonly assigned: ReadonlyMap<string, Assigned>;
}

/** Compiles the open cell of `program`. `seen` are names that functions of any cell mention. */
export function emitCell(
  program: ts.Program,
  path: string,
  source: CellSource,
  seen: ReadonlySet<string>,
): EmittedCell {
  const file = program.getSourceFile(path)!;
  const end = source.text.length;
  const renaming = new Renaming(program, file, source.mentioned);
  const loops = new FastLoops(program, file, seen);
  const own = ownNames(source.mentioned);
  const early = earlyUses(file, end, renaming);
  let js = "";
  let map = "";
  let isAsync = false;
  const assigned = new Map<string, Assigned>();
  const after: ts.TransformerFactory<ts.SourceFile> = (context) => (emitted) => {
    const typed = emitted.statements.filter((s) => isOwn(ts.getOriginalNode(s), file, end));
    const names = new Set([...source.declared.keys()].map(keptName));
    const imports = importsOf(typed, assigned, own, context.factory);
    const plain = withoutModuleSyntax(typed, context.factory);
    const { hoisted, others } = asAssignments(plain, names, assigned, own, context);
    const statements = [...hoisted, ...imports, ...others];
    isAsync = statements.some(awaits);
    return context.factory.updateSourceFile(emitted, statements);
  };
  program.emit(
    file,
    (name, text) => {
      if (name.endsWith(".map")) map = text;
      else js = text;
    },
    undefined,
    false,
    { before: [rewritten({ renaming, loops, own, early }, source)], after: [after] },
  );
  const writingBack = [...loops.kept].map((name) => `${name} = ${own.local}${name};`);
  return {
    js: js.replace(/\n\/\/# sourceMappingURL=[^\n]*(?:\n\s*)?$/, ""),
    map,
    isAsync,
    own,
    writingBack,
    assigned,
  };
}

/** True for what stands in the cell; generated lines begin behind it. A node's own `pos` is where the one before it ends. */
function isOwn(node: ts.Node, file: ts.SourceFile, end: number): boolean {
  return node.pos < 0 || node.getStart(file) < end;
}

/** True when the statement awaits outside every function and class; the name of a method is outside it. */
function awaits(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) {
    const { name } = node as { name?: ts.Node };
    return name !== undefined && ts.isComputedPropertyName(name) && awaits(name);
  }
  if (ts.isClassStaticBlockDeclaration(node)) return false;
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) return true;
  return ts.forEachChild(node, (child) => awaits(child) || undefined) ?? false;
}
