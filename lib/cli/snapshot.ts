/** `pageblock snapshot`: what this machine's /proc and /sys say of its memory, in one file. */

import type { Command } from "commander";
import { printableLine } from "../base/printable";
import { snapshotFrom, snapshotOf } from "../trace/collect-snapshot";
import { type MachineSnapshot, writeMachineSnapshot } from "../trace/machine-snapshot";

interface SnapshotFlags {
  out: string;
  kpageflags?: boolean;
  from?: string[];
}

export function register(program: Command): void {
  program
    .command("snapshot")
    .description("write down how this machine's memory is used (/proc and /sys) as one file; or of copies")
    .option("--out <file>", "the snapshot", "machine.snapshot.json.gz")
    .option("--kpageflags", "also the class of every page frame (root only)")
    .option(
      "--from <paths...>",
      "instead of this machine: a folder with copies of its files, a tar or zip of one, or single texts such as buddyinfo and pagetypeinfo",
    )
    .action((options: SnapshotFlags) => {
      const { out, from, kpageflags = false } = options;
      const snapshot = from === undefined ? snapshotOf("/proc", "/sys", { kpageflags }) : snapshotFrom(from);
      writeMachineSnapshot(out, snapshot);
      process.stdout.write(summary(out, snapshot));
    });
}

/** What was taken, and what was not. */
export function summary(out: string, snapshot: MachineSnapshot): string {
  const taken = [...Object.keys(snapshot.texts), ...(snapshot.frames === undefined ? [] : ["kpageflags"])];
  const lines = [
    `${out}: ${taken.join(", ")}`,
    ...snapshot.unread.map((u) => `not read: ${u.what}: ${u.why}`),
  ];
  return `${lines.map(printableLine).join("\n")}\n`;
}
