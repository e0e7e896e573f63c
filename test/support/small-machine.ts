/** Texts of /proc of a small machine, written by hand so that all sums can be worked out by hand. Orders 0 to 4, two nodes. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const BUDDYINFO = `Node 0, zone   Normal      3      2      1      0      4
Node 1, zone  Movable      0      0      0      0      0
`;

const PAGETYPEINFO = `Page block order: 4
Pages per block:  16

Free pages count per migrate type at order       0      1      2      3      4
Node    0, zone   Normal, type    Unmovable      1      2      0      0      0
Node    0, zone   Normal, type      Movable >100000      0      1      0      3
Node    0, zone   Normal, type          CMA      0      0      0      0      1
Node    0, zone   Normal, type      Isolate      0      0      0      0      0
Node    1, zone  Movable, type      Movable      0      0      0      0      0

Number of blocks type     Unmovable      Movable          CMA      Isolate
Node 0, zone   Normal            5           41           16            0
Node 1, zone  Movable            0           20            0            0
`;

const ZONEINFO = `Node 0, zone   Normal
  per-node stats
      nr_inactive_anon 20
  pages free     75
        boost    0
        min      80
        low      100
        high     120
        spanned  1024
        present  1024
        managed  1000
        cma      256
        protection: (0, 0)
      nr_free_pages 75
      nr_free_cma  16
  pagesets
    cpu: 0
              count: 0
              high:  0
              batch: 1
  start_pfn:           0
Node 1, zone  Movable
  pages free     119
        min      80
        low      100
        high     120
        spanned  320
        present  320
        managed  320
        cma      0
        protection: (0, 0)
  start_pfn:           1024
Node 1, zone   Device
  pages free     0
        min      0
        low      0
        high     0
        spanned  0
        present  0
        managed  0
`;

const MEMINFO = `MemTotal:           5280 kB
MemFree:             776 kB
MemAvailable:       2048 kB
Cached:             1536 kB
AnonPages:          1024 kB
SReclaimable:        100 kB
SUnreclaim:           40 kB
AnonHugePages:         0 kB
HugePages_Total:       8
HugePages_Free:        3
HugePages_Rsvd:        1
HugePages_Surp:        0
Hugepagesize:         64 kB
CmaTotal:           1024 kB
CmaFree:              64 kB
`;

/** The text of vmstat with these counters; without any of CMA's. */
export const vmstat = (counters: Readonly<Record<string, number>>): string =>
  Object.entries({ nr_free_pages: 194, nr_anon_pages: 256, nr_free_cma: 16, ...counters })
    .map(([name, value]) => `${name} ${value}\n`)
    .join("");

const EARLIER = {
  pgalloc_dma32: 100,
  pgalloc_normal: 1000,
  allocstall_normal: 5,
  pgscan_direct: 0,
  pgscan_direct_throttle: 7,
  pgsteal_direct: 0,
  compact_stall: 10,
  compact_fail: 3,
};
export const LATER = {
  pgalloc_dma32: 140,
  pgalloc_normal: 1400,
  allocstall_normal: 4,
  pgscan_direct: 400,
  pgscan_direct_throttle: 99,
  pgsteal_direct: 2,
  compact_stall: 18,
  compact_fail: 3,
};

export const SMALL_TEXTS = {
  buddyinfo: BUDDYINFO,
  pagetypeinfo: PAGETYPEINFO,
  zoneinfo: ZONEINFO,
  meminfo: MEMINFO,
  vmstat: vmstat(EARLIER),
  uptime: "200.00 150.00\n",
} as const;

/** Writes the texts as a /proc; what is undefined is left out. */
export function writeProc(dir: string, texts: Readonly<Record<string, string | undefined>>): string {
  mkdirSync(dir, { recursive: true });
  for (const [name, text] of Object.entries(texts))
    if (text !== undefined) writeFileSync(join(dir, name), text);
  return dir;
}
