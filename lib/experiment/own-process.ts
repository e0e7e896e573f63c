/** Processes of this package that other files of this folder start. */
import { type ChildProcess, fork } from "node:child_process";
import { extname, join } from "node:path";

/** Starts the file `name` of this folder in a process of its own, silent. `env`: its environment; null: that of this process. */
export function ownProcess(name: string, env: Record<string, string> | null = null): ChildProcess {
  const extension = extname(__filename);
  return fork(join(__dirname, `${name}${extension}`), [], {
    serialization: "advanced",
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    // Tests run TypeScript: the loader is among the arguments of this process.
    execArgv: extension === ".ts" ? process.execArgv : [],
    ...(env !== null && { env }),
  });
}
