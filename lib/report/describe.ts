/** A figure in words. */
import type { Figure } from "../chart/figure";
import { plain } from "./plain-text";

/** One line for readers who see no picture: title, subtitle, and the names of the series. */
export function describe(figure: Figure): string {
  const title: unknown = figure.layout.title;
  const words = typeof title === "string" ? title : (figure.layout.title?.text ?? "");
  const under = figure.layout.title?.subtitle?.text;
  const names = figure.data
    .map((trace) => trace.name)
    .filter((name) => typeof name === "string" && name !== "");
  const kinds = [...new Set(figure.data.map((trace) => trace.type))].join(" and ");
  return [`Chart${words ? `: ${words}` : ` (${kinds})`}`, under, names.join(", ")]
    .filter(Boolean)
    .map((part) => plain(String(part)))
    .join(" – ");
}
