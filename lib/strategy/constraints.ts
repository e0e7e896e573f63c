/**
 * What memory must satisfy beyond being granted: a long-term pin, the device's address mask, one node, the CPU's page size,
 * limits of the process, fork. Each is checked on the machine and reported as a fact, never assumed.
 */
import { formatSize } from "../base/units";
import type { System } from "../machine/system";
import { ZONE_MOVABLE } from "../mm/state/gfp";
import { MIGRATE_CMA } from "../mm/state/migratetype";
import { either, filled, literal, type OutOf, size, truth } from "../schema/field";
import type { Attempt, Constraint, MemoryRequest } from "./strategy";

type Pieces = Attempt["pieces"];

/** Who owns the memory, and how the device reaches it. */
export interface Access {
  /** A process that pins it by get_user_pages(), or the kernel. */
  owner: "user" | "kernel";
  /** An IOMMU translates: the device sees bus addresses below its mask. */
  translated?: boolean;
  /** False if nothing is pinned although the request is long-term (on-demand paging). */
  pins?: boolean;
  /** The memory consists of gigantic pages of hugetlbfs, which move only to free pages of their pool; default false. */
  gigantic?: boolean;
}

/** All checks of granted memory that do not depend on how it was obtained. */
export function checkPieces(
  system: System,
  request: MemoryRequest,
  pieces: Pieces,
  access: Access,
): Constraint[] {
  const { translated = false, pins = true } = access;
  return [
    contiguity(system, pieces),
    oneNode(system, pieces),
    translated ? TRANSLATED : dmaMask(system, request, pieces),
    pins ? longtermPin(system, request, pieces, access) : UNPINNED,
    alignment(system, request, pieces),
    ...(request.cpuMapBytes > system.pageSize ? [cpuMapping(system, request, pieces)] : []),
  ];
}

const TRANSLATED: Constraint = {
  name: "dma-mask",
  ok: true,
  text: "the device sees bus addresses of the IOMMU, which are below its mask",
};
const UNPINNED: Constraint = { name: "longterm-pin", ok: true, text: "nothing is pinned" };

function contiguity({ pageSize }: System, pieces: Pieces): Constraint {
  const longest = pieces.reduce((n, p) => Math.max(n, p.pages), 0) * pageSize;
  return {
    name: "contiguity",
    ok: pieces.length === 1,
    text:
      pieces.length === 1
        ? `one physical range of ${formatSize(longest)}`
        : `${pieces.length} physical ranges, the longest of ${formatSize(longest)}: the device must do with pieces`,
  };
}

function oneNode({ memory: m }: System, pieces: Pieces): Constraint {
  const nodes = new Set<number>();
  for (const { pfn, pages } of pieces)
    for (const p of [pfn, pfn + pages - 1]) {
      const zone = m.zoneOf(p);
      if (zone !== undefined) nodes.add(zone.nid);
    }
  return {
    name: "one-node",
    ok: nodes.size <= 1,
    text:
      nodes.size <= 1
        ? `all of it lies on node ${[...nodes][0] ?? 0}`
        : `it lies on nodes ${[...nodes].join(", ")}: a contiguous range ends at the edge of a node`,
  };
}

/** The device's address mask: dma_capable(), or bounce buffers for memory above it. */
function dmaMask({ pageSize }: System, { dmaBits }: MemoryRequest, pieces: Pieces): Constraint {
  const end = pieces.reduce((e, p) => Math.max(e, (p.pfn + p.pages) * pageSize), 0);
  const ok = end <= 2 ** dmaBits;
  return {
    name: "dma-mask",
    ok,
    text: ok
      ? `the device reaches ${dmaBits} address bits, the memory ends at ${formatSize(end)}`
      : `the memory ends at ${formatSize(end)}, the device reaches ${formatSize(2 ** dmaBits)} (${dmaBits} bits): without an IOMMU the transfer is copied through a bounce buffer or fails`,
  };
}

/**
 * FOLL_LONGTERM. 4.17 refuses only files on DAX and pins everything else in place. Since 5.1, pages in CMA areas have to leave
 * before they are pinned; up to 5.12 they are pinned in place if one of them cannot leave. Since 5.13, pages in ZONE_MOVABLE have
 * to leave too, and the pin fails if one cannot: is_longterm_pinnable_page(). Switch `longtermPin`. Memory of a driver is never
 * pinned through get_user_pages(); in ZONE_MOVABLE it breaks that zone's promise.
 */
export function longtermPin(
  system: System,
  { longtermPin: asked }: MemoryRequest,
  pieces: Pieces,
  access: Access,
): Constraint {
  const name = "longterm-pin";
  if (!asked) return { name, ok: true, text: "no pin for long is asked for" };
  const where = movablePlace(system, pieces);
  if (where === null)
    return { name, ok: true, text: "neither in ZONE_MOVABLE nor in a CMA area: it may be pinned" };
  if (access.owner === "user") return { name, ...userPin(system, where, access.gigantic === true) };
  return where === "ZONE_MOVABLE"
    ? {
        name,
        ok: false,
        text: "held by a driver in ZONE_MOVABLE, which promises that everything in it can move",
      }
    : { name, ok: true, text: "CMA memory belongs to the driver; no get_user_pages() is made of it" };
}

type MovablePlace = "ZONE_MOVABLE" | "a CMA area";

function movablePlace({ memory: m }: System, pieces: Pieces): MovablePlace | null {
  const ends = pieces.flatMap(({ pfn, pages }) => [pfn, pfn + pages - 1]);
  if (ends.some((p) => m.zoneOf(p)?.idx === ZONE_MOVABLE)) return "ZONE_MOVABLE";
  return ends.some((p) => m.blockType(p) === MIGRATE_CMA) ? "a CMA area" : null;
}

