/**
 * The regions of the device tree's reserved-memory: drivers/of/of_reserved_mem.c, rmem_cma_setup() of
 * kernel/dma/contiguous.c and rmem_dma_setup() of kernel/dma/coherent.c. Regions with an address (`reg`) are reserved
 * first, then the others find a place, then each is set up. Sizes are used as the device tree states them: a size
 * that is no multiple of the CMA alignment is refused, never rounded.
 */
import { isAligned } from "../../base/alignment";
import { ERRNO, GRANTED, type Granted, type Refused, refusedWith } from "../../base/answer";
import { KiB, MiB } from "../../base/units";
import { bootRules, type KernelRelease } from "../../hardware/kernel-release";
import { CMA_AREA, type CmaOutcome, type CmaSlots, cmaInitReservedMem, printPhysicalAddress } from "./cma";
import type { Memblock, PhysicalRange } from "./memblock";

/** A region as the device tree states it. Bytes and physical addresses. */
export interface ReservedMemNode {
  name: string;
  bytes: number;
  /** `reg`. */
  base?: number;
  alignment?: number;
  /** `alloc-ranges`: [start, end), tried in order; none: anywhere. */
  ranges?: readonly PhysicalRange[];
  reusable: boolean;
  noMap: boolean;
  /** `linux,cma-default`. */
  cmaDefault: boolean;
  /** `compatible`; only `shared-dma-pool` matters. */
  compatible: string | null;
}

/** What the regions are set up with. */
export interface ReservedMemSetup {
  release: KernelRelease;
  /** CMA_MIN_ALIGNMENT_BYTES. */
  minAlignment: number;
  /** `cma=` is on the command line. */
  cmdline: boolean;
  /** CONFIG_CMA. */
  cma: boolean;
  /** 32-bit ARM refuses pools for devices that are mapped. */
  arm: boolean;
  slots?: CmaSlots;
}

/** The outcome for one region; `base` is null if it has no memory. */
export type ReservedMemOutcome = (Granted | Refused) & {
  node: ReservedMemNode;
  /** A CMA area, a pool for one device, or plain reserved memory. */
  kind: "cma" | "pool" | "plain";
  base: number | null;
  alignment: number;
  messages: string[];
};

const POOL = "shared-dma-pool";
const RESERVED = "OF: reserved mem:";
/** SMP_CACHE_BYTES: the alignment of a region that states none. */
const CACHE_LINE = 64;

type Failed = { errno: number; reason: string; messages: string[] };

function isCma({ compatible, reusable, noMap }: ReservedMemNode): boolean {
  return compatible === POOL && reusable && !noMap;
}

const mib = (bytes: number) => Math.floor(bytes / MiB);

/** fdt_init_reserved_mem(): reserves and sets up every region; outcomes in the kernel's order. */
export function reservedMemInit(
  memblock: Memblock,
  nodes: readonly ReservedMemNode[],
  setup: ReservedMemSetup,
): { outcomes: ReservedMemOutcome[]; messages: string[] } {
  const messages: string[] = [];
  const fixed = nodes.filter((n) => n.base !== undefined);
  const anywhere = nodes.filter((n) => n.base === undefined);
  for (const node of fixed) messages.push(...reserveReg(memblock, node, setup.release));
  const ascending = [...fixed].sort((a, b) => a.base! - b.base! || a.bytes - b.bytes);
  messages.push(...overlaps(memblock, ascending));
  const { reservedMemOneFile } = bootRules(setup.release);
  const inOrder = reservedMemOneFile ? [...fixed, ...anywhere] : [...anywhere, ...ascending];
  return { outcomes: inOrder.map((node) => setUp(memblock, node, setup)), messages };
}

/** __reserved_mem_reserve_reg(): only a region that is not mapped is refused where memory is taken already. */
function reserveReg(memblock: Memblock, node: ReservedMemNode, release: KernelRelease): string[] {
  const { base = 0, bytes, name, noMap } = node;
  const isMemory = memblock.memory.some((r) => base < r.end && r.start < base + bytes);
  if (!(noMap && isMemory && memblock.isRegionReserved(base, bytes))) {
    memblock.reserve(name, base, bytes);
    return [];
  }
  const by = bootRules(release).reservedMemOneFile ? RESERVED : "OF: fdt: Reserved memory:";
  const where = printPhysicalAddress(base, memblock.addressDigits);
  return [`${by} failed to reserve memory for node '${name}': base ${where}, size ${mib(bytes)} MiB`];
}

/** __rmem_check_for_overlap(). */
function overlaps(memblock: Memblock, ascending: readonly ReservedMemNode[]): string[] {
  const pa = (address: number) => printPhysicalAddress(address, memblock.addressDigits);
  const told = ({ name, base = 0, bytes }: ReservedMemNode) => `${name} (${pa(base)}--${pa(base + bytes)})`;
  return ascending.slice(0, -1).flatMap((node, i) => {
    const next = ascending[i + 1]!;
    if (node.base! + node.bytes <= next.base!) return [];
    return [`${RESERVED} OVERLAP DETECTED! ${told(node)} overlaps with ${told(next)}`];
  });
}

