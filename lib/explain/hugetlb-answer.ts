/** Answers to reports of pools of huge pages that got fewer than asked. */
import { log2 } from "../base/elementary";
import { formatSize } from "../base/units";
import type { Around } from "./areas-around";
import type { PartAnswer } from "./cma-answer";
import { refusedParameter } from "./hugetlb-parameters";
import { type AreaMap, pagesAtBoot } from "./map-search";
import { FREE_BLOCKS, MAP, POOLS } from "./missing";
import { poolRemedies } from "./pool-remedies";
import { about, firstOf, listInWords } from "./quantities";
import type { HugetlbReading, Reading } from "./reading";
import { machineOf } from "./remedy-conditions";
import { pageBytesOf } from "./request";

/** A pool that is smaller than asked, or that has nothing free. */
function shortPools(pools: readonly HugetlbReading[]): HugetlbReading[] {
  return pools.filter((pool) => (pool.asked !== null && pool.total < pool.asked) || isSpent(pool));
}

const isSpent = (pool: HugetlbReading) => pool.asked === null && pool.total > 0 && pool.free === 0;

/** The answer to a hugetlb report. */
export function hugetlbAnswer(reading: Reading, series: string, { map, areas }: Around): PartAnswer {
  const machine = machineOf(reading, series);
  const short = shortPools(reading.hugetlb);
  const sentences = areaSentences(reading);
  if (short.length === 0 && sentences.length === 0 && !noneFree(reading)) return wellAnswer(reading);
  const verdict = firstOf(short.map(poolInWords), (count) => `${count} more pools are smaller than asked.`);
  if (short.length === 0 && noneFree(reading))
    verdict.push(
      "A program found no free huge page: the pool is empty, or other programs hold all of its pages.",
    );
  verdict.push(...sentences);
  verdict.push(...availableNow(reading, short), ...atBoot(map, short));
  return {
    reasons: ["hugetlb-pool"],
    verdict,
    harmless: false,
    remedies:
      short.length === 0 && sentences.length > 0
        ? []
        : poolRemedies(short, reading.hugetlb, { machine, ramBytes: areas.ramBytes }),
    missing: [POOLS, ...(reading.zones.length === 0 ? [FREE_BLOCKS] : []), ...(map === null ? [MAP] : [])],
  };
}

/** What the lines say of hugetlb_cma= and of parameters that were refused; empty if nothing went wrong. */
function areaSentences({ cma }: Reading): string[] {
  const refused = cma.filter((line) => line.event === "parameter-refused");
  const failed = cma.filter((line) => line.event === "not-activated" || line.event === "reserve-failed");
  const sentences = refused.map((line) => refusedParameter(line.words)!);
  if (failed.length === 0) return [...new Set(sentences)];
  const nodes = failed.flatMap(({ node }) => (node === null ? [] : [String(node)]));
  const where = nodes.length === 0 ? "" : ` on node${nodes.length > 1 ? "s" : ""} ${listInWords(nodes)}`;
  const others = cma.filter((line) => line.event === "reserved");
  const bytes = others.reduce((sum, line) => sum + (line.bytes ?? 0), 0);
  const left = others.flatMap(({ node }) => (node === null ? [] : [String(node)]));
  sentences.push(
    others.length === 0
      ? `The area of hugetlb_cma= could not be reserved${where}, so no gigantic pages can be made at run time.`
      : `The area of hugetlb_cma= could not be reserved${where}: early boot found no room of that size there. Gigantic pages can be made at run time from the ${about(bytes)} of node${left.length > 1 ? "s" : ""} ${listInWords(left)}.`,
  );
  return sentences;
}

/** A program's own message, such as DPDK's, names a node; the kernel's list of empty pools at boot names none. */
function noneFree({ hugetlb }: Reading): boolean {
  return hugetlb.some(
    ({ node, total, free, asked, reserved }) =>
      node !== null && total === 0 && free === 0 && asked === null && reserved === null,
  );
}

function wellAnswer({ hugetlb }: Reading): PartAnswer {
  const pools = hugetlb.map(
    (pool) =>
      `${pool.total} page${pool.total === 1 ? "" : "s"} of ${formatSize(pool.pageBytes)}${pool.node === null ? "" : ` on node ${pool.node}`}`,
  );
  const verdict = [
    pools.length === 0
      ? "The lines about huge pages tell of no failure."
      : `No pool fell short: ${firstOf(pools, (count) => `${count} more`).join(", ")}.`,
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
  const plural = pool.asked === 1 ? " of" : "s of";
  return `${pool.asked} huge page${plural} ${size} ${pool.asked === 1 ? "was" : "were"} asked${where}, ${pool.total} made; ${missed} (${about(missed * pool.pageBytes)}) ${missed === 1 ? "is" : "are"} missing: ${why}.`;
}

/** No architecture has more sizes of huge pages. */
const SIZES_TOLD = 8;

/** Huge pages that the free blocks of the same text hold now. */
function availableNow(reading: Reading, short: readonly HugetlbReading[]): string[] {
  const pageBytes = pageBytesOf(reading);
  const sizes = [...new Set(short.map((pool) => pool.pageBytes))];
  return sizes.slice(0, SIZES_TOLD).flatMap((size) => {
    const order = Math.round(log2(size / pageBytes));
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
  return sizes.slice(0, SIZES_TOLD).flatMap((size) => {
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
