/** What to change so that a want is granted: what makes it sure first, then what the drawn machines showed to help, then the rest. */
import { formatSize, GiB, MiB } from "../../base/units";
import type { KernelRelease } from "../../hardware/kernel-release";
import { hasRemedial, type RemedialName } from "../../hardware/kernel-report-rules";
import type { Remedy } from "../answer";
import { joinAllTheTime, releasesOf } from "../driver-remedies";
import { memparseSize } from "../quantities";
import type { Chance, Situation } from "./chance";
import { bytesOf, type Want } from "./want";

interface Of {
  want: Want;
  chances: readonly Chance[];
  kernel: KernelRelease;
  pageSize: number;
  /** Bytes of the machine's memory. */
  ramBytes: number;
}

/** Bytes of all that is wanted. */
const wantedBytes = ({ want, pageSize }: Of) =>
  bytesOf(want, { pageSize }) * (want.kind === "huge" ? want.count : 1);

/** Remedies that the kernel's release has, best first. What is not below the machine's memory no setting brings. */
export function advisedRemedies(of: Of): Remedy[] {
  const wanted = wantedBytes(of);
  if (wanted >= of.ramBytes)
    return [
      {
        what: "Want less, or have more memory",
        how: `less than the ${formatSize(of.ramBytes)} of memory that the machine has`,
        effect: `${formatSize(wanted)} can never be had from it`,
        cost: "none",
        releases: "every release",
        basis: "rule",
      },
    ];
  const now = best(of.chances, "now");
  const compacted = best(of.chances, "compacted");
  const dropped = best(of.chances, "dropped");
  const found: Remedy[] = [];
  const compact = shown(of, now, compacted, COMPACT);
  const drop = shown(of, share(compacted) > share(now) ? compacted : now, dropped, DROP);
  // What suffices in every machine drawn needs no reboot.
  const cheap = [compact, drop].filter((r) => r !== null);
  if (share(dropped) === 1 || share(compacted) === 1) found.push(...cheap, ...reservations(of));
  else found.push(...reservations(of), ...cheap);
  found.push(...lasting(of));
  return found;
}

/** The way that granted most in a situation. */
function best(chances: readonly Chance[], situation: Situation): Chance | undefined {
  return chances
    .filter((c) => c.situation === situation && c.of > 0)
    .sort((a, b) => b.granted / b.of - a.granted / a.of || b.had!.mid / b.wanted - a.had!.mid / a.wanted)[0];
}

function share(chance: Chance | undefined): number {
  return chance === undefined ? 0 : chance.granted / chance.of;
}

interface Step {
  what: string;
  how: string;
  cost: string;
  name: RemedialName;
}

const COMPACT: Step = {
  what: "Join free memory now",
  how: "echo 1 > /proc/sys/vm/compact_memory",
  cost: "CPU time; helps once, until memory is fragmented anew",
  name: "vm.compact_memory",
};
const DROP: Step = {
  what: "Drop the page cache, then join free memory",
  how: "sync; echo 1 > /proc/sys/vm/drop_caches; echo 1 > /proc/sys/vm/compact_memory",
  cost: "files are read from disk again; helps once",
  name: "vm.drop_caches",
};

/** A step that gave more in the machines drawn. */
function shown(
  { kernel }: Of,
  before: Chance | undefined,
  after: Chance | undefined,
  step: Step,
): Remedy | null {
  if (before === undefined || after === undefined || !hasRemedial(step.name, kernel)) return null;
  const more =
    share(after) > share(before) || after.had!.mid / after.wanted > before.had!.mid / before.wanted;
  if (!more) return null;
  const amount =
    after.wanted > 1 ? `; ${round(after.had!.mid)} of ${after.wanted} pieces in the median machine` : "";
  return {
    what: step.what,
    how: step.how,
    effect: `granted in ${after.granted} of ${after.of} machines drawn, before in ${before.granted} of ${before.of}${amount}`,
    cost: step.cost,
    releases: releasesOf(step.name),
    basis: "search",
  };
}

function round(n: number): string {
  return String(Math.round(n * 10) / 10);
}

