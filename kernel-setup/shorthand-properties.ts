/**
 * Shorthand properties. tslab's output leaves `{ size }` as it is where `size` is a variable of another cell, which it
 * reaches under another name: the cell then fails with "size is not defined". Written in full, `{ size: size }`, both
 * sides are what was meant; so a cell is compiled with its shorthands written out. Only one with mistakes is compiled as it
 * stands, for their places.
 */
import type * as TS from "@tslab/typescript-for-tslab";
import type { Converter } from "tslab/dist/converter";
import { ts } from "./tslab-internals";

/** The code with every shorthand property written in full. */
export function writtenInFull(code: string): string {
  const file = ts.createSourceFile("cell.ts", code, ts.ScriptTarget.ES2022, true);
  const ends: { end: number; name: string }[] = [];
  const visit = (node: TS.Node): void => {
    if (ts.isShorthandPropertyAssignment(node) && node.objectAssignmentInitializer === undefined)
      ends.push({ end: node.name.end, name: node.name.text });
    ts.forEachChild(node, visit);
  };
  visit(file);
  let full = code;
  for (const { end, name } of ends.sort((a, b) => b.end - a.end))
    full = `${full.slice(0, end)}: ${name}${full.slice(end)}`;
  return full;
}

/** The converter for which shorthand properties are what they say. */
export function withShorthandProperties(converter: Converter): Converter {
  return {
    ...converter,
    convert(previous, code) {
      const full = /[{,]\s*[\w$]+\s*[,}]/.test(code) ? writtenInFull(code) : code;
      const converted = converter.convert(previous, full);
      if (full === code || converted.diagnostics.length === 0) return converted;
      const asItStands = converter.convert(previous, code);
      return asItStands.diagnostics.length > 0 ? asItStands : converted;
    },
  };
}
