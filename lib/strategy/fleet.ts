/**
 * A fleet of boards served by a few kernel builds: the build each board boots, the CMA area it gets, and the builds that the
 * distribution has to ship. The article's question: two kernels, or one without CMA on some boards.
 */
import { InputError } from "../base/errors";
import { leastOf } from "../base/extremes";
import { findBoard } from "../hardware/boards";
import { type BootedCma, boot } from "../machine/boot";
import type { BootRequest } from "../machine/boot-request";
import { parseCma } from "../machine/cma-request";

/** Boards of one kind. Bytes. */
export interface FleetBoard {
  /** Machine as for boot(), without page size and CMA. */
  machine: BootRequest;
  /** How many of them; default 1. */
  count?: number;
  /** The CMA area it needs. */
  cmaBytes: number;
}

/** One kernel build of the distribution. */
export interface FleetBuild {
  name: string;
  pageSize: number;
  /** Further settings of the build: release, CONFIG_PAGE_BLOCK_MAX_ORDER, huge pages. */
  config?: Pick<BootRequest, "kernel" | "thp" | "hugetlb" | "pageblockMaxOrder">;
}

/** The result of a build on a board. */
export interface BuildOnBoard {
  build: string;
  pageSize: number;
  /** Whether it boots there at all. */
  boots: boolean;
  /** Whether the area was reserved. */
  cma: boolean;
  reservedBytes: number;
  /** Reserved beyond the request. */
  wastedBytes: number;
  /** Why there is no area, or why the build does not boot; else null. */
  reason: string | null;
}

export interface FleetReport {
  boards: {
    board: string;
    memoryBytes: number;
    count: number;
    cmaBytes: number;
    /** The build it boots; null if none does. */
    boots: string | null;
    choices: BuildOnBoard[];
  }[];
  /** Builds that some board boots, which have to be built, tested and shipped. */
  shipped: string[];
  /** Boards, by count, that have the area they need; that boot without it; that no build boots on. */
  served: number;
  withoutCma: number;
  unbootable: number;
  /** Bytes lost to rounding on all boards together. */
  wastedBytes: number;
}

/** The result of one build on one board; a refusal of the boot becomes the reason. */
export function buildOnBoard(machine: BootRequest, build: FleetBuild, cmaBytes: number): BuildOnBoard {
  const none = { build: build.name, pageSize: build.pageSize, cma: false, reservedBytes: 0, wastedBytes: 0 };
  let cma: BootedCma;
  try {
    cma = boot({ ...machine, ...build.config, pageSize: build.pageSize, cma: parseCma(cmaBytes) }).cma;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { ...none, boots: false, reason: error.message };
  }
  if (!cma.ok) return { ...none, boots: true, reason: cma.reason };
  const wastedBytes = cma.reservedBytes - cmaBytes;
  return { ...none, boots: true, cma: true, reservedBytes: cma.reservedBytes, wastedBytes, reason: null };
}

/**
 * The build a board boots: the first in the order given whose area wastes at most `wasteShare` of the memory; else the one
 * whose area wastes least; else the first that boots. Null if none does.
 */
export function bestBuild(
  machine: BootRequest,
  builds: readonly FleetBuild[],
  cmaBytes: number,
  wasteShare = 0.05,
): FleetBuild | null {
  return choose(machine, builds, cmaBytes, wasteShare).chosen;
}

function choose(machine: BootRequest, builds: readonly FleetBuild[], cmaBytes: number, wasteShare: number) {
  const memory = machine.memoryBytes ?? findBoard(machine.board).memory.default;
  const choices = builds.map((b) => buildOnBoard(machine, b, cmaBytes));
  let at = choices.findIndex((c) => c.cma && c.wastedBytes <= wasteShare * memory);
  if (at < 0) {
    const least = leastOf(choices.map((c) => (c.cma ? c.wastedBytes : Number.POSITIVE_INFINITY)));
    at = choices.findIndex((c) => c.cma && c.wastedBytes === least);
  }
  if (at < 0) at = choices.findIndex((c) => c.boots);
  return { choices, chosen: builds[at] ?? null };
}

/**
 * Evaluates a fleet. Throws InputError for an empty fleet, no builds, or an unknown board.
 * @example
 * ```ts
 * import { fleet } from "pageblock";
 *
 * const boards = [{ machine: { board: "raspberry-pi-3" }, count: 100, cmaBytes: 64 * 2 ** 20 }];
 * const report = fleet(boards, [{ name: "64k", pageSize: 65536 }]);
 * report.withoutCma; // => 100
 * ```
 */
export function fleet(
  boards: readonly FleetBoard[],
  builds: readonly FleetBuild[],
  wasteShare = 0.05,
): FleetReport {
  if (boards.length === 0 || builds.length === 0)
    throw new InputError(
      `fleet: needs at least one board and one build: got ${boards.length} boards, ${builds.length} builds`,
    );
  const report: FleetReport = {
    boards: [],
    shipped: [],
    served: 0,
    withoutCma: 0,
    unbootable: 0,
    wastedBytes: 0,
  };
  const used = new Set<string>();
  for (const { machine, count = 1, cmaBytes } of boards) {
    const { choices, chosen } = choose(machine, builds, cmaBytes, wasteShare);
    const got = choices.find((c) => c.build === chosen?.name);
    if (chosen !== null) used.add(chosen.name);
    if (got === undefined) report.unbootable += count;
    else if (got.cma) report.served += count;
    else report.withoutCma += count;
    report.wastedBytes += (got?.wastedBytes ?? 0) * count;
    report.boards.push({
      board: machine.board,
      memoryBytes: machine.memoryBytes ?? findBoard(machine.board).memory.default,
      count,
      cmaBytes,
      boots: chosen?.name ?? null,
      choices,
    });
  }
  report.shipped = builds.filter((b) => used.has(b.name)).map((b) => b.name);
  return report;
}
