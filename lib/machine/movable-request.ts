/**
 * kernelcore=, movablecore= and movable_node on the kernel command line: mm/page_alloc.c cmdline_parse_core(),
 * mm/memory_hotplug.c. To the kernel, a value that leaves no ZONE_MOVABLE is not an error; the result explains it in
 * words.
 */
import { InputError } from "../base/errors";
import { formatSize, GiB, parseSize, type Size } from "../base/units";
import { bootRules, type KernelRelease } from "../hardware/kernel-release";
import type { Memblock, PhysicalRange } from "../mm/boot/memblock";
import { type CoreSize, findZoneMovablePfns, type PfnRange } from "../mm/boot/zone-movable";
import { readField } from "../schema/check";
import {
  either,
  type In,
  list,
  type Out,
  object,
  optional,
  parsed,
  size,
  text,
  truth,
  whole,
} from "../schema/field";

/** A size in bytes, or whole percent of memory. */
export type CoreRequest = { bytes: number } | { percent: number };

const CORE_OBJECT = either("kernelcore= or movablecore=", "be { bytes } or { percent }", [
  object("bytes", { bytes: size("bytes") }),
  object("percent", { percent: whole("percent of memory", "%") }),
]);

const coreObject = (given: unknown): CoreRequest => readField(CORE_OBJECT, given ?? null, []) as CoreRequest;

const core = (option: "kernelcore" | "movablecore", doc: string) =>
  parsed(
    doc,
    (given: Size | In<typeof CORE_OBJECT>): CoreRequest =>
      typeof given === "object" ? coreObject(given) : parseCore(given, option),
    [
      text('"2GiB", or "50%" of memory'),
      size("bytes"),
      object("bytes", { bytes: size("bytes") }),
      object("percent", { percent: whole("percent of memory", "%") }),
    ],
    { default: "none" },
  );

/** The request; every field is optional. */
export const MOVABLE = object("memory for ZONE_MOVABLE", {
  mirror: optional(
    truth("kernelcore=mirror: the other two sizes are ignored; no modelled board has mirrored memory", {
      default: false,
    }),
  ),
  kernelcore: optional(
    core("kernelcore", "kernelcore=: memory that any request may use; the rest becomes ZONE_MOVABLE"),
  ),
  movablecore: optional(core("movablecore", "movablecore=: memory for ZONE_MOVABLE")),
  hotpluggable: optional(
    list(
      "movable_node: physical addresses of hot-pluggable memory, which becomes ZONE_MOVABLE; overrides the others",
      object("a range", { start: size("its first address"), end: size("the address after its last") }),
      { most: 1024, default: "none" },
    ),
  ),
});

export interface MovableZoneRequest extends Out<typeof MOVABLE> {}

/** The outcome for ZONE_MOVABLE. */
export interface BootedMovable {
  asked: boolean;
  /** First frame by node; 0: none there. */
  startPfns: number[];
  /** Why no node has one; null if there is one, or none was requested. */
  reason: string | null;
}

/**
 * `2GiB`, `50%` or a number of bytes. Throws InputError for text that is neither. The kernel handles values above 100
 * %.
 */
export function parseCore(value: Size, name: "kernelcore" | "movablecore"): CoreRequest {
  const percent = typeof value === "string" ? /^\s*(\d+)%\s*$/.exec(value)?.[1] : undefined;
  if (percent !== undefined) return { percent: Number(percent) };
  const bytes = parseSize(value, name);
  if (!Number.isFinite(bytes) || bytes < 0)
    throw new InputError(`${name}: must be a size or a share such as 50%: got ${JSON.stringify(value)}`);
  return { bytes };
}

/** The kernel's messages while it reads the options; for shares above 100 % it only warns without text. */
export function movableMessages(request: MovableZoneRequest, release: KernelRelease): string[] {
  if (request.mirror && request.hotpluggable === undefined)
    return [
      bootRules(release).mirrorIgnored
        ? "The system has no mirror memory, ignore kernelcore=mirror."
        : "This configuration results in unmirrored kernel memory.",
    ];
  const file = bootRules(release).movableOptionsFile;
  return [request.kernelcore, request.movablecore].flatMap((core) =>
    core !== undefined && "percent" in core && core.percent > 100
      ? [`WARNING: at ${file} cmdline_parse_core: coremem > 100 (${core.percent})`]
      : [],
  );
}

