/** Advice as a page of text. */
import { largestOf, leastOf } from "../../base/extremes";
import { formatSize, MiB } from "../../base/units";
import type { Advice } from "./advise";
import { type Chance, RECORD, WHEN } from "./chance";
import { countedLines } from "./counts";

export function adviceText(advice: Advice): string {
  return `${[...countedLines(advice.counted), "", ...drawnLines(advice)].join("\n")}\n`;
}

/** All but what the counts say, which a terminal shows before the draws begin. */
export function drawnLines(advice: Advice): string[] {
  return [
    ...chanceLines(advice),
    "",
    ...obstacleLines(advice),
    "",
    "What to change, best first:",
    ...remedyLines(advice),
    "",
    "How sure:",
    ...sureLines(advice),
  ];
}

function chanceLines({ chances, seeds }: Advice): string[] {
  const ways = [...new Set(chances.map((c) => `${c.by}: ${c.what}`))];
  return ways.flatMap((way) => {
    const of = chances.filter((c) => `${c.by}: ${c.what}` === way);
    const never = of[0]!.never;
    return [way, ...(never === null ? of.map((c) => chanceLine(c, seeds)) : [`  never: ${never}`])];
  });
}

function chanceLine(c: Chance, seeds: number): string {
  const { situation, granted, of, chance, withModel, wanted, had, drawMs } = c;
  if (had === null)
    return `  ${WHEN[situation]}: not drawn: one machine takes about ${seconds(drawMs ?? 0)} (measured); --within must be longer`;
  const amount = wanted === 1 ? "" : `; ${n(had.mid)} of ${wanted} pieces in the median machine${spread(c)}`;
  const limits = `${range(chance)} by the draws, ${range(withModel)} with the model's error`;
  if (c.ended === "counts")
    return `  ${WHEN[situation]}: granted: the counts suffice on every machine like this one, and the one drawn granted it (${range(withModel)} with the model's error)`;
  const spare =
    c.ended === "spare" ? "; no further day was drawn: this one left twice as many free pieces, or more" : "";
  const cut =
    of < seeds && drawMs !== null
      ? `; ${of} of ${seeds} machines in the time given, ${seconds(drawMs)} each`
      : "";
  return `  ${WHEN[situation]}: granted in ${granted} of ${of} machine${of === 1 ? "" : "s"} (chance ${limits})${amount}${spare}${cut}`;
}

/** Quantiles say something of twenty values or more; of fewer the least and the most are told. */
const QUANTILES_FROM = 20;

function spread({ values, had }: Chance): string {
  if (values.length < 2) return "";
  return values.length < QUANTILES_FROM
    ? ` (${leastOf(values)} to ${largestOf(values)})`
    : ` (5 % to 95 %: ${n(had!.low)} to ${n(had!.high)})`;
}

function range({ low, high }: { low: number; high: number }): string {
  return `${percent(low)} to ${percent(high)}`;
}

function seconds(ms: number): string {
  return ms < 120_000 ? `${n(ms / 1000)} s` : `${n(ms / 60_000)} min`;
}

function obstacleLines({ obstacles: o, pageSize, pageblockPages, slabs, want }: Advice): string[] {
  const size = (pages: number) => formatSize(pages * pageSize);
  const byType = entries(o.fixedByType, (blocks) => blocks).map(([type, blocks]) => `${blocks} ${type}`);
  const lines = [
    `What stands in the way, in the middle one of the machines: of ${o.blocks} page blocks (${size(pageblockPages)} each), ${o.free} are free, ` +
      `${o.movable} hold only pages that may move, ${o.fixed} hold pages that do not.`,
  ];
  if (o.fixed > 0) lines.push(`  the ${o.fixed} by type: ${byType.join(", ")}`);
  for (const [kind, held] of entries(o.kinds, ({ pages }) => pages))
    lines.push(`  ${kind}: ${size(held.pages)} in ${held.blocks} page blocks`);
  if (o.ranges > 0 && want.kind !== "order")
    lines.push(
      `  aligned ranges of ${formatSize(want.bytes)}, rounded up to a power of two: ${o.cleanRanges} of ${o.ranges} hold only pages that may move`,
    );
  if (slabs.length > 0)
    lines.push(`  largest slab caches: ${slabs.map((s) => `${s.name} ${size(s.pages)}`).join(", ")}`);
  return lines;
}