/** Memory that is set aside at boot, when it is whole. */
function reservations(of: Of): Remedy[] {
  const { want, chances, kernel } = of;
  const pools = chances.filter((c) => c.situation === "now" && c.by === "hugetlb-runtime");
  const area = chances.some((c) => c.by === "cma" || c.by === "alloc-contig-pages");
  const found: Remedy[] = [];
  if (pools.length > 0) found.push(...hugeAtBoot(of));
  if (area && want.kind !== "huge" && hasRemedial("cma=", kernel)) found.push(...cmaAtBoot(of));
  return found;
}

function hugeAtBoot({ want, kernel, pageSize }: Of): Remedy[] {
  const bytes = bytesOf(want, { pageSize });
  const size = want.kind === "huge" ? bytes : bytes >= GiB ? GiB : 2 * MiB;
  const count = want.kind === "huge" ? want.count : Math.ceil(bytes / size);
  const unit = memparseSize(size);
  const found: Remedy[] = [
    {
      what: "Reserve the huge pages at boot",
      how: `hugepagesz=${unit} hugepages=${count} on the kernel command line`,
      effect: "they are taken before anything else uses memory",
      cost: `${formatSize(count * size)} serve nothing else, used or not`,
      releases: releasesOf("hugepages="),
      basis: "rule",
    },
  ];
  if (size >= GiB && hasRemedial("hugetlb_cma=", kernel))
    found.push({
      what: "Reserve a CMA area for huge pages at boot",
      how: `hugetlb_cma=${Math.ceil((count * size) / GiB)}G on the kernel command line; then set nr_hugepages when they are needed`,
      effect: "pages that may move use the area until then",
      cost: "the area serves no request of the kernel itself; pinned pages leave it first",
      releases: releasesOf("hugetlb_cma="),
      basis: "rule",
    });
  return found;
}

function cmaAtBoot({ want, kernel, pageSize, ramBytes }: Of): Remedy[] {
  const bytes = bytesOf(want, { pageSize });
  const whole = 2 ** Math.ceil(Math.log2(Math.max(16, bytes / MiB)));
  // Rounded up it may exceed the machine.
  const mib = whole * MiB < ramBytes ? whole : Math.ceil(bytes / MiB);
  const found: Remedy[] = [
    {
      what: "Reserve a CMA area",
      how: `cma=${mib}M on the kernel command line; the driver takes it by dma_alloc_coherent() or cma_alloc()`,
      effect: "only pages that may move use the area, so that it can be emptied",
      cost: "the area serves no request of the kernel itself; pages pinned in it can still be in the way",
      releases: releasesOf("cma="),
      basis: "rule",
    },
  ];
  if (hasRemedial("reusable region", kernel))
    found.push({
      what: "Reserve an area for one device",
      how: `in the device tree under reserved-memory: compatible = "shared-dma-pool"; reusable; size of ${mib} MiB; the device's memory-region points to it`,
      effect: "no other driver takes from the area",
      cost: "needs a device tree; as for cma=",
      releases: releasesOf("reusable region"),
      basis: "rule",
    });
  return found;
}

/** Settings that keep memory from fragmenting; none makes a large want sure. */
function lasting(of: Of): Remedy[] {
  const { kernel, want, pageSize, ramBytes } = of;
  const bytes = bytesOf(want, { pageSize });
  const found: Remedy[] = [];
  const movable = Math.ceil((2 * wantedBytes(of)) / GiB) * GiB;
  // If nothing is left to the kernel, there is no ZONE_MOVABLE at all.
  if (bytes > 4 * MiB && movable <= ramBytes / 2)
    found.push({
      what: "Keep pages that do not move out of a part of memory",
      how: `movablecore=${movable / GiB}G on the kernel command line`,
      effect: "ZONE_MOVABLE holds only pages that may move",
      cost: "the kernel itself has that much less; twice what is wanted is a choice",
      releases: releasesOf("movablecore="),
      basis: "experience",
    });
  if (bytes <= 4 * MiB && hasRemedial("vm.compaction_proactiveness", kernel)) found.push(joinAllTheTime());
  if (hasRemedial("vm.defrag_mode", kernel))
    found.push({
      what: "Do not mix kinds of pages in page blocks",
      how: "sysctl vm.defrag_mode=1",
      effect: "requests reclaim and compact before they spoil a page block of another type",
      cost: "requests wait more often",
      releases: releasesOf("vm.defrag_mode"),
      basis: "experience",
    });
  return found;
}
