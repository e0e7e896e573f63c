// Ends what a test file leaves running: everything below its process, in its process group, or marked by its environment.
import { readdirSync, readFileSync } from "node:fs";

/** The environment variable that all programs of one test file have. */
export const MARK = "PAGEBLOCK_TEST_FILE";
/** One that others start anew is killed so often. */
const ROUNDS = 20;

/** Programs of this computer that run, by /proc; none elsewhere. */
function programs() {
  try {
    return readdirSync("/proc").flatMap((name) => {
      if (!/^\d+$/.test(name)) return [];
      try {
        // proc(5): pid (name) state ppid pgrp …
        const stat = readFileSync(`/proc/${name}/stat`, "latin1");
        const [state, parent, group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        return state === "Z" ? [] : [{ pid: Number(name), parent: Number(parent), group: Number(group) }];
      } catch {
        return []; // ended since
      }
    });
  } catch {
    return [];
  }
}

function hasMark(pid, mark) {
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, "latin1")}`.includes(`\0${MARK}=${mark}\0`);
  } catch {
    return false; // ended since, or of another user
  }
}

/** Those of the file whose process was `root`, with it; one that was sent to another session has the mark still. */
function leftBy(root, mark) {
  const all = programs();
  const found = new Set(
    all.flatMap(({ pid, group }) => (pid === root || group === root || hasMark(pid, mark) ? [pid] : [])),
  );
  for (const one of found) for (const { pid, parent } of all) if (parent === one) found.add(pid);
  found.delete(process.pid);
  return [...found];
}

function signal(pid, name) {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended.
  }
}

/** Kills what is left of a file. */
export function killLeftOver(root, mark) {
  if (process.platform !== "linux") return signal(process.platform === "win32" ? root : -root, "SIGKILL");
  for (let round = 0; round < ROUNDS; round++) {
    const left = leftBy(root, mark);
    if (left.length === 0) return;
    // None of them starts another while the others are killed.
    for (const pid of left) signal(pid, "SIGSTOP");
    for (const pid of left) signal(pid, "SIGKILL");
  }
}
