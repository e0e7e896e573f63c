/**
 * Runs in exported pages and in JupyterLab: makes the controls of every live figure found, and has a worker compute the answer with the
 * values that a reader chose. What was in the document stays in it, hidden while another answer is shown; all that comes from the
 * document or from the worker is shown as text or as a picture.
 */
import { CHOICES_MOST, KNOBS_MOST } from "../../../lib/report/live/limits";
import { Computing, made } from "./computing.mjs";
import { EngineClient, programUrl } from "./engine-client.mjs";

/** Milliseconds that an answer may take. */
const BUDGET_MS = 60_000;
/** A slider that is being moved asks once it rests so long. */
const REST_MS = 250;

const STYLE = `
.pageblock-knobs{margin:0 0 1rem}.pageblock-own[hidden],.pageblock-turned[hidden]{display:none}
.pageblock-controls{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(15rem,100%),1fr));gap:.5rem 1.2rem;
font:15px/1.4 system-ui,sans-serif;border:1px solid currentColor;border-radius:6px;padding:.7rem .9rem;margin:0 0 .8rem;max-width:50rem}
.pageblock-controls label{display:block}.pageblock-controls output{font-weight:600;float:right}
.pageblock-controls input,.pageblock-controls select{width:100%;font:inherit;min-height:2rem;margin:0;box-sizing:border-box}
.pageblock-controls input{accent-color:#0072b2}.pageblock-controls .pageblock-row{grid-column:1/-1;min-height:2rem}
.pageblock-controls button{font:inherit;padding:.25rem .8rem;margin-right:.6rem;cursor:pointer}
.pageblock-turned{border-left:4px solid #d55e00;padding-left:.8rem}
.pageblock-turned p{margin:.4rem 0;overflow-wrap:anywhere;white-space:pre-wrap;max-width:50rem}
.pageblock-badge{font:600 13px/1.4 system-ui,sans-serif}
.pageblock-drawn{overflow-x:auto}
.pageblock-controls progress{width:8rem;vertical-align:middle;margin-right:.6rem}.pageblock-controls p{margin:.2rem 0}
.pageblock-heard{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
@media print{.pageblock-controls,.pageblock-turned{display:none}.pageblock-own[hidden]{display:block}}
`;

let count = 0;
let carrier = null;
let url;
/** Remembers where the engine is: the output of JupyterLab that carries it may be cleared later. */
const findEngine = () => (carrier ??= document.querySelector("script.pageblock-engine"));
/** The address of its program. */
const engineUrl = () => (url ??= programUrl(findEngine(), ENGINE_SHA256));

class LiveFigureBox {
  constructor(box, live) {
    this.live = live;
    this.own = box.querySelector(".pageblock-own");
    this.choice = live.knobs.map(({ at }) => at);
    this.client = null;
    this.asked = 0;
    const ours = { "data-pageblock-live": "" };
    this.controls = made("form", "", {
      ...{ class: "pageblock-controls", "aria-label": live.title, ...ours },
      // JupyterLab's keys are not meant for what is inside.
      "data-lm-suppress-shortcuts": "true",
    });
    this.controls.addEventListener("submit", (event) => event.preventDefault());
    this.controls.addEventListener("keydown", (event) => event.stopPropagation());
    this.knobs = live.knobs.map((knob, i) => this.control(knob, i));
    this.back = made("button", "Back to the notebook's own values", { type: "button", hidden: "" });
    this.back.addEventListener("click", () => this.toOwn());
    this.again = made("button", "Compute again", { type: "button", hidden: "" });
    this.again.addEventListener("click", () => this.askSoon());
    this.computing = new Computing(`answer of ${live.title}`);
    const row = made("div", "", { class: "pageblock-row" });
    row.append(this.back, this.again, ...this.computing.elements);
    this.controls.append(row);
    this.turned = made("div", "", { class: "pageblock-turned", hidden: "", ...ours });
    box.prepend(this.controls);
    box.append(this.turned);
  }

  control(knob, index) {
    const id = `pageblock-knob-${++count}`;
    const place = made("div");
    const label = made("label", knob.label, { for: id });
    const last = knob.choices.length - 1;
    const element = knob.slider
      ? made("input", "", { type: "range", min: "0", max: String(last), step: "1", id })
      : made("select", "", { id });
    if (!knob.slider)
      knob.choices.forEach(({ text }, i) => element.append(made("option", text, { value: String(i) })));
    const output = made("output", "", { for: id });
    const tell = () => {
      const { text } = knob.choices[this.choice[index]];
      element.value = String(this.choice[index]);
      if (!knob.slider) return;
      output.textContent = text;
      element.setAttribute("aria-valuetext", text);
    };
    element.addEventListener("input", () => {
      this.choice[index] = Number(element.value);
      tell();
      this.askSoon();
    });
    tell();
    if (knob.slider) label.append(" ", output);
    place.append(label, element);
    this.controls.append(place);
    return { tell };
  }

  isOwn() {
    return this.live.knobs.every(({ at }, i) => this.choice[i] === at);
  }

  toOwn() {
    this.live.knobs.forEach(({ at }, i) => {
      this.choice[i] = at;
      this.knobs[i].tell();
    });
    this.showOwn();
    this.controls.querySelector("input,select").focus();
  }

