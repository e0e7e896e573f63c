/** A file server: the page cache fills memory; popular files are read again, others are rewritten and written back. */
import type { Random } from "../base/random";
import type { FileSystem } from "../hardware/file-systems";
import type { System } from "../machine/system";
import { filled, number, share, size } from "../schema/field";
import { FileSet } from "./file-set";
import { KernelCaches } from "./kernel-caches";
import { definePaced, type Load, pagesOf } from "./load";
import { duration, FILE_SYSTEM } from "./parameters";

export interface FileShape {
  /** Pages of all files together, and the mean per file. */
  pages: number;
  meanPages: number;
  writes: number;
  zipf: number;
  mostDirty: number;
  caches: KernelCaches;
  fileSystem?: FileSystem | undefined;
}

export class FileLoad implements Load {
  private readonly files: FileSet;
  private readonly shape: FileShape;

  constructor(system: System, random: Random, shape: FileShape) {
    this.shape = shape;
    const files = Math.max(1, Math.round(shape.pages / shape.meanPages));
    this.files = new FileSet(system, random.fork("files"), { ...shape, files });
  }

  turn(pages: number): number {
    return this.files.use(pages, this.shape.writes);
  }

  /** A backup: all files, one after the other. */
  backup(pages: number): number {
    return this.files.sweep(pages);
  }

  /** The cache stays, as it does when nobody asks a server for files. */
  stop(): void {}
}

export const fileServer = definePaced({
  kind: "file-server",
  title: "file server",
  summary:
    "Files are served from the page cache, popular ones again and again (Zipf). A share of the requests rewrites a file. Dirty pages are written back if there are too many; reclaim makes room.",
  parameters: {
    duration: duration("1 hour"),
    files: filled(size("all files together", { default: "8GiB", least: 1 })),
    meanFile: filled(size("mean size of a file", { default: "256KiB", least: 1 })),
    traffic: filled(size("read from disk or written per second", { default: "4MiB" })),
    writes: filled(share("requests that write", { default: 0.2 })),
    zipf: filled(
      number("popularity of files: rank to the power of minus this", "exponent", {
        default: 0.9,
        least: 0.1,
        most: 4,
      }),
    ),
    dirty: filled(
      share("memory that may be dirty before the oldest files are written back", { default: 0.1 }),
    ),
    fileSystem: FILE_SYSTEM,
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
      caches: new KernelCaches(system, random.fork("caches")),
      fileSystem: p.fileSystem,
    }),
});
