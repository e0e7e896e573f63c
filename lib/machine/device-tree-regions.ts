/**
 * The regions of a board's device tree at boot: early_init_fdt_scan_reserved_mem(). The default one becomes an attempt
 * for the default CMA area; others are areas or pools of their own, or only taken.
 */
import { answerOf } from "../base/answer";
import { largestOf } from "../base/extremes";
import type { DeviceTreeRegion } from "../hardware/board";
import type { CmaSlots } from "../mm/boot/cma";
import type { Memblock } from "../mm/boot/memblock";
import {
  asCmaOutcome,
  type ReservedMemNode,
  type ReservedMemOutcome,
  reservedMemInit,
} from "../mm/boot/reserved-mem";
import type { ResolvedBoot } from "./boot-request";
import type { BootedCmaArea } from "./cma-areas";
import type { CmaAttempt } from "./cma-attempt";

/** The name of the region that is the default area. */
export const DEFAULT_REGION = "linux,cma";

/** What the regions became. */
export interface BootedRegions {
  attempts: CmaAttempt[];
  areas: BootedCmaArea[];
  /** Messages but those of attempts. */
  messages: string[];
}

/** Reserves and sets up the board's regions; appends claims to `memblock`. */
export function reserveRegions(
  boot: ResolvedBoot,
  memblock: Memblock,
  minAlignment: number,
  slots: CmaSlots,
): BootedRegions {
  const { board, release, cma } = boot;
  const nodes = regionsOf(boot);
  if (nodes.length === 0) return { attempts: [], areas: [], messages: [] };
  const before = { free: memblock.freeRanges(), claims: memblock.claims.map((c) => ({ ...c })) };
  const { outcomes, messages } = reservedMemInit(memblock, nodes, {
    release,
    minAlignment,
    cmdline: cma.kind !== "configured",
    cma: board.build.cma || cma.kind === "area",
    arm: board.architecture === "arm",
    slots,
  });
  const attempts: CmaAttempt[] = [];
  const areas: BootedCmaArea[] = [];
  for (const outcome of outcomes) {
    if (isDefault(outcome)) attempts.push({ ...attemptOf(outcome, memblock), ...before });
    else {
      messages.push(...outcome.messages);
      if (outcome.kind === "cma") areas.push(areaOf(outcome));
    }
  }
  return { attempts, areas, messages };
}

/** The regions that a plan or a board states; the described `linux,cma` of a board does not stand against cma=. */
function regionsOf({ board, cma }: ResolvedBoot): ReservedMemNode[] {
  const { deviceTree = [], deviceTreeCma } = board;
  const nodes = deviceTree.map(nodeOf);
  if (deviceTreeCma === undefined || cma.kind !== "configured" || !board.build.cma) return nodes;
  const { bytes, start, end } = deviceTreeCma;
  const ranges = [{ start, end }];
  return [...nodes, { ...nodeOf({ name: DEFAULT_REGION, bytes }), ranges }];
}

function nodeOf(region: DeviceTreeRegion): ReservedMemNode {
  const { name, allocRanges, noMap = false, compatible } = region;
  const isLinuxCma = name === DEFAULT_REGION || name.startsWith(`${DEFAULT_REGION}@`);
  const reusable = region.reusable ?? (isLinuxCma && !noMap);
  return {
    name,
    bytes: region.bytes,
    ...(region.base !== undefined && { base: region.base }),
    ...(region.alignment !== undefined && { alignment: region.alignment }),
    ...(allocRanges && {
      ranges: allocRanges.map(({ base, bytes }) => ({ start: base, end: base + bytes })),
    }),
    reusable,
    noMap,
    cmaDefault: region.cmaDefault ?? isLinuxCma,
    compatible: compatible ?? (reusable ? "shared-dma-pool" : null),
  };
}

function isDefault({ kind, node }: ReservedMemOutcome): boolean {
  return kind === "cma" && node.cmaDefault;
}

function attemptOf(outcome: ReservedMemOutcome, memblock: Memblock): Omit<CmaAttempt, "free" | "claims"> {
  const { node } = outcome;
  const ranges = node.ranges ?? [{ start: 0, end: Number.MAX_SAFE_INTEGER }];
  const searched =
    node.base === undefined
      ? { start: ranges[0]!.start, end: largestOf(ranges.map((r) => r.end)) }
      : { start: node.base, end: node.base + node.bytes };
  return {
    by: "device tree",
    name: node.name,
    requestedBytes: node.bytes,
    searched,
    fixed: node.base !== undefined,
    bottomUp: memblock.direction === "bottom-up",
    outcome: asCmaOutcome(outcome),
  };
}

function areaOf(outcome: ReservedMemOutcome): BootedCmaArea {
  const { node, base, alignment } = outcome;
  return {
    name: node.name,
    requestedBytes: node.bytes,
    ranges: base === null ? [] : [{ base, bytes: node.bytes }],
    orderPerBit: 0,
    alignmentBytes: alignment,
    ...answerOf(outcome),
    activated: false,
  };
}
