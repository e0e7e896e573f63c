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

interface Known extends Compiled {
  parsed?: SourceMap;
  /** Lines before the first that was typed. */
  unmapped?: number;
}

/** A step of the loader. */
const STEP = /^\w+\.(?:next|throw|return) \(<anonymous>\)$/;
const CELL = /^In\[/;
/** How many frames are shown; Node's own limit is 10, with those that are left out here. */
const MOST_FRAMES = 16;
/** So many are looked at, more than fit on V8's stack: the cell's own frame is the outermost one. */
const FRAMES_TAKEN = 20_000;
const KERNEL = join(packageRoot(), "dist", "kernel-setup") + sep;
const KERNEL_SOURCES = join(packageRoot(), "kernel-setup") + sep;
const TSLAB = `${sep}node_modules${sep}tslab${sep}`;

export class Traces {
  private readonly compiled = new Map<string, Known>();

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
      return [header, ...this.frames(sites)].join("\n");
    };
  }

  /** Where in the user's code this process is; to be called while that code is stopped. */
  here(): string[] {
    const { prepareStackTrace } = Error;
    Error.prepareStackTrace = (_, sites) => sites;
    const sites = new Error().stack as unknown as readonly NodeJS.CallSite[];
    Error.prepareStackTrace = prepareStackTrace;
    const first = sites.findIndex((site) => this.compiled.has(fileOf(site)));
    return first < 0 ? [] : this.frames(sites.slice(first));
  }

  /** The lines of a trace. If there are too many frames, the innermost ones and the cell's own are shown. */
  private frames(sites: readonly NodeJS.CallSite[]): string[] {
    const shown = this.visible(sites);
    const at = (site: NodeJS.CallSite) => `    at ${this.frame(site, fileOf(site))}`;
    if (shown.length <= MOST_FRAMES) return shown.map(at);
    const cell = shown.map((site) => CELL.test(fileOf(site))).lastIndexOf(true);
    const own = cell < MOST_FRAMES - 1 ? [] : [shown[cell]!];
    const first = shown.slice(0, MOST_FRAMES - own.length);
    const leftOut = shown.length - first.length - own.length;
    const gap = leftOut === 0 ? [] : [`    … ${leftOut} more`];
    return [...first.map(at), ...gap, ...own.map(at)];
  }

  private visible(sites: readonly NodeJS.CallSite[]): NodeJS.CallSite[] {
    const files = sites.map(fileOf);
    const lastOfUser = files.map((file) => this.compiled.has(file)).lastIndexOf(true);
    // Below the cell there is only what runs it; an error of the kernel's own has no place of the user's.
    const end = lastOfUser >= 0 ? lastOfUser : files.some(isKernels) ? -1 : files.length;
    return sites.filter((site, i) => {
      const file = files[i]!;
      if (isHidden(file) || (file === "" && STEP.test(site.toString()))) return false;
      if (i > end && (file.startsWith("node:") || file === "")) return false;
      return !this.isHelper(site, file);
    });
  }

  /** True in what the compiler puts before the first statement, such as what disposes of `using`. */
  private isHelper(site: NodeJS.CallSite, file: string): boolean {
    const compiled = this.compiled.get(file);
    if (compiled?.map === undefined) return false;
    compiled.unmapped ??= /^;*/.exec((JSON.parse(compiled.map) as SourceMapPayload).mappings)![0].length;
    return (site.getLineNumber() ?? 0) - compiled.lineOffset <= compiled.unmapped;
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
  private typed(compiled: Known, line: number, column: number): { line: number; column: number } {
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

const isKernels = (file: string) => file.startsWith(KERNEL) || file.startsWith(KERNEL_SOURCES);

function isHidden(file: string): boolean {
  return (
    isKernels(file) ||
    file.includes(TSLAB) ||
    /^node:(?:vm|inspector|async_hooks)$|^node:internal\/(?:process|async|timers|modules|main|vm)/.test(file)
  );
}
