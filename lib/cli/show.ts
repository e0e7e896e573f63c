/** `pageblock show <file>`: a snapshot in the words of the kernel's own reports; of a buddyinfo, its indices. */

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Command } from "commander";
import { InputError, unknownName } from "../base/errors";
import { isFolder } from "../base/open-regular";
import { printable } from "../base/printable";
import { formatSize } from "../base/units";
import { type KernelRelease, kernelRelease } from "../hardware/kernel-release";
import {
  buddyinfoLines,
  buddyinfoText,
  extfragIndexLines,
  extfragIndexText,
  type FreeCounts,
  unusableIndexLines,
  unusableIndexText,
} from "../mm/reports/buddyinfo";
import { unusableFreeIndex } from "../mm/reports/fragmentation-index";
import { blockCounts, freeListLength, pagetypeinfoText } from "../mm/reports/pagetypeinfo";
import { vmstatText, zoneinfoText } from "../mm/reports/zoneinfo";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_NAMES } from "../mm/state/migratetype";
import { kernelProfile } from "../mm/state/profile";
import { nrFreeSnapshot } from "../mm/state/vmstat";
import type { Zone } from "../mm/state/zone";
import { parseBuddyinfo } from "../trace/buddyinfo-text";
import { snapshotFrom } from "../trace/collect-snapshot";
import { readInput } from "../trace/input";
import {
  isMachineSnapshot,
  type MachineSnapshot,
  parseMachineSnapshot,
  SNAPSHOT_TEXTS,
  type SnapshotText,
  textOf,
} from "../trace/machine-snapshot";
import { profileForVersion, recordedRelease } from "../trace/recording";
import type { Snapshot } from "../trace/snapshot";
import { loadSnapshot } from "../trace/snapshot-load";
import { parseSnapshot } from "../trace/snapshot-parse";
import { buddyinfoSummary, machineSummary } from "./show-machine";

interface Shown {
  memory: Memory;
  zones: Zone[] | undefined;
  release: KernelRelease;
  nrZones: number;
  pageBytes: number;
}

const REPORTS: Readonly<Record<string, (s: Shown) => string>> = {
  summary,
  buddyinfo: (s) => buddyinfoText(s.memory, s.zones),
  pagetypeinfo: (s) => pagetypeinfoText(s.memory, s.zones, s.release),
  zoneinfo: (s) => zoneinfoText(s.memory, s.zones, { release: s.release, nrZones: s.nrZones }),
  vmstat: (s) => vmstatText(s.memory, s.release),
  extfrag_index: (s) => extfragIndexText(s.memory, s.zones),
  unusable_index: (s) => unusableIndexText(s.memory, s.zones),
};

/** Everything that --as takes; what a file can be shown as depends on it. */
const SHOWN_AS: readonly string[] = [...new Set([...Object.keys(REPORTS), ...SNAPSHOT_TEXTS])];

/** Reports that need only a buddyinfo. */
const FROM_BUDDYINFO: Record<string, typeof buddyinfoLines> = {
  buddyinfo: buddyinfoLines,
  extfrag_index: extfragIndexLines,
  unusable_index: unusableIndexLines,
};

export function register(program: Command): void {
  program
    .command("show")
    .description("show a snapshot as the kernel's own reports, or the indices of a /proc/buddyinfo")
    .argument(
      "<file>",
      "snapshot of a machine or of a recording, a folder with copies of a machine's proc/, or buddyinfo (plain, .gz or .br)",
    )
    .option("--as <report>", `one of ${SHOWN_AS.join(", ")}`)
    .option("--zone <name>", "only this zone")
    .option("--kernel <release>", "profile to use instead of the one the snapshot or its version file names")
    .action((file: string, options: ShowOptions) => {
      process.stdout.write(show(file, options));
    });
}

interface ShowOptions {
  as?: string;
  zone?: string;
  kernel?: string;
}

function show(file: string, options: ShowOptions): string {
  if (options.as !== undefined && !SHOWN_AS.includes(options.as))
    throw unknownName("--as", options.as, SHOWN_AS);
  if (isFolder(file) && existsSync(join(file, "proc")))
    return shownMachine(file, snapshotFrom([file]), options);
  if (isFolder(file)) throw new InputError(`${file}: is a folder: give a snapshot in it, such as S0.txt.gz`);
  const bytes = readInput(file);
  if (/^Node\s/.test(bytes.toString("latin1", 0, 6))) return fromBuddyinfo(file, bytes, options);
  if (isMachineSnapshot(bytes)) return fromMachine(file, bytes, options);
  if (options.as !== undefined && !Object.hasOwn(REPORTS, options.as))
    throw unknownName("--as", options.as, Object.keys(REPORTS));
  const snapshot = parseSnapshot(bytes, file);
  const release = releaseOf(snapshot, file, options.kernel);
  const memory = loadSnapshot(snapshot, kernelProfile(release));
  const zones = options.zone === undefined ? undefined : [oneZone(memory.zones, options.zone)];
  const nrZones = Number(snapshot.header.get("max_nr_zones") ?? 5);
  const pageBytes = Number(snapshot.header.get("page_size") ?? 4096);
  return REPORTS[options.as ?? "summary"]!({ memory, zones, release, nrZones, pageBytes });
}

