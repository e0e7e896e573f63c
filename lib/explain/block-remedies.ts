/** What makes free blocks of a higher order likelier. */
import { bootRules } from "../hardware/kernel-release";
import type { ValuedRemedy } from "./answer";
import { joinAllTheTime, releasesOf } from "./driver-remedies";
import { orderInWords } from "./quantities";
import { offers, type RemedyMachine } from "./remedy-conditions";
import { managedPages, minFreeNow, TOO_HIGH } from "./remedy-values";
import type { Asked } from "./request";
import type { VerdictOf } from "./verdict-of";

/** Orders above this are costly: the kernel gives up soon. PAGE_ALLOC_COSTLY_ORDER. */
const COSTLY = 3;

/** The share of memory that experience keeps free where blocks matter. */
const FREE_SHARE = 0.02;

/** More free memory makes blocks likelier; not if as much is free already, or kept already. */
function moreFree(of: VerdictOf): ValuedRemedy[] {
  const { asked, zones } = of;
  const now = minFreeNow(of);
  const pages = managedPages(asked, zones);
  const free = zones.reduce((n, { check }) => n + check.free, 0);
  if (pages > 0 && free >= FREE_SHARE * pages) return [];
  if (now === null) return [raiseUnknown(asked)];
  const wanted = Math.ceil((pages * asked.pageBytes * FREE_SHARE) / 1024);
  const kbytes = Math.min(wanted, now.mostKbytes);
  if (now.nowKbytes >= kbytes || now.nowKbytes >= TOO_HIGH * now.defaultKbytes) return [];
  return [
    {
      what: "Keep more memory free",
      how: `sysctl vm.min_free_kbytes=${kbytes}`,
      effect: `${kbytes < wanted ? "it is the most that the kernel sets by itself" : "with 2 % of memory free"}: blocks of ${orderInWords(asked.judged, asked.pageBytes)} survive more often; no value guarantees one`,
      cost: "that memory is not used for anything else",
      releases: releasesOf("vm.min_free_kbytes"),
      basis: "experience",
      setting: { name: "vm.min_free_kbytes", values: [kbytes] },
    },
  ];
}

/** The direction, where the report does not show the value of now. */
export function raiseUnknown({ kernel }: Asked): ValuedRemedy {
  return {
    what: "Keep more memory free",
    how: "sysctl vm.min_free_kbytes prints the value of now; sysctl -w vm.min_free_kbytes=<kB> with a larger one",
    effect: `up to twice as much at a time, and at most ${bootRules(kernel.release).minFreeKbytesMost}, which the kernel never exceeds by itself; the text does not show all zones, and so not the value of now`,
    cost: "that memory is not used for anything else",
    releases: releasesOf("vm.min_free_kbytes"),
    basis: "experience",
  };
}

/** Remedies for a request that found no block. */
export function blockRemedies(of: VerdictOf, machine: RemedyMachine): ValuedRemedy[] {
  const { asked, by } = of;
  const remedies: ValuedRemedy[] = [];
  if (offers("vm.compact_memory", machine))
    remedies.push({
      what: "Join free memory now",
      how: "sync; echo 3 > /proc/sys/vm/drop_caches; echo 1 > /proc/sys/vm/compact_memory",
      effect:
        "the page cache is emptied, then movable pages are moved together; unmovable ones stay where they are",
      cost: "files are read from disk again; helps once, until memory is fragmented anew",
      releases: releasesOf("vm.compact_memory"),
      basis: "experience",
    });
  if (offers("vm.compaction_proactiveness", machine)) remedies.push(joinAllTheTime());
  if (offers("vm.defrag_mode", machine))
    remedies.push({
      what: "Keep types of memory apart",
      how: "sysctl vm.defrag_mode=1",
      effect: "the kernel reclaims and compacts before it lets one type into page blocks of another",
      cost: "more reclaim and compaction",
      releases: releasesOf("vm.defrag_mode"),
      basis: "experience",
    });
  remedies.push(...moreFree(of));
  if (offers("movablecore=", machine) && asked.judged > COSTLY && !by.forDevice && asked.judged >= 9)
    remedies.push({
      what: "Keep a part of memory for movable pages",
      how: "movablecore=<size> on the kernel command line",
      effect: "unmovable pages stay out of that part, so huge pages can be made there at any time",
      cost: "the kernel's own memory cannot use it",
      releases: releasesOf("movablecore="),
      basis: "rule",
    });
  return remedies;
}
