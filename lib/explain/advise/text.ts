/** Advice as a page of text. */
import { formatSize } from "../../base/units";
import type { Advice } from "./advise";
import type { Chance, Situation } from "./chance";

const WHEN: Readonly<Record<Situation, string>> = {
  now: "now",
  compacted: "after compaction",
  dropped: "after dropping caches and compaction",
  day: "after a day more of its mix",
};

export function adviceText(advice: Advice): string {
  return `${[
    ...chanceLines(advice),
    "",
    ...obstacleLines(advice),
    "",
    "What to change, best first:",
    ...remedyLines(advice),
    "",
    "How sure:",
    ...sureLines(advice),
  ].join("\n")}\n`;
}

function chanceLines({ chances }: Advice): string[] {
  const ways = [...new Set(chances.map((c) => `${c.by}: ${c.what}`))];
  return ways.flatMap((way) => {
    const of = chances.filter((c) => `${c.by}: ${c.what}` === way);
    const never = of[0]!.never;
    return [way, ...(never === null ? of.map(chanceLine) : [`  never: ${never}`])];
  });
}

function chanceLine({ situation, granted, of, chance, wanted, had }: Chance): string {
  if (had === null) return `  ${WHEN[situation]}: not run in the time given`;
  const amount =
    wanted === 1 ? "" : `; ${n(had.mid)} of ${wanted} pieces (5 % to 95 %: ${n(had.low)} to ${n(had.high)})`;
  const limits = `${percent(chance.low)} to ${percent(chance.high)}`;
  return `  ${WHEN[situation]}: granted in ${granted} of ${of} seeds (chance ${limits})${amount}`;
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

function remedyLines({ remedies }: Advice): string[] {
  return remedies.flatMap((r, i) => [
    `${i + 1}. ${r.what} (${r.releases})`,
    `   ${r.how}`,
    `   Effect: ${r.effect}. Cost: ${r.cost}.`,
  ]);
}

function sureLines({ chances, framesKnown, day, seeds, assumed, slabs, kernel }: Advice): string[] {
  const run = [...new Set(chances.filter((c) => c.never === null).map((c) => c.of))];
  const lines = [
    `Each seed is another machine with the same counts; chances are 95 % intervals (Wilson) over ${seeds} seeds, release ${kernel}.`,
  ];
  if (run.some((of) => of < seeds))
    lines.push(`The time given ended the draws: ${run.join(", ")} seeds were run.`);
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
