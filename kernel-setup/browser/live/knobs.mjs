/**
 * Runs in exported pages and in JupyterLab: makes the controls of every live figure found, and has a worker compute the answer with the
 * values that a reader chose. What was in the document stays in it, hidden while another answer is shown; all that comes from the
 * document or from the worker is shown as text or as a picture.
 */
import { CHOICES_MOST, KNOBS_MOST } from "../../../lib/report/live/limits";
import { EngineClient, programUrl } from "./engine-client.mjs";
import { made } from "./view.mjs";

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
    this.status = made("span", "", { role: "status", "aria-live": "polite" });
    const row = made("div", "", { class: "pageblock-row" });
    row.append(this.back, this.status);
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
    this.turned.hidden = this.back.hidden = true;
    this.own.hidden = false;
    this.status.className = "";
    this.status.textContent = "The notebook's own values.";
    this.controls.dataset.state = "own";
  }

  askSoon() {
    if (this.isOwn()) return this.showOwn();
    this.cancel();
    this.back.hidden = false;
    this.status.className = "";
    this.status.textContent = "Computing …";
    this.controls.dataset.state = "computing";
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

  show({ failed, sentences, figure, alt, sha256 }) {
    const values = this.live.knobs
      .map(({ label, choices }, i) => `${label}: ${choices[this.choice[i]].text}`)
      .join("; ");
    const badge = made("p", `Not the notebook's own values; computed in this browser: ${values}`, {
      class: "pageblock-badge",
    });
    const told = failed === undefined ? sentences : [`No result: ${failed}`];
    const parts = [
      badge,
      ...told.map((text, i) => made("p", text, i === 0 ? { style: "font-weight:600" } : {})),
    ];
    if (figure !== undefined) parts.push(chartOf(figure, alt));
    this.turned.replaceChildren(...parts);
    if (sha256 !== undefined) this.turned.dataset.sha256 = sha256;
    else delete this.turned.dataset.sha256;
    this.turned.hidden = false;
    this.own.hidden = true;
    // It stands below in full; here it is for those who hear the page.
    this.status.className = "pageblock-heard";
    this.status.textContent = told[0];
    this.controls.dataset.state = failed === undefined ? "answered" : "failed";
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
