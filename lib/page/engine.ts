/**
 * The engine as a page has it: what can be asked of it, by name. Everything that comes in may be hostile, and everything that goes out is
 * plain JSON. It runs plans of every kind, except recordings, which are files, and code of changes, which a page never runs.
 */
import { canonicalJson, sha256Of } from "../base/canonical-json";
import { InputError, unknownName } from "../base/errors";
import { codeIn, wordsOf } from "../change/code";
import * as chart from "../chart";
import { BOARD_NAMES, findBoard } from "../hardware/boards";
import { describe } from "../report/describe";
import { valueTables } from "../report/figure-values";
import { computed } from "../report/live/computed";
import { readLiveFigure } from "../report/live/live-figure";
import { planKindOf, planWeight, runPlan } from "../report/plan-kinds";
import { answerTo } from "../report/run-answer";
import { changedSha256 } from "../report/stored-results";
import { type Verdict, verdictOn } from "../report/verdict";
import { isObject } from "../schema/check";
import { seedCount, withSeeds } from "./fewer-seeds";
import { type PageRecord, readPageRecord } from "./page-record";

/** What happened to one result of a page. */
export type PageVerdict =
  | (Verdict & { kind: string; ms: number })
  /** Not run: it would take about `estimateMs`. `seeds`: how many take some seconds, of `allSeeds`. */
  | { verdict: "too long"; kind: string; why: string; estimateMs: number; seeds: number; allSeeds: number };

/** Time for which fewer seeds are offered. */
const FEWER_MS = 10_000;

export class Engine {
  private record: PageRecord | null;

  constructor(private readonly nowMs: () => number) {
    this.record = null;
  }

  /** Answers `ask` with what is `given`. Throws InputError for an unknown one, and for a plan that cannot be run. */
  async answer(ask: string, given: unknown): Promise<unknown> {
    const asks: Record<string, (given: Given) => unknown> = {
      open: ({ text }) => this.open(String(text)),
      verify: ({ index, budgetMs }) => this.verify(Number(index), Number(budgetMs)),
      fewer: ({ index, seeds }) => this.fewer(Number(index), Number(seeds)),
      run: ({ plan }) => this.run(plan),
      turn: ({ live, choice }) => turn(live, choice),
      boards: () => BOARD_NAMES.map((name) => ({ name, title: findBoard(name).title })),
      figure: ({ name, options }) => figure(String(name), options),
    };
    if (!Object.hasOwn(asks, ask)) throw unknownName("engine", ask, Object.keys(asks));
    return asks[ask]!(isObject(given) ? given : {});
  }

  /** Takes the record of a page. */
  private open(text: string) {
    const { runs, parts, page, files } = (this.record = readPageRecord(text));
    const listChanged = sha256Of(runs.map((run) => run.sha256)) !== this.record.results;
    return {
      listChanged,
      runs: runs.map(({ sha256, plan }) => ({ sha256, kind: kindOf(plan), seconds: secondsOf(plan) })),
      parts,
      page,
      files,
    };
  }

  /** Runs the plan of a result again and compares. A plan that is likely to need more than the budget is not run. */
  private async verify(index: number, budgetMs: number): Promise<PageVerdict> {
    const run = this.runAt(index);
    const kind = kindOf(run.plan);
    if (changedSha256(run) !== undefined) return { ...verdictOn(run, undefined), kind, ms: 0 };
    const started = this.nowMs();
    const answer = await this.within(run.plan, budgetMs);
    if ("estimateMs" in answer) return { ...answer, kind };
    return { ...verdictOn(run, answer), kind, ms: Math.round(this.nowMs() - started) };
  }

