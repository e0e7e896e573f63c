/** A comparison of variants in words and columns, for terminals and for readers of a notebook without pictures. */
import { groupBy } from "lodash";
import { countTexts, idleText } from "../change/counts";
import type { AblationResult, AblationRow, MetricAblation } from "./ablation";
import { reachNote } from "./design";
import type { FixedDifference } from "./kernel-differences";
import { figureText, type KernelMetric, limitsText, type VerdictName } from "./kernel-verdict";
import type { KernelPair, KernelsResult, Pairing, VariantRow } from "./kernels";
import type { MeanInterval } from "./mean-interval";
import { grantedText } from "./texts";

/** Seeds and variants, so that a reader can run the same again. */
export function kernelsTitle({ seeds, firstSeed, pairs }: KernelsResult): string {
  const against = pairs.map(({ b }) => b).join(", ");
  return `${against} against ${pairs[0]?.a ?? "nothing"}: ${seeds} seeds from ${firstSeed}, the same for every variant; times are modelled`;
}

export const KERNELS_HEAD = ["metric", "A", "B", "B − A, 95 % interval", "B / A", "d_z", "p", "verdict"];

const VERDICTS: Readonly<Record<VerdictName, string>> = {
  better: "B better",
  worse: "B worse",
  more: "B has more",
  less: "B has less",
  none: "no difference seen",
  open: "seeds do not suffice",
  untested: "not tested: a constant",
};

const range = (interval: MeanInterval, signed: boolean) =>
  `${figureText(interval.mid, signed)} (${limitsText(interval, signed)})`;

/** Cells of a metric's line under KERNELS_HEAD. */
export function kernelCells(metric: KernelMetric): string[] {
  const { difference, ratio, standardised: effect, pCorrected, verdict, seedsNeeded } = metric;
  const more = seedsNeeded === null ? "" : `; about ${seedsNeeded} would`;
  return [
    metric.metric,
    figureText(metric.a),
    figureText(metric.b),
    range(difference, true),
    ratio === null ? "–" : figureText(ratio.mid),
    effect === null ? "–" : figureText(effect, true),
    String(Number(pCorrected.toPrecision(2))),
    `${VERDICTS[verdict]}${more}${metric.note === undefined ? "" : "; counted differently"}`,
  ];
}

const percent = (share: number) => `${figureText(100 * share)} %`;

/** How the histories of a pair belong together. */
export function pairingText({ seeds, equal, apart }: Pairing): string {
  const paired = "Histories are paired by seed";
  if (equal === null || apart === null) return `${paired}.`;
  if (equal === seeds) return `${paired}; requests and frees were as many in each of ${seeds} seeds.`;
  return `${paired}; requests and frees were as many in ${equal} of ${seeds} seeds and at most ${percent(apart)} apart, by what was granted before.`;
}

/** Notes below the table of a pair. */
export function pairNotes({ variants }: KernelsResult, pair: KernelPair): string[] {
  const { a, b, requests } = pair;
  const { onlyA, onlyB } = requests;
  const failed = variants.filter(({ failedRuns }) => failedRuns > 0);
  return [
    `A is ${a}, B is ${b}. Granted: ${a} ${grantedText(inRows(variants), a)}, ${b} ${grantedText(inRows(variants), b)}; of requests of the same number and seed, ${onlyA} only in A and ${onlyB} only in B.`,
    ...variants
      .filter(({ label, change }) => change !== undefined && (label === a || label === b))
      .flatMap(changeLines),
    ...countNotes(pair),
    pairingText(pair.pairing),
    ...failed.map((row) => `${row.label}: ${row.failedRuns} runs gave no outcome: ${row.error}`),
  ];
}

/** What a variant's change is, what it decided, and whether that can have had an effect. */
function changeLines({ label, change, decisions }: VariantRow): string[] {
  const told = `${label} has the ${change}: it is no released kernel.`;
  if (decisions === undefined) return [told];
  const idle = idleText(decisions);
  return [
    ...(idle === null ? [] : [`${label}: ${idle}`]),
    told,
    `Over all seeds of ${label}, ${countTexts(decisions).join("; ")}.`,
  ];
}

/** Once below all tables: how p and effect are made, and why no verdict was possible. */
export function methodNotes({ family, seeds }: KernelsResult): string[] {
  if (family === 0) return ["No metric differs in any seed, so nothing is tested."];
  const reach = reachNote(seeds, family);
  return [
    ...(reach === null ? [] : [reach]),
    `d_z: mean difference over standard deviation of the differences. p: signed ranks (McNemar's of yes or no), by Holm's method for ${family} ${family === 1 ? "test" : "tests"}. Rules: docs/compare-kernels.md.`,
  ];
}

