/** Runs the built command line as a user would. */
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";

export const ROOT = resolve(__dirname, "../..");
export const FIXTURES = join(ROOT, "test/fixtures");

export interface CliRun {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** Runs `pageblock ...args` from the built tree; `stdin`: text, or an open file. */
export function pageblock(args: string[], cwd = ROOT, stdin: string | number = ""): CliRun {
  const run = spawnSync(process.execPath, [join(ROOT, "dist/cli/main.js"), ...args], {
    cwd,
    ...(typeof stdin === "number" ? { stdio: [stdin, "pipe", "pipe"] } : { input: stdin }),
    encoding: "utf8",
    env: { ...process.env, NODE_OPTIONS: "" },
    maxBuffer: 1 << 28,
  });
  return { status: run.status, stdout: run.stdout, stderr: run.stderr };
}
