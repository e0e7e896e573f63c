/** Words of a figure without Plotly's markup, for places that know none. */

const ENTITIES: Record<string, string> = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };

/** `<br>` becomes a space, tags go, entities become the letters they stand for. */
export function plain(text: string): string {
  return text
    .replace(/<br\s*\/?>/g, " ")
    .replace(/<\/?[a-z][^>]*>/gi, "")
    .replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]!);
}
