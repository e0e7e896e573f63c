/** Runs a worker over its orders, ends it if a test takes too long, and starts the next one where it stood. */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Orders, Told } from "./worker";

export interface ChildEvents {
  told(told: Told): void;
  /** Processor milliseconds that a step may take; a step is a test or the load. */
  limitOf(test: string, id: number): number;
  /** False: no further step is begun. */
  goesOn(): boolean;
}

export type ChildEnd = { how: "ended" | "stopped" } | { how: "hung" | "died"; id: number; test: string };

/** Processor milliseconds of a process, where Linux tells them; else NaN. */
function cpuOf(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return Number.NaN;
  }
}

const LOOK_EVERY_MS = 200;

export function runWorker(orders: Orders, file: string, events: ChildEvents): Promise<ChildEnd> {
  writeFileSync(file, JSON.stringify(orders));
  const register = join(orders.root, "test/support/register.cjs");
  const script = join(orders.root, "test/mutate/worker.ts");
  const child: ChildProcess = spawn(
    process.execPath,
    ["--max-old-space-size=1536", "--require", register, script, file],
    {
      cwd: orders.root,
      env: { ...process.env, NODE_OPTIONS: "" },
      stdio: ["ignore", "ignore", process.env.MUTATE_DEBUG ? "inherit" : "ignore", "pipe"],
    },
  );
  let step = { test: "load", id: 0 };
  let cpuAtStep = 0;
  let begun = Date.now();
  let ended: ChildEnd | undefined;
  const kill = (how: ChildEnd) => {
    ended ??= how;
    child.kill("SIGKILL");
  };
  let rest = "";
  (child.stdio[3] as NodeJS.ReadableStream).setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const told = JSON.parse(line) as Told;
      if (told.at === "test") {
        step = told;
        begun = Date.now();
        cpuAtStep = cpuOf(child.pid!);
      }
      events.told(told);
      if (told.at === "done" && !events.goesOn()) kill({ how: "stopped" });
    }
  });
  const timer = setInterval(() => {
    const cpu = cpuOf(child.pid!) - cpuAtStep;
    const spent = Number.isNaN(cpu) ? Date.now() - begun : cpu;
    // Something that waits for ever takes no processor time.
    const limit = events.limitOf(step.test, step.id);
    if (spent > limit || Date.now() - begun > 20 * limit + 20_000) kill({ how: "hung", ...step });
  }, LOOK_EVERY_MS);
  return new Promise((done) => {
    child.on("close", (status) => {
      clearInterval(timer);
      done(ended ?? (status === 0 ? { how: "ended" } : { how: "died", ...step }));
    });
  });
}
