/**
 * Runs in an exported page: the button that computes the page's results again, and says in place which figures, tables and sentences rest
 * on them unchanged. The page's data is not trusted: the worker reads it, and what comes back is shown as text.
 */
import { pageWorkers } from "../../../lib/base/page-workers";
import { ExpectedTime } from "../../../lib/page/expected-time";
import { partsMissing, SIGNS } from "../../../lib/report/judged-part";
import { sha256OfShown } from "../../../lib/report/shown-text";
import { Computing } from "./computing.mjs";
import { EngineClient, programUrl } from "./engine-client.mjs";
import { judgedParts } from "./judged-parts.mjs";
import { holdsMoreBehind, partsHere, readAtFirst } from "./shown-here.mjs";
import { unpacked } from "./unpack.mjs";
import { View } from "./view.mjs";

/** Milliseconds that one plan is given, unless the reader gives it more. */
const BUDGET_MS = 60_000;
/** A page that is likely to take longer says so, and lets its reader leave out results that take longer than `LONG_MS`. */
const PAGE_MS = 60_000;
const LONG_MS = 10_000;
/** Milliseconds that all seeds of a plan get when the reader asks for them. */
const WHOLE_MS = 1_800_000;
const workers = pageWorkers(navigator.hardwareConcurrency);

/** Before any script changes the page. */
const atFirst = readAtFirst();

const view = new View();
let run = null;
view.verify.addEventListener("click", () => {
  run?.stop();
  const now = new Verification();
  run = now;
  now.all().catch((error) => now.failed(error));
});

class Verification {
  constructor() {
    this.clients = [];
    this.verdicts = [];
    this.done = 0;
    this.stopped = false;
    this.offered = false;
    this.leavesOut = false;
    view.begin(() => this.stop());
  }

