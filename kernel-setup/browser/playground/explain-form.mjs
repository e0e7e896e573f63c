/** A pasted log, or a chosen file, explained in a worker: the page stays usable, and a reader can stop it. */

/** Characters beyond which a pasted text is kept beside the field: a field of that size makes a browser slow. */
const FIELD_MOST = 300_000;
/** Characters of an answer that are shown; all of it can be saved. */
const SHOWN_MOST = 200_000;
/** As the worker allows (lib/page/explain-worker.ts). */
const TEXT_MOST = 16 * 2 ** 20;
const LIMIT_MS = 300_000;

export class ExplainForm {
  constructor(form, client) {
    Object.assign(this, { form, client, aside: null, asked: 0 });
    const { log, file } = form.elements;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.explain();
    });
    log.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.explain();
    });
    log.addEventListener("input", () => this.changed());
    log.addEventListener("paste", (event) => this.pasted(event));
    file.addEventListener("change", () => this.chosen(file.files[0]));
    form.addEventListener("dragover", (event) => event.preventDefault());
    form.addEventListener("drop", (event) => {
      if (event.dataTransfer.files.length === 0) return;
      event.preventDefault();
      this.chosen(event.dataTransfer.files[0]);
    });
    document.getElementById("explain-stop").addEventListener("click", () => this.stop());
  }

  pasted(event) {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (text.length <= FIELD_MOST) return;
    event.preventDefault();
    this.form.elements.log.value = "";
    this.keepAside({ name: "text", text });
    this.say(`${sizeOf(text.length)} pasted, and not shown in the field: it is explained all the same.`);
  }

  async chosen(file) {
    if (file === undefined) return;
    if (file.size > 4 * TEXT_MOST)
      return this.say(`${file.name}: must have at most ${sizeOf(TEXT_MOST)}: has ${sizeOf(file.size)}`);
    const mine = ++this.asked;
    const text = await file.text();
    if (mine !== this.asked) return;
    this.form.elements.log.value = text.length <= FIELD_MOST ? text : "";
    this.keepAside({ name: file.name, text });
    this.explain();
  }

  /** An answer belongs to the text that it was given for: it goes with that text, and is called old beside another. */
  changed() {
    this.keepAside(null);
    if (this.form.elements.log.value.trim() === "") {
      if (!document.getElementById("explain-stop").hidden) this.stop();
      this.say("");
      this.fill("", null);
    } else if (document.getElementById("explain-text").textContent !== "")
      this.say("The text has changed since this was explained.");
  }

  keepAside(input) {
    this.aside = input;
  }

  async explain() {
    const input = this.aside ?? { name: "text", text: this.form.elements.log.value };
    if (input.text.trim() === "") return this.say("Paste a log, or choose a file, first.");
    this.client.stop();
    const mine = ++this.asked;
    this.running(true);
    this.say(`Reading ${sizeOf(input.text.length)} …`);
    const answer = await this.client.ask("explain", input, LIMIT_MS).then(
      (value) => value,
      (error) => ({ refused: error.message }),
    );
    if (mine !== this.asked) return;
    this.running(false);
    this.show(answer);
  }

  stop() {
    this.asked++;
    this.client.stop();
    this.running(false);
    this.say("Stopped.");
  }

  running(on) {
    document.getElementById("explain-stop").hidden = !on;
    this.form.elements.explain.disabled = on;
    if (on) this.fill("", null);
  }

  say(words) {
    document.getElementById("explain-status").textContent = words;
  }

  show({ refused, found, text, skipped, answer }) {
    if (refused !== undefined) return this.say(refused);
    const reports = answer.reports.length;
    this.say(
      found ? `Explained: ${reports} ${reports === 1 ? "report" : "reports"}.` : "No report was found.",
    );
    this.fill([text, ...skipped.map((line) => `${line}\n`)].join(""), answer);
  }

  fill(text, answer) {
    const cut = text.length > SHOWN_MOST;
    const place = document.getElementById("explain-text");
    place.hidden = text === "";
    place.textContent = cut
      ? `${text.slice(0, SHOWN_MOST)}\n… ${sizeOf(text.length - SHOWN_MOST)} more: save the text.`
      : text;
    document.getElementById("explain-saves").hidden = answer === null;
    if (answer === null) return;
    this.offer("explain-save-text", text, "text/plain");
    this.offer("explain-save-json", `${JSON.stringify(answer, null, 2)}\n`, "application/json");
  }

  /** A link that saves `text`; nothing leaves the computer. */
  offer(id, text, type) {
    const link = document.getElementById(id);
    if (link.href.startsWith("blob:")) URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([text], { type }));
  }
}

const sizeOf = (n) =>
  n < 10_000 ? `${n} characters` : n < 2e6 ? `${Math.round(n / 1000)} kB` : `${(n / 1e6).toFixed(1)} MB`;