/** Metrics that do not mean the same in A and in B, with the reason, once for each reason. */
function countNotes({ metrics }: KernelPair): string[] {
  const noted = metrics.filter(({ note }) => note !== undefined);
  return Object.entries(groupBy(noted, ({ note }) => note)).map(
    ([note, of]) => `${of.map(({ metric }) => metric).join(", ")}: ${note}. More events are not more harm.`,
  );
}

const inRows = (variants: KernelsResult["variants"]) =>
  variants.map(({ label, granted, asked }) => ({ name: label, granted, asked }));

export const ABLATION_HEAD = [
  "difference",
  "A",
  "B",
  "effect, 95 % interval",
  "from A",
  "to B",
  "share",
  "shows",
];

const SHOWS: Readonly<Record<AblationRow["shows"], string>> = {
  both: "by itself",
  forward: "from A only",
  back: "to B only",
  none: "–",
};

/** Differences that change a metric in no seed are named below the table instead. */
const changesNothing = ({ forward, back, effect }: AblationRow) =>
  forward === 0 && back === 0 && effect.low === 0 && effect.high === 0;

/** Cells of the differences that change the metric, under ABLATION_HEAD. */
export function ablationTable({ rows }: MetricAblation): string[][] {
  return rows.filter((row) => !changesNothing(row)).map(ablationCells);
}

/** Below the table: differences that change nothing, and what is left of the whole. */
export function ablationRest({ rows, rest, together }: MetricAblation): string {
  const idle = rows.filter(changesNothing).map(({ name }) => name);
  const nothing = idle.length === 0 ? "" : `Nothing changes with ${idle.join(", ")}. `;
  if (rest === null) return `${nothing}Not told by the sum of effects: ${figureText(together, true)}.`;
  return `${nothing}Rest, with every difference flipped: ${range(rest, true)}; not told by the sum of effects and rest: ${figureText(together, true)}.`;
}

/** Cells of a difference's line under ABLATION_HEAD. */
function ablationCells(row: AblationRow): string[] {
  const { share } = row;
  return [
    row.name,
    row.a,
    row.b,
    range(row.effect, true),
    figureText(row.forward, true),
    figureText(row.back, true),
    share === null ? "–" : `${percent(share.mid)} (${percent(share.low)} to ${percent(share.high)})`,
    SHOWS[row.shows],
  ];
}

/** Which differences carry the effect on a metric, in one sentence. */
export function carriedText(of: MetricAblation): string {
  const { metric, total, rows, decided } = of;
  const whole = `${metric}: ${range(total, true)}`;
  if (!decided) return `${whole}: the seeds do not show a difference, so nothing is divided.`;
  const carriers = rows.filter(({ shows }) => shows === "both");
  const oneWay = rows.filter(({ shows }) => shows === "forward" || shows === "back");
  const told = carriers.map(
    ({ name, a, b, share }) => `${name} (${a} → ${b})${share === null ? "" : ` with ${percent(share.mid)}`}`,
  );
  const by = told.length === 0 ? noCarrier(of) : `carried by ${told.join(", ")}`;
  const also = oneWay.map(({ name }) => name).join(", ");
  return `${whole}: ${by}${also === "" ? "" : `; in one direction only, beside others: ${also}`}${interactionText(of)}.`;
}

/** That no difference carries the effect is said only if the seeds would have shown one. */
function noCarrier({ seeds, seedsNeeded }: MetricAblation): string {
  if (seedsNeeded === null) return "no difference carries it by itself";
  return `${seeds} seeds do not suffice to say which difference carries it; about ${seedsNeeded} would show one that carries all of it by itself`;
}

function interactionText({ interaction, together }: MetricAblation): string {
  if (interaction === null) return "";
  const { least, most } = interaction;
  return `; the differences interact, so no shares are stated: they would be from ${percent(least)} to ${percent(most)}, and ${figureText(together, true)} is not told by the sum of effects`;
}

/** Notes below an ablation: what could not be flipped. */
export function ablationNotes({ fixed, failed, undivided }: AblationResult): string[] {
  const missing = [
    ...failed.map(
      ({ arm, runs, failedRuns, error }) => `${arm}: ${failedRuns} of ${runs} runs gave no outcome: ${error}`,
    ),
    ...(undivided.length > 0
      ? [`Not divided, because no seed has it in every run: ${undivided.join(", ")}.`]
      : []),
  ];
  return fixed.length === 0 && failed.length === 0
    ? [...missing, "Every difference was flipped alone."]
    : [...missing, ...fixedNotes(fixed)];
}

function fixedNotes(fixed: readonly FixedDifference[]): string[] {
  const rules = fixed.filter(({ reason }) => reason.startsWith("a rule of the release"));
  const others = fixed.filter((one) => !rules.includes(one));
  return [
    ...(rules.length > 0
      ? [
          `Not set singly, since no field sets a release's rules at boot and in reports: ${rules.map(({ name }) => name).join(", ")}. Their effect together is the rest.`,
        ]
      : []),
    ...others.map(({ name, reason }) => `Not set singly: ${name}: ${reason}.`),
  ];
}
