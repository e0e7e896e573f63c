/**
 * The loads of a kind of machine by day and by night, sized by its memory, and each load's share of the machine's turnover. All
 * shares are modelling choices; docs/workloads/uptime.md gives the reasons.
 */
import type { Random } from "../base/random";
import type { FileSystem } from "../hardware/file-systems";
import type { System } from "../machine/system";
import { CameraLoad } from "./camera";
import { ContainersLoad } from "./containers";
import { DatabaseLoad } from "./database";
import { DesktopLoad } from "./desktop";
import { FileLoad } from "./file-server";
import { BuildLoad } from "./kernel-build";
import { KernelCaches } from "./kernel-caches";
import { type Load, pagesOf } from "./load";
import { NetworkLoad } from "./network-server";
import { ServiceLoad } from "./service";
import { SlabGrowthLoad } from "./slab-growth";

export const PROFILES = ["server", "desktop", "pi", "database"] as const;
export type Profile = (typeof PROFILES)[number];

/** A load and its share of the turnover by day and by night. */
export interface ProfilePart {
  name: string;
  load: Load;
  /** Its activity at night and while a machine fills, if different. */
  nightly?: (pages: number) => number;
  day: number;
  night: number;
  /** Its share of what a machine fills memory with on its first day; default: as by day. */
  fill?: number;
  /** Done once a week. */
  weekly?: () => void;
}

const KiB = 1024;
const MiB = 2 ** 20;

/** The loads of a profile on this machine. */
export function profileParts(
  profile: Profile,
  system: System,
  random: Random,
  fileSystem?: FileSystem,
): ProfilePart[] {
  const make = new Parts(system, random, fileSystem);
  switch (profile) {
    case "server":
      return [
        make.service(0.3),
        make.files(0.35, 0.55, { times: 3, mean: 128 * KiB }),
        make.containers(0.25, 0.1, 0.14),
        make.network(0.2, 0.1, { ring: MiB, connections: 1000 }),
        make.build(0.15, 0.1, 0.08),
        make.slab(0.05, 0.15, 0.03),
      ];
    case "desktop":
      return [
        make.desktop(0.7, 0.2, 0.4),
        make.files(0.1, 0.55, { times: 1, mean: 64 * KiB }),
        make.network(0.1, 0.1, { ring: 256 * KiB, connections: 100 }),
        make.build(0.05, 0, 0.05),
        make.slab(0.05, 0.15, 0.03),
      ];
    case "pi":
      return [
        make.camera(0.4, 0.1, 0.06),
        make.files(0.25, 0.55, { times: 2, mean: 64 * KiB }),
        make.containers(0.2, 0.1, 0.12),
        make.network(0.1, 0.1, { ring: 256 * KiB, connections: 50 }),
        make.slab(0.05, 0.15, 0.03),
      ];
    case "database":
      return [
        make.database(0.5, 0.2, 0.4),
        make.files(0.2, 0.5, { times: 1, mean: MiB }),
        make.network(0.2, 0.1, { ring: MiB, connections: 1000 }),
        make.containers(0.05, 0.05, 0.03),
        make.slab(0.05, 0.15, 0.01),
      ];
  }
}

interface NetworkSize {
  /** Bytes of a CPU's receive ring. */
  ring: number;
  connections: number;
}

class Parts {
  private readonly pages: number;
  private readonly caches: KernelCaches;

  constructor(
    private readonly system: System,
    private readonly random: Random,
    private readonly fileSystem: FileSystem | undefined,
  ) {
    this.pages = system.managedPages;
    this.caches = new KernelCaches(system, random.fork("caches"));
  }

  private pagesOf(bytes: number): number {
    return pagesOf(this.system, bytes);
  }

  /** Files `times` as large as memory, and of so many bytes each in the mean. */
  files(day: number, night: number, { times, mean }: { times: number; mean: number }): ProfilePart {
    const load = new FileLoad(this.system, this.random.fork("files"), {
      pages: this.pages * times,
      meanPages: this.pagesOf(mean),
      writes: 0.2,
      zipf: 0.9,
      mostDirty: Math.ceil(this.pages / 20),
      caches: this.caches,
      fileSystem: this.fileSystem,
    });
    return { name: "files", load, nightly: (n) => load.backup(n), day, night };
  }

