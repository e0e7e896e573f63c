/**
 * The programs that a cell started, and those that they started: they end with the kernel. On Linux they are also found by
 * a mark in their environment, when the program between has ended and they have a session or a group of their own. A
 * program that was started `detached` is meant to live on and is spared, with everything below it.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
}

/** The environment variable that holds the mark of the kernel. */
export const MARK_VARIABLE = "PAGEBLOCK_KERNEL";

/** What is known of the programs of this kernel. */
export interface OwnPrograms {
  readonly mark: string;
  /** Those that cells started, for a system whose processes cannot be listed. */
  readonly started: ReadonlySet<number>;
  /** Those that are meant to live on. */
  readonly detached: ReadonlySet<number>;
}

const LOOK_MS = 20;
/** A program that another one starts anew whenever it ends is killed so often, before or after the other one. */
const KILLED_AT_MOST = 10;
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

/** Those of `all` that have the mark in the environment that they were started with (Linux). */
function marked(mark: string, all: readonly Process[]): number[] {
  if (process.platform !== "linux") return [];
  const entry = Buffer.from(`\0${MARK_VARIABLE}=${mark}\0`);
  return all.flatMap(({ pid }) => {
    try {
      const environment = Buffer.concat([Buffer.of(0), readFileSync(`/proc/${pid}/environ`)]);
      return environment.includes(entry) ? [pid] : [];
    } catch {
      return []; // ended since, or of another user
    }
  });
}

/** Everything below this process, what has its mark, and the rest of its process group if the group is its own. */
function programs({ mark, detached: spared }: OwnPrograms): number[] {
  const all = processes();
  const leads = all.some(({ pid, group }) => pid === process.pid && group === pid);
  const roots = marked(mark, all).filter((pid) => !spared.has(pid));
  const below = withPrograms([process.pid, ...roots], all, spared);
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

/** Kills every program at once, and what others start in its place meanwhile. */
export function killPrograms(own: OwnPrograms): void {
  if (process.platform === "win32")
    for (const pid of own.started)
      if (!own.detached.has(pid))
        spawnSync("taskkill", ["/PID", String(pid), "/T", "/F"], { windowsHide: true });
  const clock = new Int32Array(new SharedArrayBuffer(4));
  for (let round = 0; round < KILLED_AT_MOST; round++) {
    const left = programs(own);
    if (left.length === 0) return;
    // None of them starts another while the others are killed.
    for (const pid of left) signal(pid, "SIGSTOP");
    for (const pid of left) signal(pid, "SIGKILL");
    Atomics.wait(clock, 0, 0, LOOK_MS);
  }
}

/** Asks every program to end, and kills those that have not after a while. */
export async function endPrograms(own: OwnPrograms): Promise<void> {
  const asked = programs(own);
  for (const pid of asked) signal(pid, "SIGTERM");
  const until = performance.now() + PATIENCE_MS;
  const left = () => {
    const running = new Set(processes().map(({ pid }) => pid));
    return asked.some((pid) => running.has(pid));
  };
  while (asked.length > 0 && performance.now() < until && left())
    await new Promise((done) => setTimeout(done, LOOK_MS));
  killPrograms(own);
}
