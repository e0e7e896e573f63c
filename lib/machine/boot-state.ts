/** A machine that runs already, as the result of a boot: zones, watermarks and reserves are those of its state. */
import { resolveKernel } from "../hardware/kernel-release";
import { CMA_ALIGNMENT } from "../mm/boot/dma-contiguous";
import { mobilityGroupingEnabled } from "../mm/state/mobility-grouping";
import type { ResolvedBoot } from "./boot-request";
import type { BootedZone, BootResult } from "./boot-result";
import type { MachineState, ZoneState } from "./machine-state";
import { ZONE_INDEX } from "./zones";

const MIGRATE_TYPES = { withCma: 6, withoutCma: 5 } as const;

/** Whether the machine has page blocks of CMA. */
export function stateHasCma({ zones }: MachineState): boolean {
  return zones.some((z) => z.free.CMA !== undefined || z.blocks?.CMA !== undefined);
}

/** Nothing is free yet: settle() brings the frames into their state. */
export function bootedFromState(resolved: ResolvedBoot, state: MachineState): BootResult {
  const { board, geometry, release, huge } = resolved;
  const { pageSize } = geometry;
  const kernelNotes = resolveKernel(release).notes;
  const managed = state.zones.reduce((n, z) => n + (z.managed ?? z.present), 0);
  const types = stateHasCma(state) ? MIGRATE_TYPES.withCma : MIGRATE_TYPES.withoutCma;
  return {
    board: board.name,
    kernel: release,
    ...(kernelNotes.length > 0 && { kernelNotes }),
    architecture: board.architecture,
    memoryBytes: resolved.memoryBytes,
    nodes: new Set(state.zones.map((z) => z.node)).size,
    cpus: resolved.cpus,
    pageSize,
    thp: huge.thp,
    hugetlb: huge.hugetlb,
    pageblockOrder: state.pageblockOrder,
    pageblockBytes: pageSize * 2 ** state.pageblockOrder,
    largestBuddyOrder: state.largestOrder,
    hugePageSizes: geometry.hugePageSizes,
    mobilityGrouping: mobilityGroupingEnabled(managed, state.pageblockOrder, types),
    vmTotalPages: managed,
    minFreeKbytes: (state.zones.reduce((n, z) => n + z.watermarks.min, 0) * pageSize) / 1024,
    zones: state.zones.map((z) => bootedZone(state, z, resolved.nodeParts[z.node]?.cpus || resolved.cpus)),
    cma: {
      requestedBytes: 0,
      reservedBytes: 0,
      base: null,
      alignmentBytes: pageSize * 2 ** state.pageblockOrder,
      ok: true,
      errno: 0,
      details: null,
      reason: "a machine with a state has booted already",
    },
    cmaAreas: [],
    cmaActive: [],
    cmaUseless: [],
    hugePages: { cma: [], gigantic: [], pools: [] },
    movable: { asked: false, startPfns: [], reason: null },
    reservations: [],
    memory: memoryOf(state, pageSize),
    givenBack: [],
    messages: [],
    cmaName: null,
    cmaBuilt: stateHasCma(state),
    cmaAlignment: board.build.cmaAlignment ?? CMA_ALIGNMENT,
    areas: [],
    warnings: [],
    ...(Object.keys(resolved.sysctls).length > 0 && { sysctls: resolved.sysctls }),
    state,
  };
}

function bootedZone(state: MachineState, z: ZoneState, cpus: number): BootedZone {
  const managed = z.managed ?? z.present;
  const node = state.zones.filter((other) => other.node === z.node);
  return {
    name: z.name,
    nid: z.node,
    startPfn: z.startPfn,
    spanned: z.spanned,
    present: z.present,
    managed,
    managedAtBoot: managed,
    onlinePages: managed,
    cpus,
    watermarks: { ...z.watermarks },
    lowmemReserve: node.map((other) => z.reserve[ZONE_INDEX[other.name]!] ?? 0),
    pageset: { batch: z.batch, high: z.high },
    freeRanges: [],
  };
}

/** RAM as known; else where settle() assumes it. */
function memoryOf({ ram, zones }: MachineState, pageSize: number): BootResult["memory"] {
  const ranges = ram ?? zones.map((z) => ({ startPfn: z.startPfn, pages: z.present }));
  return ranges.map((r) => ({ start: r.startPfn * pageSize, bytes: r.pages * pageSize }));
}
