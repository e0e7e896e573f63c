/**
 * Stack traces in terms of what was typed: places in cells and in modules of the user are mapped back when a trace is
 * made, so that it is right wherever it is shown; frames of the kernel, and of Node below a cell, are left out.
 */
import { SourceMap, type SourceMapPayload } from "node:module";
import { join, sep } from "node:path";
import { packageManifest, packageRoot } from "../package-resolution";

/** What is known of a compiled text. */
export interface Compiled {
  readonly map: string | undefined;
  /** Lines before the compiled text. */
  readonly lineOffset: number;
  /** Characters put before the first line as typed. */
  readonly prefix: number;
  readonly text: string;
}

/** A step of the loader. */
const STEP = /^\w+\.(?:next|throw|return) \(<anonymous>\)$/;
const CELL = /^In\[/;
/** How many frames are shown; Node's own limit is 10, with those that are left out here. */
const MOST_FRAMES = 16;
const FRAMES_TAKEN = 60;
const KERNEL = join(packageRoot(), "dist", "kernel-setup") + sep;
const KERNEL_SOURCES = join(packageRoot(), "kernel-setup") + sep;
const TSLAB = `${sep}node_modules${sep}tslab${sep}`;

export class Traces {
  private readonly compiled = new Map<string, Compiled & { parsed?: SourceMap }>();

  /** Hears of every text before it is compiled by V8. */
  onAdd: (name: string, compiled: Compiled) => void = () => {};

  /** Source text of cells and of local modules by the names that traces give them. */
  add(name: string, compiled: Compiled): void {
    this.compiled.set(name, compiled);
    this.onAdd(name, compiled);
  }

  all(): ReadonlyMap<string, Compiled> {
    return this.compiled;
  }

  /** Makes every trace of this process readable. */
  install(): void {
    Error.stackTraceLimit = FRAMES_TAKEN;
    Error.prepareStackTrace = (error, sites) => {
      let header: string;
      try {
        header = Error.prototype.toString.call(error);
      } catch {
        header = "Error";
      }
      return [header, ...this.frames(sites)].join("\n    at ");
    };
  }

  private frames(sites: readonly NodeJS.CallSite[]): string[] {
    const shown: string[] = [];
    const lastOfUser = sites.map((site) => this.compiled.has(fileOf(site))).lastIndexOf(true);
    for (const [i, site] of sites.entries()) {
      const file = fileOf(site);
      if (isHidden(file) || (file === "" && STEP.test(site.toString()))) continue;
      // Below the cell there is only what runs it.
      if (lastOfUser >= 0 && i > lastOfUser && (file.startsWith("node:") || file === "")) continue;
      shown.push(this.frame(site, file));
      if (shown.length === MOST_FRAMES) break;
    }
    return shown;
  }

  private frame(site: NodeJS.CallSite, file: string): string {
    const line = site.getLineNumber();
    const column = site.getColumnNumber();
    const { name } = packageManifest();
    const text = site.toString();
    const compiled = this.compiled.get(file);
    if (compiled === undefined || line === null || column === null) return text.replace(packageRoot(), name);
    const place = `${file}:${line}:${column}`;
    const at = this.typed(compiled, line, column);
    const shown = CELL.test(file)
      ? `${file} line ${at.line}, column ${at.column}`
      : `${file}:${at.line}:${at.column}`;
    return text.replace(place, shown);
  }

  /** The place as typed, 1-based. */
  private typed(
    compiled: Compiled & { parsed?: SourceMap },
    line: number,
    column: number,
  ): { line: number; column: number } {
    const inText = line - compiled.lineOffset;
    if (compiled.map === undefined) return { line: inText, column };
    compiled.parsed ??= new SourceMap(JSON.parse(compiled.map) as SourceMapPayload);
    const entry = compiled.parsed.findEntry(inText - 1, column - 1);
    if (!("originalLine" in entry)) return { line: Math.max(1, inText), column };
    const first = entry.originalLine === 0 ? compiled.prefix : 0;
    return { line: entry.originalLine + 1, column: Math.max(1, entry.originalColumn + 1 - first) };
  }
}

/** `eval` and `new Function` have no file of their own. */
function fileOf(site: NodeJS.CallSite): string {
  return site.getFileName() ?? "";
}

function isHidden(file: string): boolean {
  return (
    file.startsWith(KERNEL) ||
    file.startsWith(KERNEL_SOURCES) ||
    file.includes(TSLAB) ||
    /^node:(?:vm|inspector|async_hooks)$|^node:internal\/(?:process|async|timers|modules|main|vm)/.test(file)
  );
}
