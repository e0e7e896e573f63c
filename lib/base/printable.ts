/** Makes untrusted text safe for a terminal: escapes control characters (as \\x1b) except line ends. */
export const printable = (text: string): string =>
  text.replace(/(?!\n)\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);

/** The same on one line: line ends are escaped too, so that a cell of a table stays in its row. */
export const printableLine = (text: string): string => printable(text).replaceAll("\n", "\\n");

/** JSON for a terminal: it escapes what JSON.stringify() leaves of the control characters, and says the same. */
export const printableJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f]/g,
    (c) => `\\u00${c.charCodeAt(0).toString(16).padStart(2, "0")}`,
  );
