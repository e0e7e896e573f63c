/** A folder that holds a recording: its kernel, its set-up and the paths of its files. */
import { InputError } from "../base/errors";
import {
  compareReleases,
  KERNEL_RELEASES,
  type KernelRelease,
  kernelRelease,
  seriesOf,
} from "../hardware/kernel-release";
import { findInput, needInput, readInput } from "./input";

export interface Recording {
  dir: string;
  s0: string;
  trace: string;
  s1: string;
  /** The release recorded. */
  release: KernelRelease;
  /** vm.watermark_boost_factor during the recording. */
  watermarkBoostFactor: number;
  /** vm.defrag_mode was on. */
  defragMode: boolean;
}

/** The release of a version such as "6.1.192"; a version newer than all modelled ones counts as the newest. */
export function profileForVersion(version: string): KernelRelease | undefined {
  const series = seriesOf(version);
  if (series === undefined || compareReleases(series, KERNEL_RELEASES[0]!) < 0) return undefined;
  const newest = KERNEL_RELEASES.at(-1)!;
  return compareReleases(series, newest) > 0 ? newest : kernelRelease(series);
}

/** Finds the files of the recording in `dir`; `release` overrides the recording's `version` file. */
export function openRecording(dir: string, release?: KernelRelease): Recording {
  const s0 = needInput(dir, "S0.txt");
  const trace = needInput(dir, "trace.txt");
  const s1 = needInput(dir, "S1.txt");
  return {
    dir,
    s0,
    trace,
    s1,
    release: release ?? recordedRelease(dir),
    watermarkBoostFactor: recordedBoost(dir),
    defragMode: recordedDefragMode(dir),
  };
}

/** The profile of the kernel that the `version` file in `dir` names. */
export function recordedRelease(dir: string): KernelRelease {
  const path = findInput(dir, "version");
  if (path === undefined)
    throw new InputError(
      `${dir}: holds no version file: name the kernel with --kernel (${KERNEL_RELEASES.join(", ")})`,
    );
  const text = readInput(path).toString("latin1");
  const version = /Linux version (\S+)/.exec(text)?.[1];
  const release = version === undefined ? undefined : profileForVersion(version);
  if (release === undefined)
    throw new InputError(
      `${path}: says no kernel version that is known here: ${JSON.stringify(text.slice(0, 60))}`,
    );
  return release;
}

/** From sysctl_vm, otherwise from `boost=` on the command line. A recording with neither was made with boost off. */
function recordedBoost(dir: string): number {
  const sysctl = findInput(dir, "sysctl_vm");
  if (sysctl !== undefined) {
    const value = /^watermark_boost_factor\s+(\d+)/m.exec(readInput(sysctl).toString("latin1"))?.[1];
    if (value !== undefined) return Number(value);
  }
  const cmdline = findInput(dir, "cmdline");
  const boost =
    cmdline === undefined ? null : /(?:^|\s)boost=(\d+)/.exec(readInput(cmdline).toString("latin1"));
  return boost === null ? 0 : Number(boost[1]);
}

/** `defrag_mode` in sysctl_vm or on the command line; off if neither sets it. */
function recordedDefragMode(dir: string): boolean {
  const said = (name: string, form: RegExp) => {
    const path = findInput(dir, name);
    return path === undefined ? undefined : form.exec(readInput(path).toString("latin1"))?.[1];
  };
  const value =
    said("sysctl_vm", /^defrag_mode\s+(\d+)/m) ?? said("cmdline", /(?:^|\s)(?:vm\.)?defrag(?:_mode)?=(\d+)/);
  return value !== undefined && Number(value) !== 0;
}
