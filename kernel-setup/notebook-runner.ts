/**
 * Executes notebooks headless with Jupyter's nbclient and this package's notebook kernel, which need not be registered:
 * Jupyter gets a temporary kernel folder for the run.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, delimiter, dirname, join, resolve } from "node:path";
import { KERNEL_NAMES, type KernelLanguage, kernelSpec } from "./kernelspec";
import { packageRoot } from "./package-resolution";
import { isInjected, type NotebookJson, withParameters } from "./parameters";
import { findJupyterPython } from "./python-home";
import { boundedText } from "./read-bounded";
import { SetupError } from "./setup-error";
import { makeFolder, writeWhole } from "./write-whole";

/** A cell that failed: `cell` is its index among all cells, from 1; `executionCount` is the number in brackets. */
export interface CellFailure {
  readonly cell: number | null;
  readonly executionCount: number | null;
  readonly name: string;
  readonly message: string;
}

export type RunResult =
  | { readonly ok: true; readonly notebook: unknown }
  | { readonly ok: false; readonly failure: CellFailure };

/** The files for `all` or for one path. Throws SetupError if there is nothing to run. */
export function notebooksNamed(name: string): string[] {
  if (name !== "all") {
    const path = resolve(name);
    if (!existsSync(path) || !statSync(path).isFile())
      throw new SetupError(`notebook: the file must exist: got ${name}`);
    return [path];
  }
  const folder = join(packageRoot(), "notebooks");
  const files = existsSync(folder) ? readdirSync(folder).filter((f) => f.endsWith(".ipynb")) : [];
  if (files.length === 0) throw new SetupError(`notebook: all: no notebook in ${folder}`);
  return files.sort().map((f) => join(folder, f));
}

export type StoredNotebook = NotebookJson & {
  readonly nbformat?: unknown;
  readonly metadata?: { readonly kernelspec?: { readonly language?: string } };
};

/** Jupyter chose a port, and another program took it before the kernel could (protocol/sockets.ts). */
const LOST_PORT = /^pageblock kernel: cannot start: (cannot listen on .*)$/m;

/** As large as what `pageblock export` reads. */
const NOTEBOOK_MIB = 128;

/** Reads a notebook of format 4, or throws SetupError. */
export function storedNotebook(path: string): StoredNotebook {
  const json = boundedText(path, NOTEBOOK_MIB, "notebook");
  let parsed: StoredNotebook;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    throw new SetupError(`notebook: ${path}: not JSON: ${(error as Error).message}`);
  }
  if (parsed === null || parsed.nbformat !== 4 || !Array.isArray(parsed.cells))
    throw new SetupError(
      `notebook: ${path}: must be a notebook of format 4: got nbformat ${parsed?.nbformat}`,
    );
  const language = parsed.metadata?.kernelspec?.language ?? "typescript";
  if (!Object.hasOwn(KERNEL_NAMES, language))
    throw new SetupError(`notebook: ${path}: language must be typescript or javascript: got ${language}`);
  return parsed;
}

/**
 * Executes one notebook in its own folder, with `settings` (`name=value`) in place of its parameters; each cell may
 * take `cellTimeoutS` seconds. Changes no file.
 */
export async function runNotebook(
  path: string,
  cellTimeoutS: number,
  settings: readonly string[] = [],
): Promise<RunResult> {
  const stored = storedNotebook(path);
  const notebook = withParameters(stored, settings, path);
  const python = findJupyterPython();
  const folder = mkdtempSync(join(tmpdir(), "pageblock-notebook-"));
  try {
    const language = (stored.metadata?.kernelspec?.language ?? "typescript") as KernelLanguage;
    const kernel = join(folder, "kernels", KERNEL_NAMES[language]);
    mkdirSync(kernel, { recursive: true });
    writeWhole(join(kernel, "kernel.json"), JSON.stringify(kernelSpec(language)));
    const source = join(folder, "source.ipynb");
    const target = join(folder, "executed.ipynb");
    writeWhole(source, JSON.stringify(notebook));
    const script = join(__dirname, "assets", "run_notebook.py");
    const args = [script, source, target, basename(kernel), String(cellTimeoutS), dirname(resolve(path))];
    let done = await runPython(python, args, folder);
    if (LOST_PORT.test(done.complained) || diedBeforeCells(done.result))
      done = await runPython(python, args, folder);
    const { result, complained } = done;
    if (result === null) {
      const reason = LOST_PORT.exec(complained)?.[1] ?? complained.trim().split("\n").pop();
      throw new SetupError(`notebook: ${path}: Jupyter could not run it: ${reason}`);
    }
    if (result.ok) return { ok: true, notebook: JSON.parse(readFileSync(target, "utf8")) };
    const { cell, execution_count: executionCount, ename, evalue } = result;
    if (ename === "CompileError" && cell !== null && isInjected(notebook.cells[cell - 1]))
      throw new SetupError(`notebook: --set: ${path}: a value has not the parameter's type: ${evalue}`);
    return { ok: false, failure: { cell, executionCount, name: ename, message: evalue } };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What run_notebook.py prints. */
type Ran =
  | { ok: true }
  | { ok: false; cell: number | null; execution_count: number | null; ename: string; evalue: string };

/** A kernel that ended before it had a cell, without a reason: nothing of the notebook has run. */
const diedBeforeCells = (ran: Ran | null) =>
  ran !== null && !ran.ok && ran.ename === "DeadKernel" && ran.cell === null;

/** Runs Python with the kernels under `folder`; its result, null if it failed, and what it and the kernel complained of. */
async function runPython(
  python: string,
  args: readonly string[],
  folder: string,
): Promise<{ result: Ran | null; complained: string }> {
  const jupyterPath = [folder, process.env.JUPYTER_PATH].filter((p) => p).join(delimiter);
  const child = spawn(python, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, JUPYTER_PATH: jupyterPath, PYDEVD_DISABLE_FILE_VALIDATION: "1" },
  });
  let printed = "";
  let complained = "";
  child.stdout.on("data", (text) => (printed += text));
  child.stderr.on("data", (text) => (complained += text));
  const [status] = (await once(child, "close")) as [number | null];
  return { result: status === 0 ? JSON.parse(printed.trim().split("\n").pop()!) : null, complained };
}

/** Writes an executed notebook, as Jupyter formats it, to `folder` under its own name; returns the path. */
export function writeNotebook(folder: string, path: string, notebook: unknown): string {
  const target = join(folder, basename(path));
  try {
    makeFolder(folder);
    writeWhole(target, `${JSON.stringify(notebook, null, 1)}\n`);
  } catch (error) {
    throw new SetupError(
      `notebook: cannot write ${target}: ${(error as Error).message}: what was there before is kept, and what ran is in ` +
        "its store: make room, or name another folder, and run the same command again",
    );
  }
  return target;
}
