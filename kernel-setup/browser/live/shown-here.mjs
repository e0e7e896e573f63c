/** What the document shows, as lib/report/shown-text.ts reads it from the page's file. */
import { PART_MARK, SHOWN_ATTRIBUTES, withoutSpace } from "../../../lib/report/shown-text";

/** Made by scripts of ours after the page was read. */
const isOurs = (element) =>
  element.classList.contains("js-plotly-plot") || element.hasAttribute("data-pageblock-live");

/** The text of everything between `from` and `until`, or of one element. */
function textOf(root, from = null, until = null) {
  const said = [];
  let saying = from === null;
  const visit = (node) => {
    if (node === until) return false;
    if (node === from) saying = true;
    if (node.nodeType === Node.TEXT_NODE) {
      if (saying) said.push(withoutSpace(node.data));
      return true;
    }
    if (node.nodeType !== Node.ELEMENT_NODE) return true;
    if (isOurs(node)) return true;
    if (saying)
      for (const { name, value } of node.attributes)
        if (SHOWN_ATTRIBUTES.includes(name)) said.push(`[${name}=${withoutSpace(value)}]`);
    if (node.localName === "script" && node.type !== "application/json") return true;
    for (const child of node.childNodes) if (!visit(child)) return false;
    return true;
  };
  visit(root);
  return said.join("");
}

/** The parts of the document that rest on runs, in their order, with their texts as they are now. */
export function partsHere() {
  return [...document.querySelectorAll(`[${PART_MARK}]`)].map((element) => ({
    element,
    text: textOf(element),
  }));
}

/** The text of the page from its title to its record. */
export const pageHere = () =>
  textOf(
    document.documentElement,
    document.querySelector("title"),
    document.querySelector("script.pageblock-record"),
  );
