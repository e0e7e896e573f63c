/**
 * Figures that load nothing and lead nowhere, whatever their JSON says: attributes that Plotly loads from hold pictures as data or
 * nothing, and texts hold only the marks of Plotly that carry no address. A page's policy would hold a request back too; that is the
 * second wall.
 */
import type { Figure } from "../chart/figure";

/** Attributes of Plotly whose text is an address: pictures, shapes of maps, styles and tiles of maps. */
const LOADED = new Set([
  "source",
  "geojson",
  "topojsonurl",
  "url",
  "src",
  "href",
  "sprite",
  "glyphs",
  "tiles",
]);
/** Traces whose background or shapes Plotly fetches. */
const MAP = /^(?:scattergeo|choropleth|(?:scatter|density|choropleth)map(?:box)?)$/i;
/** Styles of maps by name; any other text is an address. */
const STYLE_NAME = /^[\w-]*$/;
const PICTURE = /^data:image\/(?:png|jpeg|gif|webp|svg\+xml)[;,]/i;

/** The last name of a path of Plotly: `layout.images[0].source` is `source`. */
const lastName = (path: string) => path.split(".").at(-1)!.split("[")[0]!.toLowerCase();

/** A copy without addresses; a figure that has none is the same. */
export function offline(figure: Figure): Figure {
  const { data, layout } = JSON.parse(JSON.stringify(figure));
  return { data: cleaned(data, "") as Figure["data"], layout: cleaned(layout, "") as Figure["layout"] };
}

/** The value of the attribute `name`, or undefined if it may not stay. */
function cleaned(value: unknown, name: string): unknown {
  if (typeof value === "string") return cleanedText(value, name);
  if (Array.isArray(value)) {
    // Arguments of a slider or a button may be a path and its value, one after the other.
    const names = value.map((_, i) => {
      const before: unknown = value[i - 1];
      return typeof before === "string" && LOADED.has(lastName(before)) ? lastName(before) : name;
    });
    return value.map((one, i) => cleaned(one, names[i]!) ?? null);
  }
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).flatMap(([key, one]): [string, unknown][] => {
    const clean = cleaned(one, lastName(key));
    return clean === undefined ? [] : [[key, clean]];
  });
  return Object.fromEntries(kept);
}

function cleanedText(text: string, name: string): string | undefined {
  if (LOADED.has(name)) return PICTURE.test(text) ? text : undefined;
  if (name === "style" && !STYLE_NAME.test(text)) return undefined;
  // No colour and no font has an address, or escapes that could spell one.
  if (/color|family/.test(name) && /url\s*\(|\\/i.test(text)) return undefined;
  return withoutLinks(text);
}

/** Marks that stay, without what they carry; `extra` is of hover texts. */
const MARKS = new Set(["b", "i", "em", "strong", "sub", "sup", "s", "u", "br", "span", "extra"]);
/** Declarations of a span without anything that could load. */
const PLAIN_STYLE = /\sstyle\s*=\s*(?:"([\w\s:;#.,%-]*)"|'([\w\s:;#.,%-]*)')/i;
/** What Plotly takes for a mark, and what could become one once values are put into a text: the rest is written as a letter. */
const MARK = /<(\/?)([^<>\s/]{0,40})([^<>]*)>|<(?=[^\s\d=]|$)/g;

/** A text of Plotly in which marks have no addresses; those that are there to carry one are left out, and their words stay. */
export function withoutLinks(text: string): string {
  if (!text.includes("<")) return text;
  return text.replace(MARK, (all: string, end: string | undefined, given: string | undefined, rest = "") => {
    if (given === undefined) return "&lt;";
    const mark = given.toLowerCase();
    if (mark === "a") return "";
    if (mark === "" || !MARKS.has(mark)) return /^<[\s\d=]/.test(all) ? all : `&lt;${all.slice(1)}`;
    const style = mark === "span" && end === "" ? PLAIN_STYLE.exec(rest) : null;
    return `<${end}${given}${style === null ? "" : ` style="${style[1] ?? style[2]}"`}${/\/\s*$/.test(rest) ? "/" : ""}>`;
  });
}

/** Whether Plotly would fetch something for a trace that the figure has, or that one of its buttons would make. */
export function needsMaps(figure: Figure): boolean {
  const look = (value: unknown, name: string): boolean => {
    if (typeof value === "string") return MAP.test(value) && name === "type";
    if (Array.isArray(value))
      return value.some((one, i) => {
        const before: unknown = value[i - 1];
        return look(one, typeof before === "string" && lastName(before) === "type" ? "type" : name);
      });
    if (typeof value !== "object" || value === null) return false;
    return Object.entries(value).some(([key, one]) => look(one, lastName(key)));
  };
  return look(figure.data, "") || look(figure.layout, "");
}
