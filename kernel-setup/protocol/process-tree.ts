/**
 * The programs that a cell started, and those that they started: they end with the kernel. A program that was started
 * `detached` is meant to live on and is spared, with everything below it.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
}

const LOOK_MS = 20;
/** After this time a program that was asked to end is killed. */
const PATIENCE_MS = 500;

/** Every process of this computer that has not ended; none if they cannot be listed. */
function processes(): Process[] {
  if (process.platform === "linux") {
    return readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        // proc(5): pid (name) state ppid pgrp …; a name may hold spaces and parentheses.
        const stat = readFileSync(`/proc/${name}/stat`, "latin1");
        const [state, parent, group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return state === "Z" ? [] : [{ pid: Number(name), parent: Number(parent), group: Number(group) }];
      } catch {
        return []; // ended since
      }
    });
  }
  if (process.platform === "win32") return [];
  const listed = spawnSync("ps", ["-A", "-o", "pid=,ppid=,pgid="], { encoding: "utf8" }).stdout ?? "";
  return listed.split("\n").flatMap((line) => {
    const [pid, parent, group] = line.trim().split(/\s+/).map(Number);
    return pid && parent !== undefined && group !== undefined ? [{ pid, parent, group }] : [];
  });
}

/** `roots` and everything below them, without what is spared. */
function withPrograms(
  roots: readonly number[],
  all: readonly Process[],
  spared: ReadonlySet<number>,
): Set<number> {
  const below = new Set(roots);
  for (const root of below)
    for (const { pid, parent } of all) if (parent === root && !spared.has(pid)) below.add(pid);
  return below;
}

/**
 * Interrupts programs and everything below them, as Ctrl-C in a terminal does: a shell that waits for a program does not end by its
 * own interrupt alone.
 */
export function interruptPrograms(roots: readonly number[], name: NodeJS.Signals = "SIGINT"): void {
  for (const pid of withPrograms(roots, processes(), new Set())) signal(pid, name);
}

/** Children of this process, without those in `but`. */
export function childrenBut(but: ReadonlySet<number>): number[] {
  return processes().flatMap(({ pid, parent }) => (parent === process.pid && !but.has(pid) ? [pid] : []));
}

/** Everything below this process, and the rest of its process group if the group is its own. */
function programs(spared: ReadonlySet<number>): number[] {
  const all = processes();
  const leads = all.some(({ pid, group }) => pid === process.pid && group === pid);
  const below = withPrograms([process.pid], all, spared);
  if (leads) for (const { pid, group } of all) if (group === process.pid && !spared.has(pid)) below.add(pid);
  below.delete(process.pid);
  return [...below];
}

/** Sends a signal to a process that may have ended. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

/** Kills every program at once. `started`: those known, for a system whose processes cannot be listed. */
export function killPrograms(started: ReadonlySet<number>, spared: ReadonlySet<number>): void {
  if (process.platform === "win32")
    for (const pid of started)
      if (!spared.has(pid)) spawnSync("taskkill", ["/PID", String(pid), "/T", "/F"], { windowsHide: true });
  for (const pid of programs(spared)) signal(pid, "SIGKILL");
}

/** Asks every program to end, and kills those that have not after a while. */
export async function endPrograms(started: ReadonlySet<number>, spared: ReadonlySet<number>): Promise<void> {
  const asked = programs(spared);
  for (const pid of asked) signal(pid, "SIGTERM");
  const until = performance.now() + PATIENCE_MS;
  const left = () => {
    const running = new Set(processes().map(({ pid }) => pid));
    return asked.some((pid) => running.has(pid));
  };
  while (asked.length > 0 && performance.now() < until && left())
    await new Promise((done) => setTimeout(done, LOOK_MS));
  killPrograms(started, spared);
}