function remedyLines({ remedies, counted }: Advice): string[] {
  if (remedies.length === 0)
    return [
      counted.verdict === "too large"
        ? "  nothing: the machine needs more memory, or less must be wanted"
        : counted.verdict === "enough"
          ? "  nothing: it is to be had now"
          : "  nothing that the kernel's settings can: what is wanted and the kernel's own pages do not fit into its memory",
    ];
  return remedies.flatMap((r, i) => [
    `${i + 1}. ${r.what} (${r.releases})`,
    `   ${r.how}`,
    `   Effect: ${r.effect}. Cost: ${r.cost}.`,
  ]);
}

/** How far the model was from a recorded machine. */
function recordSentence(): string {
  const { inside, of, machineBytes, large } = RECORD;
  const least = leastOf(large.map(([wanted]) => wanted)).toLocaleString("en");
  const all = (machineBytes / (2 * MiB)).toLocaleString("en");
  const parts = large.map(([, got, median]) => Math.round((100 * (got - median)) / median));
  return `The model errs, too. Of ${of} requests put beside a recorded machine of ${formatSize(machineBytes)}, in ${inside} the machine's own number lay between the 5 % and the 95 % quantile of the machines drawn. Where ${least} or more huge pages of 2 MiB were wanted of its ${all}, it gave from ${-leastOf(parts)} % fewer to ${largestOf(parts)} % more than the median one. The second interval lets the model be wrong as often as this record allows.`;
}

function sureLines({ chances, framesKnown, day, seeds, assumed, slabs, kernel }: Advice): string[] {
  const cut = chances.some((c) => c.never === null && c.ended === null && c.of < seeds);
  const lines = [
    `Each seed is another machine with the same counts, release ${kernel}. The first interval of a chance covers these draws alone (Wilson, 95 %): more seeds make it narrower, and no likelier to be right.`,
    recordSentence(),
  ];
  if (chances.some((c) => c.ended === "counts"))
    lines.push(
      "Where the counts suffice, one machine was drawn: all have these counts, and a request for free blocks above the watermarks moves no page and depends on no place.",
    );
  if (cut)
    lines.push(
      "The time given ended the draws: each row says how many machines it has, and how long one takes.",
    );
  lines.push(
    framesKnown
      ? "The class of every frame is known; types of page blocks with equal contents and the order of lists are drawn."
      : "Where pages lie is drawn: a snapshot with --kpageflags says it.",
  );
  lines.push("Not known: which pages are pinned for I/O, and whose; slab is taken as never reclaimed.");
  if (slabs.length > 0) lines.push("Which page block a slab cache's pages lie in is not known.");
  if (day !== null) lines.push(...dayLines(day));
  return [...lines, ...assumed.map((what) => `Assumed: ${what}.`)];
}

function dayLines({ samples, assumed }: NonNullable<Advice["day"]>): string[] {
  return [
    samples === 1
      ? "The mix of the day is fitted to one snapshot, of which only shares are known: a series from pageblock watch tells what comes and goes."
      : `The mix of the day is fitted to ${samples} samples.`,
    "What runs in the day comes on top of what the machine holds.",
    ...assumed.map((what) => `Assumed for the day: ${what}.`),
  ];
}

function entries<T>(of: Readonly<Record<string, T>>, by: (value: T) => number): [string, T][] {
  return Object.entries(of)
    .filter(([, value]) => by(value) > 0)
    .sort((a, b) => by(b[1]) - by(a[1]));
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
