/**
 * Files that are read and written again and again, and their pages in the page cache. The choice of the file follows Zipf's law.
 * Files come in folios as their file system has them. Writing a file creates a new version: its old pages are freed, and the new ones are dirty until they are written back.
 */
import { Queue } from "../base/int-stack";
import type { Random } from "../base/random";
import type { FileSystem } from "../hardware/file-systems";
import { FileFolios } from "../machine/file-folios";
import type { System } from "../machine/system";
import type { KernelCaches } from "./kernel-caches";
import { Zipf } from "./zipf";

export interface FileSetShape {
  files: number;
  /** Mean pages of a file; sizes are spread geometrically. */
  meanPages: number;
  /** Exponent of the popularity of files. */
  zipf: number;
  /** Dirty pages at which the oldest are written back (vm.dirty_background_ratio, in pages). */
  mostDirty: number;
  /** Where the kernel's objects of the files are. */
  caches: KernelCaches;
  /** Default: ext4. */
  fileSystem?: FileSystem | undefined;
}

export class FileSet {
  private readonly system: System;
  private readonly random: Random;
  private readonly popularity: Zipf;
  private readonly shape: FileSetShape;
  private readonly folios: FileFolios;
  /** By file: the first slot of its folios, which lie in a row, and their number. */
  private readonly slots: Int32Array;
  private readonly nrFolios: Int32Array;
  /** By file: its pages; 0: never read, or forgotten. */
  private readonly pages: Int32Array;
  /** Files written and not written back, the oldest first. */
  private readonly dirty: Queue;
  private readonly isDirty: Uint8Array;
  private dirtyPages: number;
  private swept: number;

  constructor(system: System, random: Random, shape: FileSetShape) {
    this.system = system;
    this.random = random;
    this.shape = { ...shape, files: Math.max(1, Math.round(shape.files)) };
    this.popularity = new Zipf(random.fork("files"), this.shape.files, shape.zipf);
    this.folios = new FileFolios(system, shape.fileSystem ?? "ext4");
    this.slots = new Int32Array(this.shape.files);
    this.nrFolios = new Int32Array(this.shape.files);
    this.pages = new Int32Array(this.shape.files);
    this.isDirty = new Uint8Array(this.shape.files);
    this.dirty = new Queue();
    this.dirtyPages = 0;
    this.swept = -1;
  }

  /** Uses files until about `pages` pages were asked for, `writes` of them written; returns how many were requested. */
  use(pages: number, writes: number): number {
    let asked = 0;
    // Hits cost no memory, so the turn also ends after this many pages were visited.
    let looked = 3 * pages;
    while (asked < pages && looked > 0) {
      const file = this.popularity.draw();
      const before = asked;
      const got = this.random.chance(writes) ? this.write(file) : this.read(file);
      if (got < 0) return asked;
      asked += got;
      looked -= Math.max(1, this.pages[file]!, asked - before);
    }
    return asked;
  }

  /** Reads files one after the other, as a backup does, from where it stopped; returns how many pages were requested. */
  sweep(pages: number): number {
    let asked = 0;
    for (let looked = 0; asked < pages && looked < 3 * pages; ) {
      this.swept = (this.swept + 1) % this.slots.length;
      const got = this.read(this.swept);
      if (got < 0) return asked;
      asked += got;
      looked += Math.max(1, this.pages[this.swept]!);
    }
    return asked;
  }

  /** Reads a file; returns the pages that were not in the cache, or −1 if there was no memory. */
  read(file: number): number {
    const pages = this.pages[file]!;
    if (pages > 0) return this.system.touchRun(this.slots[file]!, this.nrFolios[file]!);
    this.shape.caches.found(1);
    return this.bring(file, "fileClean");
  }

  /** Writes a new version of a file; returns its pages, or −1 if there was no memory. */
  write(file: number): number {
    if (this.pages[file]! === 0) this.shape.caches.found(1);
    this.truncate(file);
    const pages = this.bring(file, "fileDirty");
    if (pages > 0) {
      this.dirty.push(file);
      this.isDirty[file] = 1;
      this.dirtyPages += pages;
      while (this.dirtyPages > this.shape.mostDirty && this.dirty.length > 0) this.writeBack();
    }
    return pages;
  }

  private bring(file: number, kind: "fileClean" | "fileDirty"): number {
    const { system, folios } = this;
    const n = Math.min(
      8 * this.shape.meanPages,
      Math.max(1, Math.round(this.random.exponential(this.shape.meanPages))),
    );
    const base = system.reserveSlots(n);
    const got = folios.bring(kind, base, n);
    if (folios.slots < n) system.returnSlots(base + folios.slots, n - folios.slots);
    this.slots[file] = base;
    this.nrFolios[file] = folios.slots;
    this.pages[file] = got;
    this.shape.caches.cached(got);
    return got === n ? n : -1;
  }

  /** Writes back the file that has been dirty the longest. */
  private writeBack(): void {
    const file = this.dirty.shift();
    const pages = this.pages[file]!;
    if (this.isDirty[file] === 0) return;
    this.isDirty[file] = 0;
    this.system.cleanedRun(this.slots[file]!, this.nrFolios[file]!);
    this.dirtyPages -= pages;
  }

  /** Deletes a file: its pages leave the cache, and its objects go. */
  forget(file: number): void {
    if (this.pages[file]! > 0) this.shape.caches.deleted(1);
    this.truncate(file);
  }

  private truncate(file: number): void {
    const pages = this.pages[file]!;
    if (pages === 0) return;
    if (this.isDirty[file] === 1) {
      this.isDirty[file] = 0;
      this.dirtyPages -= pages;
    }
    this.system.freeRun(this.slots[file]!, this.nrFolios[file]!);
    this.shape.caches.uncached(pages);
    this.pages[file] = 0;
  }

  /** Deletes all files. */
  drop(): void {
    for (let file = 0; file < this.slots.length; file++) this.forget(file);
  }
}
