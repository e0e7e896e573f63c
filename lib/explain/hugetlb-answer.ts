/** Answers to reports of pools of huge pages that got fewer than asked. */
import { formatSize } from "../base/units";
import { hasRemedial } from "../hardware/kernel-report-rules";
import type { Remedy } from "./answer";
import type { PartAnswer } from "./cma-answer";
import { releasesOf } from "./driver-remedies";
import { type AreaMap, pagesAtBoot } from "./map-search";
import { FREE_BLOCKS, MAP, POOLS } from "./missing";
import { about } from "./quantities";
import type { HugetlbReading, Reading } from "./reading";
import { pageBytesOf } from "./request";

/** A pool that is smaller than asked, or that has nothing free. */
function shortPools(pools: readonly HugetlbReading[]): HugetlbReading[] {
  return pools.filter((pool) => (pool.asked !== null && pool.total < pool.asked) || isSpent(pool));
}

const isSpent = (pool: HugetlbReading) => pool.asked === null && pool.total > 0 && pool.free === 0;

/** The answer to a hugetlb report. */
export function hugetlbAnswer(reading: Reading, series: string, map: AreaMap | null): PartAnswer {
  const short = shortPools(reading.hugetlb);
  const inactive = reading.cma.some(
    (line) => line.event === "not-activated" || line.event === "reserve-failed",
  );
  if (short.length === 0 && !inactive && !noneFree(reading)) return wellAnswer(reading);
  const verdict = short.map(poolInWords);
  if (short.length === 0 && noneFree(reading))
    verdict.push(
      "A program found no free huge page: the pool is empty, or other programs hold all of its pages.",
    );
  if (inactive)
    verdict.push("The area of hugetlb_cma= could not be used, so gigantic pages cannot be made at run time.");
  verdict.push(...availableNow(reading, short), ...atBoot(map, short));
  return {
    reasons: ["hugetlb-pool"],
    verdict,
    harmless: false,
    remedies: poolRemedies(short, series, (pool) => askedAtBoot(reading, pool)),
    missing: [POOLS, ...(reading.zones.length === 0 ? [FREE_BLOCKS] : []), ...(map === null ? [MAP] : [])],
  };
}

/** A program's own message, such as DPDK's, names a node; the kernel's list of empty pools at boot names none. */
function noneFree({ hugetlb }: Reading): boolean {
  return hugetlb.some(
    ({ node, total, free, asked, reserved }) =>
      node !== null && total === 0 && free === 0 && asked === null && reserved === null,
  );
}

/** Asked on the kernel command line: gigantic pages cannot be asked later without hugetlb_cma=. */
function askedAtBoot({ boot }: Reading, pool: HugetlbReading | undefined): boolean {
  return /\bhugepages=/.test(boot.commandLine ?? "") || (pool?.pageBytes ?? 0) >= 2 ** 30;
}

function wellAnswer({ hugetlb }: Reading): PartAnswer {
  const pools = hugetlb.map(
    (pool) =>
      `${pool.total} pages of ${formatSize(pool.pageBytes)}${pool.node === null ? "" : ` on node ${pool.node}`}`,
  );
  const verdict = [
    pools.length === 0
      ? "The lines about huge pages tell of no failure."
      : `No pool fell short: ${pools.join(", ")}.`,
  ];
  return { reasons: [], verdict, harmless: true, remedies: [], missing: [] };
}

function poolInWords(pool: HugetlbReading): string {
  const size = formatSize(pool.pageBytes);
  const where = pool.node === null ? "" : ` on node ${pool.node}`;
  if (pool.asked === null)
    return `All ${pool.total} huge pages of ${size}${where} are in use, so the next program gets none.`;
  const missed = pool.asked - pool.total;
  const gigantic = pool.pageBytes >= 2 ** 30;
  const why = gigantic
    ? "each needs as much memory in one piece, aligned to its size, which is found at boot at best"
    : "each needs an aligned block in one piece, and the rest of memory has unmovable pages in every such block, or too little is free";
  return `${pool.asked} huge page${pool.asked === 1 ? " of" : "s of"} ${size} ${pool.asked === 1 ? "was" : "were"} asked${where}, ${pool.total} made; ${missed} (${about(missed * pool.pageBytes)}) are missing: ${why}.`;
}

/** Huge pages that the free blocks of the same text hold now. */
function availableNow(reading: Reading, short: readonly HugetlbReading[]): string[] {
  const pageBytes = pageBytesOf(reading);
  const sizes = [...new Set(short.map((pool) => pool.pageBytes))];
  return sizes.flatMap((size) => {
    const order = Math.round(Math.log2(size / pageBytes));
    const listed = reading.zones.filter((zone) => zone.counts !== null);
    if (listed.length === 0 || order >= listed[0]!.counts!.length) return [];
    return [
      `${freePagesOf(
        listed.map((zone) => zone.counts!),
        order,
      )} more of ${formatSize(size)} could be had from free blocks as they are now.`,
    ];
  });
}

