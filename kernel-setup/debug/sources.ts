/**
 * What the debugger knows as source: cells and modules of the user. Front ends name a cell by a hash of its text, and
 * may do so before it has run.
 */
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { pathToFileURL } from "node:url";
import { packageRoot } from "../package-resolution";
import { murmur2 } from "./murmur2";
import { type CompiledText, SourcePlaces } from "./source-places";

/** How front ends make the name of a cell's source. No such file is written. */
export const CELL_NAMES = {
  hashMethod: "Murmur2",
  hashSeed: 0xc70f6907,
  tmpFilePrefix: join(tmpdir(), `pageblock_${process.pid}`) + sep,
  tmpFileSuffix: ".ts",
} as const;

const KERNEL = pathToFileURL(join(packageRoot(), "dist", "kernel-setup") + sep).href;
const PACKAGE = pathToFileURL(join(packageRoot(), "dist") + sep).href;

const escaped = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** URLs of packages, and of this one's library, as regular expressions. */
export const PACKAGES = ["/node_modules/", `^${escaped(PACKAGE)}(?!kernel-setup/)`];

export const isOfKernel = (url: string) => url.startsWith(KERNEL);

export function pathOfCell(code: string): string {
  const { hashSeed, tmpFilePrefix, tmpFileSuffix } = CELL_NAMES;
  return `${tmpFilePrefix}${murmur2(code, hashSeed)}${tmpFileSuffix}`;
}

export class Sources {
  /** Texts that front ends have announced, by their paths. */
  private readonly dumped = new Map<string, string>();
  /** The newest text of each script, by its URL. */
  private readonly newest = new Map<string, SourcePlaces>();
  private readonly scripts = new Map<string, SourcePlaces>();
  private readonly urls = new Map<string, string>();
  /** The newest script of each text. */
  private readonly scriptOf = new Map<SourcePlaces, string>();

  /** Notes a cell that has not run yet, and returns its path. */
  dump(code: string): string {
    const path = pathOfCell(code);
    this.dumped.set(path, code);
    return path;
  }

  add(text: CompiledText): SourcePlaces {
    const places = new SourcePlaces(text);
    this.newest.set(places.url, places);
    return places;
  }

  /** Takes a script that V8 has read. Of two with one text, the newer is the one that runs. */
  parsed(scriptId: string, url: string): void {
    this.urls.set(scriptId, url);
    const places = this.newest.get(url);
    if (places === undefined) return;
    const older = this.scriptOf.get(places);
    if (older !== undefined) this.scripts.delete(older);
    this.scriptOf.set(places, scriptId);
    this.scripts.set(scriptId, places);
  }

  all(): SourcePlaces[] {
    return [...this.newest.values()];
  }

  forgetScripts(): void {
    for (const map of [this.scripts, this.urls, this.scriptOf, this.newest]) map.clear();
  }

  ofScript(scriptId: string): SourcePlaces | undefined {
    return this.scripts.get(scriptId);
  }

  urlOf(scriptId: string): string {
    return this.urls.get(scriptId) ?? "";
  }

  pathOf({ isCell, text }: SourcePlaces): string {
    return isCell ? pathOfCell(text.typed) : text.name;
  }

  /** Everything compiled of the source with this path: a cell that ran twice was compiled twice. */
  withPath(path: string): SourcePlaces[] {
    return this.all().filter((one) => this.pathOf(one) === path);
  }

  /** The text with this path, as typed. */
  typed(path: string): string | undefined {
    return this.dumped.get(path) ?? this.withPath(path).at(-1)?.text.typed;
  }

  /** Paths of the modules that are loaded. */
  modules(): string[] {
    return this.all().flatMap(({ isCell, text }) => (isCell ? [] : [text.name]));
  }
}
