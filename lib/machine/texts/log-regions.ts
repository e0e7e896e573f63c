/** Regions of the device tree and CMA areas in a kernel's log: what was asked for, and where it came to lie. */
import { KiB, MiB } from "../../base/units";
import type { RegionRequest } from "../board-fields";
import { hexNumber, type PrintedArea } from "./reading";

const DETAILS =
  /^OF: reserved mem: 0x([0-9a-f]{1,16})\.\.0x([0-9a-f]{1,16}) \(\d{1,12} KiB\) (nomap|map) (reusable|non-reusable) (\S{1,64})/;
const POOL = /^Reserved memory: created (CMA|DMA) memory pool at 0x([0-9a-f]{1,16}), size (\d{1,9}) MiB/;
const MADE = /^OF: reserved mem: initialized node (\S{1,64}),/;
const FAILED =
  /^OF: reserved mem: failed to allocate memory for node '([^']{1,64})'(?:: size (\d{1,9}) MiB)?/;
const AREA = /^cma: (?:CMA: )?[Rr]eserved (\d{1,9}) MiB at (?:0x)?([0-9a-f]{1,16})/;
const NO_AREA = /^cma: Failed to reserve (\d{1,9}) MiB/;

/** What a log says of regions and areas. */
export interface LogRegions {
  /** Requests: a region whose name has an address is there; another one is looked for again. */
  regions: RegionRequest[];
  areas: PrintedArea[];
  /** The configured or requested size of the default area, if the log has one. */
  configured: number | undefined;
}

/** Reads lines without their times. */
export function regionsOfLog(lines: readonly string[]): LogRegions {
  const regions = new Map<string, RegionRequest>();
  const areas: PrintedArea[] = [];
  let configured: number | undefined;
  let pool: { kind: string; base: number; bytes: number } | null = null;
  for (const line of lines) {
    const made = POOL.exec(line);
    if (made !== null) {
      pool = { kind: made[1]!, base: hexNumber(made[2]!, "log"), bytes: Number(made[3]) * MiB };
      continue;
    }
    const name = MADE.exec(line)?.[1];
    if (name !== undefined && pool !== null) {
      if (pool.bytes > 0) regions.set(name, poolOf(name, pool));
      if (pool.kind === "CMA") areas.push({ name, base: pool.base, bytes: pool.bytes });
      pool = null;
    }
    const details = DETAILS.exec(line);
    if (details !== null) {
      const [, first, last, map, reusable, node] = details;
      const base = hexNumber(first!, "log");
      const bytes = hexNumber(last!, "log") + 1 - base;
      const known = regions.get(node!);
      if (pool?.kind === "CMA" && pool.base === base) {
        // 6.12 and later in some builds print the range in place of the name.
        regions.set(node!, poolOf(node!, { ...pool, bytes }));
        areas.push({ name: node!, base, bytes });
        pool = null;
      } else if (known !== undefined) known.bytes = bytes;
      else if (bytes >= 4 * KiB)
        regions.set(node!, {
          name: node!,
          base,
          bytes,
          noMap: map === "nomap",
          reusable: reusable === "reusable",
          cmaDefault: false,
        });
    }
    const [, refused, mib] = FAILED.exec(line) ?? [];
    if (refused !== undefined && mib !== undefined) {
      regions.set(refused, poolOf(refused, { kind: "CMA", base: 0, bytes: Number(mib) * MiB }));
      areas.push({ name: refused, base: null, bytes: Number(mib) * MiB });
    }
    const area = AREA.exec(line);
    const none = NO_AREA.exec(line);
    if (area !== null || none !== null) {
      const bytes = Number((area ?? none)![1]) * MiB;
      const base = area === null ? null : hexNumber(area[2]!, "log") || null;
      areas.push({ name: "reserved", base, bytes });
      configured ??= bytes;
    }
  }
  return { regions: [...regions.values()], areas, configured };
}

function poolOf(
  name: string,
  { kind, base, bytes }: { kind: string; base: number; bytes: number },
): RegionRequest {
  const isCma = kind === "CMA";
  return {
    name,
    bytes,
    ...((name.includes("@") || !isCma) && { base }),
    reusable: isCma,
    noMap: !isCma,
    compatible: "shared-dma-pool",
    cmaDefault: isCma && !name.includes("@") && /cma/.test(name),
  };
}
