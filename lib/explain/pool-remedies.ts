/** What to change if a pool of huge pages is smaller than asked, or has nothing free. */
import { formatSize, MiB } from "../base/units";
import type { Remedy, ValuedRemedy } from "./answer";
import { releasesOf } from "./driver-remedies";
import { about, memparseSize } from "./quantities";
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
  const node = pool?.node ?? null;
  const wanted = pool?.asked ?? (pool !== undefined && pool.total > 0 ? pool.total : null);
  return {
    pageBytes,
    total: pool?.total ?? 0,
    wanted,
    count: wanted === null ? "<number>" : String(wanted),
    unit: memparseSize(pageBytes),
    sysfs: `${node === null ? "/sys/kernel/mm" : `/sys/devices/system/node/node${node}`}/hugepages/hugepages-${pageBytes / 1024}kB/nr_hugepages`,
    node,
    gigantic: pageBytes >= 2 ** 30,
    atBoot: pool?.atBoot === true,
  };
}

/** Remedies for pools that fall short; `all` pools tell whether there are nodes. */
export function poolRemedies(
  short: readonly HugetlbReading[],
  all: readonly HugetlbReading[],
  { machine, ramBytes }: { machine: RemedyMachine; ramBytes: number | null },
): ValuedRemedy[] {
  if (!offers("hugepages=", machine)) return [];
  const pool = shortPoolOf(short, all);
  if (pool.wanted !== null && ramBytes !== null && pool.wanted * pool.pageBytes >= ramBytes)
    return [beyondMemory(pool, ramBytes)];
  const atRunTime = !pool.gigantic || offers("gigantic pages at run time", machine);
  return [
    ...(pool.atBoot ? atBootRemedies(pool, machine) : takeAtBoot(pool, machine)),
    ...(machine.nodes === true ? byNode(pool, machine) : []),
    ...((pool.atBoot && pool.gigantic) || !atRunTime ? [] : [askAgain(pool, machine)]),
    // An area for them needs the same aligned pieces of early boot.
    ...(pool.atBoot && pool.gigantic ? [] : laterRemedies(pool, machine, ramBytes)),
  ];
}

/** They were asked at boot: memory cannot be emptier than it was then. */
function atBootRemedies({ total, unit, pageBytes, node }: ShortPool, machine: RemedyMachine): Remedy[] {
  const ofNode = node !== null && offers("hugepages=NODE:", machine) ? `${node}:` : "";
  // A number for the whole machine is divided evenly, so what one node had is no such number.
  const fewer =
    node !== null && ofNode === ""
      ? `hugepagesz=${unit} and a smaller hugepages=, which is divided evenly among the nodes; node ${node} had room for ${total}`
      : `hugepagesz=${unit} hugepages=${ofNode}${total} on the kernel command line`;
  const more = `more memory in pieces of ${formatSize(pageBytes)}, aligned to their size`;
  return [
    {
      what:
        total > 0
          ? "Ask for fewer, or give the machine more memory"
          : "Give the machine more memory, or ask for smaller pages",
      how: total > 0 ? `${fewer}; or ${more}` : `${more}; or a smaller hugepagesz=`,
      effect: `the kernel took all that early boot had in aligned pieces${total > 0 ? "" : ", which was none"}; a page never spans two nodes or a hole`,
      cost: total > 0 ? "fewer huge pages" : "smaller pages cover less of memory with one entry of the TLB",
      releases: releasesOf(ofNode === "" ? "hugepages=" : "hugepages=NODE:"),
      basis: "rule",
    },
  ];
}

const beyondMemory = ({ wanted, pageBytes }: ShortPool, ramBytes: number): Remedy => ({
  what: "Ask for fewer than the machine has room for",
  how: "a smaller number of huge pages, which leaves memory to the kernel and to programs",
  effect: `${about(wanted! * pageBytes)} were asked of a machine with ${about(ramBytes)}`,
  cost: "fewer huge pages",
  releases: "every release",
  basis: "rule",
});

/** The pages of one node can be taken at boot since 5.16; before, a number counts for all nodes. */
function takeAtBoot({ unit, count, node, wanted }: ShortPool, machine: RemedyMachine): ValuedRemedy[] {
  const ofNode = node !== null && offers("hugepages=NODE:", machine) ? `${node}:` : "";
  if (node !== null && ofNode === "") return [];
  return [
    {
      what: "Take the pages at boot",
      how: `hugepagesz=${unit} hugepages=${ofNode}${count} on the kernel command line`,
      effect: `memory is not yet fragmented then, so ${wanted === null ? "as many as the programs need" : "all of them"} can be had if the machine has the memory`,
      cost: "the memory is set aside for huge pages until they are given back",
      releases: releasesOf(ofNode === "" ? "hugepages=" : "hugepages=NODE:"),
      basis: "rule",
      ...(wanted !== null && {
        setting: { name: `hugepages of ${unit} on node ${node}`, values: [wanted] },
      }),
    },
  ];
}

/** Numbers by node: at boot since 5.16; while the machine runs in sysfs, for gigantic pages since 3.16. */
function byNode({ unit, pageBytes, gigantic }: ShortPool, machine: RemedyMachine): Remedy[] {
  const atBoot = offers("hugepages=NODE:", machine);
  if (!atBoot && gigantic && !offers("gigantic pages at run time", machine)) return [];
  return [
    {
      what: "Give different nodes different numbers",
      how: atBoot
        ? `hugepagesz=${unit} hugepages=0:<n>,1:<m> on the kernel command line`
        : `echo <number> > /sys/devices/system/node/node<N>/hugepages/hugepages-${pageBytes / 1024}kB/nr_hugepages, early in the start of the system`,
      effect: "the split over the nodes is as asked, not even",
      cost: "none",
      releases: releasesOf(
        atBoot ? "hugepages=NODE:" : gigantic ? "gigantic pages at run time" : "nr_hugepages of a node",
      ),
      basis: "rule",
    },
  ];
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
  ramBytes: number | null,
): ValuedRemedy[] {
  if (gigantic)
    return offers("hugetlb_cma=", machine)
      ? [
          {
            what: "Keep an area for gigantic pages",
            how: `hugetlb_cma=${wanted === null ? "<size>" : memparseSize(wanted * pageBytes)} on the kernel command line, then echo ${count} > ${sysfs}`,
            effect: "gigantic pages can be made and given back at run time",
            cost: "only movable pages may use the area meanwhile; early boot must have room for it",
            releases: `${releasesOf("hugetlb_cma=")} on x86-64 and arm64, later on others`,
            basis: "rule",
            ...(wanted !== null && {
              setting: { name: "hugetlb_cma", values: [wanted * pageBytes] },
            }),
          },
        ]
      : [];
  if (!offers("movablecore=", machine)) return [];
  const bytes = wanted === null ? null : Math.ceil((wanted * pageBytes * 1.1) / MiB) * MiB;
  // Movable memory as large as the machine leaves none to the kernel: find_zone_movable_pfns_for_nodes() makes no such zone.
  if (bytes !== null && ramBytes !== null && bytes > ramBytes / 2) return [];
  const size = bytes === null ? "<size>" : memparseSize(bytes);
  return [
    {
      what: "Keep a part of memory for movable pages",
      how: `movablecore=${size} on the kernel command line`,
      effect: "unmovable pages stay out of that part, so huge pages can be made there at run time",
      cost: "the kernel's own memory cannot use it",
      releases: releasesOf("movablecore="),
      basis: "rule",
      ...(bytes !== null && { setting: { name: "movablecore", values: [bytes] } }),
    },
  ];
}
