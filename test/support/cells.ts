/** Runs a notebook's cells in a process of their own, without Jupyter: what they display is what a kernel would send. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import ts from "typescript";

export const NOTEBOOKS = join(__dirname, "../../notebooks");
const ROOT = join(__dirname, "../..");

export const notebookNames = (): string[] => readdirSync(NOTEBOOKS).filter((name) => name.endsWith(".ipynb"));

/** The code cells of a stored notebook as one module. */
export function codeOf(name: string): string {
  const { cells } = JSON.parse(readFileSync(join(NOTEBOOKS, name), "utf8"));
  return cells
    .filter((cell: { cell_type: string }) => cell.cell_type === "code")
    .map((cell: { source: string[] }) => cell.source.join(""))
    .join("\n");
}

/** The text of cells or of a stored notebook made small: one seed instead of its own number. */
export function small(text: string): string {
  return text.replace(/\bconst seeds = \d+;/, "const seeds = 1;");
}

/** Cells may await: imports stay at the top, the rest runs in an async function. */
function awaiting(code: string): string {
  const imports: string[] = [];
  const rest = code.replace(/^import\s[^;]*?from\s+"[^"]+";?$/gm, (line) => {
    imports.push(line);
    return "";
  });
  return `${imports.join("\n")}\n(async () => {\n${rest}\n})().catch((e) => { console.error(e); process.exit(1); });\n`;
}

/** The bundles that the cells display, in order, with one seed or as many as the notebook has; throws what the cells throw. */
export function displayedBy(
  name: string,
  { seeds = "one" }: { seeds?: "one" | "as stored" } = {},
): Record<string, unknown>[] {
  const scratch = mkdtempSync(join(tmpdir(), "pageblock-cells-"));
  try {
    const sent = join(scratch, "sent.json");
    const prelude = `const sent = []; const fs = require("node:fs");
globalThis[Symbol.for("pageblock.kernel")] = { displayBundle: (data) => sent.push(data) };
process.on("exit", () => fs.writeFileSync(${JSON.stringify(sent)}, JSON.stringify(sent)));\n`;
    const { outputText } = ts.transpileModule(
      awaiting(seeds === "one" ? small(codeOf(name)) : codeOf(name)),
      {
        compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
      },
    );
    const library = JSON.stringify(join(ROOT, "dist"));
    const script = join(scratch, "cells.cjs");
    writeFileSync(script, prelude + outputText.replaceAll('require("pageblock")', `require(${library})`));
    const done = spawnSync(process.execPath, [script], {
      cwd: NOTEBOOKS,
      encoding: "utf8",
      // Cells import what pageblock depends on, as the kernel lets them.
      env: { ...process.env, NODE_OPTIONS: "", NODE_PATH: join(ROOT, "node_modules") },
    });
    if (done.status !== 0) throw new Error(`${name}: ${done.stderr}`);
    return JSON.parse(readFileSync(sent, "utf8"));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
