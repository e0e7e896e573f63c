/** Runs programs of this machine, with arguments that no shell reads. */
import { spawnSync } from "node:child_process";
import { InputError } from "../base/errors";
import { printable } from "../base/printable";

const OUTPUT_MOST = 2 ** 28;
const SAID_MOST = 300;

/** Debian's package of a program that may be missing. */
const PACKAGES: Readonly<Record<string, string>> = {
  "apt-get": "apt",
  "apt-cache": "apt",
  unshare: "util-linux",
  "qemu-system-x86_64": "qemu-system-x86",
  "qemu-system-aarch64": "qemu-system-arm",
};

/** Throws InputError that says which package has the program. */
export function missingTool(program: string): never {
  throw new InputError(
    `record: needs ${program}, which is not here: on Debian, apt-get install ${PACKAGES[program] ?? program}`,
  );
}

/** Runs a program to its end and returns what it wrote. Throws InputError with its last words if it fails. */
export function runTool(program: string, args: readonly string[], cwd?: string): string {
  const done = spawnSync(program, args, {
    cwd,
    encoding: "latin1",
    maxBuffer: OUTPUT_MOST,
    env: { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  if ((done.error as NodeJS.ErrnoException | undefined)?.code === "ENOENT") missingTool(program);
  if (done.error !== undefined) throw new InputError(`record: ${program}: ${done.error.message}`);
  if (done.status !== 0) {
    const said = printable(`${done.stderr}`.trim() || `${done.stdout}`.trim()).slice(-SAID_MOST);
    throw new InputError(`record: ${program} ended with ${done.status ?? done.signal}: ${said}`);
  }
  return done.stdout;
}
