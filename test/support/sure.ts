/**
 * How often a point of a robustness run is sure of something wrong although the truth lies exactly at the limit of the statement.
 * The draws are from a generator of its own. `node --require ./test/support/register.cjs test/support/sure.ts` writes the table of
 * docs/experiments.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Outcome } from "../../lib/experiment/plan";
import { verdictOf } from "../../lib/experiment/robust-verdict";
import type { Statement } from "../../lib/plan/statement";
import { type Draw, draws, normal, percentRow } from "./coverage";

const PAGE = join(__dirname, "../../docs/experiments.md");
export const SURE_SEEDS = [8, 12, 16, 32] as const;
const TRIALS = 2000;
const MEDIAN_TRIALS = 500;

const outcome = (granted: number[], m: number): Outcome => ({
  plan: "",
  requests: {
    granted,
    errno: [],
    pfn: [],
    latencyNs: granted.map(() => 5),
    busyRetries: [],
    migrated: [],
    reclaimed: [],
  },
  metrics: { m },
  remarks: [],
  constraints: [],
  failures: [],
});

type Runs = (n: number, u: Draw) => Outcome[];
const of = (n: number, one: () => Outcome) => Array.from({ length: n }, one);
const shares =
  (p: number): Runs =>
  (n, u) =>
    of(n, () => outcome([u() < p ? 1 : 0], 0));
/** Ten requests of a seed: in half of the seeds all or none are granted, in the others each by itself. */
const clustered =
  (p: number): Runs =>
  (n, u) =>
    of(n, () => {
      const own = u() < 0.5 ? (u() < p ? 1 : 0) : p;
      return outcome(
        Array.from({ length: 10 }, () => (u() < own ? 1 : 0)),
        0,
      );
    });
const metric =
  (draw: (u: Draw) => number): Runs =>
  (n, u) =>
    of(n, () => outcome([1], 100 + draw(u)));

interface Case {
  statement: Statement;
  a: Runs;
  b: Runs;
  trials: number;
}
const reaches = (p: number, a: Runs): Case => ({
  statement: { metric: "success", of: "a", atLeast: p },
  a,
  b: a,
  trials: TRIALS,
});
const ahead = (p: number): Case => ({
  statement: { metric: "success", of: "a", moreThan: "b", by: 0 },
  a: shares(p),
  b: shares(p),
  trials: TRIALS,
});
const median = (draw: (u: Draw) => number): Case => ({
  statement: { metric: "m", of: "a", moreThan: "b", by: 0 },
  a: metric(draw),
  b: metric(() => 0),
  trials: MEDIAN_TRIALS,
});

/** By their names in the table. The truth is at the limit: the share, no difference, a median of 0. */
export const SURE_CASES: Readonly<Record<string, Case>> = {
  "share ≥ 50 %, one request a seed": reaches(0.5, shares(0.5)),
  "share ≥ 85 %, one request a seed": reaches(0.85, shares(0.85)),
  "share ≥ 50 %, ten that go together": reaches(0.5, clustered(0.5)),
  "share ≥ 85 %, ten that go together": reaches(0.85, clustered(0.85)),
  "a > b, both 50 %": ahead(0.5),
  "a > b, both 10 %": ahead(0.1),
  "median of a > b, normal": median(normal),
  "median of a > b, lognormal": median((u) => Math.exp(normal(u)) - 1),
};

/**
 * Share of trials that are sure. At a share's limit both answers are wrong; `a > b` errs only if it is said to hold, and the median
 * of a difference of 0 is missed on either side.
 */
export function sureOfWrong(name: string, n: number): number {
  const { statement, a, b, trials } = SURE_CASES[name]!;
  const u = draws(n + 1000 * Object.keys(SURE_CASES).indexOf(name) + 5);
  let wrong = 0;
  for (let k = 0; k < trials; k++) {
    const runs = new Map([
      ["a", a(n, u)],
      ["b", b(n, u)],
    ]);
    const verdict = verdictOf(statement, runs);
    if (typeof verdict === "string") throw new Error(verdict);
    const counts = name.startsWith("a > b") ? verdict.held : true;
    if (verdict.sure && counts) wrong++;
  }
  return wrong / trials;
}

/** Rows of the table without its head. */
export const sureRow = (name: string): string =>
  percentRow(
    name,
    SURE_SEEDS.map((n) => sureOfWrong(name, n)),
  );

if (require.main === module) {
  const head = [`| statement | ${SURE_SEEDS.join(" | ")} |`, `|---|${"---|".repeat(SURE_SEEDS.length)}`];
  const table = [...head, ...Object.keys(SURE_CASES).map(sureRow)].join("\n");
  const page = readFileSync(PAGE, "utf8");
  writeFileSync(
    PAGE,
    page.replace(/(<!-- sure: .*? -->\n\n)[\s\S]*?(\n\n<!-- end of sure -->)/, `$1${table}$2`),
  );
}
