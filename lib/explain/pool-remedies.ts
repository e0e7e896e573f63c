/** What to change if a pool of huge pages is smaller than asked, or has nothing free. */
import { formatSize } from "../base/units";
import { hasRemedial } from "../hardware/kernel-report-rules";
import type { Remedy } from "./answer";
import { releasesOf } from "./driver-remedies";
import type { HugetlbReading } from "./reading";
import { offers, type RemedyMachine } from "./remedy-conditions";

/** The pool that falls short most plainly, and how many pages are wanted of it; null if the text does not say. */
interface ShortPool {
  pageBytes: number;
  total: number;
  wanted: number | null;
  /** The count as a word of a command. */
  count: string;
  unit: string;
  sysfs: string;
  node: number | null;
  gigantic: boolean;
  /** The kernel asked for the pages at boot, and reported then. */
  atBoot: boolean;
}

function shortPoolOf(short: readonly HugetlbReading[], all: readonly HugetlbReading[]): ShortPool {
  const pool = short.find((one) => one.asked !== null) ?? short[0] ?? all.find((one) => one.total === 0);
  const pageBytes = pool?.pageBytes ?? 2 * 2 ** 20;
  const wanted = pool?.asked ?? (pool !== undefined && pool.total > 0 ? pool.total : null);
  return {
    pageBytes,
    total: pool?.total ?? 0,
    wanted,
    count: wanted === null ? "<number>" : String(wanted),
    unit: pageBytes >= 2 ** 30 ? `${pageBytes / 2 ** 30}G` : `${pageBytes / 2 ** 20}M`,
    sysfs: `/sys/kernel/mm/hugepages/hugepages-${pageBytes / 1024}kB/nr_hugepages`,
    node: pool?.node ?? null,
    gigantic: pageBytes >= 2 ** 30,
    atBoot: pool?.atBoot === true,
  };
}

/** Remedies for pools that fall short; `all` pools tell whether there are nodes. */
export function poolRemedies(
  short: readonly HugetlbReading[],
  all: readonly HugetlbReading[],
  machine: RemedyMachine,
): Remedy[] {
  if (!offers("hugepages=", machine)) return [];
  const pool = shortPoolOf(short, all);
  return [
    ...(pool.atBoot ? atBootRemedies(pool) : [takeAtBoot(pool, machine)]),
    ...(machine.nodes === true ? [byNode(pool)] : []),
    ...(pool.atBoot && pool.gigantic ? [] : [askAgain(pool, machine)]),
    // An area for them needs the same aligned pieces of early boot.
    ...(pool.atBoot && pool.gigantic ? [] : laterRemedies(pool, machine)),
  ];
}

/** They were asked at boot: memory cannot be emptier than it was then. */
function atBootRemedies({ total, unit, pageBytes }: ShortPool): Remedy[] {
  const more = `more memory in pieces of ${formatSize(pageBytes)}, aligned to their size`;
  return [
    {
      what:
        total > 0
          ? "Ask for fewer, or give the machine more memory"
          : "Give the machine more memory, or ask for smaller pages",
      how:
        total > 0
          ? `hugepagesz=${unit} hugepages=${total} on the kernel command line; or ${more}`
          : `${more}; or a smaller hugepagesz=`,
      effect: `the kernel took all that early boot had in aligned pieces${total > 0 ? "" : ", which was none"}; a page never spans two nodes or a hole`,
      cost: total > 0 ? "fewer huge pages" : "smaller pages cover less of memory with one entry of the TLB",
      releases: releasesOf("hugepages="),
      basis: "rule",
    },
  ];
}

function takeAtBoot({ unit, count, node, wanted }: ShortPool, { series }: RemedyMachine): Remedy {
  const ofNode = node !== null && hasRemedial("hugepages=NODE:", series) ? `${node}:` : "";
  return {
    what: "Take the pages at boot",
    how: `hugepagesz=${unit} hugepages=${ofNode}${count} on the kernel command line`,
    effect: `memory is not yet fragmented then, so ${wanted === null ? "as many as the programs need" : "all of them"} can be had if the machine has the memory`,
    cost: "the memory is set aside for huge pages until they are given back",
    releases: releasesOf(ofNode === "" ? "hugepages=" : "hugepages=NODE:"),
    basis: "rule",
  };
}

function byNode({ unit, pageBytes }: ShortPool): Remedy {
  return {
    what: "Give different nodes different numbers",
    how: `hugepagesz=${unit} hugepages=0:<n>,1:<m> on the kernel command line; before 5.16 write to /sys/devices/system/node/node<N>/hugepages/hugepages-${pageBytes / 1024}kB/nr_hugepages`,
    effect: "the split over the nodes is as asked, not even",
    cost: "none",
    releases: releasesOf("hugepages=NODE:"),
    basis: "rule",
  };
}

function askAgain({ count, sysfs }: ShortPool, machine: RemedyMachine): Remedy {
  const joins = offers("vm.compact_memory", machine);
  return {
    what: joins ? "Empty caches, join free memory and ask again" : "Empty caches and ask again",
    how: `sync; echo 3 > /proc/sys/vm/drop_caches; ${joins ? "echo 1 > /proc/sys/vm/compact_memory; " : ""}echo ${count} > ${sysfs}`,
    effect: "pages of files and programs are moved or dropped; repeat it, since each try moves more",
    cost: "files are read from disk again",
    releases: releasesOf(joins ? "vm.compact_memory" : "vm.drop_caches"),
    basis: "experience",
  };
}

/** What lets pages be made while the machine runs. */
function laterRemedies(
  { gigantic, wanted, count, pageBytes, sysfs }: ShortPool,
  machine: RemedyMachine,
): Remedy[] {
  if (gigantic)
    return offers("hugetlb_cma=", machine)
      ? [
          {
            what: "Keep an area for gigantic pages",
            how: `hugetlb_cma=${wanted === null ? "<size>" : `${(wanted * pageBytes) / 2 ** 30}G`} on the kernel command line, then echo ${count} > ${sysfs}`,
            effect: "gigantic pages can be made and given back at run time",
            cost: "only movable pages may use the area meanwhile; early boot must have room for it",
            releases: `${releasesOf("hugetlb_cma=")} on x86-64 and arm64, later on others`,
            basis: "rule",
          },
        ]
      : [];
  if (!offers("movablecore=", machine)) return [];
  const size = wanted === null ? "<size>" : `${Math.ceil((wanted * pageBytes * 1.1) / 2 ** 20)}M`;
  return [
    {
      what: "Keep a part of memory for movable pages",
      how: `movablecore=${size} on the kernel command line`,
      effect: "unmovable pages stay out of that part, so huge pages can be made there at run time",
      cost: "the kernel's own memory cannot use it",
      releases: releasesOf("movablecore="),
      basis: "rule",
    },
  ];
}
