/**
 * The CMA areas of a boot as a list: under the kernel's names, those it could not reserve too, each with the reason for
 * its place or for its failure; and warnings for what drivers cannot use.
 */
import { roundUp } from "../base/alignment";
import { formatSize, hex } from "../base/units";
import type { Memblock } from "../mm/boot/memblock";
import type { ResolvedBoot } from "./boot-request";
import type { BootedArea } from "./boot-result";
import type { BootedCmaArea } from "./cma-areas";
import type { CmaAttempt } from "./cma-attempt";
import { explainCmaFailure } from "./explain-cma";
import { dmaPhysLimit } from "./zones";

/** The ways by which areas were asked for. */
export interface AreaWays {
  attempts: readonly CmaAttempt[];
  cmaAreas: readonly BootedCmaArea[];
  hugetlb: readonly BootedCmaArea[];
  /** The default area, activated or not; null if no attempt succeeded. */
  defaultArea: BootedCmaArea | null;
}

/** The areas in the order in which the kernel came to them: device tree, code, hugetlb, default. */
export function areasOf(boot: ResolvedBoot, memblock: Memblock, ways: AreaWays): BootedArea[] {
  const limit = deviceLimit(boot, memblock);
  const above = (ranges: BootedArea["ranges"]) => ranges.some((r) => r.base + r.bytes > limit);
  const ofAttempt = (attempt: CmaAttempt): BootedArea => {
    const { outcome, by, name, requestedBytes } = attempt;
    const ranges = outcome.ok ? [{ base: outcome.base, bytes: outcome.bytes }] : [];
    const activated = outcome.ok && ways.defaultArea?.activated === true;
    return {
      name,
      by,
      requestedBytes,
      reservedBytes: outcome.ok ? outcome.bytes : 0,
      ranges,
      alignmentBytes: outcome.alignment,
      activated,
      reason: outcome.ok
        ? explainPlace(attempt) + notActivated(activated)
        : explainCmaFailure(attempt, memblock.memory),
      aboveDmaLimit: above(ranges),
    };
  };
  const ofArea = (by: BootedArea["by"]) => (area: BootedCmaArea) => {
    const { name, requestedBytes, ranges, alignmentBytes, activated } = area;
    return {
      name,
      by,
      requestedBytes,
      reservedBytes: ranges.reduce((sum, r) => sum + r.bytes, 0),
      ranges,
      alignmentBytes,
      activated,
      reason: area.ok ? `reserved for ${by}${notActivated(activated)}` : (area.reason ?? "not reserved"),
      aboveDmaLimit: above(ranges),
    };
  };
  const code = new Set(boot.cmaAreas.filter((a) => (a.by ?? "code") === "code").map((a) => a.name));
  const isCode = ({ name }: BootedCmaArea) => code.has(name);
  const byTree = (a: CmaAttempt) => a.by === "device tree";
  return [
    ...ways.attempts.filter(byTree).map(ofAttempt),
    ...ways.cmaAreas.filter((a) => !isCode(a)).map(ofArea("device tree")),
    ...ways.cmaAreas.filter(isCode).map(ofArea("code")),
    ...ways.hugetlb.map(ofArea("hugetlb_cma=")),
    ...ways.attempts.filter((a) => !byTree(a)).map(ofAttempt),
  ];
}

function notActivated(activated: boolean): string {
  return activated ? "" : "; it lies in two zones, so the kernel does not activate it";
}

/** Why the area lies where it does. */
function explainPlace({ outcome, requestedBytes, by, searched, fixed, bottomUp }: CmaAttempt): string {
  if (!outcome.ok) return "";
  const { base, bytes, alignment } = outcome;
  const rounded = roundUp(requestedBytes, alignment);
  const size =
    rounded === requestedBytes || by === "device tree"
      ? ""
      : `${formatSize(requestedBytes)} asked, rounded up to a multiple of ${formatSize(alignment)}; `;
  if (fixed) return `${size}placed by the ${by}`;
  const from = bottomUp ? "lowest" : "highest";
  const to = searched.end === Number.MAX_SAFE_INTEGER ? "" : ` below ${hex(searched.end)}`;
  return `${size}the ${from} free ${formatSize(bytes)} aligned to ${formatSize(alignment)}${to}, from ${hex(base)}`;
}

/** The address up to which every device reaches; without a limit, beyond all memory. */
function deviceLimit({ board, release }: ResolvedBoot, memblock: Memblock): number {
  const { dmaBits, architecture } = board;
  if (architecture === "arm64") return dmaBits >= 53 ? Number.MAX_SAFE_INTEGER : armLimit(dmaBits, memblock);
  if (architecture === "arm") return dmaPhysLimit(board, release, memblock);
  return Number.MAX_SAFE_INTEGER;
}

/** Memory above 2^bits altogether is reached through an offset on the bus: max_zone_phys(). */
function armLimit(bits: number, memblock: Memblock): number {
  return memblock.startOfDram() >= 2 ** bits ? Number.MAX_SAFE_INTEGER : 2 ** bits;
}

/**
 * A region of the device tree with an address is reserved and made an area wherever it lies: memblock_reserve() and
 * cma_init_reserved_mem() do not ask who has that memory, and cma_activate_area() hands it to the buddy allocator.
 */
function onTakenMemory({ board, huge, geometry }: ResolvedBoot, { name, by, ranges }: BootedArea): string[] {
  if (by !== "device tree") return [];
  const { imageStart, imageBytes } = board.build;
  const image = imageBytes[geometry.pageSize]![huge.thp || huge.hugetlb ? "huge" : "nohuge"];
  const taken = [{ what: "kernel image", start: imageStart, bytes: image }, ...board.reservations];
  if (board.initrd !== undefined) taken.push(board.initrd);
  return ranges.flatMap(({ base, bytes }) =>
    taken
      .filter((t) => t.start < base + bytes && base < t.start + t.bytes)
      .map(
        (t) =>
          `${name}: ${hex(base)}-${hex(base + bytes)} lies on the ${t.what} at ${hex(t.start)}-${hex(t.start + t.bytes)}: the kernel does not check that and gives the memory away as free pages, so such a boot goes wrong`,
      ),
  );
}

/** Areas that some device cannot reach, areas on memory that is taken, fallbacks, and areas that drivers never get. */
export function warningsOf(boot: ResolvedBoot, memblock: Memblock, areas: readonly BootedArea[]): string[] {
  const warnings: string[] = [];
  const limit = deviceLimit(boot, memblock);
  for (const { name, ranges, by, aboveDmaLimit } of areas) {
    if (!aboveDmaLimit || by === "hugetlb_cma=") continue;
    const far = ranges.find((r) => r.base + r.bytes > limit)!;
    warnings.push(
      `${name}: ${hex(far.base)}-${hex(far.base + far.bytes)} lies above ${hex(limit)}, the end of what every device of the board reaches (${boot.board.dmaBits} bits): a driver with such a mask gets nothing from it`,
    );
  }
  warnings.push(...areas.flatMap((area) => onTakenMemory(boot, area)));
  const failed = areas.find((a) => a.by === "device tree" && a.reservedBytes === 0);
  const instead = areas.find((a) => a.by === "kernel configuration" && a.reservedBytes > 0);
  if (failed !== undefined && instead !== undefined)
    warnings.push(
      `${failed.name}: ${formatSize(failed.requestedBytes)} could not be had; drivers have ${formatSize(instead.reservedBytes)} of the configured area in its place`,
    );
  return warnings;
}
