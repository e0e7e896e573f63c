/**
 * The page for a terminal that has fewer rows than it has lines: the largest zone comes first, and what says least is shortened, step
 * by step, until it fits.
 */
import { type Line, plain } from "./cells";
import {
  columnsOf,
  machineLines,
  memoryLines,
  rateLines,
  topLines,
  type ZoneDetail,
  zoneLines,
} from "./page";
import type { Rates } from "./rates";
import type { TopReading, TopZone } from "./reading";

/** What is shown of the largest zone and of the others. */
interface Step {
  largest: ZoneDetail;
  others: ZoneDetail;
  /** Empty lines between the parts. */
  apart: boolean;
}

const STEPS: readonly Step[] = [
  { largest: "all", others: "all", apart: true },
  { largest: "all", others: "sums", apart: true },
  { largest: "all", others: "head", apart: true },
  { largest: "sums", others: "head", apart: true },
  { largest: "sums", others: "head", apart: false },
];

export interface FittedPage {
  lines: readonly Line[];
  /** Something is not as long as on the whole page. */
  shortened: boolean;
}

/** The page in at most `rows` lines if that is possible; otherwise the shortest one. */
export function topLinesWithin(
  reading: TopReading,
  rates: Rates | undefined,
  { columns, rows }: { columns: number; rows: number },
): FittedPage {
  const whole = topLines(reading, rates, columns);
  if (whole.length <= rows) return { lines: whole, shortened: false };
  let lines: readonly Line[] = whole;
  for (const step of STEPS) {
    lines = shortened(reading, rates, columnsOf(columns), step);
    if (lines.length <= rows) break;
  }
  return { lines, shortened: true };
}

function shortened(reading: TopReading, rates: Rates | undefined, columns: number, step: Step): Line[] {
  const { pageBytes } = reading;
  const [largest, ...others] = [...reading.zones].sort((a, b) => pagesOf(b) - pagesOf(a));
  const small = others.flatMap((zone) => zoneLines(zone, pageBytes, columns, step.others));
  const lines = [
    ...machineLines(reading, columns),
    ...memoryLines(reading, columns),
    ...(largest === undefined ? [] : zoneLines(largest, pageBytes, columns, step.largest)),
    ...rateLines(rates, columns, true),
    ...(step.others === "head" && small.length > 0 ? [plain("")] : []),
    ...small,
  ];
  return step.apart ? lines : lines.filter(({ text }) => text !== "");
}

/** Zones without a number of managed pages are as large as what is free of them. */
const pagesOf = ({ managed, free = 0 }: TopZone): number => managed ?? free;
