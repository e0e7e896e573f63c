/**
 * What cells have imported of the user's own files: names, and files for their effects alone. Edited files are loaded
 * anew before a cell runs, and the names get the new values, all of a group or none.
 */
import type { Loader } from "./loader";
import { type Group, versionOf } from "./local-modules";
import { exportsOf, type Namespace } from "./namespaces";

const MOST_NAMED = 5;

interface Bound {
  readonly specifier: string;
  readonly exported: string;
}

/** A name that gets another value. */
export interface Renewed {
  readonly name: string;
  readonly namespace: Namespace;
  readonly exported: string;
  readonly value: unknown;
}

export class Imported {
  /** Variables of cells that an import set, as they are kept. */
  private readonly bound = new Map<string, Bound & { path: string }>();
  /** Files that were imported for their effects, by specifier. */
  private readonly effects = new Map<string, string>();

  constructor(
    private readonly loader: Loader,
    private readonly from: string,
  ) {}

  /** A variable of cells was set, by an import or by something else. */
  set(name: string, by: Bound | undefined): void {
    this.bound.delete(name);
    const path = by && this.pathOf(by.specifier);
    if (by !== undefined && path !== undefined) this.bound.set(name, { ...by, path });
  }

  /** A module was imported without any name. */
  addEffects(specifier: string): void {
    const path = this.pathOf(specifier);
    if (path !== undefined) this.effects.set(specifier, path);
  }

  clear(): void {
    this.bound.clear();
    this.effects.clear();
  }

  /** Loads a group anew and hands over the new values; if that fails, nothing is changed, and the reason returned. */
  async loadAnew(group: Group, renew: (one: Renewed) => void): Promise<string | undefined> {
    const { modules } = this.loader;
    const files = [...group].map(([path, { version }]) => ({ path, edited: versionOf(path) !== version }));
    modules.loadAnew(group);
    const renewed: Renewed[] = [];
    try {
      for (const [specifier, path] of this.effects)
        if (group.has(path)) await this.loader.import(specifier, this.from);
      for (const [name, { path, specifier, exported }] of this.bound) {
        if (!group.has(path)) continue;
        const namespace = await this.loader.import(specifier, this.from);
        const [value] = exportsOf(namespace, [exported], specifier);
        renewed.push({ name, namespace, exported, value });
      }
      modules.loadedAnew();
    } catch (error) {
      modules.giveBack(error);
      return reason(files, error);
    }
    for (const one of renewed) {
      renew(one);
      this.set(one.name, this.bound.get(one.name));
    }
    for (const [specifier, path] of [...this.effects]) if (group.has(path)) this.addEffects(specifier);
    return undefined;
  }

  private pathOf(specifier: string): string | undefined {
    try {
      return this.loader.localPath(specifier, this.from);
    } catch {
      return undefined;
    }
  }
}

function reason(files: readonly { path: string; edited: boolean }[], error: unknown): string {
  const list = (paths: readonly string[]) =>
    paths.slice(0, MOST_NAMED).join(", ") + (paths.length > MOST_NAMED ? ", …" : "");
  const edited = files.filter((one) => one.edited).map(({ path }) => path);
  const changes = edited.map((path) => `${path} ${versionOf(path) === "gone" ? "is gone" : "was edited"}`);
  const what = changes.length > 0 ? list(changes) : list(files.map(({ path }) => path));
  const used = list(files.map(({ path }) => path));
  return `${what} and cannot be loaded: ${error}\nUntil it can, this is used as it was: ${used}\n`;
}
