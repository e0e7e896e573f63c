/** `pageblock advise <snapshot>`: the chance to get memory on a machine of which a snapshot is known, and what to change. */
import type { Command } from "commander";
import { parseDuration } from "../base/duration";
import { InputError } from "../base/errors";
import { readSeries, sampleOf } from "../calibration/sample";
import { adviseOn } from "../explain/advise/advise";
import { countedLines } from "../explain/advise/counts";
import type { TimeGiven } from "../explain/advise/draws";
import { drawnLines } from "../explain/advise/text";
import { WAYS, type WayName } from "../explain/advise/want";
import { readAnySnapshot } from "../trace/any-snapshot";

interface AdviseFlags {
  want: string;
  by?: WayName[];
  within?: string;
  seeds?: string;
  series?: string;
  day: boolean;
  json?: boolean;
}

export function register(program: Command): void {
  program
    .command("advise")
    .description("the chance to get memory on a machine of which a snapshot is known, and what to change")
    .argument(
      "<snapshot>",
      "of pageblock snapshot; or a folder with copies of its files, or a tar or zip of one",
    )
    .requiredOption("--want <what>", "2GiB contiguous, 8x1GiB huge pages, or order=9")
    .option("--by <ways...>", `of ${WAYS.join(", ")}`)
    .option(
      "--within <time>",
      "draw no more machines after this time (default 60s; without end if --seeds is given)",
    )
    .option("--seeds <n>", "machines to draw (default 8)")
    .option("--series <dir>", "fit the mix of the day to a series of pageblock watch, not to the snapshot")
    .option("--no-day", "do not run a day more of the machine's mix, which takes longest")
    .option("--json", "print JSON")
    .action(advise);
}

/** The counts are printed at once, the rest after the draws; how far these are goes to the standard error. */
function advise(path: string, options: AdviseFlags): void {
  const { want, by, series, day, json } = options;
  const began = performance.now();
  const snapshot = readAnySnapshot(path);
  const samples = !day ? [] : series === undefined ? [sampleOf(snapshot, path)] : readSeries(series);
  const out = (lines: readonly string[]) => process.stdout.write(`${lines.join("\n")}\n`);
  const advice = adviseOn(snapshot, {
    want,
    by,
    samples,
    seeds: seedsOf(options),
    time: timeGiven(options, began),
    first: (counted) => json !== true && out([...countedLines(counted), ""]),
    tell: (line) => process.stderr.write(`[${((performance.now() - began) / 1000).toFixed(1)} s] ${line}\n`),
  });
  out(json === true ? [JSON.stringify(advice, null, 2)] : drawnLines(advice));
}

function seedsOf({ seeds }: AdviseFlags): number | undefined {
  if (seeds === undefined) return undefined;
  if (!/^\d{1,9}$/.test(seeds))
    throw new InputError(`--seeds: must be a whole number: got ${seeds.slice(0, 40)}`);
  return Number(seeds);
}

const WITHIN = "60s";

/** With seeds alone the answer depends on the snapshot only: nothing ends the draws then. */
function timeGiven({ within, seeds }: AdviseFlags, began: number): TimeGiven | undefined {
  if (within === undefined && seeds !== undefined) return undefined;
  return {
    nowMs: () => performance.now(),
    endMs: began + parseDuration(within ?? WITHIN, "--within"),
  };
}
