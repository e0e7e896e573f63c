/** `pageblock advise <snapshot>`: the chance to get memory on a machine of which a snapshot is known, and what to change. */
import { statSync } from "node:fs";
import type { Command } from "commander";
import { parseDuration } from "../base/duration";
import { InputError } from "../base/errors";
import { readSeries, sampleOf } from "../calibration/sample";
import { adviseOn } from "../explain/advise/advise";
import { adviceText } from "../explain/advise/text";
import { WAYS, type WayName } from "../explain/advise/want";
import { snapshotFrom } from "../trace/collect-snapshot";
import { type MachineSnapshot, readMachineSnapshot } from "../trace/machine-snapshot";

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
    .argument("<snapshot>", "of pageblock snapshot; or a folder with copies of its files")
    .requiredOption("--want <what>", "2GiB contiguous, 8x1GiB huge pages, or order=9")
    .option("--by <ways...>", `of ${WAYS.join(", ")}`)
    .option("--within <time>", "draw no more machines after this time; how many were drawn is said")
    .option("--seeds <n>", "machines to draw (default 8)")
    .option("--series <dir>", "fit the mix of the day to a series of pageblock watch, not to the snapshot")
    .option("--no-day", "do not run a day more of the machine's mix, which takes longest")
    .option("--json", "print JSON")
    .action((path: string, options: AdviseFlags) => {
      process.stdout.write(advised(path, options));
    });
}

function advised(path: string, options: AdviseFlags): string {
  const { want, by, within, series, day, json } = options;
  const snapshot = snapshotAt(path);
  const samples = !day ? [] : series === undefined ? [sampleOf(snapshot, path)] : readSeries(series);
  const advice = adviseOn(snapshot, { want, by, samples, seeds: seedsOf(options), enough: ending(within) });
  return json === true ? `${JSON.stringify(advice, null, 2)}\n` : adviceText(advice);
}

function snapshotAt(path: string): MachineSnapshot {
  const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  return folder ? snapshotFrom([path]) : readMachineSnapshot(path);
}

function seedsOf({ seeds }: AdviseFlags): number | undefined {
  if (seeds === undefined) return undefined;
  if (!/^\d{1,9}$/.test(seeds))
    throw new InputError(`--seeds: must be a whole number: got ${seeds.slice(0, 40)}`);
  return Number(seeds);
}

/** Without a time, the draws never end early. */
function ending(within: string | undefined): (() => boolean) | undefined {
  if (within === undefined) return undefined;
  const end = performance.now() + parseDuration(within, "--within");
  return () => performance.now() > end;
}