  async all() {
    const record = await unpacked(document.querySelector("script.pageblock-record").textContent);
    this.url = await programUrl(document.querySelector("script.pageblock-engine"), ENGINE_SHA256);
    this.first = ["open", { text: record }];
    const opener = this.client();
    const opened = await opener.ask(...this.first);
    this.runs = opened.runs;
    this.parts = judgedParts(opened.parts, partsHere(), atFirst);
    this.pageChanged = atFirst.foreign || holdsMoreBehind() || sha256OfShown(atFirst.page) !== opened.page;
    this.listChanged = opened.listChanged;
    this.files = opened.files.length;
    view.computing.say(`Computing ${this.runs.length} results again …`);
    this.tick();
    const lanes = Math.min(workers, this.runs.length);
    const seconds = this.runs.map((one) => one.seconds);
    this.time = new ExpectedTime(seconds, Math.max(1, lanes));
    this.tellTime();
    const order = this.time.shortestFirst();
    let next = 0;
    const lane = async (client) => {
      while (next < order.length && !this.stopped) await this.one(client, order[next++]);
      client.stop();
    };
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

  /** Progress against the time expected; once that is long, a line that lets the reader leave out the longest results. */
  tellTime() {
    const left = this.runs.map((_, index) => index).filter((index) => this.verdicts[index] === undefined);
    const wanted = this.leavesOut ? left.filter((index) => this.time.msOf(index) <= LONG_MS) : left;
    const expectedMs = 1000 * view.computing.seconds() + this.time.leftMs(wanted);
    view.computing.progress(this.done, this.runs.length, expectedMs);
    const long = left.filter((index) => this.time.msOf(index) > LONG_MS);
    if (this.offered || expectedMs <= PAGE_MS || long.length === 0 || this.runs.length === 1) return;
    this.offered = true;
    const leaveOut = (_line, button) => {
      this.leavesOut = true;
      button.disabled = true;
      this.tellTime();
    };
    view.line(
      `All ${this.runs.length} results take about ${Math.ceil(expectedMs / 1000)} s on this computer.`,
      [[`Leave out those that take more than ${LONG_MS / 1000} s`, leaveOut]],
    );
  }

  /** Computes one result; `budgetMs` ends it where one seed does not tell its time. */
  async one(client, index, budgetMs = BUDGET_MS) {
    const verdict = this.leftOut(index) ?? (await this.asked(client, index, budgetMs));
    if (this.stopped) return;
    this.verdicts[index] = verdict;
    this.done++;
    if (verdict.ms > 0) this.time.took(index, verdict.ms);
    if (verdict.verdict !== "identical") this.tellOf(index, verdict);
    this.tick(index);
    this.tellTime();
    if (this.done % Math.ceil(this.runs.length / 4) === 0)
      view.computing.say(`${this.done} of ${this.runs.length} results`);
  }

  asked(client, index, budgetMs) {
    return client
      .ask("verify", { index, budgetMs }, 2 * budgetMs)
      .catch((error) => ({ verdict: "cannot be run", why: error.message, kind: this.runs[index].kind }));
  }

  /** A long result, if the reader leaves these out. */
  leftOut(index) {
    const estimateMs = this.time.msOf(index);
    if (!this.leavesOut || estimateMs <= LONG_MS) return undefined;
    const why = `left out: it takes about ${Math.ceil(estimateMs / 1000)} s here`;
    return { verdict: "too long", why, estimateMs };
  }

  tellOf(index, verdict) {
    const { sha256, kind } = this.runs[index];
    const text = `result ${index + 1} (${kind}, ${sha256.slice(0, 12)}…): ${verdict.verdict}: ${verdict.why}`;
    view.line(text, verdict.verdict === "too long" ? this.offers(index, verdict) : []);
  }

  /** What may be done instead of a plan that takes too long. */
  offers(index, { seeds = 0, allSeeds, estimateMs }) {
    const client = this.client();
    const all = allSeeds === undefined ? "it" : `all ${allSeeds} seeds`;
    const few = {
      words: `Computing ${seeds} of ${allSeeds} seeds …`,
      expectedMs: (estimateMs * seeds) / allSeeds,
      answer: async () => fewerText(await client.ask("fewer", { index, seeds }, 4 * BUDGET_MS)),
    };
    const whole = {
      words: `Computing ${all} …`,
      expectedMs: estimateMs,
      answer: async () => {
        const verdict = await client.ask("verify", { index, budgetMs: Number.POSITIVE_INFINITY }, WHOLE_MS);
        this.verdicts[index] = verdict;
        this.tick(index);
        view.computing.say(this.summary());
        return `${allSeeds === undefined ? "computed" : all}: ${verdict.verdict}${verdict.why === undefined ? "" : `: ${verdict.why}`}`;
      },
    };
    const offer = (name, what) => [name, (line, button) => offered(client, what, line, button)];
    return [
      offer(`Run ${all} (about ${Math.ceil(estimateMs / 1000)} s)`, whole),
      ...(seeds > 0 && seeds < allSeeds ? [offer(`Run ${seeds} of them (not the same result)`, few)] : []),
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

  /** What was found, in sentences; names the parts that are not confirmed. */
  summary() {
    const count = (verdict) => this.verdicts.filter((one) => one?.verdict === verdict).length;
    const identical = count("identical");
    const judged = this.parts.list.map(({ name, judge }) => ({ name, ...judge(this.verdicts) }));
    const states = judged.map(({ state }) => state);
    const same = states.filter((state) => state === "same").length;
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
    const others = other.length > 0 ? `; ${other.join(", ")}` : "";
    const sentences = [
      ...(this.stopped
        ? [stoppedAfter(this.done, this.runs.length, identical, others)]
        : [`This page is ${state}.`, `${identical} of ${this.runs.length} results are identical${others}.`]),
      `${same} of ${states.length} figures, tables and sentences are confirmed${this.stopped ? " so far; nothing is said of the others" : ""}.`,
      ...(this.pageChanged ? ["What the page shows was changed after it was written."] : []),
      ...(this.listChanged ? ["The list of results was changed after it was written."] : []),
      ...(this.parts.missing > 0 ? [`${partsMissing(this.parts.missing)}.`] : []),
      ...(this.files > 0
        ? [`${this.files} files beside the page are compared by pageblock verify only.`]
        : []),
    ];
    view.box.dataset.state = state;
    view.tellParts(
      judged.flatMap(({ name, state, words }) =>
        state === "same" || state === null ? [] : [`${SIGNS[state]} ${name}: ${words}`],
      ),
    );
    return sentences.join(" ");
  }

  end() {
    const seconds = view.computing.seconds().toFixed(1);
    view.end(`${this.summary()} ${seconds} s.`);
  }

  stop() {
    this.stopped = true;
    for (const client of this.clients) client.stop();
  }

  /** The page cannot be read, or the reader stopped it while it was. */
  failed(error) {
    const stopped = this.stopped;
    this.stop();
    // Another one has begun.
    if (run !== this) return;
    view.box.dataset.state = stopped ? "stopped" : "not verified";
    view.end(stopped ? "Stopped." : `This page cannot be verified: ${error.message}`);
  }
}

/** What was known when a reader stopped. */
function stoppedAfter(done, all, identical, others) {
  if (done === 0) return `Stopped before the first of ${all} results was computed.`;
  return `Stopped after ${done} of ${all} results: ${identical} of these ${done} are identical${others}.`;
}

/** Computes what a line offers, with progress and a Stop button in the line. */
async function offered(client, { words, expectedMs, answer }, line, button) {
  const buttons = [...line.querySelectorAll("button")];
  const computing = new Computing(words);
  line.append(...computing.elements);
  computing.begin(words, { stop: () => client.stop(), starter: () => button, expectedMs });
  for (const one of buttons) one.disabled = true;
  const said = await answer().catch((error) => `${button.textContent}: ${error.message}`);
  client.stop();
  for (const one of buttons) one.disabled = false;
  computing.end(said);
}

function fewerText({ seeds, of, rows }) {
  const percent = (share) => (share === null ? "none" : `${(100 * share).toFixed(1)} %`);
  const shares = rows.map(({ name, now, stored }) => `${name} ${percent(now)} (page: ${percent(stored)})`);
  return `${seeds} of ${of} seeds, not the same result: granted ${shares.join(", ") || "is not told by this result"}`;
}
