/** Runs the built command line in a pseudo-terminal, by terminal.py. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ROOT } from "./cli";

export type Step =
  | { wait: string }
  | { send: string }
  | { resize: [rows: number, columns: number] }
  | { signal: "INT" | "TERM" | "HUP" }
  | { write: [file: string, text: string] }
  | { hangUp: true };

export interface Session {
  command?: readonly string[];
  args?: readonly string[];
  rows?: number;
  columns?: number;
  env?: Readonly<Record<string, string>>;
  steps: readonly Step[];
}

export interface SessionEnd {
  status: number;
  output: string;
  /** Whether the terminal's mode is as before. */
  restored: boolean | null;
}

/** Why there is no pseudo-terminal here, or false. */
export const noTerminal =
  spawnSync("python3", ["-c", "import os, pty; os.pidfd_open(os.getpid())"]).status === 0
    ? false
    : "needs python3 with pty and pidfd_open";

export function inTerminal({
  args = [],
  rows = 24,
  columns = 80,
  env = {},
  ...session
}: Session): SessionEnd {
  const command = session.command ?? [process.execPath, join(ROOT, "dist/cli/main.js"), ...args];
  const given = {
    command,
    rows,
    columns,
    env: { TERM: "xterm-256color", NO_COLOR: "", ...env },
    steps: session.steps,
  };
  const run = spawnSync("python3", [join(__dirname, "terminal.py")], {
    input: JSON.stringify(given),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (run.status !== 0) throw new Error(run.stderr);
  return JSON.parse(run.stdout);
}

/** Rows of the screen as the last redraw left it. */
export function lastScreen(output: string): string[] {
  const drawn = output.slice(output.lastIndexOf("\x1b[H") + 3).split("\x1b[J")[0]!;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  return drawn.split(/\r+\n/).map((row) => row.replace(/\x1b\[[\d;]*[a-zA-Z]/g, ""));
}
