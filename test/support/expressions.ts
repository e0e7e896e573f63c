/** The regular expressions of a folder's sources, and texts made of an expression's own pieces that are bad for it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** One expression and where it stands. */
export interface Expression {
  file: string;
  source: string;
  flags: string;
}

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? sources(join(folder, e.name)) : e.name.endsWith(".ts") ? [join(folder, e.name)] : [],
  );
}

const parsedFile = (file: string) =>
  ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2022, true);

/** Texts of constants by name, of their own file first: templates of expressions are made of them. */
type Constants = (file: string, name: string) => ts.Expression | undefined;

function constantsOf(files: readonly ts.SourceFile[]): Constants {
  const all = new Map<string, ts.Expression>();
  for (const file of files)
    ts.forEachChild(file, (node) => {
      if (!ts.isVariableStatement(node)) return;
      for (const { name, initializer } of node.declarationList.declarations)
        if (ts.isIdentifier(name) && initializer !== undefined) {
          all.set(`${file.fileName} ${name.text}`, initializer);
          all.set(name.text, initializer);
        }
    });
  return (file, name) => all.get(`${file} ${name}`) ?? all.get(name);
}

/** The text of an expression of TypeScript; what is only known when it runs becomes a name. */
function textOf(node: ts.Expression, constants: Constants, depth = 0): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTaggedTemplateExpression(node)) return rawOf(node.template, constants, depth);
  if (ts.isTemplateExpression(node))
    return (
      node.head.text +
      node.templateSpans.map((s) => textOf(s.expression, constants, depth + 1) + s.literal.text).join("")
    );
  if (ts.isBinaryExpression(node))
    return textOf(node.left, constants, depth + 1) + textOf(node.right, constants, depth + 1);
  const known = ts.isIdentifier(node) ? constants(node.getSourceFile().fileName, node.text) : undefined;
  return known === undefined || depth > 8 ? "name" : textOf(known, constants, depth + 1);
}

function rawOf(template: ts.TemplateLiteral, constants: Constants, depth: number): string {
  const raw = (literal: ts.TemplateLiteralLikeNode) => literal.rawText ?? literal.text;
  if (ts.isNoSubstitutionTemplateLiteral(template)) return raw(template);
  return (
    raw(template.head) +
    template.templateSpans.map((s) => textOf(s.expression, constants, depth + 1) + raw(s.literal)).join("")
  );
}

/** Every literal and every `new RegExp()` below the folders, in the order of the files. */
export function expressionsIn(folders: readonly string[]): Expression[] {
  const files = folders.flatMap(sources).map(parsedFile);
  const constants = constantsOf(files);
  const found: Expression[] = [];
  for (const file of files) {
    const visit = (node: ts.Node): void => {
      if (ts.isRegularExpressionLiteral(node)) {
        const end = node.text.lastIndexOf("/");
        found.push({ file: file.fileName, source: node.text.slice(1, end), flags: node.text.slice(end + 1) });
      } else if (ts.isNewExpression(node) && node.expression.getText() === "RegExp") {
        const [source, flags] = node.arguments ?? [];
        if (source !== undefined)
          found.push({
            file: file.fileName,
            source: textOf(source, constants),
            flags: flags === undefined ? "" : textOf(flags, constants),
          });
      }
      ts.forEachChild(node, visit);
    };
    visit(file);
  }
  return found;
}

/** A part of an expression: what it may be (one of some texts, or alternatives of sequences), and whether it may repeat without end. */
interface Term {
  samples: string[];
  alternatives: Term[][];
  endless: boolean;
}

/** Characters tried against a class, and against `.`. */
const TRIED = [..." a0_-.:/=,;\"'`<>()[]{}#@$%&*+?|\\^~!AZz9fF\t\n\r\u00e9\u2028\u0000"];

/** Reads as much of the notation as sources use. */
class Reader {
  private at = 0;
  constructor(
    private readonly source: string,
    private readonly flags: string,
  ) {}

