/** A desktop: browsers with one process per tab, heaps that request huge pages, tabs opened and closed, and a page cache. */
import type { Random } from "../base/random";
import type { FileSystem } from "../hardware/file-systems";
import type { System } from "../machine/system";
import { filled, share, size, time, whole } from "../schema/field";
import { FileSet } from "./file-set";
import { KernelCaches } from "./kernel-caches";
import { definePaced, type Load, pagesOf, scaled } from "./load";
import { duration, FILE_SYSTEM, LONGEST_MS } from "./parameters";
import { Process } from "./process";

export interface DesktopShape {
  /** Tabs at a time, at most. */
  tabs: number;
  tabPages: number;
  /** Share of a heap that is an area with madvise(). */
  huge: number;
  /** Pages shared with the display per page of a tab. */
  graphics: number;
  filePages: number;
  caches: KernelCaches;
  fileSystem?: FileSystem | undefined;
}

interface Tab {
  process: Process;
  surfaces: number[];
}

const CHUNK = 256;
/** A browser's process: threads, tables for its libraries, and a sparse heap. A modelling choice. */
const TAB = { threads: 20, tables: 20, density: 0.2 };

export class DesktopLoad implements Load {
  private readonly system: System;
  private readonly random: Random;
  private readonly shape: DesktopShape;
  private readonly tabs: Tab[];
  private readonly files: FileSet;
  /** The tab that is loading: pages it still wants. */
  private left: number;

  private most: number;

  constructor(system: System, random: Random, shape: DesktopShape) {
    this.system = system;
    this.random = random;
    this.shape = shape;
    this.most = shape.tabs;
    this.tabs = [];
    const meanPages = pagesOf(system, 64 * 1024);
    this.files = new FileSet(system, random.fork("files"), {
      files: shape.filePages / meanPages,
      meanPages,
      zipf: 0.9,
      mostDirty: Math.ceil(system.managedPages / 20),
      caches: shape.caches,
      fileSystem: shape.fileSystem,
    });
    this.left = 0;
  }

  scale(factor: number): void {
    this.most = scaled(this.shape.tabs, factor);
    while (this.tabs.length > this.most) this.close();
  }

  turn(pages: number): number {
    let asked = 0;
    while (asked < pages) {
      if (this.left <= 0) {
        const n = this.open();
        if (n < 0) {
          this.close();
          return asked;
        }
        asked += n;
      }
      const got = this.grow();
      asked += Math.max(1, got);
      // Out of memory: the browser discards a tab.
      if (got === 0) {
        this.close();
        this.left = 0;
        return asked;
      }
      // Programs, profiles and caches on disk: one page per four of the heap, a fifth of them written.
      asked += this.files.use(Math.ceil(got / 4), 0.2);
    }
    return asked;
  }

  private open(): number {
    const { shape, random } = this;
    while (this.tabs.length >= this.most) this.close();
    const process = new Process(this.system, { ...TAB, caches: shape.caches });
    if (!process.alive) return -1;
    this.tabs.push({ process, surfaces: [] });
    this.left = Math.max(CHUNK, Math.round(random.exponential(shape.tabPages)));
    return process.kernelPages;
  }

  /** The newest tab loads a piece; returns the pages it got. */
  private grow(): number {
    const { shape, random, system } = this;
    const tab = this.tabs[this.tabs.length - 1]!;
    const huge = 1 << system.memory.thpOrder;
    if (random.chance(shape.huge) && huge <= 8 * CHUNK) {
      this.left -= huge;
      return tab.process.faultHuge() ? huge : 0;
    }
    const wanted = Math.min(CHUNK, Math.max(1, this.left));
    const got = tab.process.fault(wanted);
    this.left -= wanted;
    for (let i = Math.floor(got * shape.graphics); i > 0; i--) {
      const slot = system.alloc("shmem");
      if (slot >= 0) tab.surfaces.push(slot);
    }
    return got;
  }

  /** Closes a tab: recent ones as likely as old ones. */
  private close(): void {
    if (this.tabs.length === 0) return;
    const at = this.random.below(this.tabs.length);
    const [tab] = this.tabs.splice(at, 1);
    if (at === this.tabs.length) this.left = 0;
    for (const slot of tab!.surfaces) this.system.free(slot);
    tab!.process.exit();
  }

  stop(): void {
    while (this.tabs.length > 0) this.close();
  }
}

export const desktop = definePaced({
  kind: "desktop",
  title: "desktop with browsers",
  summary:
    "Tabs are processes that come and go. Part of their heaps requests huge pages (madvise), the rest is single pages. Surfaces are shared with the display; programs, profiles and caches go through the page cache.",
  parameters: {
    duration: duration("1 hour"),
    tabs: filled(whole("tabs open at a time", "tabs", { default: 10, least: 1 })),
    tab: filled(size("mean memory of a tab", { default: "50MiB", least: 1 })),
    life: filled(time("mean time a tab stays open", { default: "20 minutes", most: LONGEST_MS })),
    huge: filled(share("pieces of a heap that request huge pages", { default: 0.3 })),
    graphics: filled(share("pages shared with the display per page of a heap", { default: 0.1 })),
    files: filled(size("programs, profiles and caches on disk", { default: "4GiB", least: 1 })),
    fileSystem: FILE_SYSTEM,
  },
  leaves: ["fileClean", "fileDirty", "slabReclaimable"],
  pagesPerSecond: (p, { pageSize }) =>
    (p.tabs / Math.max(0.001, p.life / 1000)) * (p.tab / pageSize) * (1.25 + p.graphics),
  load: (system, p, random) =>
    new DesktopLoad(system, random, {
      tabs: p.tabs,
      tabPages: pagesOf(system, p.tab),
      huge: p.huge,
      graphics: p.graphics,
      filePages: pagesOf(system, p.files),
      caches: new KernelCaches(system, random.fork("caches")),
      fileSystem: p.fileSystem,
    }),
});
