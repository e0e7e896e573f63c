/** Form of README.md and docs/*.md: lines of prose are below 120 characters, links and anchors lead somewhere. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import test from "node:test";

const ROOT = resolve(__dirname, "../..");
const DOCS = join(ROOT, "docs");
const FILES = [
  join(ROOT, "README.md"),
  ...readdirSync(DOCS)
    .filter((name) => name.endsWith(".md"))
    .map((name) => join(DOCS, name)),
];
/** Its bullets are what notebooks print. */
const PRINTED = "docs/findings.md";

/** Lines outside fenced code; indented code, tables, pictures and comments are no prose. */
function prose(text: string): [line: number, text: string][] {
  let fenced = false;
  return text.split("\n").flatMap((line, i): [number, string][] => {
    if (/^\s*```/.test(line)) fenced = !fenced;
    else if (!fenced && !/^(?:\s*\||!\[|<!--| {4})/.test(line)) return [[i + 1, line]];
    return [];
  });
}

/** GitHub's anchor of a heading. */
function anchorOf(heading: string): string {
  const words = heading.replace(/[`*]|\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
  return words.replace(/[^\p{L}\p{N} _-]/gu, "").replaceAll(" ", "-");
}

const anchors = new Map<string, Set<string>>();
function anchorsOf(file: string): Set<string> {
  if (!anchors.has(file)) {
    const headings = [...readFileSync(file, "utf8").matchAll(/^#+ (.*)$/gm)].map((m) => m[1]!);
    anchors.set(file, new Set(headings.map(anchorOf)));
  }
  return anchors.get(file)!;
}

for (const file of FILES) {
  const name = relative(ROOT, file);
  const text = readFileSync(file, "utf8");
  if (name !== PRINTED)
    test(`${name}: lines of prose are below 120 characters`, () => {
      // A line that cannot break, such as a long span of code, is what it is.
      // A span of code cannot break: a long one is not counted.
      for (const [line, words] of prose(text))
        assert.ok(words.replace(/`[^`]{80,}`/g, "").length < 120, `${name}:${line}: ${words}`);
    });

  test(`${name}: links and anchors lead somewhere`, () => {
    for (const [, target, anchor] of text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)) {
      const path = target === "" ? file : join(dirname(file), target!);
      assert.ok(existsSync(path), `${name}: ${target}`);
      if (anchor !== undefined && path.endsWith(".md"))
        assert.ok(anchorsOf(path).has(anchor), `${name}: ${target}#${anchor}`);
    }
  });
}
