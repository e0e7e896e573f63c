/**
 * Brings files into the page cache in folios, as their file system and the release do: a read by readahead's windows
 * (readahead.ts), a write in folios as large as the write. A large folio that is not to be had is replaced by smaller
 * ones, and costs no reclaim beyond one try (__GFP_NORETRY). A folio has one slot.
 */
import type { FileSystem } from "../hardware/file-systems";
import { type FolioRules, firstWindow, folioOrderAt, folioRules, nextWindow } from "./readahead";
import type { System } from "./system";

export class FileFolios {
  readonly rules: FolioRules;
  private readonly system: System;
  /** Slots that the last file took, at most one for each page. */
  slots: number;
  private kind: "fileClean" | "fileDirty";
  private base: number;
  private pages: number;

  constructor(system: System, fileSystem: FileSystem) {
    this.system = system;
    this.rules = folioRules(system.memory, fileSystem, system.pageSize);
    this.slots = 0;
    this.kind = "fileClean";
    this.base = 0;
    this.pages = 0;
  }

  /** The first `n` pages of a file for slots in a row from `base` on, which were reserved: how many were had. */
  bring(kind: "fileClean" | "fileDirty", base: number, n: number): number {
    this.kind = kind;
    this.base = base;
    this.pages = 0;
    this.slots = 0;
    if (kind === "fileClean" ? this.rules.reads : this.rules.writes) {
      if (kind === "fileClean") this.read(n);
      else this.write(n);
    } else this.single(n);
    return this.pages;
  }

  /** page_cache_ra_order() of window after window; where a folio fails, the rest of its window is read in single pages. */
  private read(n: number): void {
    const { rules } = this;
    for (let w = firstWindow(rules); this.pages < n; ) {
      const last = Math.min(n, w.start + w.size) - 1;
      let { order } = w;
      let marked = 0;
      while (this.pages <= last) {
        const at = this.pages;
        const fits = folioOrderAt(rules, at, order, last);
        if (fits === 0) {
          if (!this.single(order === 0 ? last - at + 1 : 1)) return;
        } else if (!this.large(fits)) order = 0;
        else if (w.mark >= at && w.mark < this.pages) marked = fits;
      }
      w = nextWindow(rules, w, marked);
    }
  }

  /** __filemap_get_folio() for each write(): the largest order first, then smaller ones. */
  private write(n: number): void {
    const { rules } = this;
    const { callPages } = rules;
    while (this.pages < n) {
      const at = this.pages;
      const last = Math.min(n, at - (at % callPages) + callPages) - 1;
      let order = folioOrderAt(rules, at, rules.mostOrder, last);
      while (order > 0 && !this.large(order)) order -= order === 2 && !rules.orderOne ? 2 : 1;
      if (order === 0 && !this.single(1)) return;
    }
  }

  private large(order: number): boolean {
    if (!this.system.allocFolio(this.kind, order, this.base + this.slots)) return false;
    this.slots++;
    this.pages += 2 ** order;
    return true;
  }

  private single(n: number): boolean {
    const got = this.system.allocRun(this.kind, this.base + this.slots, n);
    this.slots += got;
    this.pages += got;
    return got === n;
  }
}
