/**
 * Parameters of a notebook, as in papermill: a cell tagged `parameters` declares them with literals; `--set name=value`
 * inserts a cell after it, tagged `injected-parameters`, that declares them anew. A value must have the type of the
 * literal that it replaces.
 */
import ts from "typescript";
import { SetupError } from "./setup-error";

/** The parts of a notebook's JSON that are read here; all others are kept. */
export interface NotebookJson {
  cells: {
    cell_type: string;
    source: string | string[];
    metadata?: { tags?: unknown };
    [key: string]: unknown;
  }[];
  [key: string]: unknown;
}

interface Parameter {
  readonly name: string;
  readonly value: unknown;
  /** `const seeds: number`, to be followed by ` = …`. */
  readonly declared: string;
  /** ` as const`, or nothing. */
  readonly behind: string;
}

const TAG = "parameters";
const INJECTED = "injected-parameters";

const hasTag = (cell: NotebookJson["cells"][number], tag: string) =>
  Array.isArray(cell.metadata?.tags) && cell.metadata.tags.includes(tag);

/** True for a cell that `--set` or papermill has put in. */
export const isInjected = (cell: NotebookJson["cells"][number] | undefined) =>
  cell !== undefined && hasTag(cell, INJECTED);

/** The `settings` whose name is a parameter of `notebook`; the others belong to other notebooks. */
export function settingsFor(notebook: NotebookJson, settings: readonly string[]): string[] {
  const cell = notebook.cells.find((c) => c.cell_type === "code" && hasTag(c, TAG));
  const known = cell === undefined ? [] : parametersIn([cell.source].flat().join(""));
  return settings.filter((setting) => known.some((one) => setting.startsWith(`${one.name}=`)));
}

/**
 * A copy of `notebook` with `settings` (`name=value`) injected. Throws SetupError that lists the known names, or
 * states the type.
 */
export function withParameters(
  notebook: NotebookJson,
  settings: readonly string[],
  path: string,
): NotebookJson {
  if (settings.length === 0) return notebook;
  const cells = notebook.cells.filter((cell) => !hasTag(cell, INJECTED));
  const at = cells.findIndex((cell) => cell.cell_type === "code" && hasTag(cell, TAG));
  if (at < 0)
    throw new SetupError(`notebook: --set: ${path} has no cell tagged ${TAG}: its values cannot be set`);
  const known = parametersIn([cells[at]!.source].flat().join(""));
  const values = new Map(settings.map((setting) => settingOf(setting, known)));
  const source = [...values].map(([parameter, value]) => {
    const { declared, behind } = parameter;
    return `${declared} = ${JSON.stringify(value)}${behind};`;
  });
  const injected = {
    cell_type: "code",
    execution_count: null,
    ...(Number(notebook.nbformat_minor) >= 5 ? { id: INJECTED } : {}),
    metadata: { tags: [INJECTED] },
    outputs: [],
    source: source.join("\n"),
  };
  return { ...notebook, cells: [...cells.slice(0, at + 1), injected, ...cells.slice(at + 1)] };
}

function settingOf(setting: string, known: readonly Parameter[]): [Parameter, unknown] {
  const equals = setting.indexOf("=");
  if (equals < 1) throw new SetupError(`notebook: --set: must be name=value: got ${JSON.stringify(setting)}`);
  const name = setting.slice(0, equals).trim();
  const parameter = known.find((one) => one.name === name);
  const names = known.map((one) => one.name).join(", ") || "none that is a literal";
  if (parameter === undefined)
    throw new SetupError(`notebook: --set: ${JSON.stringify(name)} is no parameter: known are ${names}`);
  return [parameter, typedValue(name, setting.slice(equals + 1), parameter.value)];
}

/** `text` as a value of the type of `like`. */
function typedValue(name: string, text: string, like: unknown): unknown {
  const wrong = (wanted: string) =>
    new SetupError(`notebook: --set: ${name} must be ${wanted}: got ${JSON.stringify(text)}`);
  if (typeof like === "string") return text;
  if (typeof like === "number") {
    const value = Number(text);
    if (text.trim() === "" || !Number.isFinite(value)) throw wrong(`a number, like ${like}`);
    return value;
  }
  if (typeof like === "boolean") {
    if (text !== "true" && text !== "false") throw wrong("true or false");
    return text === "true";
  }
  // `null` says nothing of other values: whether the type of the declaration allows this one, the compiler checks.
  const wanted =
    like === null ? 'JSON, like null, 5 or "text"' : `JSON of the type of ${JSON.stringify(like)}`;
  try {
    const value: unknown = JSON.parse(text);
    if (alike(value, like)) return value;
  } catch {
    // Not JSON: refused below.
  }
  throw wrong(wanted);
}

/** Same type; lists of elements like the first one, objects with the same keys. */
function alike(value: unknown, like: unknown): boolean {
  if (Array.isArray(like))
    return Array.isArray(value) && (like.length === 0 || value.every((inner) => alike(inner, like[0])));
  if (typeof like !== "object" || like === null) return like === null || typeof value === typeof like;
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const given = value as Record<string, unknown>;
  const keys = Object.keys(like);
  return (
    Object.keys(given).length === keys.length &&
    keys.every((key) => Object.hasOwn(given, key) && alike(given[key], (like as typeof given)[key]))
  );
}

/** The top-level declarations of `source` whose value is a literal. */
export function parametersIn(source: string): Parameter[] {
  const file = ts.createSourceFile("cell.ts", source, ts.ScriptTarget.ES2022, true);
  return file.statements.flatMap((statement) => {
    if (!ts.isVariableStatement(statement)) return [];
    const keyword = statement.declarationList.getFirstToken(file)!.getText(file);
    return statement.declarationList.declarations.flatMap((declaration) => {
      if (!ts.isIdentifier(declaration.name) || declaration.initializer === undefined) return [];
      const found = literalOf(declaration.initializer);
      if (found === undefined) return [];
      const name = declaration.name.text;
      const type = declaration.type === undefined ? "" : `: ${declaration.type.getText(file)}`;
      return [{ name, value: found.value, declared: `${keyword} ${name}${type}`, behind: found.behind }];
    });
  });
}

function literalOf(node: ts.Expression): { value: unknown; behind: string } | undefined {
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) {
    const inner = literalOf(node.expression);
    const word = ts.isAsExpression(node) ? "as" : "satisfies";
    return inner && { value: inner.value, behind: ` ${word} ${node.type.getText()}` };
  }
  if (ts.isParenthesizedExpression(node)) return literalOf(node.expression);
  const value = plainValue(node);
  return value === undefined ? undefined : { value, behind: "" };
}

/** The value of a literal without operators, or undefined. */
function plainValue(node: ts.Expression): unknown {
  if (ts.isNumericLiteral(node)) return Number(node.text);
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false;
  if (node.kind === ts.SyntaxKind.NullKeyword) return null;
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken) {
    const value = plainValue(node.operand);
    return typeof value === "number" ? -value : undefined;
  }
  if (ts.isArrayLiteralExpression(node)) {
    const values = node.elements.map(plainValue);
    return values.includes(undefined) ? undefined : values;
  }
  if (!ts.isObjectLiteralExpression(node)) return undefined;
  const entries = node.properties.map((property): [string, unknown] => {
    const named = ts.isPropertyAssignment(property) && !ts.isComputedPropertyName(property.name);
    return named
      ? [(property.name as ts.Identifier).text, plainValue(property.initializer)]
      : ["", undefined];
  });
  return entries.some(([, value]) => value === undefined) ? undefined : Object.fromEntries(entries);
}
