/** Answers to OOM reports of a memory cgroup: which group, which of its limits, and what helps. */
import type { Remedy } from "./answer";
import { about } from "./quantities";
import type { GroupLimit, GroupReading, OomReading } from "./reading";

/** A limit that cannot be reached is none: PAGE_COUNTER_MAX is printed as 9007199254740988 kB. */
const UNLIMITED_BYTES = 2 ** 60;

const isSet = (limit: GroupLimit) => limit.limitBytes < UNLIMITED_BYTES;

/** The limit that the group's usage fills most. */
function reachedLimit({ limits }: GroupReading): GroupLimit | null {
  const share = ({ usageBytes, limitBytes }: GroupLimit) => (limitBytes === 0 ? 0 : usageBytes / limitBytes);
  const set = limits.filter((limit) => isSet(limit) && limit.of !== "swap");
  return set.sort((a, b) => share(b) - share(a))[0] ?? null;
}

const groupName = (group: GroupReading | null) =>
  group?.path == null ? "A memory cgroup" : `The memory cgroup ${group.path}`;

/** Why, in sentences. */
export function memcgCauses(oom: OomReading): string[] {
  const group = oom.group ?? null;
  const reached = group === null ? null : reachedLimit(group);
  const numbers =
    reached === null
      ? " reached its limit"
      : ` reached its limit of ${reached.of}: ${about(reached.usageBytes)} of ${about(reached.limitBytes)} were in use`;
  const swap = group?.limits.find(({ of }) => of === "swap");
  return [
    `${groupName(group)}${numbers}. The machine need not have been short of memory, and its zones did not decide.`,
    ...(swap !== undefined && isSet(swap) && swap.usageBytes >= swap.limitBytes
      ? [
          swap.limitBytes === 0
            ? "The group may use no swap, so memory of its processes could not be written out."
            : `The swap that the group may use, ${about(swap.limitBytes)}, was full too.`,
        ]
      : []),
  ];
}

/** What to change. */
export function memcgRemedies(oom: OomReading): Remedy[] {
  const group = oom.group ?? null;
  const reached = group === null ? null : reachedLimit(group);
  const now = reached === null ? "" : `, above the ${about(reached.limitBytes)} of now`;
  const of = group?.path == null ? "" : ` of ${group.path}`;
  const swap = group?.limits.find((limit) => limit.of === "swap");
  const remedies: Remedy[] = [
    {
      what: "Raise the limit of the cgroup",
      how: `memory.max (cgroup v2) or memory.limit_in_bytes (v1)${of}, or the limit of the container${now}`,
      effect: "the group may use more of the machine",
      cost: "other groups have less",
      releases: "every release",
      basis: "rule",
    },
    {
      what: "Use less in the group",
      how: "smaller heaps and caches or fewer workers in it; the report's table of tasks shows which one holds most",
      effect: "its usage stays below the limit",
      cost: "depends on what is given up",
      releases: "every release",
      basis: "experience",
    },
  ];
  if (swap !== undefined && swap.usageBytes >= swap.limitBytes)
    remedies.push({
      what: "Let the group use swap",
      how: `memory.swap.max${of} above ${swap.limitBytes === 0 ? "0" : about(swap.limitBytes)}, if the machine has swap`,
      effect: "memory that its processes seldom use can be written out",
      cost: "slow, where it is used often",
      releases: "cgroup v2",
      basis: "rule",
    });
  return remedies;
}
