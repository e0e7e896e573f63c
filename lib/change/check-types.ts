/**
 * Checks the types of a change that was written in TypeScript, before any of it runs. The compiler sees the change, the decision
 * points and the language, and nothing else: no configuration, no other packages.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type * as TS from "@tslab/typescript-for-tslab";
import { InputError } from "../base/errors";
import { printable } from "../base/printable";
import { compiler, transpile } from "./transpile";

const CHANGE = "/change.ts";
const DECISIONS = "/mm/state/decisions.ts";
const TYPES = "/change/types.ts";
const PAGEBLOCK = "/change/pageblock.d.ts";

/** What stands in for the package: `change`, and the types of decision points. */
const PAGEBLOCK_TEXT = `
import type { ChangeSpec, PointName } from "./types";
export type { ChangePoints, ChangeSpec, Given, PointName, Stock } from "./types";
export declare class Change {
  readonly name: string;
  readonly about: string;
  readonly sha256: string;
  readonly source: string;
  readonly points: readonly PointName[];
}
export declare function change(spec: ChangeSpec): Change;
declare global {
  const change: (spec: ChangeSpec) => Change;
}
`;

/** Types of other modules are not looked up: they are any. */
const UNKNOWN_MODULES: ReadonlySet<number> = new Set([2305, 2307, 2614, 2724, 7016]);
/** A property of the change that is no decision point: reading the change names all there are. */
const NO_POINT = "does not exist in type 'ChangeSpec'";
/** There is no such property; the second says which one may have been meant. */
const NO_PROPERTY: ReadonlySet<number> = new Set([2339, 2551]);

/** Throws InputError, with the line, if the types of a change do not fit. `what` names it. */
export function checkTypes(source: string, what: string): void {
  const ts = compiler();
  const program = programOf(ts, source);
  const file = program.getSourceFile(CHANGE)!;
  const known = ({ code, messageText }: TS.Diagnostic) =>
    !UNKNOWN_MODULES.has(code) && !ts.flattenDiagnosticMessageText(messageText, "\n").includes(NO_POINT);
  const wrong =
    program.getSyntacticDiagnostics(file).length > 0
      ? []
      : program.getSemanticDiagnostics(file).filter(known);
  const [first] = wrong;
  if (first === undefined) return;
  // What is no module of a change at all is told as that.
  transpile(source, what);
  const { line } = file.getLineAndCharacterOfPosition(first.start ?? 0);
  const more = wrong.length > 1 ? ` (and ${wrong.length - 1} more)` : "";
  const text = `${wordsOf(ts, first)}${fieldsAt(ts, program, first)}`;
  throw new InputError(`${what}: line ${line + 1}: ${printable(text.slice(0, 600))}${more}`);
}

/** The first sentence, and the innermost reason. */
function wordsOf(ts: typeof TS, { messageText }: TS.Diagnostic): string {
  const lines = ts.flattenDiagnosticMessageText(messageText, "\n").split("\n");
  const [first, last] = [lines[0]!, lines.at(-1)!.trim()];
  const told = first.replace(/ (?:Do you need to change|Try changing|Try `npm) .*/, "");
  return lines.length > 1 ? `${told.replace(/\.$/, "")}: ${last}` : told;
}

/** The fields that there are, if one was read that there is not. */
function fieldsAt(ts: typeof TS, program: TS.Program, { code, file, start }: TS.Diagnostic): string {
  if (!NO_PROPERTY.has(code) || file === undefined || start === undefined) return "";
  let at: TS.Node = file;
  for (;;) {
    const inner: TS.Node | undefined = ts.forEachChild(at, (one) =>
      one.getStart(file) <= start && start < one.end ? one : undefined,
    );
    if (inner === undefined) break;
    at = inner;
  }
  const { parent } = at;
  const of = ts.isPropertyAccessExpression(parent)
    ? parent.expression
    : ts.isBindingElement(parent)
      ? parent.parent
      : undefined;
  if (of === undefined) return "";
  const fields = program.getTypeChecker().getTypeAtLocation(of).getProperties();
  return fields.length === 0 ? "" : ` Known are ${fields.map(({ name }) => name).join(", ")}.`;
}

function programOf(ts: typeof TS, source: string): TS.Program {
  const library = join(dirname(require.resolve("tslab/package.json")), "package.json");
  const folder = dirname(require.resolve("@tslab/typescript-for-tslab", { paths: [dirname(library)] }));
  const ours: Readonly<Record<string, () => string>> = {
    [CHANGE]: () => source,
    [PAGEBLOCK]: () => PAGEBLOCK_TEXT,
    [DECISIONS]: () => declared("../mm/state/decisions"),
    [TYPES]: () => declared("./types"),
  };
  const resolved: Readonly<Record<string, string>> = {
    pageblock: PAGEBLOCK,
    "./types": TYPES,
    "../mm/state/decisions": DECISIONS,
  };
  const options: TS.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.CommonJS,
    lib: ["lib.es2022.d.ts"],
    types: [],
    strict: true,
    noImplicitAny: false,
    noEmit: true,
    skipLibCheck: true,
  };
  return ts.createProgram([CHANGE, PAGEBLOCK], options, {
    getSourceFile: (name, languageVersion) => {
      const text =
        ours[name]?.() ?? readFileSync(join(folder, name.slice(name.lastIndexOf("/") + 1)), "utf8");
      return ts.createSourceFile(name, text, languageVersion);
    },
    resolveModuleNames: (names) =>
      names.map((name) =>
        Object.hasOwn(resolved, name) ? { resolvedFileName: resolved[name]! } : undefined,
      ),
    fileExists: (name) => Object.hasOwn(ours, name),
    readFile: (name) => ours[name]?.(),
    getDefaultLibFileName: () => "/lib/lib.es2022.d.ts",
    getDefaultLibLocation: () => "/lib",
    getCurrentDirectory: () => "/",
    getCanonicalFileName: (name) => name,
    useCaseSensitiveFileNames: () => true,
    getNewLine: () => "\n",
    writeFile: () => {},
  });
}

/** The declarations of a file of this library: built, or as it is written. */
function declared(name: string): string {
  const path = join(__dirname, name);
  return readFileSync(existsSync(`${path}.d.ts`) ? `${path}.d.ts` : `${path}.ts`, "utf8");
}
