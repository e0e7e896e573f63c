/**
 * The caches of kernel objects of a machine, which all its loads share, and what causes objects: a file that is found
 * leaves an inode, dentries and extents; its pages in the page cache hang in radix tree nodes; a process has a task with
 * what belongs to it, and areas of its address space; a connection has a socket.
 */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { SlabCache, shrinkable } from "./slab-cache";
import { slabOrder } from "./slab-order";

/**
 * Sizes of objects, from /proc/slabinfo of a running 6.18 with ext4 (test/fixtures/real-machine); reclaimable as their
 * kmem_cache_create() says.
 */
const CACHES = {
  ext4_inode_cache: { bytes: 1128, reclaimable: true },
  dentry: { bytes: 192, reclaimable: true },
  /** Two extents each (1.9 to an inode). */
  extent_status: { bytes: 80, reclaimable: true },
  radix_tree_node: { bytes: 584, reclaimable: true },
  task_struct: { bytes: 5888, reclaimable: false },
  sighand_cache: { bytes: 2112, reclaimable: false },
  vm_area_struct: { bytes: 192, reclaimable: false },
  anon_vma_chain: { bytes: 64, reclaimable: false },
  filp: { bytes: 192, reclaimable: false },
  TCP: { bytes: 2368, reclaimable: false },
  /** cgroup, namespaces, veth, mounts. */
  "kmalloc-1k": { bytes: 1024, reclaimable: false },
} as const;

export type CacheName = keyof typeof CACHES;

/** Of an inode: 655,000 dentries to 367,000 inodes on the machine whose sizes these are. It had 1.9 extents to an inode. */
const DENTRIES_A_FILE = 1.8;
/** RADIX_TREE_MAP_SIZE: pages that hang in one node. A file of one page needs none. */
const PAGES_A_NODE = 64;
/** Areas of a process's address space, their links to anonymous memory, and its open files: a modelling choice. */
const AREAS = 60;
const CHAINS = 60;
const OPEN_FILES = 16;

export class KernelCaches {
  private readonly system: System;
  private readonly random: Random;
  private readonly caches: Map<CacheName, SlabCache>;
  private dentriesOwed: number;

  constructor(system: System, random: Random) {
    this.system = system;
    this.random = random;
    this.caches = new Map();
    this.dentriesOwed = 0;
  }

  /** The cache of that name. */
  of(name: CacheName): SlabCache {
    const known = this.caches.get(name);
    if (known !== undefined) return known;
    const { system } = this;
    const { bytes, reclaimable } = CACHES[name];
    const order = slabOrder(bytes, system.pageSize, system.memory.zones[0]!.pcps.length);
    const cache = new SlabCache(system, this.random.fork(name), {
      kind: reclaimable ? "slabReclaimable" : "slab",
      order,
      objects: Math.floor((system.pageSize << order) / bytes),
    });
    if (reclaimable) shrinkable(system, cache);
    this.caches.set(name, cache);
    return cache;
  }

  /** Files are found, by name or by a walk; returns the pages that their objects took, or −1 if there was no memory. */
  found(files: number): number {
    this.dentriesOwed += files * DENTRIES_A_FILE;
    const dentries = Math.floor(this.dentriesOwed);
    this.dentriesOwed -= dentries;
    const inodes = this.of("ext4_inode_cache").take(files);
    const names = this.of("dentry").take(dentries);
    const extents = this.of("extent_status").take(files);
    return inodes < 0 || names < 0 || extents < 0 ? -1 : inodes + names + extents;
  }

  /** Files are deleted, any of them: their objects go, and the slabs that they leave empty. */
  deleted(files: number): void {
    this.of("ext4_inode_cache").destroy(files);
    this.of("dentry").destroy(Math.round(files * DENTRIES_A_FILE));
    this.of("extent_status").destroy(files);
  }

  /** Pages that files' objects take, relative to a file. */
  get pagesAFile(): number {
    const { ext4_inode_cache: inode, dentry, extent_status: extents } = CACHES;
    return (inode.bytes + DENTRIES_A_FILE * dentry.bytes + extents.bytes) / this.system.pageSize;
  }

  /** Pages that the objects of files hold now. */
  get filePages(): number {
    const names = ["ext4_inode_cache", "dentry", "extent_status"] as const;
    return names.reduce((pages, name) => pages + this.of(name).pages, 0);
  }

  /** A file of so many pages comes into the page cache; returns the pages that its nodes took, or −1. */
  cached(pages: number): number {
    return pages < 2 ? 0 : this.of("radix_tree_node").take(Math.ceil(pages / PAGES_A_NODE));
  }

  /** A file of so many pages leaves the page cache for good. */
  uncached(pages: number): void {
    if (pages > 1) this.of("radix_tree_node").destroy(Math.ceil(pages / PAGES_A_NODE));
  }

  /** A process begins, with so many threads; returns the pages that its objects took. */
  begun(threads: number): number {
    let pages = this.of("task_struct").take(threads) + this.of("sighand_cache").take(2);
    pages += this.of("vm_area_struct").take(AREAS) + this.of("anon_vma_chain").take(CHAINS);
    return Math.max(0, pages + this.of("filp").take(OPEN_FILES));
  }

  /** A process with so many threads ends. */
  ended(threads: number): void {
    this.of("task_struct").destroy(threads);
    this.of("sighand_cache").destroy(2);
    this.of("vm_area_struct").destroy(AREAS);
    this.of("anon_vma_chain").destroy(CHAINS);
    this.of("filp").destroy(OPEN_FILES);
  }
}