/** What the map would have held at boot. */
function atBoot(map: AreaMap | null, short: readonly HugetlbReading[]): string[] {
  if (map === null) return [];
  const sizes = [...new Set(short.map((pool) => pool.pageBytes))];
  return sizes.flatMap((size) => {
    const pages = pagesAtBoot(map, size);
    return pages === null
      ? []
      : [
          `Early boot of this machine leaves room for ${pages} page${pages === 1 ? "" : "s"} of ${formatSize(size)}, after what the kernel takes for itself.`,
        ];
  });
}

/** Pages of 2^order that free blocks hold. */
export function freePagesOf(counts: readonly (readonly number[])[], order: number): number {
  return counts.reduce(
    (sum, zone) => sum + zone.reduce((n, blocks, o) => (o < order ? n : n + blocks * 2 ** (o - order)), 0),
    0,
  );
}

function poolRemedies(
  short: readonly HugetlbReading[],
  series: string,
  atBoot: (pool: HugetlbReading | undefined) => boolean,
): Remedy[] {
  const pool = short.find((one) => one.asked !== null) ?? short[0];
  const size = pool?.pageBytes ?? 2 * 2 ** 20;
  const count = pool?.asked ?? pool?.total ?? 1;
  const unit = size >= 2 ** 30 ? `${size / 2 ** 30}G` : `${size / 2 ** 20}M`;
  const node = pool?.node ?? null;
  const sysfs = `/sys/kernel/mm/hugepages/hugepages-${size / 1024}kB/nr_hugepages`;
  const fewer: Remedy = {
    what: "Ask for fewer, or give the machine more memory",
    how: `hugepagesz=${unit} hugepages=${pool?.total ?? 0} on the kernel command line`,
    effect:
      "the kernel took all that early boot had in aligned pieces; a page never spans two nodes or a hole",
    cost: "fewer huge pages",
    releases: releasesOf("hugepages="),
    basis: "rule",
  };
  const remedies: Remedy[] = [
    ...(atBoot(pool) && (pool?.total ?? 0) < (pool?.asked ?? 0) ? [fewer] : []),
    {
      what: "Take the pages at boot",
      how: `hugepagesz=${unit} hugepages=${node !== null && hasRemedial("hugepages=NODE:", series) ? `${node}:` : ""}${count} on the kernel command line`,
      effect: "memory is not yet fragmented then, so all of them can be had if the machine has the memory",
      cost: "the memory is set aside for huge pages until they are given back",
      releases: node === null ? releasesOf("hugepages=") : releasesOf("hugepages=NODE:"),
      basis: "rule",
    },
    {
      what: "Give different nodes different numbers",
      how: `hugepagesz=${unit} hugepages=0:<n>,1:<m> on the kernel command line; before 5.16 write to /sys/devices/system/node/node<N>/hugepages/hugepages-${size / 1024}kB/nr_hugepages`,
      effect: "the split over the nodes is as asked, not even",
      cost: "none",
      releases: releasesOf("hugepages=NODE:"),
      basis: "rule",
    },
    {
      what: "Empty caches, join free memory and ask again",
      how: `sync; echo 3 > /proc/sys/vm/drop_caches; echo 1 > /proc/sys/vm/compact_memory; echo ${count} > ${sysfs}`,
      effect: "pages of files and programs are moved or dropped; repeat it, since each try moves more",
      cost: "files are read from disk again",
      releases: releasesOf("vm.compact_memory"),
      basis: "experience",
    },
  ];
  if (size >= 2 ** 30)
    remedies.push({
      what: "Keep an area for gigantic pages",
      how: `hugetlb_cma=${(count * size) / 2 ** 30}G on the kernel command line, then echo ${count} > ${sysfs}`,
      effect: "gigantic pages can be made and given back at run time",
      cost: "only movable pages may use the area meanwhile; x86-64 and arm64",
      releases: releasesOf("hugetlb_cma="),
      basis: "rule",
    });
  else
    remedies.push({
      what: "Keep a part of memory for movable pages",
      how: `movablecore=${Math.ceil((count * size * 1.1) / 2 ** 20)}M on the kernel command line`,
      effect: "unmovable pages stay out of that part, so huge pages can be made there at run time",
      cost: "the kernel's own memory cannot use it",
      releases: releasesOf("movablecore="),
      basis: "rule",
    });
  return remedies;
}