  /** One seed tells how long all of them take. */
  private async within(plan: unknown, budgetMs: number) {
    const allSeeds = seedCount(plan);
    if (allSeeds !== null && Number.isFinite(budgetMs)) {
      const started = this.nowMs();
      const one = await answerTo(withSeeds(plan, 1), refuseCode);
      const oneMs = Math.max(1, this.nowMs() - started);
      if (!("failed" in one) && oneMs * allSeeds > budgetMs) {
        const seeds = Math.min(allSeeds - 1, Math.max(1, Math.floor(FEWER_MS / oneMs)));
        const estimateMs = Math.round(oneMs * allSeeds);
        const why = `its ${allSeeds} seeds would take about ${Math.ceil(estimateMs / 1000)} s here, more than ${Math.round(budgetMs / 1000)} s`;
        return { verdict: "too long", why, estimateMs, seeds, allSeeds } as const;
      }
    }
    return answerTo(plan, refuseCode);
  }

  /** A result of fewer seeds, which is not the result of the page: shares granted now and in the page, by name. */
  private async fewer(index: number, seeds: number) {
    const run = this.runAt(index);
    const all = seedCount(run.plan);
    if (all === null || !Number.isInteger(seeds) || seeds < 1 || seeds >= all)
      throw new InputError(`fewer seeds: must be from 1 to ${(all ?? 1) - 1}: got ${seeds}`);
    const result = await this.plain(withSeeds(run.plan, seeds));
    const [now, stored] = [sharesOf(result), sharesOf(run.result)];
    return {
      seeds,
      of: all,
      rows: now.map(([name, share], i) => ({ name, now: share, stored: stored[i]?.[1] ?? null })),
    };
  }

  /** Any plan: its result, and the SHA-256 of both. */
  private async run(plan: unknown) {
    const result = await this.plain(plan);
    return { result, sha256: sha256Of({ plan, result }), canonical: canonicalJson({ plan, result }) };
  }

  private async plain(plan: unknown): Promise<unknown> {
    refuseCode(plan);
    return runPlan(plan);
  }

  private runAt(index: number) {
    const run = this.record?.runs[index];
    if (run === undefined) throw new InputError(`engine: there is no result ${index}: open a record first`);
    return run;
  }
}

/** The answer of a live figure at a choice of its knobs: words, the figure, what it is in words and its data, and the SHA-256 of plan and result. */
async function turn(live: unknown, choice: unknown) {
  const { run, sentences, figure } = await computed(
    readLiveFigure(live),
    Array.isArray(choice) ? choice : [],
    refuseCode,
  );
  const { data, layout } = figure;
  const tables = valueTables(figure);
  return { sha256: run.sha256, sentences, figure: { data, layout }, alt: describe(figure), tables };
}

type Given = Readonly<Record<string, unknown>>;

function refuseCode(plan: unknown): void {
  const [code] = codeIn(plan);
  if (code !== undefined)
    throw new InputError(
      `${wordsOf(code)} is not run: a page runs no code of changes; read it, then \`pageblock verify --allow-code\` does`,
    );
}

function kindOf(plan: unknown): string {
  try {
    return planKindOf(plan).name;
  } catch {
    return "unknown";
  }
}

/** Seconds of one core that a plan is likely to take; 0 for one that is refused when its turn comes. */
function secondsOf(plan: unknown): number {
  try {
    return planWeight(plan).seconds;
  } catch (error) {
    if (error instanceof InputError) return 0;
    throw error;
  }
}

const ROWS_MOST = 64;

/** Names and shares granted of the rows of a comparison, wherever the result has them. */
function sharesOf(result: unknown): [name: string, share: number][] {
  const found: [string, number][] = [];
  const look = (value: unknown, depth: number) => {
    if (!isObject(value) || depth > 4 || found.length >= ROWS_MOST) return;
    const { name, granted, asked } = value;
    if (typeof name === "string" && typeof granted === "number" && typeof asked === "number" && asked > 0)
      found.push([name, granted / asked]);
    else
      for (const inner of Object.values(value))
        for (const one of Array.isArray(inner) ? inner : [inner]) look(one, depth + 1);
  };
  look(result, 0);
  return found;
}

/** A figure of one of the builders of lib/chart, by its name. */
function figure(name: string, options: unknown): unknown {
  const builder: unknown = Object.entries(chart).find(([known]) => known === name)?.[1];
  if (typeof builder !== "function") throw unknownName("figure", name, Object.keys(chart));
  return (builder as (options: unknown) => unknown)(options);
}
