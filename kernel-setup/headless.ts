/**
 * `npm run lab -- --headless`: executes and exports every notebook, two at a time, and writes the site that links them.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { basename, join } from "node:path";
import { notebooksNamed, storedNotebook } from "./notebook-runner";
import { settingsFor } from "./parameters";
import { SetupError } from "./setup-error";
import { makeFolder } from "./write-whole";

const AT_A_TIME = 2;
const FORMS = ["html", "slides", "md"];
/** Endings of the files of one notebook. */
const WRITTEN = ["ipynb", "html", "slides.html", "md"];

/** The part of dist/report/export.js that is used here: this package is compiled apart from the library. */
interface Exports {
  exportNotebook(file: string, format: string, out: string): Promise<{ note?: string }>;
}

/** Each notebook runs in a command of its own, so that one that crashes its kernel affects nothing else. */
async function pageblock(root: string, args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, [join(root, "dist", "cli", "main.js"), ...args], {
    cwd: root,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [code] = await once(child, "exit");
  return code ?? 1;
}

async function writeUp(root: string, notebook: string, settings: string[], out: string): Promise<number> {
  const executed = join(out, basename(notebook));
  // Nothing that an earlier run left is exported or linked.
  const stem = basename(notebook, ".ipynb");
  for (const ending of WRITTEN) rmSync(join(out, `${stem}.${ending}`), { force: true });
  const set = settings.flatMap((setting) => ["--set", setting]);
  const ran = await pageblock(root, ["notebook", "run", notebook, ...set, "--out", out]);
  return ran === 0 ? exported(root, executed, out) : ran;
}

/** Exports an executed notebook in all forms; returns the exit status. Here, and not by a command for each: three in four of those would only load the library once more. */
export async function exported(root: string, executed: string, out: string): Promise<number> {
  const { exportNotebook } = require(join(root, "dist", "report", "export.js")) as Exports;
  let worst = 0;
  for (const form of FORMS)
    try {
      const { note } = await exportNotebook(executed, form, out);
      if (note !== undefined) process.stderr.write(`${note}\n`);
    } catch (error) {
      // What is wrong with one notebook is no fault of the others.
      const wrongInput = (error as Error).name === "InputError";
      process.stderr.write(`pageblock: ${wrongInput ? (error as Error).message : (error as Error).stack}\n`);
      worst = Math.max(worst, wrongInput ? 2 : 1);
    }
  return worst;
}

/** `11 notebooks`, or `10 of 11 notebooks` if one was not written. */
export function countOf(written: number, all: number): string {
  return written === all ? `${all} notebooks` : `${written} of ${all} notebooks`;
}

/** The settings of each notebook. Throws SetupError for a setting that no notebook has. */
function settingsByNotebook(
  notebooks: readonly string[],
  settings: readonly string[],
): Map<string, string[]> {
  const own = new Map(notebooks.map((path) => [path, settingsFor(storedNotebook(path), settings)]));
  const used = new Set([...own.values()].flat());
  const unused = settings.find((setting) => !used.has(setting));
  if (unused !== undefined)
    throw new SetupError(
      `lab: --set: must be name=value, of a parameter that some notebook has: got ${JSON.stringify(unused)}`,
    );
  return own;
}

/**
 * Returns the exit status: 0, or the highest of any notebook. Prints how long each took. Each of the `settings`
 * (`name=value`) applies to the notebooks that define this parameter.
 */
export async function headless(
  root: string,
  out: string,
  settings: readonly string[],
  say: (line: string) => void,
): Promise<number> {
  const notebooks = notebooksNamed("all");
  const own = settingsByNotebook(notebooks, settings);
  makeFolder(out);
  let worst = 0;
  let good = 0;
  let next = 0;
  const started = Date.now();
  const seconds = (since: number) => `${((Date.now() - since) / 1000).toFixed(1)} s`;
  const lane = async () => {
    while (next < notebooks.length) {
      const notebook = notebooks[next++]!;
      const since = Date.now();
      const status = await writeUp(root, notebook, own.get(notebook)!, out);
      worst = Math.max(worst, status);
      if (status === 0) good++;
      say(`${basename(notebook)}: ${status === 0 ? "executed and exported" : "FAILED"} in ${seconds(since)}`);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_A_TIME, notebooks.length) }, lane));
  const { writeIndexPage } = require(join(root, "dist", "report", "index-page.js"));
  // Pages of write-ups lead to these, and these to each other.
  require(join(root, "dist", "report", "docs-pages.js")).writeDocs(out);
  say(`${writeIndexPage(out)}: ${countOf(good, notebooks.length)} in ${seconds(started)}`);
  return worst;
}
