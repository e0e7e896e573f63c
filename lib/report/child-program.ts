/** Runs a program that may hang, and ends it with everything that it started. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";

/** How long it may take. `signOfLife`: a file that it makes early if it works at all, and in which time. */
export interface ProgramLimits {
  seconds: number;
  signOfLife?: { seconds: number; file: string };
}

/** How it ended. */
export interface Ended {
  status: number | null;
  /** The beginning of what it printed, and of what it complained of. */
  printed: string;
  complained: string;
  /** Seconds after which it was ended from outside. */
  stopped?: number;
  /** Why it could not be started. */
  cannotStart?: string;
}

const KEPT_CHARACTERS = 65_536;

/** Resolves when the program has ended or was ended; never rejects. Its input is empty. */
export function ranWithin(program: string, args: readonly string[], limits: ProgramLimits): Promise<Ended> {
  const { seconds, signOfLife } = limits;
  const ended: Ended = { status: null, printed: "", complained: "" };
  return new Promise((resolve) => {
    const timers: NodeJS.Timeout[] = [];
    const done = () => {
      for (const timer of timers) clearTimeout(timer);
      process.removeListener("SIGINT", interrupted);
      resolve(ended);
    };
    let child: ChildProcess;
    // Ctrl-C reaches only the group of this process.
    const interrupted = () => {
      endGroup(child);
      done();
      process.kill(process.pid, "SIGINT");
    };
    try {
      // A group of its own: what it starts holds its pipes open, and must end with it.
      child = spawn(program, args, {
        stdio: ["ignore", "pipe", "pipe"],
        detached: process.platform !== "win32",
      });
    } catch (error) {
      ended.cannotStart = error instanceof Error ? error.message : String(error);
      done();
      return;
    }
    if (process.listenerCount("SIGINT") === 0) process.once("SIGINT", interrupted);
    const stop = (after: number) => {
      ended.stopped ??= after;
      endGroup(child);
      done();
    };
    timers.push(setTimeout(stop, seconds * 1000, seconds));
    if (signOfLife !== undefined)
      timers.push(
        setTimeout(() => existsSync(signOfLife.file) || stop(signOfLife.seconds), signOfLife.seconds * 1000),
      );
    child.stdout!.on("data", (text) => (ended.printed = (ended.printed + text).slice(0, KEPT_CHARACTERS)));
    child.stderr!.on(
      "data",
      (text) => (ended.complained = (ended.complained + text).slice(-KEPT_CHARACTERS)),
    );
    child.on("error", (error) => {
      ended.cannotStart = error.message;
      done();
    });
    child.on("exit", (status) => {
      ended.status = status;
    });
    child.on("close", done);
  });
}

function endGroup(child: ChildProcess): void {
  child.stdout!.destroy();
  child.stderr!.destroy();
  if (child.pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL");
  } catch {
    // It has ended meanwhile.
  }
}
