/**
 * References in the prose of a notebook. `[@key]` cites; a list item `- [@key]: who, what, where` in any Markdown cell
 * defines. JupyterLab shows both unchanged; a write-up numbers them in the order of first citation.
 */
import { InputError } from "../base/errors";

/** One reference: its number from 1, its key, and its text in Markdown. */
export interface Reference {
  number: number;
  key: string;
  markdown: string;
}

const KEY = "[A-Za-z0-9][A-Za-z0-9_:.-]*";
const DEFINITION = new RegExp(`^ {0,3}[-*] \\[@(${KEY})\\]:[ \\t]+(.+(?:\\n[ \\t]+\\S.*)*)\\n?`, "gm");
const CITED = new RegExp(`\\[@(${KEY})\\](?!:)`, "g");
/** Code, which contains no citations. */
const CODE = /(^ {0,3}```[\s\S]*?^ {0,3}```|`+[^`]*`+)/m;

/** The prose without its definitions (and without a heading that becomes empty), and the definitions by key. */
export function takeDefinitions(markdown: string, found: Map<string, string>): string {
  let any = false;
  const rest = markdown.replace(DEFINITION, (_all, key: string, text: string) => {
    any = true;
    found.set(key, text.replace(/(?<!\s)\s*\n\s*/g, " ").trim());
    return "";
  });
  return any && /^\s*#{1,6} [^\n]*(?:\n\s*)?$/.test(rest) ? "" : rest;
}

/** All references: those cited in `prose`, in that order, then the others. Throws InputError for an undefined one. */
export function numberReferences(
  prose: readonly string[],
  defined: ReadonlyMap<string, string>,
  file: string,
): Reference[] {
  const cited = prose.flatMap((markdown) =>
    outsideCode(markdown).flatMap((text) => [...text.matchAll(CITED)].map((m) => m[1]!)),
  );
  const unknown = cited.find((key) => !defined.has(key));
  if (unknown !== undefined && defined.size > 0)
    throw new InputError(
      `${file}: [@${unknown}] must be defined by a line "- [@${unknown}]: …": defined are ${[...defined.keys()].join(", ")}`,
    );
  const order = new Set([...cited.filter((key) => defined.has(key)), ...defined.keys()]);
  return [...order].map((key, i) => ({ number: i + 1, key, markdown: defined.get(key)! }));
}

/** `markdown` with its citations as numbered links to `address(reference)`. */
export function linkedCitations(
  markdown: string,
  references: readonly Reference[],
  address: (reference: Reference) => string,
): string {
  const parts = markdown.split(CODE);
  return parts
    .map((part, i) =>
      i % 2 === 1
        ? part
        : part.replace(CITED, (text, key: string) => {
            const found = references.find((one) => one.key === key);
            return found === undefined ? text : `[\\[${found.number}\\]](${address(found)})`;
          }),
    )
    .join("");
}

const outsideCode = (markdown: string) => markdown.split(CODE).filter((_, i) => i % 2 === 0);
