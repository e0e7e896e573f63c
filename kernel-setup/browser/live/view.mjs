/** The controls of a page that verifies itself, and what they say. Everything from the page is shown as text. */

import { SIGNS } from "../../../lib/report/judged-part";
import { Computing, made } from "./computing.mjs";

const STYLE = `
.pageblock-live{font:15px/1.45 system-ui,sans-serif;border:1px solid currentColor;border-radius:6px;padding:.6rem .8rem;margin:0 0 1.2rem}
.pageblock-live button{font:inherit;padding:.3rem .8rem;margin:.15rem .4rem .15rem 0;cursor:pointer}
.pageblock-live progress{width:12rem;max-width:100%;vertical-align:middle;margin-right:.6rem}
.pageblock-live p{margin:.35rem 0}.pageblock-live ul{margin:.35rem 0;padding-left:1.2rem}.pageblock-live li{overflow-wrap:anywhere}
.pageblock-mark{display:block;font:13px/1.4 system-ui,sans-serif;margin:.2rem 0 .8rem;overflow-wrap:anywhere}
.pageblock-mark[data-state=same]{color:#0b6b3a}.pageblock-mark[data-state=changed]{color:#a3120a;font-weight:600}
.pageblock-mark[data-state=open]{color:#6b5200}
@media (prefers-color-scheme:dark){.pageblock-mark[data-state=same]{color:#7fdca9}.pageblock-mark[data-state=changed]{color:#ff9d94}
.pageblock-mark[data-state=open]{color:#e8cf7a}}
@media print{.pageblock-live,.pageblock-mark{display:none}}
`;
/** Lines of a list; more would hide what they are about. */
const LINES_MOST = 50;

export class View {
  constructor() {
    document.head.append(made("style", STYLE, { "data-pageblock-live": "" }));
    this.box = made("section", "", {
      class: "pageblock-live",
      "aria-label": "Verify this page",
      "data-pageblock-live": "",
    });
    this.verify = made("button", "Verify this page", { type: "button" });
    this.computing = new Computing("results computed again");
    this.lines = made("ul");
    this.parts = made("ul", "", { "aria-label": "figures, tables and sentences that are not confirmed" });
    this.box.append(this.verify, ...this.computing.elements, this.lines, this.parts);
    const place = document.querySelector(".slide > .on") ?? document.querySelector("main") ?? document.body;
    place.prepend(this.box);
  }

  begin(stop) {
    this.lines.replaceChildren();
    this.parts.replaceChildren();
    this.unmark();
    this.verify.disabled = false;
    this.computing.begin("Reading the page …", { stop, starter: () => this.verify });
    this.verify.disabled = true;
  }

  end(words) {
    this.verify.disabled = false;
    this.computing.end(words);
  }

  /** One more line, with buttons: [words, what a click does with the line] each. */
  line(text, buttons = []) {
    if (this.lines.childElementCount === LINES_MOST)
      this.lines.append(made("li", "more like these are not listed"));
    if (this.lines.childElementCount > LINES_MOST) return;
    const line = made("li", text);
    for (const [words, act] of buttons) {
      const button = made("button", words, { type: "button" });
      button.addEventListener("click", () => act(line, button));
      line.append(" ", button);
    }
    this.lines.append(line);
  }

  /** What was found of the parts that are not confirmed, by their names. */
  tellParts(lines) {
    const more = lines.length - LINES_MOST;
    this.parts.replaceChildren(
      ...lines.slice(0, LINES_MOST).map((text) => made("li", text)),
      ...(more > 0 ? [made("li", `${more} more like these are not listed`)] : []),
    );
  }

  /** Says below an element what was found of it. */
  mark(element, state, words) {
    const next = element.nextElementSibling;
    const mark = next?.classList.contains("pageblock-mark")
      ? next
      : made("small", "", { class: "pageblock-mark", "data-pageblock-live": "" });
    mark.dataset.state = state;
    mark.textContent = `${SIGNS[state]} ${words}`;
    if (mark !== next) element.after(mark);
  }

  unmark() {
    for (const mark of document.querySelectorAll(".pageblock-mark")) mark.remove();
  }
}
