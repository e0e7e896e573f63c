/** Makes untrusted text safe for a terminal: escapes control characters (as \\x1b) except line ends. */
export const printable = (text: string): string =>
  text.replace(/(?!\n)\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