function userPin({ memory: m, booted }: System, where: MovablePlace, gigantic: boolean) {
  const rule = m.sw.longtermPin;
  if (rule === "stays" || (rule === "leavesCma" && where === "ZONE_MOVABLE"))
    return {
      ok: true,
      text: `${booted.kernel} pins memory in ${where} where it lies; nothing can move it away until it is unpinned`,
    };
  if (gigantic && rule === "leavesCma")
    return {
      ok: true,
      text: `no gigantic page is made to move one in ${where} to, and from 5.1 to 5.12 what cannot move is pinned where it lies`,
    };
  if (gigantic)
    return {
      ok: false,
      text: `since 5.13 a gigantic page in ${where} has to move before a pin for long. It moves only to a free page of the pool that lies elsewhere, none is made for it (alloc_migrate_huge_page()), and the pool has none: the pin returns −12 (ENOMEM)`,
    };
  return {
    ok: false,
    text: `since ${where === "a CMA area" ? "5.1" : "5.13"} memory in ${where} is moved elsewhere before a pin for long, one page at a time: the contiguous range is lost, or the pin fails`,
  };
}

function alignment({ pageSize }: System, { alignBytes }: MemoryRequest, pieces: Pieces): Constraint {
  const off = pieces.find((p) => (p.pfn * pageSize) % alignBytes !== 0);
  return {
    name: "alignment",
    ok: off === undefined,
    text:
      off === undefined
        ? `aligned to ${formatSize(Math.max(alignBytes, pageSize))} as asked`
        : `the range at frame ${off.pfn} is not aligned to ${formatSize(alignBytes)}`,
  };
}

/** Whether the CPU's page tables can map it with pages of that size: every piece is aligned and a whole number of pages. */
function cpuMapping({ pageSize }: System, { cpuMapBytes }: MemoryRequest, pieces: Pieces): Constraint {
  const bad = pieces.filter(
    (p) => (p.pfn * pageSize) % cpuMapBytes !== 0 || (p.pages * pageSize) % cpuMapBytes !== 0,
  ).length;
  return {
    name: "cpu-mapping",
    ok: bad === 0,
    text:
      bad === 0
        ? `every range can be mapped with pages of ${formatSize(cpuMapBytes)}`
        : `${bad} of ${pieces.length} ranges cannot be mapped with pages of ${formatSize(cpuMapBytes)}: not aligned to it`,
  };
}

/** Parameters of a process that locks or registers memory. */
export const PROCESS_PARAMETERS = {
  memlock: filled(
    either(
      "RLIMIT_MEMLOCK of the process",
      'must be a size or "unlimited"',
      [size(""), literal("unlimited")],
      {
        default: "unlimited",
        source: "setrlimit(2)",
      },
    ),
  ),
  capIpcLock: filled(
    truth("whether the process has CAP_IPC_LOCK", { default: false, source: "capabilities(7)" }),
  ),
};
export type ProcessParameters = OutOf<typeof PROCESS_PARAMETERS>;

/** How a process maps memory. */
export const MAPPINGS = ["private", "shared"] as const;

/** RLIMIT_MEMLOCK in bytes; Infinity if unlimited. */
export function memlockBytes({ memlock }: ProcessParameters): number {
  return memlock === "unlimited" ? Number.POSITIVE_INFINITY : memlock;
}

/** Whether the process may lock or pin `bytes` in addition to the `held` bytes it has already: locked_vm or pinned_vm. */
export function withinMemlock(process: ProcessParameters, bytes: number, held: number): boolean {
  return process.capIpcLock || held + bytes <= memlockBytes(process);
}

/** Describes what exceeds the limit: `64 MiB beside 64 MiB that the process holds are beyond RLIMIT_MEMLOCK of 100 MiB`. */
export function beyondMemlock(process: ProcessParameters, bytes: number, held: number): string {
  const beside = held === 0 ? "" : ` beside ${formatSize(held)} that the process holds already`;
  return `${formatSize(bytes)}${beside} are beyond RLIMIT_MEMLOCK of ${formatSize(memlockBytes(process))}`;
}

/**
 * RLIMIT_MEMLOCK as ib_umem_get() applies it to registered memory: −ENOMEM without CAP_IPC_LOCK if this registration and what
 * the process has pinned already (pinned_vm, `held` bytes) together exceed it.
 */
export function memlock(process: ProcessParameters, { bytes }: MemoryRequest, held = 0): Constraint {
  const limit = memlockBytes(process);
  const name = "memlock";
  if (held + bytes <= limit)
    return {
      name,
      ok: true,
      text:
        limit === Number.POSITIVE_INFINITY
          ? "RLIMIT_MEMLOCK is unlimited"
          : `${formatSize(held + bytes)} are within RLIMIT_MEMLOCK`,
    };
  const ok = withinMemlock(process, bytes, held);
  const beyond = beyondMemlock(process, bytes, held);
  return {
    name,
    ok,
    text: ok
      ? `${beyond}, but the process has CAP_IPC_LOCK`
      : `${beyond}, and the process lacks CAP_IPC_LOCK: registering returns −12 (ENOMEM)`,
  };
}

/** What fork() does to a registered mapping. */
export function fork(mapping: string): Constraint {
  return mapping === "shared"
    ? { name: "fork", ok: true, text: "a shared mapping: parent and child see the same pages after fork()" }
    : {
        name: "fork",
        ok: false,
        text: "a private mapping: after fork() it is copied on write, and the adapter may keep the page that the parent lost; MADV_DONTFORK (ibv_fork_init()) keeps it out of the child",
      };
}
