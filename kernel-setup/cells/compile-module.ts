/**
 * A module of the user as a function that Node can run: TypeScript, JSX and ES modules become CommonJS whose imports
 * are loaded beforehand, so that it may `await` at its top.
 */
import { dirname, extname } from "node:path";
import ts from "typescript";
import { scopeOf } from "./resolve";

export interface CompiledModule {
  /** Text of an expression: a function of PARAMETERS that returns the module's body. */
  readonly js: string;
  readonly map: string | undefined;
  /** What it imports, in order; loaded before it runs. */
  readonly imports: readonly string[];
  readonly isAsync: boolean;
  /** It was written as an ES module. */
  readonly isModule: boolean;
}

/** `$import` gives what was loaded beforehand; `$dynamic` is `import()`, `$star` is `export *`. */
export const PARAMETERS =
  "exports, require, module, __filename, __dirname, $require, $import, $dynamic, $meta, $star";

/** True when the file awaits outside every function. */
function awaitsAtTop(file: ts.SourceFile): boolean {
  const visit = (node: ts.Node): boolean => {
    if (ts.isFunctionLike(node) || ts.isClassStaticBlockDeclaration(node)) return false;
    if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) return true;
    const isAwaitUsing = ts.isVariableDeclarationList(node) && (node.flags & ts.NodeFlags.AwaitUsing) === 6;
    return isAwaitUsing || (ts.forEachChild(node, (child) => visit(child) || undefined) ?? false);
  };
  return visit(file);
}

function scriptKind(path: string): ts.ScriptKind {
  const kinds: Record<string, ts.ScriptKind> = {
    ".tsx": ts.ScriptKind.TSX,
    ".jsx": ts.ScriptKind.JSX,
    ".js": ts.ScriptKind.JSX,
    ".mjs": ts.ScriptKind.JS,
    ".cjs": ts.ScriptKind.JS,
  };
  return kinds[extname(path)] ?? ts.ScriptKind.TS;
}

const isCommonJs = (path: string) =>
  /\.c[jt]s$/.test(path) || (path.endsWith(".js") && scopeOf(dirname(path))?.manifest.type !== "module");

/** Compiles the text of a local file. `options` are those of cells. Throws a SyntaxError that says where. */
export function compileModule(path: string, text: string, options: ts.CompilerOptions): CompiledModule {
  if (isCommonJs(path) && /\.c?js$/.test(path) && !/\b(?:import|export)\b/.test(text))
    return wrapped(text, undefined, { imports: [], isAsync: false, isModule: false });
  const kind = scriptKind(path);
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true, kind);
  const isModule = ts.isExternalModule(file) || /\.m[jt]s$/.test(path) || !isCommonJs(path);
  const isScript = !ts.isExternalModule(file) && isCommonJs(path);
  const { customConditions: _, ...commonJs } = options;
  const compiled = ts.transpileModule(text, {
    // By the ending .mts the compiler would leave imports as they are.
    fileName: path.replace(/\.[cm]([jt]s)$/, ".$1"),
    reportDiagnostics: true,
    compilerOptions: {
      ...commonJs,
      lib: [],
      types: [],
      paths: {},
      module: ts.ModuleKind.CommonJS,
      moduleResolution: ts.ModuleResolutionKind.Node10,
      moduleDetection: isScript ? ts.ModuleDetectionKind.Legacy : ts.ModuleDetectionKind.Force,
      esModuleInterop: false,
      allowImportingTsExtensions: false,
      sourceMap: true,
    },
    transformers: { before: [namedDefault, freeNames], after: [loadedBeforehand] },
  });
  const [mistake] = compiled.diagnostics?.filter((d) => d.file !== undefined && d.code < 2000) ?? [];
  if (mistake?.file !== undefined) {
    const { line, character } = mistake.file.getLineAndCharacterOfPosition(mistake.start ?? 0);
    const message = ts.flattenDiagnosticMessageText(mistake.messageText, "\n");
    throw new SyntaxError(`${path}:${line + 1}:${character + 1}: ${message}`);
  }
  const imports = namedIn(compiled.outputText);
  const isAsync = isModule && awaitsAtTop(file);
  const js = compiled.outputText.replace(/\n\/\/# sourceMappingURL=[^\n]*(?:\n\s*)?$/, "");
  return wrapped(js, compiled.sourceMapText, { imports, isAsync, isModule });
}

