/** What to change so that a want is granted: what makes it sure first, then what the drawn machines showed to help, then the rest. */
import { MiB } from "../../base/units";
import type { RemedialName } from "../../hardware/kernel-report-rules";
import type { Remedy } from "../answer";
import { joinAllTheTime, releasesOf } from "../driver-remedies";
import { memparseSize } from "../quantities";
import { offers } from "../remedy-conditions";
import { type Of, reservations, roomAtBoot, wantedBytes } from "./boot-remedies";
import type { Chance, Situation } from "./chance";
import { bytesOf } from "./want";

/** Remedies that the kernel's release has, best first; none if more is wanted than the machine has memory. */
export function advisedRemedies(of: Of): Remedy[] {
  if (of.counted.verdict === "too large") return [];
  const now = best(of.chances, "now");
  if (toBeHad(of)) return [];
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

/** It is to be had now by the counts and by every machine drawn, and nothing drawn says that a day ends that. */
function toBeHad({ counted, chances }: Of): boolean {
  const day = best(chances, "day");
  const now = share(best(chances, "now")) === 1;
  return counted.verdict === "enough" && now && (day === undefined || share(day) === 1);
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
function shown({ on }: Of, before: Chance | undefined, after: Chance | undefined, step: Step): Remedy | null {
  if (before === undefined || after === undefined || !offers(step.name, on)) return null;
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

/** Settings that keep memory from fragmenting; none makes a large want sure. */
function lasting(of: Of): Remedy[] {
  const { on, want, pageSize } = of;
  const bytes = bytesOf(want, { pageSize });
  const movable = 2 * wantedBytes(of);
  const found: Remedy[] = [];
  if (bytes > 4 * MiB && movable <= roomAtBoot(of) && offers("movablecore=", on))
    found.push({
      what: "Keep pages that do not move out of a part of memory",
      how: `movablecore=${memparseSize(movable)} on the kernel command line`,
      effect: "ZONE_MOVABLE holds only pages that may move",
      cost: "the kernel itself has that much less; twice what is wanted is a choice",
      releases: releasesOf("movablecore="),
      basis: "experience",
    });
  if (bytes <= 4 * MiB && offers("vm.compaction_proactiveness", on)) found.push(joinAllTheTime());
  if (offers("vm.defrag_mode", on))
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
