/** What is missing for a surer answer, with the one command that brings it. */
import type { Missing } from "./answer";
import type { Reading } from "./reading";

const WHOLE_REPORT: Missing = {
  what: "the whole report of the kernel, from its first line to the free blocks of each zone",
  command: "sudo dmesg",
};

export const RELEASE: Missing = { what: "the kernel's release", command: "uname -r" };

export const BLOCK_TYPES: Missing = {
  what: "the types of the page blocks, which show whether movable pages or unmovable ones are in the way",
  command: "sudo cat /proc/pagetypeinfo",
};

export const AREAS: Missing = {
  what: "the size of each CMA area, its users' share and its largest free run",
  command: "sudo grep -r . /sys/kernel/debug/cma/",
};

export const MAP: Missing = {
  what: "the map of physical memory, on which a size can be searched",
  command: "sudo cat /proc/iomem",
};

export const BOOT_LOG: Missing = {
  what: "the boot messages about memory",
  command: "sudo dmesg | grep -iE 'memory|reserved|cma|hugetlb'",
};

export const POOLS: Missing = {
  what: "the pools of huge pages by node",
  command: "grep -r . /sys/devices/system/node/node*/hugepages/",
};

export const FREE_BLOCKS: Missing = {
  what: "the free blocks by order at the time of the request",
  command: "cat /proc/buddyinfo",
};

export const ZONES: Missing = {
  what: "the watermarks and reserves of the zones",
  command: "cat /proc/zoneinfo",
};

/** What a report of a refused request lacks. */
export function missingOf(reading: Reading): Missing[] {
  const lacks: Missing[] = [];
  const cut =
    reading.zones.length === 0 || reading.order === null || reading.stack.length === 0 || !hasGfp(reading);
  const blocksCut = reading.zones.some((zone) => zone.counts === null);
  if (cut || blocksCut) lacks.push(WHOLE_REPORT);
  if (reading.release === null) lacks.push(RELEASE);
  if ((reading.order ?? 0) > 0 && reading.zones.every((zone) => zone.blocksByType === null))
    lacks.push(BLOCK_TYPES);
  return lacks;
}

function hasGfp({ gfp }: Reading): boolean {
  return gfp.text !== null || gfp.value !== null;
}
