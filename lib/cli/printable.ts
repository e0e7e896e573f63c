/** Text that may come from a file of anybody, for a terminal: control characters, which could steer it, as \\x1b; lines stay. */
export const printable = (text: string): string =>
  text.replace(/(?!\n)\p{Cc}/gu, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
