/**
 * Programs that cells start with `child_process`. What they write to an inherited stream is shown under the cell; Node
 * would give them the terminal of the Jupyter server. Each is known to the kernel, which ends it when it ends itself.
 */
import childProcess, { type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { closeSync, openSync, rmSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { Busy, enter, leave } from "../interrupt-state";
import { currentCell } from "./cell-context";
import type { Channels } from "./channels";
import type { StreamName } from "./outbox";
import { MARK_VARIABLE } from "./process-tree";

type Stdio = unknown;
const NAMES: readonly StreamName[] = ["stdout", "stderr"];

/** The entries of a `stdio` option: Node's short forms written out. */
function entriesOf(stdio: Stdio): unknown[] {
  if (Array.isArray(stdio)) return [...stdio];
  const all = stdio ?? "pipe";
  return [all, all, all];
}

/** True if an entry for output number `index` means the stream of the kernel itself. */
function isInherited(entry: unknown, index: number): boolean {
  if (entry === "inherit") return index === 1 || index === 2;
  return entry === 1 || entry === 2 || entry === process.stdout || entry === process.stderr;
}

/** To which of the kernel's streams an inherited output goes. */
function streamOf(entry: unknown, index: number): StreamName {
  const isError = entry === "inherit" ? index === 2 : entry === 2 || entry === process.stderr;
  return isError ? "stderr" : "stdout";
}

/** A mark that no other kernel's programs have. */
export const newMark = () => `${process.pid}-${randomBytes(8).toString("hex")}`;

export class Programs {
  /** Those that run, by the cell that started them. */
  private readonly running = new Map<ChildProcess, number>();

  constructor(
    private readonly channels: Channels,
    private readonly busy: Int32Array,
    private readonly mark: string,
  ) {
    process.env[MARK_VARIABLE] = mark;
    this.followSpawn();
    for (const name of ["spawnSync", "execFileSync", "execSync"] as const) this.followSync(name);
    syncBuiltinESMExports();
  }

  /** Interrupts what `cell` started, as Ctrl-C in a terminal does. */
  interrupt(cell: number): void {
    const own = [...this.running].flatMap(([child, owner]) => (owner === cell ? [child.pid ?? 0] : []));
    this.channels.interruptPrograms(own.filter((pid) => pid > 0));
  }

  private followSpawn(): void {
    type Options = { stdio?: Stdio; detached?: boolean; envPairs?: string[] };
    const prototype = childProcess.ChildProcess.prototype as unknown as { spawn(options: Options): unknown };
    const spawn = prototype.spawn;
    const programs = this;
    prototype.spawn = function (this: ChildProcess, options) {
      const context = currentCell();
      // One that is started anew whenever it ends would outlive the kernel.
      if (programs.channels.isClosing)
        throw new Error("child_process: the kernel ends: no program is started");
      if (context === undefined) return spawn.call(this, options);
      const entries = entriesOf(options.stdio);
      const shown = entries.flatMap((entry, index) =>
        index > 0 && isInherited(entry, index) ? [index] : [],
      );
      const stdio = entries.map((entry, index) => (shown.includes(index) ? "pipe" : entry));
      const envPairs = programs.marked(options.envPairs ?? [], options.detached === true);
      const result = spawn.call(this, { ...options, ...(shown.length === 0 ? {} : { stdio }), envPairs });
      for (const index of shown) show(this, index, streamOf(entries[index], index));
      programs.note(this, context.cell, options.detached === true);
      return result;
    };
  }

  /** The environment of a program: by the mark it is found wherever it goes. One that is meant to live on has none. */
  private marked(pairs: readonly string[], detached: boolean): string[] {
    const others = pairs.filter((pair) => !pair.startsWith(`${MARK_VARIABLE}=`));
    return detached ? others : [...others, `${MARK_VARIABLE}=${this.mark}`];
  }

  private note(child: ChildProcess, cell: number, detached: boolean): void {
    const { pid } = child;
    if (pid === undefined) return;
    this.running.set(child, cell);
    this.channels.child(pid, { detached });
    child.once("exit", () => {
      this.running.delete(child);
      this.channels.child(pid, { ended: true });
    });
  }

  /** Shows inherited output of a program that the cell waits for, while it waits. */
  private followSync(name: "spawnSync" | "execFileSync" | "execSync"): void {
    const module = childProcess as unknown as Record<string, (...args: unknown[]) => unknown>;
    const run = module[name]!;
    module[name] = (...args) => {
      const context = currentCell();
      const at = args.findIndex((one) => typeof one === "object" && one !== null && !Array.isArray(one));
      const given = at < 0 ? undefined : (args[at] as { stdio?: Stdio; env?: object });
      const env = given?.env && { ...given.env, [MARK_VARIABLE]: this.mark };
      const options = env === undefined ? given : { ...given, env };
      enter(this.busy, Busy.waitingForProgram);
      try {
        const runWith = (changed: object | undefined) =>
          run(...args.map((one, i) => (i === at ? changed : one)));
        if (context === undefined || options?.stdio === undefined) return runWith(options);
        return this.shown(context.cell, entriesOf(options.stdio), (stdio) => runWith({ ...options, stdio }));
      } finally {
        leave(this.busy, Busy.waitingForProgram);
      }
    };
  }

  private shown<T>(cell: number, entries: unknown[], run: (stdio: unknown[]) => T): T {
    const inherited = entries.flatMap((entry, i) => (i > 0 && isInherited(entry, i) ? [i] : []));
    if (inherited.length === 0) return run(entries);
    const streams = NAMES.filter((name) => inherited.some((i) => streamOf(entries[i], i) === name));
    const files = new Map(streams.map((name) => [name, temporaryFile()]));
    try {
      const stdio = entries.map((entry, i) =>
        inherited.includes(i) ? files.get(streamOf(entry, i))!.writing : entry,
      );
      const nested = streams.reduce<() => T>(
        (inner, name) => () => this.channels.following(cell, name, files.get(name)!.reading, inner),
        () => run(stdio),
      );
      return nested();
    } finally {
      for (const { writing } of files.values()) closeSync(writing);
    }
  }
}

/** A new file for the output of a program. It has no name any more: however the kernel ends, nothing is left. */
function temporaryFile(): { reading: number; writing: number } {
  const path = join(tmpdir(), `pageblock-${process.pid}-${randomBytes(8).toString("hex")}.out`);
  const writing = openSync(path, "ax", 0o600);
  const reading = openSync(path, "r");
  rmSync(path, { force: true });
  return { reading, writing };
}

/** Shows a pipe's text as what the kernel's stream would have shown; for the cell there is no pipe, as with Node. */
function show(child: ChildProcess, index: number, name: StreamName): void {
  const stream = child.stdio[index] as Readable | null;
  stream?.on("data", (chunk) => process[name].write(chunk));
  (child.stdio as unknown[])[index] = null;
  if (index === 1) child.stdout = null;
  if (index === 2) child.stderr = null;
}
