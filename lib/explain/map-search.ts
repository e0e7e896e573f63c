/**
 * Sizes that fit a machine at boot. The machine of a text is booted as `pageblock boot --from-log` boots it, with what early boot
 * takes for itself, so no size is named that this command refuses.
 */
import { InputError } from "../base/errors";
import { largestOf } from "../base/extremes";
import { formatSize, GiB, MiB } from "../base/units";
import {
  compareReleases,
  type KernelRelease,
  kernelRelease,
  nearestKernel,
} from "../hardware/kernel-release";
import { boot } from "../machine/boot";
import { type BootRequest, MACHINE } from "../machine/boot-request";
import type { BootResult } from "../machine/boot-result";
import { readBootLog } from "../machine/texts/boot-log";
import { readIomem } from "../machine/texts/iomem";
import { readField } from "../schema/check";
import type { Reading, ReservedReading } from "./reading";

/** A machine that can be booted with other sizes. */
export interface AreaMap {
  /** The machine by the text; twice for a release that is not modelled, by the nearest and by the default. */
  machines: BootRequest[];
  booted: BootResult;
  /** Bytes to which an area is aligned: one page block, before 5.19 the largest buddy if that is larger. */
  alignment: number;
  /** What largestArea() found, once it was asked. */
  largest?: FoundArea | null;
}

/** An area that fits. */
export interface FoundArea {
  bytes: number;
  base: number;
}

/** Architectures of readings by the name of the machines that can be booted. */
const BOOTED: Readonly<Record<string, string>> = {
  x86_64: "x86-64",
  arm64: "arm64",
  arm: "arm",
  riscv64: "riscv64",
  ppc64: "ppc64",
  ppc64le: "ppc64",
  mips: "mips",
  mips64: "mips",
};

const PMD_BYTES = 2 * MiB;

/** arch/arm/mm/mmu.c adjust_lowmem_bounds() up to 5.3: a first range that is not mapped counts, and its end within a PMD ends low memory. */
export function lowEndOf({ arch, release, boot }: Reading): ReservedReading | null {
  const series = release === null ? undefined : nearestKernel(release)?.series;
  const first = boot.ram[0]?.[0];
  if (arch !== "arm" || series === undefined || compareReleases(series, "5.4") >= 0) return null;
  const unmapped = boot.reserved.filter(({ flags }) => flags.some((flag) => /efi|nomap|no-map/.test(flag)));
  return unmapped.find(({ base, bytes }) => base === first && bytes % PMD_BYTES !== 0) ?? null;
}

/** The machine that a text describes, by how a reading lists its memory; null if the text says too little. */
export type MachineOfText = (reading: Reading) => Partial<BootRequest> | null;

/** The reader of a text: the whole of it is read once, however many reports ask for its map. */
export function machineReader(text: string): MachineOfText {
  const made = new Map<string, Partial<BootRequest> | null>();
  return ({ arch, boot: { ramFrom } }) => {
    const architecture = arch === null ? undefined : (BOOTED[arch] as "arm64" | undefined);
    const key = ramFrom === "iomem" ? `iomem ${architecture}` : "log";
    if (!made.has(key))
      made.set(
        key,
        attempt(() =>
          ramFrom === "iomem"
            ? readIomem(text, architecture === undefined ? {} : { architecture }).machine
            : readBootLog(text).machine,
        ),
      );
    return made.get(key)!;
  };
}

/** The map of a text with the ranges of memory of a reading; null if it says too little for a boot. */
export function areaMapOf(readMachine: MachineOfText, reading: Reading): AreaMap | null {
  // The engine does not model what this does to early boot.
  if (lowEndOf(reading) !== null) return null;
  const machines = machinesOf(readMachine, reading);
  const results = machines.map(booted);
  if (results.length === 0 || results.some((result) => result === null)) return null;
  const alignment = largestOf(results.map((result) => result!.cma.alignmentBytes));
  return { machines, booted: results[0]!, alignment };
}

