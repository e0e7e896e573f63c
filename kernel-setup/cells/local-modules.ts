/**
 * The user's own files as they are loaded. An edited file and what depends on it are one group: it is loaded anew as a
 * whole, or, if one of its files cannot be loaded, it is used as it was, so that its files always fit together.
 */
import { statSync } from "node:fs";

export interface LocalModule {
  readonly path: string;
  readonly version: string;
  /** Local files that it loaded. */
  readonly needs: Set<string>;
  readonly module: { exports: unknown; loaded: boolean; readonly id: string; readonly filename: string };
  /** Until it is loaded. */
  whole: Promise<unknown> | undefined;
  /** The local file that it is loading, while it does. */
  waitsFor: string | undefined;
}

/** Edited files and what depends on them, as they were loaded: a group is loaded anew as a whole, or stays. */
export type Group = ReadonlyMap<string, LocalModule>;

/** A group that could not be loaded anew and is used as it was. */
interface Stale {
  readonly group: Group;
  /** Files that were looked at, in the versions that could not be loaded. */
  readonly versions: ReadonlyMap<string, string>;
  readonly error: unknown;
}

export function versionOf(path: string): string {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? "gone" : `${found.mtimeMs} ${found.size}`;
}

export class LocalModules {
  private readonly byPath = new Map<string, LocalModule>();
  private stale: Stale[] = [];
  /** The group that is being loaded anew, what else was loaded before, and what it has looked at. */
  private attempt: { group: Group; before: ReadonlySet<string>; files: Set<string> } | undefined;

  /** `find` throws if there is no such module. */
  constructor(private readonly find: (specifier: string, from: string) => unknown) {}

  get(path: string): LocalModule | undefined {
    return this.byPath.get(path);
  }

  /** A file that begins to be loaded. */
  begin(path: string): LocalModule {
    this.attempt?.files.add(path);
    const module = { exports: {}, loaded: false, id: path, filename: path, children: [], paths: [] };
    const one: LocalModule = {
      ...{ path, version: versionOf(path), needs: new Set(), module, whole: undefined, waitsFor: undefined },
    };
    this.byPath.set(path, one);
    return one;
  }

  forget(path: string): void {
    this.byPath.delete(path);
  }

  /** Forgets edited files and all that depend on them, in groups that have nothing to do with each other. */
  takeEdited(): Group[] {
    const kept = this.stale.filter((one) => !this.mayLoadNow(one));
    const isKept = (path: string) => kept.some(({ group }) => group.has(path));
    const again = this.stale.filter((one) => !kept.includes(one)).flatMap(({ group }) => [...group.keys()]);
    const old = new Set(again);
    for (const { path, version } of this.byPath.values())
      if (!isKept(path) && versionOf(path) !== version) old.add(path);
    for (let size = -1; size !== old.size; ) {
      size = old.size;
      for (const one of this.byPath.values())
        if ([...one.needs].some((path) => old.has(path))) old.add(one.path);
      for (const { group } of kept)
        if ([...group.keys()].some((path) => old.has(path))) for (const path of group.keys()) old.add(path);
    }
    this.stale = this.stale.filter(({ group }) => ![...group.keys()].some((path) => old.has(path)));
    const modules = [...this.byPath.values()].filter(({ path }) => old.has(path));
    for (const { path } of modules) this.byPath.delete(path);
    return grouped(modules);
  }

  /** From now on until {@link loadedAnew} or {@link giveBack}, what is loaded belongs to this group. */
  loadAnew(group: Group): void {
    this.attempt = { group, before: new Set(this.byPath.keys()), files: new Set() };
  }

  loadedAnew(): void {
    this.attempt = undefined;
  }

  /** The group that was to be loaded anew is used as it was. */
  giveBack(error: unknown): void {
    if (this.attempt === undefined) return;
    const { group, before, files } = this.attempt;
    this.attempt = undefined;
    for (const path of this.byPath.keys()) if (!before.has(path)) this.byPath.delete(path);
    for (const [path, one] of group) this.byPath.set(path, one);
    const versions = new Map([...group.keys(), ...files].map((path) => [path, versionOf(path)]));
    this.stale.push({ group, versions, error });
  }

  /** True if a file has changed since it could not be loaded, or one that was missing is there. */
  private mayLoadNow({ versions, error }: Stale): boolean {
    if ([...versions].some(([path, version]) => versionOf(path) !== version)) return true;
    const missing = (error as { missing?: { specifier: string; from: string } } | undefined)?.missing;
    if (missing === undefined) return false;
    try {
      this.find(missing.specifier, missing.from);
      return true;
    } catch {
      return false;
    }
  }

  /** An interrupt can end a cell in the middle of a module: the next import loads it anew. */
  forgetHalfLoaded(): void {
    this.giveBack(new Error("it was interrupted"));
    for (const one of this.byPath.values()) if (!one.module.loaded) this.byPath.delete(one.path);
  }

  /** Notes who needs a file. A cell that asks for one that can no longer be loaded is told why. */
  note(path: string, needing: LocalModule | undefined): void {
    if (needing !== undefined) needing.needs.add(path);
    const stale = needing === undefined && this.stale.find(({ group }) => group.has(path));
    if (stale) throw stale.error;
  }

  /** True if the file waits, through others, for one of `chain`: they import each other. */
  waitsForOne(path: string, chain: readonly string[]): boolean {
    const seen = new Set<string>();
    let at: string | undefined = path;
    for (; at !== undefined && !seen.has(at); at = this.byPath.get(at)?.waitsFor) {
      if (chain.includes(at)) return true;
      seen.add(at);
    }
    return false;
  }
}

/** Modules that depend on each other, directly or not, are in one group. */
function grouped(modules: readonly LocalModule[]): Group[] {
  const groups = new Map<string, Map<string, LocalModule>>();
  for (const one of modules) groups.set(one.path, new Map([[one.path, one]]));
  for (const one of modules)
    for (const path of one.needs) {
      const [into, from] = [groups.get(one.path)!, groups.get(path)];
      if (from === undefined || from === into) continue;
      for (const [inside, module] of from) {
        into.set(inside, module);
        groups.set(inside, into);
      }
    }
  return [...new Set(groups.values())];
}
