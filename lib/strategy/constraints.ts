/**
 * What the memory of a request has to satisfy besides being there: a pin for long, the device's address mask, one node, the
 * CPU's page size, limits of the process, fork. Each is checked on the machine and reported as a fact, never assumed.
 */
import { formatSize, parseSize } from "../base/units";
import type { System } from "../machine/system";
import { ZONE_MOVABLE } from "../mm/state/gfp";
import { MIGRATE_CMA } from "../mm/state/migratetype";
import type { Attempt, Constraint, MemoryRequest, StrategySpec } from "./strategy";

type Pieces = Attempt["pieces"];

/** Who the memory belongs to, and how the device gets at it. */
export interface Access {
  /** A process that pins it by get_user_pages(), or the kernel. */
  owner: "user" | "kernel";
  /** An IOMMU translates: the device sees bus addresses below its mask. */
  translated?: boolean;
  /** False where nothing is pinned although the request is one for long (on-demand paging). */
  pins?: boolean;
  /** It consists of gigantic pages of hugetlbfs, which move only to free pages of their pool; default false. */
  gigantic?: boolean;
}

/** Everything that can be checked of granted memory whatever the way it was got. */
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

/** The device's address mask: dma_capable(), or bounce buffers for what lies above. */
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
 * FOLL_LONGTERM. 4.17 refuses only files on DAX and pins anything else where it lies. Since 5.2 pages of CMA have to leave before they are
 * pinned, and stay after all where one cannot (up to 5.12); since 5.13 (6.1 here) pages of ZONE_MOVABLE have to leave too, and the pin
 * fails where one cannot: is_longterm_pinnable_page(). Switch `longtermPin`. Memory of a driver is never pinned through
 * get_user_pages(); in ZONE_MOVABLE it breaks that zone's promise.
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
      text: `no gigantic page is made to move one in ${where} to, and from 5.2 to 5.12 what cannot move is pinned where it lies`,
    };
  if (gigantic)
    return {
      ok: false,
      text: `since 5.13 a gigantic page in ${where} has to move before a pin for long. It moves only to a free page of the pool that lies elsewhere, none is made for it (alloc_migrate_huge_page()), and the pool has none: the pin returns −12 (ENOMEM)`,
    };
  return {
    ok: false,
    text: `since ${where === "a CMA area" ? "5.2" : "5.13"} memory in ${where} is moved elsewhere before a pin for long, one page at a time: the contiguous range is lost, or the pin fails`,
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

/** Whether the CPU's page tables can map it with pages of that size: every piece aligned and a whole number of them. */
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

/** The limit of the spec's parameter `memlock` in bytes; `unlimited` is Infinity. */
export function memlockBytes(spec: StrategySpec): number {
  return spec.memlock === "unlimited"
    ? Number.POSITIVE_INFINITY
    : parseSize(spec.memlock as string, `${spec.name}: memlock`);
}

/** Whether a process with the spec's limit may lock or pin `bytes` more beside the `held` bytes it has already: locked_vm or pinned_vm. */
export function withinMemlock(spec: StrategySpec, bytes: number, held: number): boolean {
  return spec.capIpcLock === true || held + bytes <= memlockBytes(spec);
}

/** What is beyond the limit, in words: `64 MiB beside 64 MiB that the process holds are beyond RLIMIT_MEMLOCK of 100 MiB`. */
export function beyondMemlock(spec: StrategySpec, bytes: number, held: number): string {
  const beside = held === 0 ? "" : ` beside ${formatSize(held)} that the process holds already`;
  return `${formatSize(bytes)}${beside} are beyond RLIMIT_MEMLOCK of ${formatSize(memlockBytes(spec))}`;
}

/**
 * RLIMIT_MEMLOCK as ib_umem_get() applies it to registered memory: −ENOMEM without CAP_IPC_LOCK where this registration and what the
 * process has pinned already (pinned_vm, `held` bytes) are beyond it together.
 */
export function memlock(spec: StrategySpec, { bytes }: MemoryRequest, held = 0): Constraint {
  const limit = memlockBytes(spec);
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
  const ok = withinMemlock(spec, bytes, held);
  const beyond = beyondMemlock(spec, bytes, held);
  return {
    name,
    ok,
    text: ok
      ? `${beyond}, but the process has CAP_IPC_LOCK`
      : `${beyond}, and the process lacks CAP_IPC_LOCK: registering returns −12 (ENOMEM)`,
  };
}

/** Parameters of a process that locks or registers memory, and what they mean. */
export const PROCESS_DEFAULTS = { memlock: "unlimited", capIpcLock: false } as const;
export const PROCESS_MEANINGS = {
  memlock: "RLIMIT_MEMLOCK of the process: a size or `unlimited`",
  capIpcLock: "whether the process has CAP_IPC_LOCK",
} as const;

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
