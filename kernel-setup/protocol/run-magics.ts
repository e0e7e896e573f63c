/** What magics do. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CellVariable } from "../cells/cell-variables";
import type { Magic, PreparedCell } from "./magics";
import { LINE_MAGICS, TEXT_MAGICS } from "./magics";
import { plain } from "./plain-error";
import { who, whos } from "./who";

/** What a magic uses of the kernel. */
export interface MagicTools {
  readonly display: (data: Record<string, unknown>) => void;
  readonly reset: () => void;
  readonly variables: () => readonly CellVariable[];
  /** Tells the debugger how a cell was typed of which `compiled` is compiled. */
  readonly noteTyped: (compiled: string, typed: string) => void;
}

/** Of a file in it: up to the last `node_modules`, with the name behind that. */
const PACKAGE_FOLDER = /^(.*[\\/]node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+)[\\/]/;

/** A program that a magic started has failed. */
export class ProgramError extends Error {
  constructor(what: string, code: number | null, signal: NodeJS.Signals | null) {
    super(`${what} ended with ${code === null ? `signal ${signal}` : `exit status ${code}`}`);
    this.name = "ProgramError";
    plain(this);
  }
}

const MIME_TYPES: Readonly<Record<string, string>> = {
  html: "text/html",
  javascript: "application/javascript",
  js: "application/javascript",
  markdown: "text/markdown",
  latex: "text/latex",
  svg: "image/svg+xml",
};

function ended(what: string, child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.once("error", (error) => reject(plain(new Error(`${what}: cannot start: ${error.message}`))));
    child.once("close", (code, signal) => {
      if (code === 0) resolve();
      else reject(new ProgramError(what, code, signal));
    });
  });
}

/** Runs npm, with its words as typed; quotes keep words together. */
async function npm(rest: string): Promise<void> {
  const words = [...rest.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3]!);
  if (words.length === 0) throw plain(new Error("%npm: needs a command, for example %npm install lodash"));
  const quiet = ["--no-fund", "--no-audit", "--no-progress", "--no-update-notifier"];
  const stdio = ["ignore", "inherit", "inherit"] as const;
  const shell = process.platform === "win32";
  const before = loadedVersions();
  const all = [...words, ...placeFor(words), ...quiet];
  await ended("%npm", spawn("npm", all, { stdio: [...stdio], shell }));
  for (const [folder, old] of before) {
    const { name, version } = manifestIn(folder);
    if (version !== undefined && version !== old)
      process.stderr.write(
        `${name} ${old} is loaded and stays in use; ${version} after a restart of the kernel\n`,
      );
  }
}

/** npm would install into the nearest folder above that has a package.json, and change that; here it is the notebook's own. */
function placeFor([command, ...others]: readonly string[]): string[] {
  const isInstall = ["install", "i", "add"].includes(command!) && others.some((one) => !one.startsWith("-"));
  const isChosen = others.some((one) => /^(?:-g|-C|--global|--location|--prefix)(?:=|$)/.test(one));
  return isInstall && !isChosen && !existsSync("package.json") ? ["--prefix=."] : [];
}

function manifestIn(folder: string): { name?: string; version?: string } {
  try {
    return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  } catch {
    return {};
  }
}

/** The folders of CommonJS packages that are loaded, and their versions. Node does not tell which ES modules it has. */
function loadedVersions(): Map<string, string> {
  const folders = Object.keys(require.cache).map((file) => PACKAGE_FOLDER.exec(file)?.[1]);
  const versions = [...new Set(folders)].flatMap((folder) => {
    const version = folder === undefined ? undefined : manifestIn(folder).version;
    return version === undefined ? [] : [[folder!, version] as const];
  });
  return new Map(versions);
}

async function shell(name: string, body: string): Promise<void> {
  const child = spawn(name, ["-s"], { stdio: ["pipe", "inherit", "inherit"] });
  const done = ended(`%%${name}`, child);
  // A shell that cannot start, or that ends early, reads nothing: the end is told by `done`.
  child.stdin?.on("error", () => {});
  child.stdin?.end(`${body}\n`);
  await done;
}

async function lineMagic({ name, rest }: Magic, tools: MagicTools): Promise<void> {
  if (name === "npm") return npm(rest);
  if (name === "reset") return tools.reset();
  if (name === "who" || name === "whos") {
    process.stdout.write((name === "who" ? who : whos)(tools.variables()));
    return;
  }
  const known = [...LINE_MAGICS.map((one) => `%${one}`), "%%time", ...TEXT_MAGICS.map((one) => `%%${one}`)];
  process.stdout.write(`${known.join(" ")}\n`);
}

/** Runs the magics that stand before the code of a cell, and a cell magic that takes its text. */
export async function runMagics(prepared: PreparedCell, tools: MagicTools): Promise<void> {
  for (const magic of prepared.lines) await lineMagic(magic, tools);
  const { cell } = prepared;
  if (cell === undefined) return;
  const mime = MIME_TYPES[cell.name];
  if (mime !== undefined) tools.display({ [mime]: cell.body, "text/plain": cell.body });
  else if (cell.name === "bash" || cell.name === "sh") await shell(cell.name, cell.body);
}

/** Times `run`, if the cell asks for it with `%%time`. */
export async function timed<T>(prepared: PreparedCell, run: () => Promise<T>): Promise<T> {
  if (prepared.cell?.name !== "time") return run();
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  try {
    return await run();
  } finally {
    const { user, system } = process.cpuUsage(cpu);
    const seconds = (ms: number) =>
      ms < 1000 ? `${ms.toPrecision(3)} ms` : `${(ms / 1000).toPrecision(4)} s`;
    process.stdout.write(
      `CPU: user ${seconds(user / 1000)}, system ${seconds(system / 1000)}; wall ${seconds(performance.now() - wall)}\n`,
    );
  }
}
