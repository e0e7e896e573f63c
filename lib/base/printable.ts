/** What a terminal obeys in place of showing it: controls, marks that turn the direction of a line, its separators, halves of characters. */
const UNSEEN = "\\p{Cc}\\p{Cs}\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069";
const IN_TEXT = new RegExp(`(?!\\n)[${UNSEEN}]`, "gu");

const hex = (c: string, digits: number) => c.charCodeAt(0).toString(16).padStart(digits, "0");

/** Makes untrusted text safe for a terminal: escapes control characters (as \\x1b) except line ends, and marks of direction (as \\u202e). */
export const printable = (text: string): string =>
  text.replace(IN_TEXT, (c) => (c < "\u0100" ? `\\x${hex(c, 2)}` : `\\u${hex(c, 4)}`));

/** The same on one line: line ends are escaped too, so that a cell of a table stays in its row. */
export const printableLine = (text: string): string => printable(text).replaceAll("\n", "\\n");

/** JSON for a terminal: it escapes what JSON.stringify() leaves of them, and says the same. */
export const printableJson = (value: unknown, spaces = 0): string =>
  printableJsonText(JSON.stringify(value, null, spaces));

/** The same for JSON that is text already; line ends between its values stay. */
export const printableJsonText = (json: string): string => json.replace(IN_TEXT, (c) => `\\u${hex(c, 4)}`);
