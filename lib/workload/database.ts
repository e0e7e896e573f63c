/** A database: one large shared region held for good, and sessions that map it, each with page tables and memory of its own. */
import type { Random } from "../base/random";
import type { System } from "../machine/system";
import { filled, name, share, size, time, truth, whole } from "../schema/field";
import { KernelCaches } from "./kernel-caches";
import { definePaced, type Load, pagesOf, scaled } from "./load";
import { PageCache } from "./page-cache";
import { duration, LONGEST_MS } from "./parameters";
import { Process } from "./process";
import { takeRun } from "./slot-run";
import type { RatedMachine } from "./workload";

export interface DatabaseShape {
  sgaPages: number;
  hugetlb: boolean;
  pinned: boolean;
  sessions: number;
  pgaPages: number;
  /** Page tables with which a session maps the part of the SGA it uses. */
  tables: number;
  /** Pages of log written per page of a session. */
  logShare: number;
  caches: KernelCaches;
}

const PINNED_BY = "RDMA to the database's shared memory";

export class DatabaseLoad implements Load {
  private readonly system: System;
  private readonly random: Random;
  private readonly shape: DatabaseShape;
  /** Slots of the region's pages, in a row. */
  private region: number;
  private regionPages: number;
  private readonly sessions: Process[];
  private readonly log: PageCache;
  private hugePages: number;
  private logOwed: number;

  private most: number;

  constructor(system: System, random: Random, shape: DatabaseShape) {
    this.system = system;
    this.random = random;
    this.shape = shape;
    this.most = shape.sessions;
    this.region = 0;
    this.regionPages = 0;
    this.sessions = [];
    this.log = new PageCache(system, random.fork("log"), Math.ceil(system.managedPages / 20));
    this.hugePages = 0;
    this.logOwed = 0;
    if (!shape.hugetlb || !this.takeHugePages()) this.takePages();
  }

  /** Takes a pool of huge pages of the usual size; false if the machine has or gets none. */
  private takeHugePages(): boolean {
    const { system } = this;
    const pool = system.hugetlb.pools.get(system.pageSize * system.memory.pageblockPages);
    if (pool === undefined) return false;
    const before = pool.total;
    pool.setMaxHugePages(before + Math.floor(this.shape.sgaPages / system.memory.pageblockPages));
    this.hugePages = pool.total - before;
    return this.hugePages > 0;
  }

  private takePages(): void {
    const { system, shape } = this;
    const { base, pages } = takeRun(system, "shmem", shape.sgaPages);
    this.region = base;
    this.regionPages = pages;
    if (!shape.pinned) return;
    for (let slot = this.region; slot < this.region + this.regionPages; slot++)
      if (system.present(slot)) system.pin(slot, PINNED_BY);
  }

  scale(factor: number): void {
    this.most = scaled(this.shape.sessions, factor);
    while (this.sessions.length > this.most) this.sessions.pop()!.exit();
  }

  turn(pages: number): number {
    const { shape, random } = this;
    let asked = 0;
    while (asked < pages) {
      if (this.sessions.length >= this.most) {
        const at = random.below(this.sessions.length);
        this.sessions[at]!.exit();
        this.sessions[at] = this.sessions[this.sessions.length - 1]!;
        this.sessions.pop();
      }
      const session = new Process(this.system, { caches: shape.caches });
      if (!session.alive) return asked;
      const wanted = Math.max(1, Math.round(random.exponential(shape.pgaPages)));
      const got = session.mapShared(shape.tables) + session.fault(wanted);
      this.sessions.push(session);
      asked += got + session.kernelPages - shape.tables;
      this.logOwed += got * shape.logShare;
      const log = Math.floor(this.logOwed);
      this.logOwed -= log;
      asked += this.log.write(log);
      if (got < wanted) {
        this.sessions.pop()!.exit();
        return asked;
      }
    }
    return asked;
  }

  stop(): void {
    const { system } = this;
    for (const s of this.sessions) s.exit();
    this.sessions.length = 0;
    system.freeRun(this.region, this.regionPages);
    this.regionPages = 0;
    if (this.hugePages === 0) return;
    const pool = system.hugetlb.pools.get(system.pageSize * system.memory.pageblockPages)!;
    pool.setMaxHugePages(pool.persistent - this.hugePages);
    this.hugePages = 0;
  }
}

export const database = definePaced({
  kind: "database",
  title: "database with a large shared region",
  summary:
    "One shared region (SGA) is allocated at the start and held for good, in single pages or in huge pages, and pinned for RDMA on request. Sessions connect and leave; each has page tables for the part of the region it uses, memory of its own, and log pages.",
  parameters: {
    duration: duration("1 hour"),
    sga: filled(share("memory that the shared region takes", { default: 0.4 })),
    backing: filled(name("memory that the region consists of", ["shmem", "hugetlb"], { default: "shmem" })),
    pinned: filled(
      truth("pinned for long, page by page (only shmem; hugetlb does not move anyway)", { default: false }),
    ),
    sessions: filled(whole("sessions at a time", "processes", { default: 50, least: 1 })),
    session: filled(time("mean time of a session", { default: "10 minutes", most: LONGEST_MS })),
    pga: filled(size("mean memory of a session's own", { default: "4MiB", least: 1 })),
    touched: filled(share("part of the region that a session maps", { default: 0.1 })),
    log: filled(share("log pages written per page of a session", { default: 0.05 })),
  },
  leaves: ["fileClean", "fileDirty"],
  pagesPerSecond: (p, system) =>
    (p.sessions / Math.max(0.001, p.session / 1000)) *
    (p.pga / system.pageSize + tablesOf(system, p.sga, p.touched)),
  load: (system, p, random) =>
    new DatabaseLoad(system, random, {
      sgaPages: Math.floor(system.managedPages * p.sga),
      hugetlb: p.backing === "hugetlb",
      pinned: p.pinned,
      sessions: p.sessions,
      pgaPages: pagesOf(system, p.pga),
      tables: p.backing === "hugetlb" ? 0 : tablesOf(system, p.sga, p.touched),
      logShare: p.log,
      caches: new KernelCaches(system, random.fork("caches")),
    }),
});

/** A page table maps pageSize / 8 pages. */
export function tablesOf(system: RatedMachine, sga: number, touched: number): number {
  return Math.ceil((system.managedPages * sga * touched) / (system.pageSize / 8));
}
