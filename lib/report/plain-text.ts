/** Text of a figure without Plotly's markup. */

const ENTITIES: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** The same with a line for every `<br>`. */
export const linesOf = (text: string): string =>
  text
    .split(/<br\s*\/?>/)
    .map(plain)
    .join("\n");

/** Replaces `<br>` by a space, removes tags, and decodes entities. */
export function plain(text: string): string {
  return text
    .replace(/<br\s*\/?>/g, " ")
    .replace(/<\/?[a-z][^<>]*>/gi, "")
    .replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]!);
}
