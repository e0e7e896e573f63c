/** A file server: the page cache fills memory; popular files are read again, others are written anew and written back. */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { FileSet } from "./file-set";
import { type Load, pacedKind, pagesOf } from "./load";
import { DURATION, type Size, share, size, type Time } from "./parameters";
import { dentries, inodes, SlabCache, shrinkable } from "./slab-cache";

export interface FileServerParameters {
  duration?: Time;
  files?: Size;
  meanFile?: Size;
  traffic?: Size;
  writes?: number;
  zipf?: number;
  dirty?: number;
}

export interface FileShape {
  /** Pages of all files together, and of one on average. */
  pages: number;
  meanPages: number;
  writes: number;
  zipf: number;
  mostDirty: number;
}

export class FileLoad implements Load {
  private readonly files: FileSet;
  private readonly dentries: SlabCache;
  private readonly inodes: SlabCache;
  private readonly shape: FileShape;

  constructor(system: System, random: Random, shape: FileShape) {
    this.shape = shape;
    const files = Math.max(1, Math.round(shape.pages / shape.meanPages));
    this.files = new FileSet(system, random.fork("files"), { ...shape, files });
    this.dentries = new SlabCache(system, random.fork("dentries"), dentries(system.pageSize));
    this.inodes = new SlabCache(system, random.fork("inodes"), inodes(system.pageSize));
    shrinkable(system, this.dentries);
    shrinkable(system, this.inodes);
  }

  turn(pages: number): number {
    return this.withSlab(this.files.use(pages, this.shape.writes));
  }

  /** A backup: all files, one after the other. */
  backup(pages: number): number {
    return this.withSlab(this.files.sweep(pages));
  }

  private withSlab(asked: number): number {
    // A dentry and an inode for each file that was not in memory.
    const files = Math.ceil(asked / this.shape.meanPages);
    const slabs = this.dentries.make(files) + 8 * this.inodes.make(files);
    return asked + Math.max(0, slabs);
  }

  /** The cache stays, as it does when nobody asks a server for files. */
  stop(): void {}
}

export const fileServer = pacedKind<FileServerParameters>({
  kind: "fileServer",
  title: "file server",
  summary:
    "Files are served from the page cache: popular ones again and again (Zipf), a share of requests writes a file anew; dirty pages are written back when they are too many; reclaim makes room.",
  parameters: {
    duration: DURATION("1 hour"),
    files: size("8GiB", "all files together", 1),
    meanFile: size("256KiB", "mean size of a file", 1),
    traffic: size("4MiB", "read from disk or written in a second"),
    writes: share(0.2, "requests that write"),
    zipf: {
      unit: "exponent",
      default: 0.9,
      meaning: "popularity of files: rank to the power of minus this",
      least: 0.1,
      most: 4,
    },
    dirty: share(0.1, "memory that may be dirty before the oldest files are written back"),
  },
  leaves: ["fileClean", "fileDirty", "slabReclaimable"],
  pagesPerSecond: (p, { pageSize }) => p.traffic / pageSize,
  load: (system, p, random) =>
    new FileLoad(system, random, {
      pages: pagesOf(system, p.files),
      meanPages: pagesOf(system, p.meanFile),
      writes: p.writes,
      zipf: p.zipf,
      mostDirty: Math.ceil(system.managedPages * p.dirty),
    }),
});