  alternatives(): Term[][] {
    const all: Term[][] = [[]];
    while (this.at < this.source.length && this.source[this.at] !== ")") {
      if (this.source[this.at] === "|") {
        this.at++;
        all.push([]);
      } else all.at(-1)!.push(this.term());
    }
    return all;
  }

  private term(): Term {
    const atom = this.atom();
    const [counts] = /^(?:[*+?]|\{\d+(?:,\d*)?\})/.exec(this.source.slice(this.at)) ?? [""];
    this.at += counts.length;
    if (counts !== "" && this.source[this.at] === "?") this.at++;
    const most = Number(/,(\d+)\}/.exec(counts)?.[1] ?? 0);
    return { ...atom, endless: /^(?:[*+]|\{\d+,\})/.test(counts) || most > 64 };
  }

  private atom(): Term {
    const c = this.source[this.at]!;
    if (c === "(") return this.group();
    if (c === "^" || c === "$") {
      this.at++;
      return none();
    }
    const from = this.at;
    if (c === "[") this.at = this.endOfClass();
    else if (c === "\\") this.at += this.escapeLength();
    else this.at++;
    const text = this.source.slice(from, this.at);
    if (/^\\(?:[bB]|\d|k<)/.test(text)) return none();
    const one = new RegExp(`^(?:${text})$`, this.flags.replace(/[gy]/g, ""));
    const samples = TRIED.filter((tried) => one.test(tried));
    return {
      samples: samples.length > 0 ? samples : [text.replace(/^\\/, "")],
      alternatives: [],
      endless: false,
    };
  }

  private group(): Term {
    const [opening] = /^\((?:\?(?:[:=!]|<[=!]|<\w+>))?/.exec(this.source.slice(this.at))!;
    this.at += opening.length;
    const alternatives = this.alternatives();
    this.at++;
    // What only must not follow gives no text; it is read to find its pieces.
    const samples = /[!]$/.test(opening) ? [""] : alternatives.map(sampleOf);
    return { samples, alternatives, endless: false };
  }

  private endOfClass(): number {
    let at = this.at + 1;
    for (; this.source[at] !== "]"; at++) if (this.source[at] === "\\") at++;
    return at + 1;
  }

  private escapeLength(): number {
    const [sequence] = /^\\(?:u\{[\da-f]+\}|u[\da-f]{4}|x[\da-f]{2}|p\{[^}]*\}|k<\w+>|c.|[\s\S])/iu.exec(
      this.source.slice(this.at),
    )!;
    return sequence.length;
  }
}

const none = (): Term => ({ samples: [""], alternatives: [], endless: false });
const sampleOf = (terms: readonly Term[]): string => terms.map(({ samples }) => samples[0]!).join("");

/** A text before, and pieces that repeat after it. */
export interface Attack {
  before: string;
  piece: string;
}

/** What may be bad for an expression: everything in it that repeats without end, after what stands before it; and all beginnings. */
export function attacksOn({ source, flags }: Expression): Attack[] {
  const found = new Map<string, Attack>();
  const add = (before: string, piece: string) => {
    if (piece !== "" && piece.length < 200) found.set(JSON.stringify([before, piece]), { before, piece });
  };
  const walk = (terms: readonly Term[], before: string): void => {
    let sofar = before;
    let last = "";
    for (const term of terms) {
      if (term.endless) {
        // Few of a class: one of a word, one blank, one sign.
        for (const sample of few(term.samples)) {
          add(sofar, sample);
          add("", sample);
          add(sofar, last + sample);
          last = sample;
        }
      }
      for (const inner of term.alternatives) walk(inner, sofar);
      sofar += term.samples[0]!;
      add("", sofar);
    }
  };
  for (const terms of new Reader(source, flags).alternatives()) walk(terms, "");
  return [...found.values()];
}

function few(samples: readonly string[]): string[] {
  if (samples.some((one) => one.length !== 1)) return samples.slice(0, 4);
  const kinds = [/[a-z]/i, /\d/, / /, /\n/, /[^\w\s]/];
  return [...new Set(kinds.flatMap((kind) => samples.filter((one) => kind.test(one)).slice(0, 1)))];
}
