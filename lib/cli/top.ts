/** `pageblock top`: this machine's page allocator in a terminal, refreshed; or once as text; or as JSON. */
import type { Command } from "commander";
import { parseDuration } from "../base/duration";
import { InputError } from "../base/errors";
import { readSnapshotOf } from "../trace/any-snapshot";
import { snapshotOf } from "../trace/collect-snapshot";
import type { MachineSnapshot } from "../trace/machine-snapshot";
import { interruptible, pause } from "./interruptible";
import type { Line } from "./top/cells";
import { topLinesWithin } from "./top/fit";
import { topJson } from "./top/json";
import { LEAST_COLUMNS, MOST_COLUMNS, topLines } from "./top/page";
import { type Rates, ratesOf, type TimedReading } from "./top/rates";
import { readingOf, TOP_TEXTS } from "./top/reading";
import { Screen } from "./top/screen";

interface TopFlags {
  every?: string;
  count?: string;
  once?: boolean;
  from?: string[];
  json?: boolean;
  types: boolean;
  proc: string;
  sys: string;
}

const LISTS = "pagetypeinfo";
const EVERY = "2s";
const LEAST_MS = 100;
const MOST_MS = 24 * 3_600_000;
const COUNT_MOST = 1_000_000;
/** Where the width is not known, as in a pipe. */
const COLUMNS = 100;

export function register(program: Command): void {
  program
    .command("top")
    .description("this machine's page allocator in a terminal, refreshed; q or Ctrl-C ends it")
    .option("--every <time>", `time between two refreshes (default ${EVERY})`)
    .option("--count <n>", "end after so many")
    .option("--once", "print one page as text and end; so it is without a terminal")
    .option(
      "--from <paths...>",
      "instead of this machine: a snapshot, a folder with copies of its files, a tar or zip of one, or single texts; shown once",
    )
    .option("--json", "print one JSON object for each refresh, a line each")
    .option("--no-types", "do not read pagetypeinfo, for which the kernel walks its lists of free blocks")
    .option("--proc <dir>", "where /proc is mounted", "/proc")
    .option("--sys <dir>", "where /sys is mounted", "/sys")
    .action((options: TopFlags) => top(options));
}

async function top(options: TopFlags): Promise<void> {
  const { from, json = false, once = false } = options;
  const everyMs = everyOf(options.every ?? EVERY);
  const count = countOf(options);
  if (from !== undefined) {
    if (options.every !== undefined || options.count !== undefined)
      throw new InputError("--from: shows what was taken once: leave out --every and --count");
    const snapshot = readSnapshotOf(from);
    const reading = readingOf(options.types ? snapshot : withoutLists(snapshot), from[0]!);
    return print({ atMs: 0, reading }, undefined, json);
  }
  const read = (): TimedReading => reading(options);
  const terminal = process.stdout.isTTY === true && !["", "dumb", undefined].includes(process.env.TERM);
  if (terminal && !json && !once) return onScreen(read, everyMs, count);
  return inTurn(read, everyMs, { count: count ?? (json ? COUNT_MOST : 1), json });
}

function everyOf(given: string): number {
  const ms = parseDuration(given, "--every");
  if (ms < LEAST_MS || ms > MOST_MS)
    throw new InputError(`--every: must be from ${LEAST_MS}ms to 24h: got ${given.slice(0, 40)}`);
  return ms;
}

function countOf({ count, once }: TopFlags): number | undefined {
  if (count === undefined) return once === true ? 1 : undefined;
  if (once === true) throw new InputError("--once: is --count 1: give one of them");
  const number = Number(count);
  if (!/^\d{1,9}$/.test(count) || number < 1 || number > COUNT_MOST)
    throw new InputError(
      `--count: must be a whole number from 1 to ${COUNT_MOST}: got ${count.slice(0, 40)}`,
    );
  return number;
}

/** The clock is read right after the texts, so that the time between two readings is the counters' time. */
function reading({ proc, sys, types }: TopFlags): TimedReading {
  const texts = types ? TOP_TEXTS : TOP_TEXTS.filter((text) => text !== LISTS);
  const snapshot = snapshotOf(proc, sys, { texts });
  const atMs = performance.now();
  return { atMs, reading: readingOf(types ? snapshot : withoutLists(snapshot), proc) };
}

function withoutLists(snapshot: MachineSnapshot): MachineSnapshot {
  const { [LISTS]: _lists, ...texts } = snapshot.texts;
  const left = { what: `/proc/${LISTS}`, why: "left out by --no-types" };
  return { ...snapshot, texts, unread: [left, ...snapshot.unread] };
}

/** Without a screen: one page or object after another. */
async function inTurn(
  read: () => TimedReading,
  everyMs: number,
  { count, json }: { count: number; json: boolean },
): Promise<void> {
  const { stopped, stop } = interruptible();
  // The reader of a pipe may go: `pageblock top --json | head -1`.
  const gone = new Promise<void>((resolve) => process.stdout.once("error", () => resolve()));
  const ending = Promise.race([stopped, gone]);
  let before: TimedReading | undefined;
  for (let shown = 0; shown < count; shown++) {
    if (shown > 0 && (await pause(everyMs, ending))) break;
    const now = read();
    if (shown > 0 && !json) process.stdout.write("\n");
    print(now, before, json);
    before = now;
  }
  stop();
}

function print(now: TimedReading, before: TimedReading | undefined, json: boolean): void {
  const rates = ratesOf(now, before);
  process.stdout.write(
    json ? `${topJson(now.reading, rates)}\n` : textOf(topLines(now.reading, rates, textColumns())),
  );
}

const textOf = (lines: readonly Line[]) => lines.map(({ text }) => `${text.trimEnd()}\n`).join("");

function textColumns(): number {
  const told = process.stdout.columns || Number(process.env.COLUMNS) || COLUMNS;
  return Math.min(MOST_COLUMNS, Math.max(LEAST_COLUMNS, told));
}

async function onScreen(read: () => TimedReading, everyMs: number, count: number | undefined): Promise<void> {
  let now = read();
  let rates: Rates | undefined = ratesOf(now);
  const screen = new Screen({
    colours: (process.env.NO_COLOR ?? "") === "",
    page: (columns, rows) =>
      rows === null
        ? { lines: topLines(now.reading, rates, columns), shortened: false }
        : topLinesWithin(now.reading, rates, { columns, rows }),
  });
  screen.enter();
  try {
    screen.draw();
    for (let shown = 1; count === undefined || shown < count; shown++) {
      if (await pause(everyMs, screen.ended)) break;
      const before = now;
      now = read();
      rates = ratesOf(now, before);
      screen.draw();
    }
  } finally {
    screen.leave();
  }
  // The screen before comes back; a number of refreshes that was asked for leaves its last page.
  if (count !== undefined) process.stdout.write(textOf(topLines(now.reading, rates, textColumns())));
}