function setUp(memblock: Memblock, node: ReservedMemNode, setup: ReservedMemSetup): ReservedMemOutcome {
  const cma = isCma(node) && setup.cma;
  const alignment = Math.max(node.alignment ?? CACHE_LINE, cma ? setup.minAlignment : 0);
  const kind = cma ? "cma" : node.compatible === POOL ? "pool" : "plain";
  const base = node.base ?? findPlace(memblock, node, alignment);
  if (base === undefined) {
    const size = bootRules(setup.release).reservedMemSize ? `: size ${mib(node.bytes)} MiB` : "";
    const text = `${RESERVED} failed to allocate memory for node '${node.name}'${size}`;
    return { ...refusedWith(ERRNO.ENOMEM, text), node, kind, base: null, alignment, messages: [text] };
  }
  const needed = cma ? setup.minAlignment : alignment;
  const failed = node.compatible === POOL ? initPool(memblock, node, base, setup) : null;
  if (failed === null)
    return {
      ...GRANTED,
      node,
      kind,
      base,
      alignment: needed,
      messages: madeMessages(memblock, node, base, setup),
    };
  const messages = [...failed.messages];
  if (bootRules(setup.release).reservedMemGivenBack) {
    memblock.free(base, node.bytes);
    messages.push(`${RESERVED} node ${node.name} compatible matching fail`);
  }
  return {
    ...refusedWith(failed.errno, failed.reason),
    node,
    kind,
    base: null,
    alignment: needed,
    messages,
  };
}

/** __reserved_mem_alloc_size(): the first of the allowed ranges that has room. */
function findPlace(memblock: Memblock, node: ReservedMemNode, alignment: number): number | undefined {
  const what = isCma(node) && node.cmaDefault ? CMA_AREA : node.name;
  const ranges = node.ranges ?? [{ start: 0, end: Number.MAX_SAFE_INTEGER }];
  for (const range of ranges) {
    const found = memblock.allocRange(what, node.bytes, alignment, range);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** rmem_cma_setup() and rmem_dma_setup(); null: the region is a pool. */
function initPool(
  memblock: Memblock,
  node: ReservedMemNode,
  base: number,
  setup: ReservedMemSetup,
): Failed | null {
  const fails = (errno: number, ...messages: string[]): Failed => ({
    errno,
    reason: messages.at(-1) ?? "no pool",
    messages,
  });
  if (setup.cma && node.cmaDefault && setup.cmdline && bootRules(setup.release).cmdlineBeforeDeviceTree)
    return fails(ERRNO.EBUSY, `Reserved memory: bypass ${node.name} node, using cmdline CMA params instead`);
  if (node.reusable) {
    if (!setup.cma || node.noMap)
      return { errno: ERRNO.EINVAL, reason: "no CMA, or not mapped", messages: [] };
    if (!isAligned(base, setup.minAlignment) || !isAligned(node.bytes, setup.minAlignment))
      return fails(ERRNO.EINVAL, "Reserved memory: incorrect alignment of CMA region");
    const made = cmaInitReservedMem(memblock, setup.minAlignment, { base, bytes: node.bytes }, setup.slots);
    if (made.ok) return null;
    return fails(made.errno, ...made.messages, "Reserved memory: unable to setup CMA region");
  }
  if (setup.arm && !node.noMap)
    return fails(ERRNO.EINVAL, "Reserved memory: regions without no-map are not yet supported");
  return null;
}

function madeMessages(
  memblock: Memblock,
  node: ReservedMemNode,
  base: number,
  { release }: ReservedMemSetup,
): string[] {
  const { name, bytes, compatible, reusable, noMap } = node;
  const pa = (address: number) => printPhysicalAddress(address, memblock.addressDigits);
  const lines: string[] = [];
  if (compatible === POOL)
    lines.push(
      `Reserved memory: created ${reusable ? "CMA" : "DMA"} memory pool at ${pa(base)}, size ${mib(bytes)} MiB`,
      `${RESERVED} initialized node ${name}, compatible id ${POOL}`,
    );
  if (bootRules(release).reservedMemDetails) {
    const how = `${noMap ? "nomap" : "map"} ${reusable ? "reusable" : "non-reusable"}`;
    const end = pa(base + bytes - 1);
    lines.push(`${RESERVED} ${pa(base)}..${end} (${Math.floor(bytes / KiB)} KiB) ${how} ${name}`);
  }
  return lines;
}

/** The outcome of a region that is a CMA area, as that of any other area. */
export function asCmaOutcome(outcome: ReservedMemOutcome): CmaOutcome {
  const { base, alignment, messages, node } = outcome;
  if (!outcome.ok) return { ...refusedWith(outcome.errno, outcome.reason), alignment, messages };
  return { ...GRANTED, base: base ?? 0, bytes: node.bytes, alignment, messages };
}
