/**
 * How everything in a page is computed that takes its time: a row with a Stop button, progress and a status that is spoken. Verifying the
 * page, all seeds of one plan and a turned knob have one each.
 */

export function made(name, text = "", attributes = {}) {
  const element = document.createElement(name);
  element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

const TICK_MS = 500;

export class Computing {
  #started = 0;
  #clock;
  #all = null;
  #done = 0;
  #expectedMs = null;
  #starter = null;
  #act = null;

  /** `what`: the name of the progress for those who hear the page. */
  constructor(what) {
    this.stop = made("button", "Stop", { type: "button", hidden: "" });
    this.bar = made("progress", "", { hidden: "", "aria-label": what });
    // It changes all the time and is silent; the status is spoken.
    this.count = made("span", "", { "aria-hidden": "true" });
    this.status = made("p", "", { role: "status", "aria-live": "polite", class: "pageblock-status" });
    this.stop.addEventListener("click", () => this.#act?.());
  }

  get elements() {
    return [this.stop, this.bar, this.count, this.status];
  }

  get running() {
    return this.#act !== null;
  }

  /**
   * Shows that something is computed. `stop` ends it; `starter()`: the control that begins it again, which has the focus afterwards if
   * Stop has it. `all`: steps there are; `expectedMs`: the time that it is likely to take.
   */
  begin(words, { stop, starter, all = null, expectedMs = null }) {
    clearInterval(this.#clock);
    this.#started = performance.now();
    this.#act = stop;
    this.#starter = starter;
    this.#all = all;
    this.#done = 0;
    this.#expectedMs = expectedMs;
    const { activeElement } = document;
    this.stop.hidden = this.bar.hidden = false;
    if (activeElement?.localName === "button" && activeElement === starter()) this.stop.focus();
    this.#clock = setInterval(() => this.#tell(), TICK_MS);
    this.#tell();
    this.say(words);
  }

  /** `expectedMs`: the time that all of them are likely to take. */
  progress(done, all, expectedMs = null) {
    this.#done = done;
    this.#all = all;
    this.#expectedMs = expectedMs;
    this.#tell();
  }

  say(words) {
    this.status.textContent = words;
  }

  seconds() {
    return (performance.now() - this.#started) / 1000;
  }

  /** Nothing is computed any more; call it when the starter can be pressed again. */
  end(words) {
    clearInterval(this.#clock);
    const focused = document.activeElement === this.stop;
    this.#act = null;
    this.stop.hidden = this.bar.hidden = true;
    this.count.textContent = "";
    if (focused) this.#starter?.()?.focus();
    if (words !== undefined) this.say(words);
  }

  #tell() {
    const seconds = Math.round(this.seconds());
    if (this.#all !== null) {
      this.bar.max = this.#all;
      this.bar.value = this.#done;
      const about = this.#expectedMs === null ? "" : ` of about ${Math.ceil(this.#expectedMs / 1000)} s`;
      this.count.textContent = `${this.#done} of ${this.#all} results, ${seconds} s${about}`;
    } else if (this.#expectedMs !== null) {
      this.bar.max = this.#expectedMs;
      this.bar.value = Math.min(this.#expectedMs, 1000 * this.seconds());
      this.count.textContent = `${seconds} s of about ${Math.ceil(this.#expectedMs / 1000)} s`;
    } else {
      this.bar.removeAttribute("value");
      this.count.textContent = `${seconds} s`;
    }
  }
}
