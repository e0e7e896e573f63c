/**
 * A large file that is read and written to another place, over and over, or only read: streaming through the page cache. What is written is
 * dirty until it is a given number of pages old.
 */
import type { System } from "../machine/system";
import type { Load } from "./load";

export class FileCopy implements Load {
  private readonly source: number;
  private readonly target: number;
  /** The page that is next. */
  private at: number;
  /** Source pages that were read once: they have slots with pages, or had. */
  private readPages: number;

  /** `mostDirty`: pages that are dirty at most; null: the file is only read. */
  constructor(
    private readonly system: System,
    private readonly filePages: number,
    private readonly mostDirty: number | null,
  ) {
    this.source = system.reserveSlots(filePages);
    this.target = mostDirty === null ? -1 : system.reserveSlots(filePages);
    this.at = 0;
    this.readPages = 0;
  }

  turn(pages: number): number {
    let asked = 0;
    while (asked < pages) {
      if (this.at === this.filePages) this.again();
      const wanted = Math.min(pages - asked, this.filePages - this.at);
      const got = this.read(wanted);
      const written = this.mostDirty === null ? got : this.write(got);
      this.at += written;
      asked += this.mostDirty === null ? written : 2 * written;
      if (written < wanted) return asked;
    }
    return asked;
  }

  /** Pages that were read before are used again: those that reclaim took are read back. */
  private read(wanted: number): number {
    const { system, source, at } = this;
    const known = Math.min(wanted, this.readPages - at);
    if (known > 0) return system.touchRun(source + at, known) < 0 ? 0 : known;
    const got = system.allocRun("fileClean", source + at, wanted);
    this.readPages += got;
    return got;
  }

  private write(wanted: number): number {
    const { system, target, at } = this;
    const got = system.allocRun("fileDirty", target + at, wanted);
    const clean = Math.max(0, at + got - this.mostDirty!);
    const from = Math.max(0, Math.min(clean, at - this.mostDirty!));
    system.cleanedRun(target + from, clean - from);
    return got;
  }

  /** The next round: a copy replaces the one before; what is only read is another file. */
  private again(): void {
    this.drop();
    this.at = 0;
  }

  private drop(): void {
    const { system } = this;
    if (this.mostDirty !== null) {
      if (this.at > 0) system.vacate(this.target, this.target + this.at - 1);
      return;
    }
    if (this.readPages > 0) system.vacate(this.source, this.source + this.readPages - 1);
    this.readPages = 0;
  }

  /** Both files are deleted. */
  stop(): void {
    const { system, filePages } = this;
    this.drop();
    this.at = 0;
    if (this.readPages > 0) system.vacate(this.source, this.source + this.readPages - 1);
    this.readPages = 0;
    system.returnSlots(this.source, filePages);
    if (this.target >= 0) system.returnSlots(this.target, filePages);
  }
}
