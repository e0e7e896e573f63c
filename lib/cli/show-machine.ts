/** A snapshot of a machine, or a buddyinfo, on one screen: free memory by zone, its largest blocks, and what uses the rest. */

import { unknownName } from "../base/errors";
import { printable } from "../base/printable";
import { formatSize } from "../base/units";
import { machineOf } from "../calibration/snapshot-state";
import type { ZoneState } from "../machine/machine-state";
import type { FreeCounts } from "../mm/reports/buddyinfo";
import { unusableFreeIndex } from "../mm/reports/fragmentation-index";
import { parseBuddyinfo } from "../trace/buddyinfo-text";
import type { MachineSnapshot } from "../trace/machine-snapshot";

/** The summary of a snapshot; of `zone` alone if it is given. Throws InputError for one that contradicts itself. */
export function machineSummary(snapshot: MachineSnapshot, file: string, zone?: string): string {
  const { buddyinfo, zoneinfo, pagetypeinfo } = snapshot.texts;
  // How large zones are is then not known.
  if (buddyinfo !== undefined && zoneinfo === undefined && pagetypeinfo === undefined)
    return buddyinfoSummary(
      parseBuddyinfo(buddyinfo, `${file}: buddyinfo`).filter(({ name }) => name === (zone ?? name)),
    );
  const { machine, assumed } = machineOf(snapshot, file);
  const { zones, largestOrder, pageblockOrder, kernel } = machine.state!;
  const pageSize = machine.pageSize ?? 4096;
  const shown = zone === undefined ? zones : zones.filter((z) => z.name === zone);
  if (shown.length === 0)
    throw unknownName(
      "--zone",
      zone!,
      zones.map((z) => z.name),
    );
  const size = (pages: number) => formatSize(pages * pageSize);
  const lines = [
    `kernel ${snapshot.kernel ?? "not told"}, ${snapshot.arch ?? "processor not told"}, pages of ${size(1)}, page blocks of ${size(2 ** pageblockOrder)}, largest free block ${size(2 ** largestOrder)}`,
    ...shown.flatMap((z) => zoneLines(z, pageblockOrder, size)),
  ];
  const kinds = Object.entries(kernel).filter(([, pages]) => pages > 0);
  if (kinds.length > 0 && zone === undefined)
    lines.push(`kernel's pages: ${kinds.map(([kind, pages]) => `${kind} ${size(pages)}`).join(", ")}`);
  for (const { node, bytes, total, free } of snapshot.hugepages)
    if (node === undefined && zone === undefined)
      lines.push(`huge pages of ${formatSize(bytes)}: ${total}, of them ${free} free`);
  lines.push(...assumed.map((what) => `assumed: ${what}`));
  return printable(`${lines.join("\n")}\n`);
}

function zoneLines(z: ZoneState, pageblockOrder: number, size: (pages: number) => string): string[] {
  const orders = Object.values(z.free)[0]?.length ?? 0;
  const nrFree = Array.from({ length: orders }, (_, o) =>
    Object.values(z.free).reduce((n, counts) => n + (counts[o] ?? 0), 0),
  );
  const { min, low, high } = z.watermarks;
  const boost = z.boost > 0 ? `, boost ${size(z.boost)}` : "";
  const kinds = [
    ...(z.anon === undefined ? [] : [`anonymous ${size(z.anon)}`]),
    ...(z.file === undefined ? [] : [`of files ${size(z.file)}`]),
  ];
  const blocks = Object.entries(z.blocks ?? {}).filter(([, n]) => n > 0);
  return [
    `node ${z.node}, zone ${z.name}: ${size(z.present)}${z.managed === undefined ? "" : `, managed ${size(z.managed)}`}`,
    ...freeLines(nrFree, pageblockOrder, size),
    `  watermarks min ${size(min)}, low ${size(low)}, high ${size(high)}${boost}`,
    ...(kinds.length > 0 ? [`  in use: ${kinds.join(", ")}`] : []),
    ...(blocks.length > 0 ? [`  page blocks: ${blocks.map(([type, n]) => `${n} ${type}`).join(", ")}`] : []),
  ];
}

/** The index is that of debugfs: mm/vmstat.c, unusable_free_index(). */
function freeLines(nrFree: readonly number[], blockOrder: number, size: (pages: number) => string): string[] {
  const pages = nrFree.reduce((n, blocks, order) => n + blocks * 2 ** order, 0);
  const largest = nrFree.map((n) => n > 0).lastIndexOf(true);
  const whole = nrFree.reduce(
    (n, blocks, o) => n + (o >= blockOrder ? blocks * 2 ** (o - blockOrder) : 0),
    0,
  );
  const spoilt = unusableFreeIndex(nrFree, Math.min(blockOrder, nrFree.length - 1)) / 10;
  return [
    `  free ${size(pages)}; largest block: ${largest < 0 ? "none" : `order ${largest}`}; ${whole} whole page blocks`,
    `  of the free memory ${spoilt} % lies in blocks smaller than a page block`,
  ];
}

/** A buddyinfo alone tells neither the size of pages nor that of page blocks: blocks and pages are counted. */
export function buddyinfoSummary(zones: readonly FreeCounts[]): string {
  const lines = zones.flatMap(({ nid, name, nrFree: counts }) => {
    const nrFree = Array.from(counts);
    const pages = nrFree.reduce((n, blocks, order) => n + blocks * 2 ** order, 0);
    const largest = nrFree.map((n) => n > 0).lastIndexOf(true);
    return [
      `node ${nid}, zone ${name}: ${pages.toLocaleString("en")} pages free; largest block: ${largest < 0 ? "none" : `order ${largest}`}`,
      `  order:                             ${row(nrFree, (_, o) => String(o))}`,
      `  free blocks:                       ${row(nrFree, (n) => String(n))}`,
      `  share free in smaller blocks (%):  ${row(nrFree, (_, o) => String(unusableFreeIndex(nrFree, o) / 10))}`,
    ];
  });
  return `${lines.join("\n")}\n`;
}

function row(nrFree: ArrayLike<number>, cell: (n: number, order: number) => string): string {
  return Array.from(nrFree, (n, order) => cell(n, order).padStart(7)).join("");
}
