/** Damage to sound inputs: edits that fast-check draws and shrinks, made at the places that a format has. */
import fc from "fast-check";

/** Numbers that readers forget. */
const NUMBERS = [
  ..."0 -1 1 2 63 64 255 65536 2147483648 4294967296 9007199254740993 18446744073709551615".split(" "),
  ..."1e300 -0 0.5 NaN Infinity 0x10 010 99999999999999999999999 ½ x".split(" "),
  "",
];

export type TextEdit = {
  what: "number" | "drop" | "twice" | "swap" | "cut" | "insert";
  at: number;
  with: number;
};

export const textEdits: fc.Arbitrary<TextEdit[]> = fc.array(
  fc.record({
    what: fc.constantFrom("number", "drop", "twice", "swap", "cut", "insert"),
    at: fc.nat({ max: 100_000 }),
    with: fc.nat({ max: 100_000 }),
  }),
  { maxLength: 4 },
);

const SIGNS = ["\0", "\u202e", "=", ":", "\t", " ", '"', "{", "\x1b[2J", "é", "-", "\r"];

/** The text with its edits; no edits: the text. */
export function damagedText(text: string, edits: readonly TextEdit[]): string {
  let lines = text.split("\n");
  for (const edit of edits) {
    const at = edit.at % lines.length;
    const line = lines[at]!;
    switch (edit.what) {
      case "number":
        lines[at] = withNumber(line, edit.with);
        break;
      case "drop":
        lines = lines.filter((_, i) => i !== at);
        break;
      case "twice":
        lines = [...lines.slice(0, at), line, ...lines.slice(at)];
        break;
      case "swap": {
        const other = edit.with % lines.length;
        lines = lines.map((l, i) => (i === at ? lines[other]! : i === other ? line : l));
        break;
      }
      case "cut":
        lines[at] = line.slice(0, edit.with % (line.length + 1));
        break;
      case "insert": {
        const place = edit.with % (line.length + 1);
        lines[at] = line.slice(0, place) + SIGNS[edit.with % SIGNS.length]! + line.slice(place);
      }
    }
    if (lines.length === 0) lines = [""];
  }
  return lines.join("\n");
}

/** One number of the line becomes another. */
function withNumber(line: string, pick: number): string {
  const found = [...line.matchAll(/\d+/g)];
  if (found.length === 0) return line + NUMBERS[pick % NUMBERS.length]!;
  const one = found[pick % found.length]!;
  const other = NUMBERS[Math.floor(pick / found.length) % NUMBERS.length]!;
  return line.slice(0, one.index) + other + line.slice(one.index + one[0].length);
}

export type JsonEdit = { at: number; with: number };
export const jsonEdits: fc.Arbitrary<JsonEdit[]> = fc.array(
  fc.record({ at: fc.nat({ max: 100_000 }), with: fc.nat({ max: 1000 }) }),
  { maxLength: 3 },
);

const VALUES: readonly unknown[] = [
  ...[null, true, "", "x", -1, 0, 1e308, 0.5, 2 ** 53, [], {}, [[]], { a: { a: {} } }, "\u0000", "1GiB"],
  ...["9".repeat(400), "x".repeat(5000), "constructor", "\x1b[31m", ["x", 1, null], "-1", "NaN", "1e999"],
];

/** The value with parts replaced, taken out, or with a key that is not known. */
export function damagedJson(value: unknown, edits: readonly JsonEdit[]): unknown {
  const copy: unknown = { top: structuredClone(value) };
  for (const edit of edits) {
    const places: [Record<string, unknown>, string][] = [];
    const collect = (node: unknown, depth: number): void => {
      if (typeof node !== "object" || node === null || depth > 12) return;
      for (const key of Object.keys(node)) {
        places.push([node as Record<string, unknown>, key]);
        collect((node as Record<string, unknown>)[key], depth + 1);
      }
    };
    collect(copy, 0);
    if (places.length === 0) break;
    const [node, key] = places[edit.at % places.length]!;
    const way = edit.with % (VALUES.length + 3);
    if (way < VALUES.length) node[key] = structuredClone(VALUES[way]);
    else if (way === VALUES.length) delete node[key];
    else if (way === VALUES.length + 1)
      Object.defineProperty(node, "__proto__", {
        value: 1,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    else node[`${key}s`] = node[key];
  }
  return (copy as { top: unknown }).top;
}
