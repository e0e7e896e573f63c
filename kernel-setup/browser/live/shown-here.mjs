/** What the document shows, as lib/report/shown-text.ts reads it from the page's file. */
import { partNames } from "../../../lib/report/judged-part";
import {
  BOUNDARY,
  BOUNDED,
  HEADING,
  PART_MARK,
  SHOWN_ATTRIBUTES,
  TABLE_ID,
  withoutSpace,
} from "../../../lib/report/shown-text";

/** Made by scripts of ours after the page was read. */
const isOurs = (element) =>
  element.classList.contains("js-plotly-plot") || element.hasAttribute("data-pageblock-live");
/** Attributes that scripts of ours set. */
const SET_LATER = ["class", "style", "hidden", "open", "aria-label"];

/**
 * The text of everything between `from` and `until`, or of one element. `asRead`: nothing has changed the document yet, and nothing is
 * passed over; otherwise what scripts of ours make and set is.
 */
function textOf(root, asRead, from = null, until = null) {
  const said = [];
  let saying = from === null;
  const say = (text) => {
    if (saying && text !== "") said.push(text);
  };
  const visit = (node, inside = true) => {
    if (node === until) return false;
    if (node === from) saying = true;
    if (node.nodeType === Node.TEXT_NODE) {
      say(withoutSpace(node.data));
      return true;
    }
    if (node.nodeType !== Node.ELEMENT_NODE) return true;
    if (!asRead && isOurs(node)) return true;
    const bounded = inside && BOUNDED.has(node.localName);
    if (bounded) say(BOUNDARY);
    for (const { name, value } of node.attributes)
      if (SHOWN_ATTRIBUTES.includes(name) && (asRead || !SET_LATER.includes(name)))
        say(`[${name}=${withoutSpace(value)}]`);
    if (node.localName === "script" && node.type !== "application/json") return true;
    for (const child of node.childNodes) if (!visit(child)) return false;
    if (bounded) say(BOUNDARY);
    return true;
  };
  // The boundary of a part lies outside of it.
  visit(root, false);
  return said.join("");
}

const marked = () => [...document.querySelectorAll(`[${PART_MARK}]`)];

/** The names of the marked parts, as lib/report/shown-text.ts finds them in the file. */
function namesHere() {
  const parts = [];
  let heading = "";
  for (const element of document.querySelectorAll("*")) {
    const { localName } = element;
    if (element.hasAttribute(PART_MARK)) {
      const table = [...element.querySelectorAll("[id]")].find(({ id }) => TABLE_ID.test(id))?.id ?? "";
      parts.push({ id: element.id, table, classes: element.getAttribute("class") ?? "", heading });
    }
    if (HEADING.test(localName)) heading = withoutSpace(element.textContent);
  }
  return partNames(parts);
}

/** The parts of the document that rest on runs, in their order, with their texts as they are now. */
export const partsHere = () =>
  marked().map((element) => ({
    element,
    mark: element.getAttribute(PART_MARK),
    text: textOf(element, false),
  }));

/** No page of ours has such elements, which show what no text says. */
const FOREIGN =
  "main script:not([type='application/json']),template,iframe,object,embed,svg,canvas,video,audio,input,textarea,select,bdo,form,map,math,[hidden]:not(button)";

/** Reads the document before any script has changed it. */
export function readAtFirst() {
  // A browser cuts long texts into pieces.
  document.documentElement.normalize();
  const title = document.querySelector("title");
  const record = document.querySelector("script.pageblock-record");
  const elements = [...document.querySelectorAll("*")];
  const before = [...document.head.children];
  const foreign =
    document.querySelector(FOREIGN) !== null ||
    elements.some((element) => element.shadowRoot !== null) ||
    before.slice(0, before.indexOf(title)).some(({ localName }) => !["meta", "link"].includes(localName));
  return {
    page: textOf(document.documentElement, true, title, record),
    parts: marked().map((element) => ({ strict: textOf(element, true), text: textOf(element, false) })),
    names: namesHere(),
    foreign,
  };
}

/** True if behind the record there is anything but scripts, and what our charts measure letters with. */
export function holdsMoreBehind() {
  let at = document.querySelector("script.pageblock-record")?.nextElementSibling;
  for (; at; at = at.nextElementSibling)
    if (at.localName !== "script" && at.id !== "js-plotly-tester") return true;
  return false;
}
