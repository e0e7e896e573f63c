/** What the texts around a report say of CMA areas and of the machine's memory: a remedy must fit both. */
import { largestOf } from "../base/extremes";
import type { AreaMap } from "./map-search";
import { listed } from "./quantities";
import type { CmaReading, Reading } from "./reading";

/** Sizes in bytes; null: no text says it. */
export interface AreasAround {
  /** All CMA areas together. */
  cmaBytes: number | null;
  ramBytes: number | null;
  /** A Raspberry Pi, whose overlays set the area; null if no text names the machine. */
  raspberry: boolean | null;
  /** The device tree describes an area. */
  tree: boolean;
}

/** What the texts around a report say. */
export interface Around {
  /** The machine, if a text lists its memory. */
  map: AreaMap | null;
  areas: AreasAround;
}

export const NO_AREAS: AreasAround = { cmaBytes: null, ramBytes: null, raspberry: null, tree: false };

const CMA_TOTALS = ["pages cma reserved", "CmaTotal", "Memory cma-reserved"];
const RAM_TOTALS = ["pages RAM", "MemTotal", "Memory total"];
const RASPBERRY = /raspberry|\bbcm2(?:7|8)\d\d|\bvc4[- ]|-rpi|\bv8-16k/i;

/** For each reading what its text says; what that text lacks, other texts of the machine tell. */
export function areasFinder(readings: readonly Reading[]): (reading: Reading) => AreasAround {
  const bySource = new Map<string, Reading[]>();
  for (const reading of readings) {
    const { source } = reading.place;
    const own = bySource.get(source);
    if (own) own.push(reading);
    else bySource.set(source, [reading]);
  }
  const rangesOf = rangeAdder();
  const all = areasOf(readings, rangesOf);
  const made = new Map<string, AreasAround>();
  return ({ place: { source } }) => {
    const known = made.get(source);
    if (known !== undefined) return known;
    const own = areasOf(bySource.get(source) ?? [], rangesOf);
    const areas = {
      cmaBytes: own.cmaBytes ?? all.cmaBytes,
      ramBytes: own.ramBytes ?? all.ramBytes,
      raspberry: all.raspberry,
      tree: all.tree,
    };
    made.set(source, areas);
    return areas;
  };
}

/** A line of drivers/of/of_reserved_mem.c, or of the set-up of a region of the device tree. */
export const isOfTree = ({ words }: CmaReading) => /^(?:OF:|Reserved memory:)/.test(words);

/** The largest that any reading tells: a value below what is there would take memory away. */
function areasOf(readings: readonly Reading[], rangesOf: (reading: Reading) => number): AreasAround {
  const most = (sizes: readonly number[]) => (sizes.length === 0 ? null : largestOf(sizes));
  return {
    cmaBytes: most(readings.flatMap((reading) => [...totalsOf(reading, CMA_TOTALS), ...reservedBy(reading)])),
    ramBytes: most(readings.flatMap((reading) => ramOf(reading, rangesOf(reading)))),
    raspberry: readings.some(isRaspberry) ? true : readings.some(isOther) ? false : null,
    tree: readings.some(({ cma }) => cma.some(isOfTree)),
  };
}

/** Bytes of the ranges of memory, which the readings of a text share: each list is added up once. */
function rangeAdder(): ({ boot }: Reading) => number {
  const made = new Map<Reading["boot"]["ram"], number>();
  return ({ boot: { ram } }) => {
    const bytes = made.get(ram) ?? ram.reduce((sum, [from, to]) => sum + to - from, 0);
    made.set(ram, bytes);
    return bytes;
  };
}

function totalsOf({ totals }: Reading, names: readonly string[]): number[] {
  return names.map((name) => totals[name]).filter(listed);
}

/** Areas that one boot printed, together. */
function reservedBy({ cma }: Reading): number[] {
  const bytes = cma.filter(({ event }) => event === "reserved").map((line) => line.bytes ?? 0);
  return bytes.length === 0 ? [] : [bytes.reduce((sum, n) => sum + n, 0)];
}

function ramOf(reading: Reading, ranges: number): number[] {
  const { zones } = reading;
  const sizes = zones.map((zone) => zone.managedBytes ?? zone.presentBytes);
  const managed = sizes.every(listed) ? sizes.reduce((sum, bytes) => sum + bytes, 0) : 0;
  return [...totalsOf(reading, RAM_TOTALS), ranges, managed].filter((bytes) => bytes > 0);
}

/** Another machine by its name, or by its processor. */
function isOther({ boot, arch }: Reading): boolean {
  return boot.machine !== null || (arch !== null && !["arm", "arm64"].includes(arch));
}

function isRaspberry({ boot, cma, release }: Reading): boolean {
  return [boot.machine, release, ...cma.slice(0, 64).map(({ words }) => words)].some(
    (words) => words !== null && RASPBERRY.test(words),
  );
}