/**
 * numa_clear_kernel_node_hotplug() of x86: a node that already holds the kernel or any other reservation cannot be
 * unplugged, so none of its memory counts as hot-pluggable.
 */
export function stillHotpluggable(
  request: MovableZoneRequest,
  nodes: readonly PhysicalRange[],
  reserved: readonly PhysicalRange[],
  clearsKernelNodes: boolean,
): PhysicalRange[] {
  const kept = nodes.filter(
    (n) => !clearsKernelNodes || !reserved.some((r) => r.start < n.end && r.end > n.start),
  );
  return (request.hotpluggable ?? []).flatMap(({ start, end }) =>
    kept
      .map((n) => ({ start: Math.max(start, n.start), end: Math.min(end, n.end) }))
      .filter((r) => r.end > r.start),
  );
}

/** The start of ZONE_MOVABLE, or why there is none. `usableStart`: the address of the highest zone. */
export function placeZoneMovable(
  request: MovableZoneRequest,
  memblock: Memblock,
  nodes: readonly PhysicalRange[],
  layout: { pageSize: number; largestBuddyOrder: number; usableStart: number; ignoresMirror?: boolean },
): BootedMovable {
  const { pageSize } = layout;
  const asked =
    request.kernelcore !== undefined ||
    request.mirror === true ||
    request.movablecore !== undefined ||
    request.hotpluggable !== undefined;
  if (!asked) return { asked, startPfns: nodes.map(() => 0), reason: null };
  const frames = ({ start, end }: PhysicalRange): PfnRange => ({
    startPfn: Math.ceil(start / pageSize),
    endPfn: Math.floor(end / pageSize),
  });
  const core = (c: CoreRequest): CoreSize => ("percent" in c ? c : { pages: Math.floor(c.bytes / pageSize) });
  const startPfns = findZoneMovablePfns({
    ...(request.mirror && { mirror: layout.ignoresMirror ? "ignored" : ("unmirrored" as const) }),
    from4GiBPfn: (4 * GiB) / pageSize,
    nodes: nodes.map((n) =>
      memblock.memory
        .map((r) => frames({ start: Math.max(r.start, n.start), end: Math.min(r.end, n.end) }))
        .filter((r) => r.endPfn > r.startPfn),
    ),
    topPages: 2 ** layout.largestBuddyOrder,
    usableStartPfn: layout.usableStart / pageSize,
    ...(request.kernelcore && { kernelcore: core(request.kernelcore) }),
    ...(request.movablecore && { movablecore: core(request.movablecore) }),
    ...(request.hotpluggable && { hotpluggable: memblock.hotpluggable.map(frames) }),
  });
  const none = startPfns.every((pfn) => pfn === 0);
  return { asked, startPfns, reason: none ? whyNone(request, memblock) : null };
}

function whyNone(request: MovableZoneRequest, memblock: Memblock): string {
  const total = memblock.totalBytes();
  if (request.hotpluggable !== undefined)
    return memblock.hotpluggable.length === 0
      ? "movable_node: no memory is hot-pluggable, or the kernel lies on every node that has some"
      : "movable_node: the hot-pluggable memory ends before the next multiple of the largest buddy page";
  if (request.mirror)
    return "kernelcore=mirror: no memory is mirrored; the option is ignored, or there is no RAM that begins at 4 GiB or above";
  const bytes = (c: CoreRequest) => ("percent" in c ? (total * c.percent) / 100 : c.bytes);
  const { kernelcore, movablecore } = request;
  if (kernelcore !== undefined && bytes(kernelcore) >= total)
    return `kernelcore: ${formatSize(bytes(kernelcore))} is not less than all memory, ${formatSize(total)}: there is no ZONE_MOVABLE`;
  if (movablecore !== undefined && bytes(movablecore) >= total)
    return `movablecore: ${formatSize(bytes(movablecore))} leaves nothing of ${formatSize(total)} to the kernel: the option is ignored, there is no ZONE_MOVABLE`;
  return "kernelcore, movablecore: what is left above it is less than the highest zone can give, or was asked as 0";
}
