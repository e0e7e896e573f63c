/** `pageblock record`: a recording of a real kernel in QEMU, or of a ring that the module filled on a real machine. */

import type { Command } from "commander";
import { InputError, quoted } from "../base/errors";
import { readOutsideRaw } from "../base/outside-file";
import { printableLine } from "../base/printable";
import { MiB, parseSize } from "../base/units";
import { isComplete } from "../recorder/completeness";
import { kernelName, RECORDED_KERNELS } from "../recorder/packages";
import { defaultCache, RECORDED_WORKLOADS, type RecordRequest, record } from "../recorder/record";
import { convertRing, describeRecording, type Made, writeRecording } from "../recorder/recording-files";
import { interruptible } from "./interruptible";

/** As large as a ring can be, with its first page. */
const RING_BYTES_MOST = 2 ** 31;

interface RecordFlags {
  kernel: string;
  arch: string;
  cpus: string;
  workload: string;
  memory: string;
  ops?: string;
  seed: string;
  append: string;
  ringSize: string;
  minutes: string;
  out?: string;
  cache?: string;
  ring?: string;
}

/** A whole number from `least` to `most`. */
function whole(text: string, option: string, least: number, most: number): number {
  const n = Number(text);
  if (!/^\d{1,10}$/.test(text) || n < least || n > most)
    throw new InputError(`${option}: must be a whole number from ${least} to ${most}: got ${quoted(text)}`);
  return n;
}

function mebibytes(text: string, option: string, least: number, most: number): number {
  const size = parseSize(text, option) / MiB;
  if (!Number.isInteger(size) || size < least || size > most)
    throw new InputError(
      `${option}: must be from ${least} MiB to ${most} MiB in whole MiB: got ${quoted(text)}`,
    );
  return size;
}

function requestOf(flags: RecordFlags): RecordRequest {
  const { kernel, arch, workload } = flags;
  const cpus = whole(flags.cpus, "--cpus", 1, 16);
  return {
    kernel,
    arch,
    cpus,
    workload,
    memoryMiB: mebibytes(flags.memory, "--memory", 256, 16 * 1024),
    ops: whole(flags.ops ?? String(RECORDED_WORKLOADS[workload] ?? 1000), "--ops", 1, 100_000_000),
    seed: whole(flags.seed, "--seed", 0, 1_000_000_000),
    parameters: flags.append,
    ringMiB: mebibytes(flags.ringSize, "--ring-size", 16, 1024),
    minutesMost: whole(flags.minutes, "--minutes", 1, 1440),
    out: flags.out ?? `build/recordings/${kernelName({ kernel, arch })}-${workload}-${cpus}cpu`,
    cache: flags.cache ?? defaultCache(),
  };
}

/** Ends the guest with this command, which a signal may be sent to alone. */
async function recordUntilTold(request: RecordRequest, note: (text: string) => void): Promise<Made> {
  const { stopped, stop } = interruptible();
  const told = new AbortController();
  void stopped.then(() => told.abort());
  try {
    return await record(request, note, told.signal);
  } finally {
    stop();
  }
}

/** What a workload is for, if the recording has none of it: it is complete then, and of no use. */
function whatNeverHappened(made: Made, workload: string): string | undefined {
  const sign = { reclaim: " mm_vmscan_direct_reclaim_begin ", compact: " mm_compaction_begin " }[workload];
  if (sign === undefined || made.files.get("trace.txt")!.includes(sign)) return undefined;
  return `note: no ${workload === "reclaim" ? "direct reclaim" : "compaction"} was recorded: give it less --memory, or more --ops`;
}

/** The ring that a real machine filled. */
function ofRing(path: string, out: string | undefined): Made {
  if (out === undefined)
    throw new InputError("record: --ring takes the folder of the recording, too: --out <folder>");
  const made = convertRing(readOutsideRaw(path, RING_BYTES_MOST), path);
  writeRecording(made, out);
  return made;
}

export function register(program: Command): void {
  program
    .command("record")
    .description(
      "record a real kernel in QEMU: boots it, runs a workload between two exact snapshots, checks that nothing is lost",
    )
    .option("--kernel <release>", `Debian's kernel of this series: ${RECORDED_KERNELS.join(", ")}`, "6.1")
    .option("--arch <name>", "x86-64, or arm64 with 6.1: built from Debian's source", "x86-64")
    .option("--cpus <n>", "virtual CPUs, each with a worker of the workload", "1")
    .option("--workload <name>", Object.keys(RECORDED_WORKLOADS).join(", "), "files")
    .option("--memory <size>", "memory of the guest", "512MiB")
    .option("--ops <n>", "steps of each worker (default: by the workload)")
    .option("--seed <n>", "seed of the workload's draws", "1")
    .option("--append <parameters>", "more of the kernel's command line, such as boost=15000", "")
    .option("--ring-size <size>", "room for records", "512MiB")
    .option("--minutes <n>", "give up after so long", "60")
    .option("--out <folder>", "the recording (default: build/recordings/<kernel>-<workload>-<n>cpu)")
    .option("--cache <folder>", "where packages are kept (default: ~/.cache/pageblock/recorder)")
    .option(
      "--ring <file>",
      "convert what was read from /dev/pageblock-recorder on a real machine, in place of QEMU",
    )
    .action(async (flags: RecordFlags) => {
      const note = (text: string) => process.stderr.write(`${text}\n`);
      const request = requestOf(flags);
      const made =
        flags.ring === undefined ? await recordUntilTold(request, note) : ofRing(flags.ring, flags.out);
      const out = flags.ring === undefined ? request.out : flags.out!;
      process.stdout.write(`${printableLine(out)}: ${describeRecording(made)}\n`);
      const missing = flags.ring === undefined ? whatNeverHappened(made, request.workload) : undefined;
      if (missing !== undefined) note(missing);
      process.exitCode = isComplete(made.completeness) ? 0 : 1;
    });
}