  containers(day: number, night: number, share: number): ProfilePart {
    const rssPages = this.pagesOf(16 * MiB);
    const load = new ContainersLoad(this.system, this.random.fork("containers"), {
      containers: Math.max(2, Math.round((this.pages * share) / rssPages)),
      rssPages,
      forks: 12,
      childPages: this.pagesOf(MiB),
      imagePages: Math.ceil(this.pages / 2),
      caches: this.caches,
      fileSystem: this.fileSystem,
    });
    return { name: "containers", load, day, night };
  }

  /** Heaps of this share of memory; once a week one of the workers is restarted, and its heap faulted in again beside the budget. */
  service(share: number): ProfilePart {
    const pages = Math.floor(this.pages * share);
    const load = new ServiceLoad(this.system, pages, this.caches);
    return { name: "service", load, day: 1, night: 1, weekly: () => load.restart() };
  }

  /** Receive rings of so many bytes for every CPU, an eighth of them in buffers of order 3, and open connections. */
  network(day: number, night: number, { ring, connections }: NetworkSize): ProfilePart {
    const pages = this.pagesOf(ring) * this.system.cpus;
    const load = new NetworkLoad(this.system, this.random.fork("network"), {
      small: pages,
      large: Math.ceil(pages / 64),
      largeShare: 0.1,
      connections,
      caches: this.caches,
    });
    return { name: "network", load, day, night, fill: 0 };
  }

  build(day: number, night: number, share: number): ProfilePart {
    const rssPages = this.pagesOf(24 * MiB);
    const load = new BuildLoad(this.system, this.random.fork("build"), {
      jobs: Math.max(1, Math.round((this.pages * share) / rssPages)),
      rssPages,
      sourcePages: this.pagesOf(2 * MiB),
      objectPages: this.pagesOf(256 * KiB),
      cachePages: Math.ceil(this.pages / 10),
      caches: this.caches,
    });
    return { name: "build", load, day, night };
  }

  slab(day: number, night: number, share: number): ProfilePart {
    const load = new SlabGrowthLoad({
      mostPages: Math.ceil(this.pages * share),
      deleted: 0.05,
      caches: this.caches,
    });
    return { name: "slab", load, day, night };
  }

  desktop(day: number, night: number, share: number): ProfilePart {
    const tabPages = this.pagesOf(48 * MiB);
    const load = new DesktopLoad(this.system, this.random.fork("desktop"), {
      tabs: Math.max(2, Math.round((this.pages * share) / tabPages)),
      tabPages,
      huge: 0.3,
      graphics: 0.1,
      filePages: this.pages,
      caches: this.caches,
      fileSystem: this.fileSystem,
    });
    return { name: "desktop", load, day, night };
  }

  camera(day: number, night: number, share: number): ProfilePart {
    const framePages = this.pagesOf(3 * MiB);
    const load = new CameraLoad(this.system, this.random.fork("camera"), {
      frames: 150,
      framePages,
      buffers: Math.max(2, Math.round((this.pages * share) / framePages)),
      compressed: 0.05,
      keptPages: Math.ceil(this.pages * 0.4),
    });
    return { name: "camera", load, day, night };
  }

  database(day: number, night: number, share: number): ProfilePart {
    const pgaPages = this.pagesOf(6 * MiB);
    const tablePages = this.system.pageSize / 8;
    const load = new DatabaseLoad(this.system, this.random.fork("database"), {
      sgaPages: Math.floor(this.pages * share),
      hugetlb: false,
      pinned: false,
      sessions: Math.max(2, Math.round((this.pages * 0.15) / pgaPages)),
      pgaPages,
      tables: Math.ceil((this.pages * share * 0.1) / tablePages),
      logShare: 0.05,
      caches: this.caches,
    });
    return { name: "database", load, day, night };
  }
}