/** The text that the machine's /proc gave, unchanged; the indices are computed from its buddyinfo. */
function fromMachine(file: string, bytes: Buffer, options: ShowOptions): string {
  return shownMachine(file, parseMachineSnapshot(bytes.toString("utf8"), file), options);
}

function shownMachine(file: string, snapshot: MachineSnapshot, options: ShowOptions): string {
  const { as = "summary" } = options;
  if (as === "summary") return machineSummary(snapshot, file, options.zone);
  if (as in FROM_BUDDYINFO === false && !SNAPSHOT_TEXTS.includes(as as SnapshotText))
    throw unknownName("--as", as, ["summary", ...SNAPSHOT_TEXTS, ...Object.keys(FROM_BUDDYINFO)]);
  if (options.zone !== undefined && !(as in FROM_BUDDYINFO))
    throw new InputError(
      `--zone: of a snapshot of a machine it limits summary, ${Object.keys(FROM_BUDDYINFO).join(", ")}: got --as ${as}`,
    );
  if (SNAPSHOT_TEXTS.includes(as as SnapshotText) && options.zone === undefined)
    return textOf(snapshot, as as SnapshotText, file)
      .split("\t")
      .map(printable)
      .join("\t");
  return fromBuddyinfo(file, Buffer.from(textOf(snapshot, "buddyinfo", file)), { ...options, as });
}

function fromBuddyinfo(file: string, bytes: Buffer, options: ShowOptions): string {
  const { as = "summary" } = options;
  if (as === "summary") return buddyinfoSummary(zonesOfText(bytes, file, options.zone));
  const report = FROM_BUDDYINFO[as];
  if (report === undefined)
    throw new InputError(
      `--as ${as}: ${file} is a buddyinfo, which tells only ${Object.keys(FROM_BUDDYINFO).join(", ")}`,
    );
  return report(zonesOfText(bytes, file, options.zone));
}

function zonesOfText(bytes: Buffer, file: string, zone: string | undefined): readonly FreeCounts[] {
  const zones = parseBuddyinfo(bytes.toString("latin1"), file);
  return zone === undefined ? zones : [oneZone(zones, zone)];
}

function oneZone<Z extends { name: string }>(zones: readonly Z[], name: string): Z {
  const found = zones.find((z) => z.name === name);
  if (found === undefined)
    throw unknownName(
      "--zone",
      name,
      zones.map((z) => z.name),
    );
  return found;
}

function releaseOf(snapshot: Snapshot, file: string, asked: string | undefined): KernelRelease {
  if (asked !== undefined) return kernelRelease(asked);
  const kernel = snapshot.header.get("kernel");
  return (kernel === undefined ? undefined : profileForVersion(kernel)) ?? recordedRelease(dirname(file));
}

function summary({ memory: m, zones = m.zones, release, pageBytes }: Shown): string {
  const size = (pages: number) => `${pages.toLocaleString("en")} pages (${formatSize(pages * pageBytes)})`;
  const lines = [
    `profile ${release}, pages of ${formatSize(pageBytes)}, page blocks of ${formatSize(m.pageblockPages * pageBytes)}, largest free block ${formatSize(2 ** m.maxOrder * pageBytes)}, mobility grouping ${m.mobilityDisabled ? "off" : "on"}`,
  ];
  for (const z of zones) {
    const inLists = z.nrFree.reduce((n, blocks, order) => n + blocks * 2 ** order, 0);
    const onCpus = z.pcps.reduce((n, pcp) => n + pcp.count, 0);
    const largest = Array.from(z.nrFree, (n) => n > 0).lastIndexOf(true);
    const counts = blockCounts(m, z);
    const types = MIGRATE_NAMES.map((name, mt) => ({
      name,
      pages: freeOfType(m, z, mt),
      blocks: counts[mt]!,
    }));
    lines.push(
      `zone ${z.name}: managed ${size(z.managed)}`,
      `  free on the lists ${size(inLists)}, counter ${nrFreeSnapshot(z).toLocaleString("en")}; on per-CPU lists ${size(onCpus)}`,
      `  watermarks ${z.wmark[0]} ${z.wmark[1]} ${z.wmark[2]} pages, boost ${z.watermarkBoost}`,
      `  largest free block: ${largest < 0 ? "none" : `order ${largest}`}; of the free memory ${unusableFreeIndex(z.nrFree, m.pageblockOrder) / 10} % lies in blocks smaller than a page block`,
      ...types
        .filter((t) => t.pages > 0 || t.blocks > 0)
        .map(
          (t) => `  ${t.name.padEnd(12)} ${t.blocks.toLocaleString("en")} page blocks, free ${size(t.pages)}`,
        ),
    );
  }
  return `${lines.join("\n")}\n`;
}

function freeOfType(m: Memory, zone: Zone, mt: number): number {
  let pages = 0;
  for (let order = 0; order <= m.maxOrder; order++) pages += freeListLength(m, zone, order, mt) * 2 ** order;
  return pages;
}