/** Modules that the compiled text takes from `$import`: those that are left when types are gone. */
function namedIn(js: string): string[] {
  const imports: string[] = [];
  for (const [, quoted] of js.matchAll(/\$import\(("(?:[^"\\]|\\.)*")\)/g)) imports.push(JSON.parse(quoted!));
  return [...new Set(imports)];
}

function wrapped(
  js: string,
  map: string | undefined,
  about: Omit<CompiledModule, "js" | "map">,
): CompiledModule {
  const text = `(function (${PARAMETERS}) { return ${about.isAsync ? "async " : ""}function () {\n${js}\n}; })`;
  return { js: text, map, ...about };
}

/** The user's own `require`, `import()` and `import.meta`, told apart from what the compiler makes of imports. */
const freeNames: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const { factory } = context;
  const visit = (node: ts.Node): ts.Node => {
    if (ts.isIdentifier(node) && node.text === "require" && !isMemberName(node))
      return factory.createIdentifier("$require");
    if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword)
      return factory.createIdentifier("$meta");
    if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const given = node.arguments.map((a) => ts.visitNode(a, visit) as ts.Expression);
      return factory.createCallExpression(factory.createIdentifier("$dynamic"), undefined, given);
    }
    if (
      ts.isImportEqualsDeclaration(node) &&
      ts.isExternalModuleReference(node.moduleReference) &&
      !node.isTypeOnly
    ) {
      const call = factory.createCallExpression(factory.createIdentifier("$require"), undefined, [
        node.moduleReference.expression,
      ]);
      const declaration = factory.createVariableDeclaration(node.name, undefined, undefined, call);
      const modifiers = node.modifiers?.filter((m): m is ts.Modifier => ts.isModifier(m));
      const list = factory.createVariableDeclarationList([declaration], ts.NodeFlags.Const);
      return factory.createVariableStatement(modifiers, list);
    }
    return ts.visitEachChild(node, visit, context);
  };
  return ts.visitNode(file, visit) as ts.SourceFile;
};

function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (parent === undefined) return false;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  return (
    (ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent) || ts.isPropertyDeclaration(parent)) &&
    parent.name === node
  );
}

/** `require` is now only what the compiler wrote for an import, and `__exportStar` what it wrote for `export *`. */
const loadedBeforehand: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const names = new Map([
    ["require", "$import"],
    ["__exportStar", "$star"],
  ]);
  const visit = (node: ts.Node): ts.Node => {
    const visited = ts.visitEachChild(node, visit, context);
    if (!ts.isCallExpression(visited) || !ts.isIdentifier(visited.expression)) return visited;
    const name = names.get(visited.expression.text);
    if (name === undefined) return visited;
    const { factory } = context;
    return factory.updateCallExpression(
      visited,
      factory.createIdentifier(name),
      undefined,
      visited.arguments,
    );
  };
  return ts.visitNode(file, visit) as ts.SourceFile;
};

/** What is exported by default without a name has the name `default`, as ES says. */
const namedDefault: ts.TransformerFactory<ts.SourceFile> = (context) => (file) => {
  const { factory } = context;
  const held = (value: ts.Expression) =>
    factory.createPropertyAccessExpression(
      factory.createParenthesizedExpression(
        factory.createObjectLiteralExpression([factory.createPropertyAssignment("default", value)]),
      ),
      "default",
    );
  const first: ts.Statement[] = [];
  const statements = file.statements.map((s): ts.Statement => {
    if (ts.isExportAssignment(s) && !s.isExportEquals && isAnonymous(s.expression))
      return factory.updateExportAssignment(s, s.modifiers, held(s.expression));
    if (ts.isClassDeclaration(s) && s.name === undefined && ts.getDecorators(s) === undefined) {
      const { heritageClauses, members } = s;
      const value = factory.createClassExpression(undefined, undefined, undefined, heritageClauses, members);
      ts.setTextRange(value, s);
      return ts.setTextRange(factory.createExportAssignment(undefined, false, held(value)), s);
    }
    if (!ts.isFunctionDeclaration(s) || s.name !== undefined || s.body === undefined) return s;
    const name = freeName("$default", file.text);
    first.push(namedAs(name, factory));
    // Not updated: the compiler would export what the original is called.
    const own = factory.createFunctionDeclaration(
      ...([s.modifiers, s.asteriskToken, factory.createIdentifier(name), s.typeParameters] as const),
      ...([s.parameters, s.type, s.body] as const),
    );
    return ts.setTextRange(own, s);
  });
  return factory.updateSourceFile(file, [...first, ...statements]);
};

/** The name, longer until the text does not use it. */
const freeName = (name: string, text: string): string =>
  text.includes(name) ? freeName(`${name}_`, text) : name;

function isAnonymous(value: ts.Expression): boolean {
  const inner = ts.skipPartiallyEmittedExpressions(value);
  if (ts.isArrowFunction(inner)) return true;
  return (ts.isFunctionExpression(inner) || ts.isClassExpression(inner)) && inner.name === undefined;
}

/** `Object.defineProperty(f, "name", { value: "default", configurable: true })`. */
function namedAs(name: string, factory: ts.NodeFactory): ts.Statement {
  const define = factory.createPropertyAccessExpression(factory.createIdentifier("Object"), "defineProperty");
  const property = factory.createObjectLiteralExpression([
    factory.createPropertyAssignment("value", factory.createStringLiteral("default")),
    factory.createPropertyAssignment("configurable", factory.createTrue()),
  ]);
  const given = [factory.createIdentifier(name), factory.createStringLiteral("name"), property];
  return factory.createExpressionStatement(factory.createCallExpression(define, undefined, given));
}
