/** Runs command lines that its parent sends, one after the other, and tells how each ended. */
import { commandLine } from "../../lib/cli/command-line";
import { takenBytes } from "./memory";

/** How a command line ended. */
export interface Ended {
  status: number;
  stdout: string;
  stderr: string;
  ms: number;
  takenBytes: number;
}

/** What is kept of a stream. */
const KEPT = 20_000;

async function ended(args: readonly string[]): Promise<Ended> {
  const said = { stdout: "", stderr: "" };
  const before = { stdout: process.stdout.write, stderr: process.stderr.write };
  for (const name of ["stdout", "stderr"] as const)
    process[name].write = ((text: string | Uint8Array) => {
      if (said[name].length < KEPT) said[name] += String(text).slice(0, KEPT);
      return true;
    }) as typeof process.stdout.write;
  const began = process.cpuUsage();
  const status = await commandLine(args);
  const { user, system } = process.cpuUsage(began);
  for (const name of ["stdout", "stderr"] as const) process[name].write = before[name];
  process.exitCode = 0;
  return { status, ...said, ms: (user + system) / 1000, takenBytes: takenBytes() };
}

// A command that is refused leaves its listeners to the end of its process, which here is that of many.
for (const one of [process, process.stdout]) one.setMaxListeners(0);

process.on("message", (args: readonly string[]) => {
  void ended(args).then((one) => process.send!(one));
});
