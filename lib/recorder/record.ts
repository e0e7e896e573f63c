/** Makes a recording of a real kernel in QEMU: fetches, builds, boots, converts and checks. */
import { closeSync, openSync, readSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { InputError, quoted } from "../base/errors";
import { makeFolder } from "../base/make-folder";
import { scratchOf } from "../base/scratch";
import { build } from "./build";
import { bootGuest } from "./guest-machine";
import { initramfs } from "./initramfs";
import { kernelFolder, kernelRoot } from "./packages";
import { checkRecordingFolder, convertRing, type Made, writeRecording } from "./recording-files";
import { RING_FIRST_PAGE, ringBytes } from "./ring-reader";

/** What is recorded. */
export interface RecordRequest {
  kernel: string;
  arch: string;
  cpus: number;
  workload: string;
  memoryMiB: number;
  ops: number;
  seed: number;
  /** More of the kernel's command line, such as boost=15000. */
  parameters: string;
  ringMiB: number;
  minutesMost: number;
  /** Folder of the recording. */
  out: string;
  /** Folder of what was fetched. */
  cache: string;
}

/** Workloads of lib/recorder/guest/workloads.c, and the steps of each worker that give some 10^5 allocations. */
export const RECORDED_WORKLOADS: Readonly<Record<string, number>> = {
  files: 1000,
  fragment: 100_000,
  fork: 400,
  thp: 60_000,
  reclaim: 30_000,
  compact: 40_000,
  cma: 20_000,
  mthp: 20_000,
};

/** Where packages are kept if nothing else is said. */
export const defaultCache = (): string =>
  join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "pageblock/recorder");

/** Parameters that are the recorder's, by name: another value would make the recording another one than its name says, or none. */
const OURS: ReadonlySet<string> = new Set(
  "workload ops seed mem memmap nr_cpus maxcpus possible_cpus nosmp console panic init rdinit quiet kaslr nokaslr numa init_on_alloc init_on_free rcutree.use_softirq".split(
    " ",
  ),
);

/** Refuses what the guest would misread; throws InputError. */
function check({ workload, parameters }: RecordRequest): void {
  if (!Object.hasOwn(RECORDED_WORKLOADS, workload))
    throw new InputError(
      `--workload: must be one of ${Object.keys(RECORDED_WORKLOADS).join(", ")}: got ${quoted(workload)}`,
    );
  if (!/^[\w.=,: -]{0,400}$/.test(parameters))
    throw new InputError(
      `--append: may hold letters, digits and _ . = , : - only, 400 at most: got ${quoted(parameters)}`,
    );
  const ours = parameters.split(" ").find((word) => OURS.has(word.split("=")[0]!.replaceAll("-", "_")));
  if (ours !== undefined)
    throw new InputError(
      `--append: ${quoted(ours)} is set by the recorder itself: use its own option, or leave it out`,
    );
}

/** What is asked for, and a CMA area for the workload that is about it. */
export function kernelParameters({ workload, parameters, memoryMiB }: RecordRequest): string {
  const area = workload === "cma" && !/\bcma=/.test(parameters);
  return area ? `cma=${Math.floor(memoryMiB / 16) * 4}M ${parameters}`.trim() : parameters;
}

/** The part of the ring's file that is used: the file is as large as the ring could have become. */
function readUsed(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(RING_FIRST_PAGE);
    readSync(file, head, 0, head.length, 0);
    const bytes = Buffer.alloc(ringBytes(head, path));
    for (let got = 0, n = 1; got < bytes.length && n > 0; got += n)
      n = readSync(file, bytes, got, Math.min(bytes.length - got, 2 ** 24), got);
    return bytes;
  } finally {
    closeSync(file);
  }
}

/** Writes the recording; what was recorded is kept if that fails. */
function writeOrKeep(made: Made, out: string, ring: string, kept: string): void {
  try {
    writeRecording(made, out);
  } catch (error) {
    renameSync(ring, kept);
    throw new InputError(
      `${(error as Error).message}; what was recorded is kept: --ring ${kept} --out <folder> writes it`,
    );
  }
}

/**
 * Records, and writes the recording even if it is not complete: the result says so. `note` is told what takes time. `stop` ends QEMU, and
 * with it the recording.
 */
export async function record(
  request: RecordRequest,
  note: (text: string) => void,
  stop?: AbortSignal,
): Promise<Made> {
  check(request);
  checkRecordingFolder(request.out);
  const { kernel, arch, cache, out, ringMiB, memoryMiB, cpus, minutesMost } = request;
  const root = kernelRoot({ kernel, arch }, cache, note);
  const folder = kernelFolder(cache, { kernel, arch });
  const work = scratchOf(join(folder, "work"));
  makeFolder(work);
  try {
    note(`building the module for Linux ${root.release}`);
    const built = build(root, work);
    const files = new Map([
      ["init", built.init],
      ["pageblock_recorder.ko", built.module],
    ]);
    const archive = join(work, "initramfs");
    writeFileSync(archive, initramfs(files));
    const ring = join(work, "ring");
    note(`booting with ${cpus} CPU${cpus === 1 ? "" : "s"} and ${memoryMiB} MiB`);
    const parameters = `workload=${request.workload} ops=${request.ops} seed=${request.seed} ${kernelParameters(request)}`;
    const boot = {
      arch: root.arch,
      kernel: built.kernel,
      initramfs: archive,
      ring,
      ringMiB,
      memoryMiB,
      cpus,
      minutesMost,
    };
    await bootGuest({ ...boot, parameters: parameters.trim() }, note, stop);
    const made = convertRing(readUsed(ring), ring);
    writeOrKeep(made, out, ring, join(folder, `ring-${process.pid}`));
    return made;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
