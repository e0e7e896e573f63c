/**
 * Completion and hover by the language service. Names of earlier cells are brought by lines before the cell, so that
 * whatever is unfinished in it can't hide them.
 */
import ts from "typescript";
import type { CellLanguage } from "./cell-language";
import type { CellNames } from "./cell-names";
import { readCell } from "./cell-source";
import { modulesAt } from "./module-names";

export interface Completion {
  /** UTF-16 units of the cell; this span is replaced. */
  readonly start: number;
  readonly end: number;
  readonly candidates: readonly string[];
}

interface Open {
  readonly path: string;
  /** Characters before the code. */
  readonly before: number;
}

function open(language: CellLanguage, names: CellNames, code: string): Open {
  const source = readCell(code);
  const head = `${names.imports(source, true).join(" ")} export {};\n${source.prefix}`;
  const end = source.text.slice(source.prefix.length + code.length);
  return { path: language.open(head + code + end, source.extension), before: head.length };
}

const PREFERENCES: ts.GetCompletionsAtPositionOptions = {
  includeCompletionsWithInsertText: true,
  includeCompletionsForModuleExports: false,
  includeCompletionsForImportStatements: false,
};

/** What can stand at `position`. */
export function complete(
  language: CellLanguage,
  names: CellNames,
  code: string,
  position: number,
): Completion {
  const { path, before } = open(language, names, code);
  const at = before + position;
  const found = language.service.getCompletionsAtPosition(path, at, PREFERENCES);
  const nothing = { start: position, end: position, candidates: [] };
  const own = identifierAround(code, position);
  const whole = spanIn(found?.optionalReplacementSpan, before) ?? own;
  const offered = (found?.entries ?? [])
    .filter((e) => e.kind !== ts.ScriptElementKind.warning && !/^\$(?:cell|grown|narrow)/.test(e.name))
    .map((e) => ({
      text: e.insertText ?? e.name,
      order: e.sortText,
      span: spanIn(e.replacementSpan, before) ?? whole,
    }));
  offered.push(...modulesAt(language.folder, code, position));
  // `obj.` offers `["a-b"]` in place of the dot: left out where there are others.
  const plain = offered.filter(({ span }) => span.start >= whole.start);
  const used = plain.length > 0 ? plain : offered;
  if (used.length === 0) return nothing;
  const start = Math.min(...used.map(({ span }) => span.start));
  const end = Math.max(position, ...used.map(({ span }) => span.end));
  if (start > position || start < 0 || end > code.length) return nothing;
  const typed = code.slice(start, position).toLowerCase();
  const candidates = used
    .map(({ text, order, span }) => ({
      text: code.slice(start, span.start) + text + code.slice(Math.max(span.end, span.start), end),
      order,
    }))
    .filter(({ text }) => text.toLowerCase().startsWith(typed))
    .sort((a, b) => (a.order < b.order ? -1 : a.order > b.order ? 1 : 0))
    .map(({ text }) => text);
  return { start, end, candidates: [...new Set(candidates)] };
}

interface Span {
  readonly start: number;
  readonly end: number;
}

function spanIn(span: ts.TextSpan | undefined, before: number): Span | undefined {
  if (span === undefined || span.start < before) return undefined;
  return { start: span.start - before, end: span.start + span.length - before };
}

/** The identifier in which or behind which `position` is. */
function identifierAround(code: string, position: number): Span {
  const left = /(?<![\p{ID_Continue}$\u200c\u200d])[\p{ID_Continue}$\u200c\u200d]*$/u.exec(
    code.slice(0, position),
  )![0].length;
  const right = /^[\p{ID_Continue}$\u200c\u200d]*/u.exec(code.slice(position))![0].length;
  return { start: position - left, end: position + right };
}

/** The text shown on hover, or the signature of the call in which the cursor is; undefined if nothing is known. */
export function explain(
  language: CellLanguage,
  names: CellNames,
  code: string,
  position: number,
): string | undefined {
  const { path, before } = open(language, names, code);
  const at = before + position;
  const isName = (offset: number) => /[\p{ID_Continue}$]/u.test(code.slice(offset, offset + 2).charAt(0));
  const place = isName(position) ? at : position > 0 && isName(position - 1) ? at - 1 : undefined;
  const info = place === undefined ? undefined : language.service.getQuickInfoAtPosition(path, place);
  const text = info === undefined ? undefined : infoText(info);
  if (text !== undefined) return language.inWords(text);
  const help = language.service.getSignatureHelpItems(path, at, undefined);
  return help === undefined ? undefined : language.inWords(signatureText(help));
}

function infoText(info: ts.QuickInfo): string | undefined {
  const shown = plainText(info.displayParts)
    // Names of earlier cells are imports to the compiler, not to the reader.
    .replace(/^\(alias\) /, "")
    .replace(/\nimport [^\n]*$/, "");
  if (shown === "" || shown === "any") return undefined;
  return [shown, ...documentation(info.documentation, info.tags)].join("\n\n");
}

function documentation(
  text: readonly ts.SymbolDisplayPart[] | undefined,
  tags: readonly ts.JSDocTagInfo[] | undefined,
): string[] {
  const lines = (tags ?? []).map((tag) => `@${tag.name} ${plainText(tag.text)}`.trimEnd());
  return [plainText(text), lines.join("\n")].filter((part) => part !== "");
}

const plainText = (parts: readonly ts.SymbolDisplayPart[] | undefined) =>
  ts.displayPartsToString([...(parts ?? [])]);

/** The signature that fits best, its documentation, and the parameter at hand. */
function signatureText({ items, selectedItemIndex, argumentIndex }: ts.SignatureHelpItems): string {
  const item = items[selectedItemIndex] ?? items[0]!;
  const separator = plainText(item.separatorDisplayParts);
  const parameters = item.parameters.map((p) => plainText(p.displayParts)).join(separator);
  const signature = `${plainText(item.prefixDisplayParts)}${parameters}${plainText(item.suffixDisplayParts)}`;
  const index = item.isVariadic ? Math.min(argumentIndex, item.parameters.length - 1) : argumentIndex;
  const parameter = item.parameters[index];
  const lines = [signature];
  if (items.length > 1) lines[0] += `  (+${items.length - 1} overload${items.length > 2 ? "s" : ""})`;
  if (parameter !== undefined) {
    const meaning = plainText(parameter.documentation);
    const shown = `parameter ${index + 1}: ${plainText(parameter.displayParts)}`;
    lines.push(meaning === "" ? shown : `${shown}: ${meaning}`);
  }
  return [lines.join("\n"), ...documentation(item.documentation, item.tags)].join("\n\n");
}
