/**
 * The name of a change, read from the text of its module. Nothing of the module is run, so that a plan with code of a stranger can be
 * shown before anybody allows it.
 */
import type * as TS from "@tslab/typescript-for-tslab";
import { compiler } from "./transpile";

/** Constants that refer to one another are followed so far. */
const STEPS_MOST = 20;

/** The name as `export default change({ name: "…" })` states it; null if it is not written as text, or the text cannot be read. */
export function statedName(source: string): string | null {
  const ts = compiler();
  try {
    const file = ts.createSourceFile("change.ts", source, ts.ScriptTarget.ES2022, true);
    const exported = file.statements.find(ts.isExportAssignment);
    if (exported === undefined || exported.isExportEquals === true) return null;
    return nameIn(ts, file, exported.expression);
  } catch (error) {
    // Text that is nested too deep for the parser.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function nameIn(ts: typeof TS, file: TS.SourceFile, exported: TS.Expression): string | null {
  const value = settled(ts, file, exported);
  const call = ts.isCallExpression(value) && ts.isIdentifier(value.expression);
  const spec = call && value.arguments.length === 1 ? settled(ts, file, value.arguments[0]!) : value;
  if (!ts.isObjectLiteralExpression(spec)) return null;
  const isName = ({ name }: TS.ObjectLiteralElementLike) =>
    name !== undefined && (ts.isIdentifier(name) || ts.isStringLiteral(name)) && name.text === "name";
  // Of two names the last one counts; what is spread may hold another.
  const stated = spec.properties.filter((one) => isName(one) || ts.isSpreadAssignment(one)).at(-1);
  if (stated === undefined) return null;
  const given = ts.isPropertyAssignment(stated)
    ? stated.initializer
    : ts.isShorthandPropertyAssignment(stated)
      ? stated.name
      : null;
  const text = given === null ? null : settled(ts, file, given);
  return text !== null && ts.isStringLiteralLike(text) ? text.text : null;
}

/** An expression without marks of types; for the name of a constant of the module, what it is set to. */
function settled(ts: typeof TS, file: TS.SourceFile, given: TS.Expression): TS.Expression {
  let value = given;
  for (let step = 0; step < STEPS_MOST; step++) {
    if (ts.isParenthesizedExpression(value) || ts.isAsExpression(value) || ts.isSatisfiesExpression(value))
      value = value.expression;
    else if (ts.isIdentifier(value)) {
      const set = constantOf(ts, file, value.text);
      if (set === undefined) return value;
      value = set;
    } else return value;
  }
  return value;
}

/** What a `const` of the module is set to. */
function constantOf(ts: typeof TS, file: TS.SourceFile, name: string): TS.Expression | undefined {
  return file.statements
    .filter(ts.isVariableStatement)
    .map(({ declarationList }) => declarationList)
    .filter(({ flags }) => (flags & ts.NodeFlags.Const) !== 0)
    .flatMap(({ declarations }) => [...declarations])
    .find((one) => ts.isIdentifier(one.name) && one.name.text === name)?.initializer;
}
