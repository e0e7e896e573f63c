/** A change as data: its name, its source, and the SHA-256 of the source, in plans and wherever plans go. */
import { createHash } from "node:crypto";
import { NoResult } from "../base/errors";
import { isCodeAllowed } from "./allowed";

/** The code of a change. */
export interface ChangeCode {
  readonly name: string;
  /** Of the source as UTF-8. */
  readonly sha256: string;
  /** A module in TypeScript or JavaScript. */
  readonly source: string;
  /** Those of its decision points that are in force; left out: all of them. The others are decided by the kernel. */
  readonly points?: readonly string[];
}

/** Characters of a source at most. */
export const SOURCE_MOST = 65_536;

/**
 * What is wrong with a source, in words; null for one that has a SHA-256 of its own. Half of a surrogate pair has no UTF-8: it would
 * be hashed as U+FFFD, and two sources would share a SHA-256.
 */
export function sourceFault(source: string): string | null {
  if (source.length > SOURCE_MOST) return `must have at most ${SOURCE_MOST} characters: got ${source.length}`;
  const half = source.search(/\p{Cs}/u);
  if (half < 0) return null;
  const hex = source.charCodeAt(half).toString(16);
  return `must be well-formed text: got half of a surrogate pair, \\u${hex}, in line ${source.slice(0, half).split("\n").length}`;
}

/** SHA-256 of a source. */
export function sha256OfSource(source: string): string {
  return createHash("sha256").update(source, "utf8").digest("hex");
}

/** Depth at which a search for code ends: no plan is as deep. */
const DEPTH_MOST = 40;

/** All code in a value from anywhere, each once; the value may be hostile. */
export function codeIn(value: unknown): ChangeCode[] {
  const found = new Map<string, ChangeCode>();
  collect(value, found, 0);
  return [...found.values()];
}

function collect(value: unknown, found: Map<string, ChangeCode>, depth: number): void {
  if (typeof value !== "object" || value === null || depth > DEPTH_MOST) return;
  if (isCode(value)) found.set(`${value.sha256} ${value.source}`, value);
  for (const part of Object.values(value)) collect(part, found, depth + 1);
}

/** Whether a value looks like the code of a change; nothing about it is checked. */
export function isCode(value: unknown): value is ChangeCode {
  const code = value as Partial<ChangeCode> | null;
  return (
    typeof code === "object" &&
    code !== null &&
    typeof code.source === "string" &&
    typeof code.sha256 === "string"
  );
}

/** Of the code in a value, what this process may not run, as words for messages; null if it may run all of it. */
export function strangeCode(
  value: unknown,
  mayRun: (sha256: string) => boolean = isCodeAllowed,
): { readonly words: string; readonly sha256: string } | null {
  const code = codeIn(value).find(({ sha256 }) => !mayRun(sha256));
  return code === undefined ? null : { words: wordsOf(code), sha256: code.sha256 };
}

/** Throws NoResult if this process may not run the code. */
export function refuseStrange(code: ChangeCode): void {
  if (!isCodeAllowed(code.sha256))
    throw new NoResult(
      `change: ${wordsOf(code)} is not run: it was neither made nor loaded here; read it, then allow it with --allow-code or allowCode()`,
    );
}

/** What follows on "is not run": nothing if nobody allowed any code, or that what was allowed is other code. */
export function otherAllowed(allowed: readonly string[]): string {
  if (allowed.length === 0) return "";
  const some = allowed.slice(0, 3).map((sha256) => `${sha256.slice(0, 16)}…`);
  const more = allowed.length > some.length ? ` and ${allowed.length - some.length} more` : "";
  return `, since --allow-code names other code, ${some.join(", ")}${more}`;
}

/** What is wrong with code whose source is not the one that its SHA-256 was taken of, in words; null for code that is whole. */
export function alteredCode({ name, sha256, source }: ChangeCode): string | null {
  const found = sha256OfSource(source);
  if (found === sha256) return null;
  return (
    `the change ${JSON.stringify(String(name).slice(0, 60))} was altered after it was recorded: ` +
    `its sha256 is ${shortened(sha256)}, but that of its source is ${found}`
  );
}

/** What stands in place of a SHA-256, which may be anything. */
const shortened = (given: string) =>
  /^[0-9a-f]{64}$/.test(given) ? given : JSON.stringify(given.slice(0, 64));

/** `code of the change "NAME" with SHA-256 …`. */
export function wordsOf({ name, sha256 }: ChangeCode): string {
  return `code of the change ${JSON.stringify(String(name).slice(0, 60))} with SHA-256 ${sha256.slice(0, 64)}`;
}
