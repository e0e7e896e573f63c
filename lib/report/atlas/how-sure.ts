/** How sure the answer of a write-up is: where its statements were tried on other machines, and with how many seeds. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { InputError } from "../../base/errors";
import type { Run } from "../../chart/figure";
import { isObject } from "../../schema/check";
import { safeJson } from "../safe-json";
import { seedsOf } from "../seeds";

/** Results of docs/robustness, which are packed with the library. */
const FOLDER = join(__dirname, "../../../docs/robustness");
const NAME = /^[a-z0-9-]{1,64}$/;

/**
 * `what`: the question, or the statement where nobody asked one; `counts`: at how many points it held; `range`: where, in full; `judged`:
 * the statement, if `what` is a question.
 */
export interface Robustness {
  what: string;
  counts: string;
  range: string;
  judged?: string;
}

/** Names of metrics in statements, as people say them. */
const METRIC_WORDS: Readonly<Record<string, string>> = {
  probeThpShare: "the share of huge pages still to be had",
  probe2MiBShare: "the share of pages of 2 MiB still to be had",
  latencyNs: "the time to the answer, in ns,",
};

const inWords = (statement: string) =>
  statement.replace(/\b(?:probeThpShare|probe2MiBShare|latencyNs)\b/g, (name) => METRIC_WORDS[name]!);

/** What is known of one statement; undefined if `result` is no result of a plan of robustness. */
export function robustnessOf(plan: unknown, result: unknown): Robustness | undefined {
  if (!isObject(plan) || !isObject(result)) return undefined;
  const { statement, held, judged, points, sure, range } = result;
  if (typeof statement !== "string" || typeof range !== "string") return undefined;
  const counts = [held, judged, points, sure];
  if (!counts.every((count): count is number => Number.isSafeInteger(count))) return undefined;
  const seeds = isObject(plan.plan) && Number.isSafeInteger(plan.plan.seeds) ? plan.plan.seeds : null;
  const each = seeds === null ? "" : `, with ${seeds} machine${seeds === 1 ? "" : "s"} at each`;
  const planned = judged === points ? "" : ` (${points} points were planned; the others were not run)`;
  const told = `true at ${held} of ${judged} points tried${each}${planned}; ${sureText(sure as number, judged as number)}`;
  return { what: inWords(statement), counts: told, range };
}

/** At how many points the answer, yes or no, is more than chance; a few machines can never show that. */
function sureText(sure: number, judged: number): string {
  if (sure === 0) return "no point has machines enough to rule out chance, so only the points together count";
  if (sure === judged) return `the answer is more than chance at ${judged === 1 ? "it" : `all ${judged}`}`;
  return `the answer, yes or no, is more than chance at ${sure} of these ${judged}`;
}

/** The stored results named, in their order. Throws InputError naming `file` for a name that has none. */
export function storedRobustness(names: readonly string[], file: string): Robustness[] {
  return names.map((name) => {
    const path = join(FOLDER, `${name}.json`);
    if (!NAME.test(name) || !existsSync(path))
      throw new InputError(
        `${file}: metadata.pageblock.robustness must name results of docs/robustness: got ${JSON.stringify(name.slice(0, 80))}`,
      );
    const stored = safeJson(readFileSync(path, "utf8"), path, "a result of a plan of robustness");
    const told = isObject(stored) ? robustnessOf(stored.plan, stored.result) : undefined;
    if (told === undefined) throw new InputError(`${path}: must be a result of a plan of robustness`);
    // The plan's own first line asks the question.
    const [, question] = /^# (.{1,200})$/m.exec(readFileSync(join(FOLDER, `${name}.yaml`), "utf8")) ?? [];
    return question === undefined ? told : { ...told, what: question, judged: told.what };
  });
}

/** What the runs of a write-up say of how sure they are: statements tried on other machines, and the seeds. */
export function sureOfRuns(runs: readonly Run[]): { robust: Robustness[]; seeds: string } {
  const robust = runs.flatMap(({ plan, result }) => {
    const told = robustnessOf(plan, result);
    return told === undefined ? [] : [told];
  });
  const seeds = seedsOf(runs.map((run) => run.plan));
  return {
    robust,
    seeds: seeds === undefined ? "no seed: nothing in it is drawn at random" : `seeds ${seeds}`,
  };
}
