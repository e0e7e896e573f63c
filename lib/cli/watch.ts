/** `pageblock watch`: a series of snapshots of this machine, for `pageblock fit`. */

import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { parseDuration } from "../base/duration";
import { InputError } from "../base/errors";
import { printableLine } from "../base/printable";
import { snapshotOf } from "../trace/collect-snapshot";
import { writeMachineSnapshot } from "../trace/machine-snapshot";
import { interruptible, pause } from "./interruptible";

interface WatchFlags {
  every: string;
  out: string;
  times?: string;
  kpageflags?: boolean;
  proc: string;
  sys: string;
}

const LEAST_MS = 1000;
/** setTimeout() counts in 31 bits. */
const MOST_MS = 24 * 3_600_000;
const TIMES_MOST = 100_000;

export function register(program: Command): void {
  program
    .command("watch")
    .description(
      "take a snapshot of this machine again and again; Ctrl-C ends it, and what was taken is kept",
    )
    .option("--every <time>", "time between two snapshots", "150s")
    .requiredOption("--out <dir>", "folder for the snapshots: s0000.snapshot.json.gz and so on")
    .option("--times <n>", "end after so many more; a series in the folder goes on")
    .option("--kpageflags", "also the class of every page frame (root only)")
    .option("--proc <dir>", "where /proc is mounted", "/proc")
    .option("--sys <dir>", "where /sys is mounted", "/sys")
    .action((options: WatchFlags) => watch(options));
}

async function watch(options: WatchFlags): Promise<void> {
  const everyMs = parseDuration(options.every, "--every");
  if (everyMs < LEAST_MS || everyMs > MOST_MS)
    throw new InputError(`--every: must be from 1s to 24h: got ${options.every}`);
  const times = options.times === undefined ? TIMES_MOST : Number(options.times);
  if (!Number.isInteger(times) || times < 1 || times > TIMES_MOST)
    throw new InputError(`--times: must be a whole number from 1 to ${TIMES_MOST}: got ${options.times}`);
  const { stopped, stop } = interruptible();
  let number = nextNumber(options.out);
  let taken = 0;
  for (; taken < times; taken++) {
    if (taken > 0 && (await pause(everyMs, stopped))) break;
    const { kpageflags = false } = options;
    const file = join(options.out, `s${String(number++).padStart(4, "0")}.snapshot.json.gz`);
    const snapshot = snapshotOf(options.proc, options.sys, { kpageflags });
    writeMachineSnapshot(file, snapshot);
    const lacks = taken === 0 ? snapshot.unread.map((u) => `; not read: ${u.what}: ${u.why}`).join("") : "";
    process.stdout.write(`${printableLine(`${file}${lacks}`)}\n`);
  }
  stop();
  const earlier = number - taken;
  const whole = earlier > 0 ? `; with the ${earlier} before them the series has ${number}` : "";
  process.stdout.write(
    `${taken} snapshot${taken === 1 ? "" : "s"} taken${whole}. To derive a workload from the series:\npageblock fit ${printableLine(options.out)}\n`,
  );
}

/** A series that was begun earlier goes on. */
function nextNumber(dir: string): number {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch {
    return 0;
  }
  return names.reduce((next, name) => {
    const n = /^s(\d{4,6})\.snapshot\.json\.gz$/.exec(name)?.[1];
    return n === undefined ? next : Math.max(next, Number(n) + 1);
  }, 0);
}