function machinesOf(readMachine: MachineOfText, reading: Reading): BootRequest[] {
  const { arch, boot: told, release } = reading;
  const wanted = arch === null ? undefined : BOOTED[arch];
  if (arch !== null && wanted === undefined) return [];
  const read = readMachine(reading);
  if (read === null || (wanted !== undefined && read.board !== `blank-${wanted}`)) return [];
  const named = release === null ? undefined : nearestKernel(release);
  if (read.kernel !== undefined || named === undefined) return checked([read]);
  if (told.ramFrom === "iomem" && isModelled(named.series))
    return checked([{ ...read, kernel: named.series }]);
  return checked([read, { ...read, kernel: named.release }]);
}

const isModelled = (series: KernelRelease) => attempt(() => kernelRelease(series)) !== null;

function checked(machines: readonly Partial<BootRequest>[]): BootRequest[] {
  return attempt(() => machines.map((machine) => readField(MACHINE, machine, []) as BootRequest)) ?? [];
}

/** What a text says can be outside the limits of the engine: null then. */
function attempt<T>(what: () => T): T | null {
  try {
    return what();
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
}

const booted = (request: BootRequest): BootResult | null => attempt(() => boot(request));

/** Where an area of this size comes to lie, or null if there is no room. */
export function placeArea({ machines }: AreaMap, bytes: number): FoundArea | null {
  let found: FoundArea | null = null;
  for (const machine of machines) {
    const cma = { kind: "area", bytes, base: 0, limit: 0, fixed: false } as const;
    const result = booted({ ...machine, cma });
    if (result === null || result.cma.base === null || result.cma.reservedBytes < bytes) return null;
    found ??= { bytes: result.cma.reservedBytes, base: result.cma.base };
  }
  return found;
}

/** The largest area, a multiple of the alignment and of 1 MiB, that early boot can reserve on this map; null if none fits. */
export function largestArea(map: AreaMap): FoundArea | null {
  if (map.largest === undefined) map.largest = searchLargest(map);
  return map.largest;
}

function searchLargest(map: AreaMap): FoundArea | null {
  const step = Math.max(map.alignment, MiB);
  let fits = 0;
  let fails = Math.floor(map.booted.memoryBytes / step) + 1;
  while (fails - fits > 1) {
    const middle = Math.floor((fits + fails) / 2);
    if (placeArea(map, middle * step) === null) fails = middle;
    else fits = middle;
  }
  return fits === 0 ? null : placeArea(map, fits * step);
}

/** Huge pages of this size that can be had at boot at most, after what early boot takes; null for a size that the machine has not. */
export function pagesAtBoot({ machines, booted: plain }: AreaMap, bytes: number): number | null {
  if (!plain.hugePageSizes.includes(bytes)) return null;
  if (bytes > plain.pageSize * 2 ** plain.largestBuddyOrder) {
    const count = Math.floor(plain.memoryBytes / bytes);
    const hugePages = { pools: [{ bytes, count }], cmaBytes: 0 };
    const result = booted({ ...machines[0]!, hugePages });
    return result === null ? null : result.hugePages.gigantic.filter((page) => page.bytes === bytes).length;
  }
  const pages = bytes / plain.pageSize;
  return plain.zones
    .flatMap((zone) => zone.freeRanges)
    .reduce((n, { startPfn, pages: length }) => {
      const first = Math.ceil(startPfn / pages) * pages;
      return n + Math.max(0, Math.floor((startPfn + length - first) / pages));
    }, 0);
}

/** `1 page of 1 GiB, or 400 of 2 MiB`: huge pages that early boot leaves room for; null if the machine has neither size. */
export function hugePagesInWords(map: AreaMap): string | null {
  const parts = [GiB, 2 * MiB].flatMap((bytes) => {
    const count = pagesAtBoot(map, bytes);
    return count === null ? [] : [`${count} huge page${count === 1 ? "" : "s"} of ${formatSize(bytes)}`];
  });
  return parts.length === 0 ? null : parts.join(", or ");
}
