/**
 * Runs in an exported page: the button that computes the page's results again, and says in place which figures, tables and sentences rest
 * on them unchanged. The page's data is not trusted: the worker reads it, and what comes back is shown as text.
 */
import { pageWorkers } from "../../../lib/base/page-workers";
import { sha256OfShown } from "../../../lib/report/shown-text";
import { EngineClient, programUrl } from "./engine-client.mjs";
import { judgedParts } from "./judged-parts.mjs";
import { holdsMoreBehind, partsHere, readAtFirst } from "./shown-here.mjs";
import { unpacked } from "./unpack.mjs";
import { View } from "./view.mjs";

/** Milliseconds that one plan is given, unless the reader gives it more. */
const BUDGET_MS = 60_000;
/** Milliseconds that all seeds of a plan get when the reader asks for them. */
const WHOLE_MS = 1_800_000;
const workers = pageWorkers(navigator.hardwareConcurrency);

/** Before any script changes the page. */
const atFirst = readAtFirst();

const view = new View();
let run = null;
view.verify.addEventListener("click", () => {
  run = new Verification();
  run.all().catch((error) => run.failed(error));
});
view.stop.addEventListener("click", () => run?.stop());

class Verification {
  constructor() {
    this.clients = [];
    this.verdicts = [];
    this.done = 0;
    this.stopped = false;
    this.started = performance.now();
    this.clock = setInterval(() => this.tell(), 500);
    view.unmark();
    view.running(true);
    view.say("Reading the page …");
  }

  async all() {
    const record = await unpacked(document.querySelector("script.pageblock-record").textContent);
    this.url = await programUrl(document.querySelector("script.pageblock-engine"), ENGINE_SHA256);
    this.first = ["open", { text: record }];
    const opener = this.client();
    const opened = await opener.ask(...this.first);
    this.runs = opened.runs;
    this.parts = judgedParts(opened.parts, partsHere(), atFirst.parts);
    this.pageChanged = atFirst.foreign || holdsMoreBehind() || sha256OfShown(atFirst.page) !== opened.page;
    this.listChanged = opened.listChanged;
    this.files = opened.files.length;
    view.say(`Computing ${this.runs.length} results again …`);
    this.tell();
    this.tick();
    let next = 0;
    const lane = async (client) => {
      while (next < this.runs.length && !this.stopped) await this.one(client, next++);
      client.stop();
    };
    const lanes = Math.min(workers, this.runs.length);
    await Promise.all(
      [opener, ...Array.from({ length: Math.max(0, lanes - 1) }, () => this.client())].map(lane),
    );
    this.end();
  }

  client() {
    const client = new EngineClient(this.url, this.first);
    this.clients.push(client);
    return client;
  }

  /** Computes one result; `budgetMs` ends it where one seed does not tell its time. */
  async one(client, index, budgetMs = BUDGET_MS) {
    const verdict = await client
      .ask("verify", { index, budgetMs }, 2 * budgetMs)
      .catch((error) => ({ verdict: "cannot be run", why: error.message, kind: this.runs[index].kind }));
    if (this.stopped) return;
    this.verdicts[index] = verdict;
    this.done++;
    if (verdict.verdict !== "identical") this.tellOf(index, verdict);
    this.tick(index);
    this.tell();
    if (this.done % Math.ceil(this.runs.length / 4) === 0)
      view.say(`${this.done} of ${this.runs.length} results`);
  }

  tellOf(index, verdict) {
    const { sha256, kind } = this.runs[index];
    const text = `result ${index + 1} (${kind}, ${sha256.slice(0, 12)}…): ${verdict.verdict}: ${verdict.why}`;
    view.line(text, verdict.verdict === "too long" ? this.offers(index, verdict) : []);
  }