  /** Ends what is being computed. */
  cancel() {
    this.asked++;
    clearTimeout(this.rest);
    if (this.busy) this.client?.stop();
    this.busy = false;
  }

  showOwn() {
    this.cancel();
    this.turned.hidden = this.back.hidden = this.again.hidden = true;
    this.own.hidden = false;
    this.controls.dataset.state = "own";
    this.computing.status.classList.remove("pageblock-heard");
    this.computing.end("The notebook's own values.");
  }

  /** A reader wants no answer; it can be computed again. */
  stopped() {
    this.cancel();
    this.show({ failed: "stopped" });
  }

  askSoon() {
    if (this.isOwn()) return this.showOwn();
    this.cancel();
    this.back.hidden = false;
    this.controls.dataset.state = "computing";
    this.computing.status.classList.remove("pageblock-heard");
    this.computing.begin("Computing …", { stop: () => this.stopped(), starter: () => this.again });
    this.again.hidden = true;
    this.rest = setTimeout(() => this.ask(), REST_MS);
  }

  async ask() {
    const asked = this.asked;
    this.busy = true;
    let answer;
    try {
      this.client ??= new EngineClient(await engineUrl());
      if (asked !== this.asked) return;
      answer = await this.client.ask("turn", { live: this.live, choice: this.choice }, BUDGET_MS);
    } catch (error) {
      answer = { failed: error.message };
    }
    if (asked !== this.asked) return;
    this.busy = false;
    this.show(answer);
  }

  show({ failed, sentences, figure, alt, tables, sha256 }) {
    const values = this.live.knobs
      .map(({ label, choices }, i) => `${label}: ${choices[this.choice[i]].text}`)
      .join("; ");
    const badge = made("p", `Not the notebook's own values; computed in this browser: ${values}`, {
      class: "pageblock-badge",
    });
    const told = failed === undefined ? sentences : [];
    const parts = [
      badge,
      ...told.map((text, i) => made("p", text, i === 0 ? { style: "font-weight:600" } : {})),
    ];
    if (figure !== undefined) parts.push(chartOf(figure, alt), ...dataOf(tables, this.live.title));
    this.turned.replaceChildren(...parts);
    if (sha256 !== undefined) this.turned.dataset.sha256 = sha256;
    else delete this.turned.dataset.sha256;
    this.turned.hidden = false;
    this.own.hidden = true;
    this.controls.dataset.state = failed === undefined ? "answered" : "failed";
    this.again.hidden = failed === undefined;
    // An answer stands below in full; here it is for those who hear the page. That there is none stands here alone.
    this.computing.status.classList.toggle("pageblock-heard", failed === undefined);
    this.computing.end(failed === undefined ? told[0] : `No result: ${failed}`);
  }
}

/** As charts of the document are: the chart runtime draws it. Without that, the sentences say what it would show. */
function chartOf(figure, alt) {
  const box = made("div", "", { class: "pageblock-chart", role: "img", "aria-label": alt });
  box.append(made("script", JSON.stringify(figure), { type: "application/json" }));
  const place = made("div", "", { class: "pageblock-drawn" });
  place.append(box);
  return place;
}

/** What the chart is drawn from, folded, as it is below charts of the document. */
function dataOf(tables, title) {
  if (tables.length === 0) return [];
  const name = `Data of this answer: ${title}`;
  const fold = made("details", "", { class: "data" });
  fold.append(made("summary", name));
  for (const { columns, rows, more } of tables) {
    const [table, head, body] = ["table", "thead", "tbody"].map((of) => made(of));
    table.className = "values";
    head.append(made("tr"));
    head.firstChild.append(...columns.map((text) => made("th", text, { scope: "col" })));
    for (const [first, ...cells] of rows) {
      const row = made("tr");
      row.append(made("th", first, { scope: "row" }), ...cells.map((text) => made("td", text)));
      body.append(row);
    }
    table.append(head, body);
    const box = made("div", "", { class: "scroll", role: "group", "aria-label": name, tabindex: "0" });
    box.append(table);
    fold.append(box);
    if (more > 0) fold.append(made("p", `The first ${rows.length} of ${rows.length + more} rows.`));
  }
  return [fold];
}

function scan() {
  findEngine();
  for (const box of document.querySelectorAll(".pageblock-knobs:not([data-state])")) {
    const script = box.querySelector('script.pageblock-live-figure[type="application/json"]');
    if (script === null || box.querySelector(".pageblock-own") === null) continue;
    box.dataset.state = "ready";
    try {
      const live = JSON.parse(script.textContent);
      if (live.knobs.length > KNOBS_MOST || live.knobs.some(({ choices }) => choices.length > CHOICES_MOST))
        throw new Error(`has more than ${KNOBS_MOST} knobs, or one of more than ${CHOICES_MOST} choices`);
      new LiveFigureBox(box, live);
    } catch (error) {
      box.dataset.state = "failed";
      console.error("pageblock: a live figure has no controls; its picture stays", error);
    }
  }
}

if (window.pageblockKnobs === undefined) {
  window.pageblockKnobs = { scan };
  document.head.append(made("style", STYLE, { "data-pageblock-live": "" }));
  let asked = false;
  new MutationObserver(() => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      scan();
    });
  }).observe(document.documentElement, { childList: true, subtree: true });
}
window.pageblockKnobs.scan();
