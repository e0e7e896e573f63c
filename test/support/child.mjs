// Programs that test/run.mjs starts: what they print, what they take, and that nothing is left of them.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { killLeftOver, MARK } from "./left-over.mjs";

/** No file takes longer that says nothing else: what hangs is named and killed, with all that it started. */
export const LIMIT_MS = 900_000;

/** Processor milliseconds of the children that have ended, theirs with them; Linux tells, elsewhere NaN. In ticks of 10 ms. */
function cpuOfChildren() {
  try {
    const fields = readFileSync("/proc/self/stat", "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return (Number(fields[13]) + Number(fields[14])) * 10;
  } catch {
    return Number.NaN;
  }
}
let cpuCounted = cpuOfChildren();

/** What was added to it since the last call: the child's that has just ended. */
function cpuSince() {
  const before = cpuCounted;
  cpuCounted = cpuOfChildren();
  return cpuCounted - before;
}

/** The processes that run, by the marks of what they started. */
const runningNow = new Map();

/** What one process printed and how it ended. It has a process group of its own; nothing that it started is left when it has ended. */
export function child(command, args, options = {}) {
  return new Promise((resolve) => {
    const started = Date.now();
    const mark = `${process.pid}-${started}-${runningNow.size}-${Math.random()}`;
    const env = { ...(options.env ?? process.env), [MARK]: mark };
    const own = { detached: process.platform !== "win32", stdio: ["ignore", "pipe", "pipe"] };
    const running = spawn(command, args, { ...own, shell: options.shell, env });
    const killAll = () => running.pid !== undefined && killLeftOver(running.pid, mark);
    runningNow.set(mark, killAll);
    let output = "";
    for (const stream of [running.stdout, running.stderr])
      stream.setEncoding("utf8").on("data", (t) => (output += t));
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      killAll();
    }, options.limitMs ?? LIMIT_MS);
    let cpuMs = 0;
    running.on("exit", () => {
      cpuMs = cpuSince();
      killAll();
    });
    const end = (status) => {
      clearTimeout(timer);
      runningNow.delete(mark);
      resolve({ status, output, timedOut, ms: Date.now() - started, cpuMs });
    };
    running.on("error", (error) => {
      output += error.stack;
      end(1);
    });
    running.on("close", end);
  });
}

// Groups of their own do not hear of Ctrl-C.
for (const name of ["SIGINT", "SIGTERM"])
  process.on(name, () => {
    for (const killAll of runningNow.values()) killAll();
    process.exit(1);
  });