  /** What may be done instead of a plan that takes too long. */
  offers(index, { seeds, allSeeds, estimateMs }) {
    const busy = (line, act) => {
      for (const button of line.querySelectorAll("button")) button.disabled = true;
      const client = this.client();
      act(client)
        .then((words) => line.append(document.createElement("br"), words))
        .catch((error) => line.append(document.createElement("br"), error.message))
        .finally(() => client.stop());
    };
    const few = (line) =>
      busy(line, async (client) => fewerText(await client.ask("fewer", { index, seeds }, 4 * BUDGET_MS)));
    const whole = (line) =>
      busy(line, async (client) => {
        const verdict = await client.ask("verify", { index, budgetMs: Number.POSITIVE_INFINITY }, WHOLE_MS);
        this.verdicts[index] = verdict;
        this.tick(index);
        this.summary();
        return `all ${allSeeds} seeds: ${verdict.verdict}${verdict.why === undefined ? "" : `: ${verdict.why}`}`;
      });
    return [
      [`Run all ${allSeeds} seeds (about ${Math.ceil(estimateMs / 1000)} s)`, whole],
      ...(seeds < allSeeds ? [[`Run ${seeds} of them (not the same result)`, few]] : []),
    ];
  }

  /** Says below the parts that rest on result `index`, or below all, what is known of them. */
  tick(index) {
    for (const part of this.parts.list) {
      if (index !== undefined && !part.runs.includes(index)) continue;
      const { state, words } = part.judge(this.verdicts);
      if (state !== null) view.mark(part.element, state, words);
    }
  }

  tell() {
    if (this.runs !== undefined)
      view.progress(this.done, this.runs.length, (performance.now() - this.started) / 1000);
  }

  summary() {
    const count = (verdict) => this.verdicts.filter((one) => one?.verdict === verdict).length;
    const identical = count("identical");
    const states = this.parts.list.map((part) => part.judge(this.verdicts).state);
    const same = states.filter((state) => state === "same").length;
    const seconds = ((performance.now() - this.started) / 1000).toFixed(1);
    const whole = !this.pageChanged && !this.listChanged && this.parts.missing === 0;
    const ok = whole && same > 0 && identical > 0 && identical === this.runs.length && same === states.length;
    const unchanged = whole && count("differs") + count("changed") === 0 && !states.includes("changed");
    const state = ok
      ? "verified"
      : this.stopped
        ? "stopped"
        : unchanged
          ? "verified in part"
          : "not verified";
    const other = ["differs", "changed", "cannot be run", "too long"]
      .map((verdict) => [verdict, count(verdict)])
      .filter(([, n]) => n > 0)
      .map(([verdict, n]) => `${n} ${verdict}`);
    const sentences = [
      this.stopped ? "Stopped." : `This page is ${state}.`,
      `${identical} of ${this.runs.length} results are identical${other.length > 0 ? `; ${other.join(", ")}` : ""}.`,
      `${same} of ${states.length} figures, tables and sentences are confirmed.`,
      ...(this.pageChanged ? ["Something on the page was changed after it was written."] : []),
      ...(this.listChanged ? ["The list of results was changed after it was written."] : []),
      ...(this.parts.missing > 0 ? [`${this.parts.missing} parts were added or removed.`] : []),
      ...(this.files > 0
        ? [`${this.files} files beside the page are compared by pageblock verify only.`]
        : []),
    ];
    view.box.dataset.state = state;
    view.say(`${sentences.join(" ")} ${seconds} s.`);
  }

  end() {
    clearInterval(this.clock);
    view.running(false);
    this.summary();
  }

  stop() {
    this.stopped = true;
    for (const client of this.clients) client.stop();
  }

  /** The page cannot be read, or the reader stopped it while it was. */
  failed(error) {
    const stopped = this.stopped;
    this.stop();
    clearInterval(this.clock);
    view.running(false);
    if (stopped) {
      view.box.dataset.state = "stopped";
      view.say("Stopped.");
      return;
    }
    view.box.dataset.state = "not verified";
    view.say(`This page cannot be verified: ${error.message}`);
  }
}

function fewerText({ seeds, of, rows }) {
  const percent = (share) => (share === null ? "none" : `${(100 * share).toFixed(1)} %`);
  const shares = rows.map(({ name, now, stored }) => `${name} ${percent(now)} (page: ${percent(stored)})`);
  return `${seeds} of ${of} seeds, not the same result: granted ${shares.join(", ") || "is not told by this result"}`;
}
