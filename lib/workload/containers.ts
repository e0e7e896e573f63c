/** Containers: image layers in the page cache, and processes that fork, run briefly and exit; a few of them stay. */
import type { Random } from "../base/random";
import type { FileSystem } from "../hardware/file-systems";
import type { System } from "../machine/system";
import { filled, size, time, whole } from "../schema/field";
import { FileSet } from "./file-set";
import { KernelCaches } from "./kernel-caches";
import { definePaced, type Load, pagesOf, scaled } from "./load";
import { duration, FILE_SYSTEM, LONGEST_MS } from "./parameters";
import { Process } from "./process";

export interface ContainersShape {
  containers: number;
  rssPages: number;
  /** Short processes per container started. */
  forks: number;
  childPages: number;
  imagePages: number;
  caches: KernelCaches;
  fileSystem?: FileSystem | undefined;
}

interface Container {
  main: Process;
  objects: number;
}

/** Kernel objects of a container (cgroup, namespaces, veth, mounts), 1 KiB each: a modelling choice. */
const OBJECTS = 64;
/** Threads of its first process: a modelling choice. */
const THREADS = 8;
/** Short processes that run at the same time. */
const CHILDREN = 8;

export class ContainersLoad implements Load {
  private readonly system: System;
  private readonly random: Random;
  private readonly shape: ContainersShape;
  private readonly running: Container[];
  private readonly children: Process[];
  private readonly images: FileSet;
  private forksLeft: number;

  private most: number;

  constructor(system: System, random: Random, shape: ContainersShape) {
    this.system = system;
    this.random = random;
    this.shape = shape;
    this.most = shape.containers;
    this.running = [];
    this.children = [];
    const meanPages = pagesOf(system, 128 * 1024);
    this.images = new FileSet(system, random.fork("images"), {
      files: shape.imagePages / meanPages,
      meanPages,
      zipf: 1,
      mostDirty: Math.ceil(system.managedPages / 20),
      caches: shape.caches,
      fileSystem: shape.fileSystem,
    });
    this.forksLeft = 0;
  }

  scale(factor: number): void {
    this.most = scaled(this.shape.containers, factor);
    while (this.running.length > this.most) this.end();
  }

  turn(pages: number): number {
    let asked = 0;
    while (asked < pages) {
      const n = this.forksLeft > 0 ? this.fork() : this.begin();
      if (n < 0) {
        this.end();
        return asked;
      }
      asked += n;
    }
    return asked;
  }

  /** A container starts: the image is read, its first process runs. */
  private begin(): number {
    const { shape, random } = this;
    while (this.running.length >= this.most) this.end();
    const main = new Process(this.system, { threads: THREADS, caches: shape.caches });
    if (!main.alive) return -1;
    const wanted = Math.max(1, Math.round(random.exponential(shape.rssPages)));
    const got = main.fault(wanted);
    if (got < wanted) {
      main.exit();
      return -1;
    }
    const objects = shape.caches.of("kmalloc-1k").take(OBJECTS);
    this.running.push({ main, objects: OBJECTS });
    this.forksLeft = shape.forks;
    const image = this.images.use(Math.ceil(shape.rssPages / 2), 0.05);
    return got + image + Math.max(0, objects) + main.kernelPages;
  }

  /** A short process: fork copies page tables, exec drops them again and faults in what it runs. */
  private fork(): number {
    const { shape, random } = this;
    this.forksLeft--;
    if (this.children.length >= CHILDREN) this.children.splice(random.below(CHILDREN), 1)[0]!.exit();
    const child = new Process(this.system, { caches: shape.caches });
    if (!child.alive) return -1;
    const got = child.fault(Math.max(1, Math.round(random.exponential(shape.childPages))));
    this.children.push(child);
    return got === 0 ? -1 : got + child.kernelPages;
  }

  private end(): void {
    if (this.running.length === 0) return;
    const [container] = this.running.splice(this.random.below(this.running.length), 1);
    container!.main.exit();
    this.shape.caches.of("kmalloc-1k").destroy(container!.objects);
  }

  stop(): void {
    while (this.running.length > 0) this.end();
    for (const child of this.children) child.exit();
    this.children.length = 0;
  }
}

export const containers = definePaced({
  kind: "containers",
  title: "container churn",
  summary:
    "Containers start and end. Each forks many short processes, whose kernel stacks and page tables are unmovable and short-lived. Image layers fill the page cache; kernel objects of a container are in slab.",
  parameters: {
    duration: duration("1 hour"),
    containers: filled(whole("containers running at a time", "containers", { default: 10, least: 1 })),
    life: filled(time("mean time a container runs", { default: "5 minutes", most: LONGEST_MS })),
    rss: filled(size("mean memory of a container's first process", { default: "32MiB", least: 1 })),
    forks: filled(whole("short processes that a container runs", "processes", { default: 50 })),
    child: filled(size("mean memory of a short process", { default: "1MiB", least: 1 })),
    images: filled(size("image layers on disk", { default: "2GiB", least: 1 })),
    fileSystem: FILE_SYSTEM,
  },
  leaves: ["fileClean", "fileDirty", "slabReclaimable"],
  pagesPerSecond: (p, { pageSize }) =>
    (p.containers / Math.max(0.001, p.life / 1000)) * ((1.5 * p.rss + p.forks * p.child) / pageSize),
  load: (system, p, random) =>
    new ContainersLoad(system, random, {
      containers: p.containers,
      rssPages: pagesOf(system, p.rss),
      forks: p.forks,
      childPages: pagesOf(system, p.child),
      imagePages: pagesOf(system, p.images),
      caches: new KernelCaches(system, random.fork("caches")),
      fileSystem: p.fileSystem,
    }),
});
