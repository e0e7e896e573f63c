/** Small machines of every kind, as plain data, so that a failing plan can be printed and replayed. */

import type { KernelRelease } from "../../lib/hardware/kernel-release";
import type { FrameRange, KernelShape } from "../../lib/mm/boot/boot-memory";
import { setupPerZoneWmarks } from "../../lib/mm/boot/watermarks";
import type { KernelSwitches } from "../../lib/mm/state/profile";

export interface ZoneSpec {
  idx: number;
  name: string;
  startPfn: number;
  pages: number;
  /** Frames that the allocator never gets: [first, pages], ascending. */
  gaps?: [number, number][];
}

export interface MachineSpec {
  release: KernelRelease;
  switches?: Partial<KernelSwitches>;
  maxOrder: number;
  pageblockOrder: number;
  pageSize: number;
  cpus: number;
  thp: boolean;
  cma: boolean;
  /** A CMA area of whole page blocks in the last zone. */
  cmaRange?: FrameRange;
  mobilityDisabled: boolean;
  zones: ZoneSpec[];
  batch: number;
  high: number;
  statThreshold: number;
}

/** The frames of a zone that are freed at boot. */
export function bootRanges(z: ZoneSpec, cma?: FrameRange): FrameRange[] {
  const holes: [number, number][] = [...(z.gaps ?? [])];
  if (cma !== undefined && cma.startPfn >= z.startPfn && cma.startPfn < z.startPfn + z.pages)
    holes.push([cma.startPfn, cma.pages]);
  holes.sort((a, b) => a[0] - b[0]);
  const ranges: FrameRange[] = [];
  let at = z.startPfn;
  for (const [first, pages] of holes) {
    if (first > at) ranges.push({ startPfn: at, pages: first - at });
    at = Math.max(at, first + pages);
  }
  if (at < z.startPfn + z.pages) ranges.push({ startPfn: at, pages: z.startPfn + z.pages - at });
  return ranges;
}

/** Watermarks as the kernel computes them, for a min_free_kbytes of about 1/64 of memory. */
export function kernelShape(spec: MachineSpec): KernelShape {
  const ranges = spec.zones.map((z) => bootRanges(z, spec.cmaRange));
  const managed = spec.zones.map(
    (z, i) =>
      ranges[i]!.reduce((n, r) => n + r.pages, 0) +
      (spec.cmaRange !== undefined &&
      spec.cmaRange.startPfn >= z.startPfn &&
      spec.cmaRange.startPfn < z.startPfn + z.pages
        ? spec.cmaRange.pages
        : 0),
  );
  const total = managed.reduce((a, b) => a + b, 0);
  const marks = setupPerZoneWmarks(
    { minFreeKbytes: (total >> 6) * (spec.pageSize / 1024), pageSize: spec.pageSize },
    managed,
  );
  return {
    release: spec.release,
    ...(spec.switches !== undefined && { switches: spec.switches }),
    pageSize: spec.pageSize,
    maxOrder: spec.maxOrder,
    pageblockOrder: spec.pageblockOrder,
    cma: spec.cma,
    thp: spec.thp,
    mobilityDisabled: spec.mobilityDisabled,
    cpus: spec.cpus,
    zones: spec.zones.map((z, i) => ({
      idx: z.idx,
      name: z.name,
      startPfn: z.startPfn,
      spanned: z.pages,
      present: z.pages,
      managed: managed[i]!,
      watermarks: marks[i]!,
      lowmemReserve:
        spec.zones.length > 1 && i === 0 ? [0, 0, managed[1]! >> 6, managed[1]! >> 6] : [0, 0, 0, 0],
      pageset: { batch: spec.batch, high: spec.high },
      freeRanges: ranges[i]!,
    })),
    ...(spec.cmaRange !== undefined && { cmaRange: spec.cmaRange }),
  };
}
