/**
 * /proc/zoneinfo and /proc/vmstat (mm/vmstat.c: zoneinfo_show_print(), vmstat_show()), limited to what the allocator
 * alone decides. Counters of memory usage are omitted: per-node statistics, nr_zone_*, nr_mlock, nr_bounce,
 * nr_zspages, nr_unaccepted, numa_*, node_unreclaimable, and all events.
 */

import { bootRules, type KernelRelease } from "../../hardware/kernel-release";
import { wmarkPages } from "../allocation/zone-watermark";
import { closestRelease } from "../state/closest-release";
import { nrFreePagesBlocks } from "../state/free-area";
import type { Memory } from "../state/memory";
import { WMARK_HIGH, WMARK_LOW, WMARK_MIN, WMARK_PROMO, type Zone } from "../state/zone";
import { populatedZones } from "./buddyinfo";

/** The lines that a release prints. */
interface ZoneinfoForm {
  boost: boolean;
  cma: boolean;
  promo: boolean;
  /** Watermarks of a ZONE_MOVABLE without memory, in pages. */
  emptyMovable: number;
  freePagesBlocks: boolean;
  pcpHighBounds: boolean;
  highatomic: boolean;
}

function formOf(release: KernelRelease): ZoneinfoForm {
  const rules = bootRules(release);
  return {
    boost: rules.zoneinfoBoost,
    cma: rules.zoneinfoCma,
    promo: rules.zoneinfoPromo,
    emptyMovable: rules.movableZoneReserve === "own" ? 32 : 0,
    freePagesBlocks: rules.freePagesBlocks,
    pcpHighBounds: rules.zoneinfoPcpBounds,
    highatomic: rules.zoneinfoHighatomic,
  };
}

/** Zone numbers of the modelled kernels, and the default number of zones. */
const ZONE_NAMES = ["DMA", "DMA32", "Normal", "Movable", "Device"];

export interface ZoneinfoOptions {
  release?: KernelRelease | undefined;
  /** MAX_NR_ZONES of the kernel: the length of `protection` and the number of zones. Default 5. */
  nrZones?: number | undefined;
}

/** zone_page_state(): a counter without per-CPU differences, not below zero. */
const state = (counter: number) => Math.max(0, counter);

/** The lines of /proc/zoneinfo that the model knows; without `zones`, also the zones of each node without memory. */
export function zoneinfoText(m: Memory, zones?: readonly Zone[], options: ZoneinfoOptions = {}): string {
  const form = formOf(options.release ?? closestRelease(m.sw));
  const nrZones = options.nrZones ?? ZONE_NAMES.length;
  const populated = populatedZones(zones ?? m.zones);
  if (zones !== undefined || m.zones.some((z) => z.name !== ZONE_NAMES[z.idx]))
    return populated.map((z) => zoneText(m, z, form, nrZones)).join("");
  const nodes = [...new Set(populated.map((z) => z.nid))];
  const text = (nid: number, name: string, idx: number) => {
    const zone = populated.find((z) => z.nid === nid && z.idx === idx);
    return zone === undefined ? emptyZoneText(nid, name, form, nrZones) : zoneText(m, zone, form, nrZones);
  };
  return nodes
    .flatMap((nid) => ZONE_NAMES.slice(0, nrZones).map((name, idx) => text(nid, name, idx)))
    .join("");
}

/** Counts in pages, by label. */
type Figures = [label: string, pages: number][];

function heading(nid: number, name: string, figures: Figures, reserve: ArrayLike<number>, n: number): string {
  const [free, ...others] = figures;
  const lines = [
    `Node ${nid}, zone ${name.padStart(8)}`,
    `  pages ${free![0].padEnd(9)}${free![1]}`,
    ...others.map(([label, pages]) => `        ${label.padEnd(9)}${pages}`),
    `        protection: (${Array.from({ length: n }, (_, i) => reserve[i] ?? 0).join(", ")})`,
  ];
  return lines.join("\n");
}

function figures(form: ZoneinfoForm, of: (label: string) => number): Figures {
  const labels = ["free", "boost", "min", "low", "high", "promo", "spanned", "present", "managed", "cma"];
  const left = new Set<string>([
    ...(form.boost ? [] : ["boost"]),
    ...(form.promo ? [] : ["promo"]),
    ...(form.cma ? [] : ["cma"]),
  ]);
  return labels.filter((l) => !left.has(l)).map((label) => [label, of(label)]);
}

function zoneText(m: Memory, z: Zone, form: ZoneinfoForm, nrZones: number): string {
  const values: Record<string, number> = {
    free: state(z.nrFreePages),
    boost: z.watermarkBoost,
    min: wmarkPages(z, WMARK_MIN),
    low: wmarkPages(z, WMARK_LOW),
    high: wmarkPages(z, WMARK_HIGH),
    promo: wmarkPages(z, WMARK_PROMO),
    spanned: z.endPfn - z.startPfn,
    present: z.present,
    managed: z.managed,
    cma: z.cmaPages,
  };
  const lines = [
    heading(
      z.nid,
      z.name,
      figures(form, (label) => values[label]!),
      z.lowmemReserve,
      nrZones,
    ),
    ...zoneCounters(m, [z], form).map(([name, pages]) => `      ${name.padEnd(12)} ${pages}`),
    "  pagesets",
  ];
  z.pcps.forEach((pcp, cpu) => {
    const show = (label: string, value: number) =>
      `              ${form.pcpHighBounds ? `${label}:`.padEnd(9) : `${label}:`.padEnd(6)} ${value}`;
    lines.push(
      `    cpu: ${cpu}`,
      show("count", pcp.count),
      show("high", pcp.high),
      show("batch", pcp.batch),
      ...(form.pcpHighBounds ? [show("high_min", pcp.highMin), show("high_max", pcp.highMax)] : []),
      `  vm stats threshold: ${pcp.statThreshold}`,
    );
  });
  lines.push(`  start_pfn:           ${z.startPfn}`);
  if (form.highatomic)
    lines.push(
      `  reserved_highatomic: ${z.nrReservedHighatomic}`,
      `  free_highatomic:     ${z.nrFreeHighatomic}`,
    );
  return `${lines.join("\n")}\n`;
}

/** A zone without memory. */
function emptyZoneText(nid: number, name: string, form: ZoneinfoForm, nrZones: number): string {
  const least = name === "Movable" ? form.emptyMovable : 0;
  const marks = ["min", "low", "high", "promo"];
  return `${heading(
    nid,
    name,
    figures(form, (label) => (marks.includes(label) ? least : 0)),
    [],
    nrZones,
  )}\n`;
}

/** The counters of zones that the allocator keeps, in the kernel's order. */
function zoneCounters(m: Memory, zones: readonly Zone[], form: ZoneinfoForm): Figures {
  const sum = (of: (z: Zone) => number) => state(zones.reduce((n, z) => n + of(z), 0));
  return [
    ["nr_free_pages", sum((z) => z.nrFreePages)],
    ...(form.freePagesBlocks
      ? ([["nr_free_pages_blocks", sum((z) => nrFreePagesBlocks(m, z))]] as Figures)
      : []),
    ["nr_free_cma", sum((z) => z.nrFreeCma)],
  ];
}

/** /proc/vmstat: the zone counters the model keeps, summed over the machine, without per-CPU differences. */
export function vmstatText(m: Memory, release: KernelRelease = closestRelease(m.sw)): string {
  return zoneCounters(m, m.zones, formOf(release))
    .map(([name, pages]) => `${name} ${pages}\n`)
    .join("");
}
