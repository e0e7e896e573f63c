/** The board of a plan: one that is described, changed by what the plan says of memory, device tree, build and firmware. */
import { InputError, unknownName } from "../base/errors";
import { formatSize, GiB, MiB, parseSize } from "../base/units";
import type { Board, FixedReservation, KernelBuild } from "../hardware/board";
import { findBoard } from "../hardware/boards";
import type {
  AddressRange,
  BuildRequest,
  FirmwareRequest,
  KernelImage,
  NodeRequest,
  RegionRequest,
  ReservedRange,
} from "./board-fields";

/** What a plan says of its board. */
export interface OwnBoardRequest {
  board: string;
  nodes?: number | readonly NodeRequest[];
  ram?: readonly AddressRange[];
  reserved?: readonly ReservedRange[];
  initrd?: AddressRange | "none";
  kernelImage?: KernelImage;
  deviceTree?: readonly RegionRequest[];
  dmaBits?: number;
  distribution?: string;
  build?: BuildRequest;
  firmware?: FirmwareRequest;
}

/** The board of `request`; throws InputError for what does not fit it. */
export function boardOf(request: OwnBoardRequest): Board {
  const described = withDistribution(findBoard(request.board), request.distribution);
  const firmware = withFirmware(described, request.firmware);
  const placed = withRam(firmware, request);
  const { initrd, reserved, deviceTree, dmaBits, build, kernelImage } = request;
  const made: Board = {
    ...placed,
    ...(reserved && { reservations: reserved.map(reservation) }),
    ...(dmaBits !== undefined && { dmaBits }),
    build: ownBuild(placed, build, kernelImage),
  };
  if (initrd === "none") delete made.initrd;
  else if (initrd !== undefined) made.initrd = { what: "initrd", start: initrd.base, bytes: initrd.bytes };
  if (deviceTree !== undefined) {
    delete made.deviceTreeCma;
    made.deviceTree = deviceTree;
  }
  return made;
}

/** The kernel release of the distribution's build, if the plan names neither. */
export function kernelOfDistribution({ board, distribution }: OwnBoardRequest): string | undefined {
  return distribution === undefined ? undefined : distributionOf(findBoard(board), distribution).kernel;
}

function distributionOf({ name, distributions = {} }: Board, asked: string) {
  if (Object.hasOwn(distributions, asked)) return distributions[asked]!;
  const known = Object.keys(distributions);
  if (known.length === 0)
    throw new InputError(
      `distribution: no build of ${name} but its own is described: got ${JSON.stringify(asked)}`,
    );
  throw unknownName("distribution", asked, known);
}

function withDistribution(board: Board, asked: string | undefined): Board {
  if (asked === undefined) return board;
  const { build, reservations = [], deviceTree } = distributionOf(board, asked);
  const made = {
    ...board,
    build: { ...board.build, ...build },
    reservations: [...board.reservations, ...reservations],
  };
  if (deviceTree === undefined) return made;
  const { deviceTreeCma: _own, ...rest } = made;
  return { ...rest, deviceTree };
}

function reservation({ name = "reserved memory", base, bytes }: ReservedRange): FixedReservation {
  return { what: name, start: base, bytes };
}

/** Ranges of the plan in place of the board's windows, holes and hidden memory. */
function withRam(board: Board, { ram, nodes }: OwnBoardRequest): Board {
  const ofNodes = typeof nodes === "object" ? nodes.flatMap((n) => n.ram ?? []) : [];
  if (ram !== undefined && ofNodes.length > 0)
    throw new InputError("nodes: each has ranges of its own, so ram must be left out");
  const ranges = ram ?? ofNodes;
  if (ranges.length === 0) {
    if (!board.blank) return board;
    throw new InputError(
      `ram: ${board.name} has no memory of its own: give its ranges, such as ["0x40000000-0x7fffffff"]`,
    );
  }
  const windows = [...ranges]
    .sort((a, b) => a.base - b.base)
    .map(({ base, bytes }) => ({ start: base, end: base + bytes }));
  for (const [i, next] of windows.slice(1).entries())
    if (next.start < windows[i]!.end)
      throw new InputError(`ram: ranges must not overlap: 0x${next.start.toString(16)} is in two`);
  const total = windows.reduce((sum, w) => sum + w.end - w.start, 0);
  const { holes: _holes, firmwareTop: _top, ...rest } = board;
  return {
    ...rest,
    ownRam: true,
    windows,
    memory: { default: total, smallest: Math.min(total, MiB), largest: total },
    nodes: { default: 1, choices: Array.from({ length: 64 }, (_, i) => i + 1) },
    reservations: board.blank ? [] : board.reservations,
  };
}

function ownBuild(board: Board, own: BuildRequest = {}, image?: KernelImage): KernelBuild {
  const { maxOrder, ...rest } = own;
  const each = (bytes: number) =>
    Object.fromEntries(board.pageSizes.map((p) => [p, { huge: bytes, nohuge: bytes }]));
  const build: KernelBuild = { ...board.build, ...rest };
  if (maxOrder !== undefined) build.maxOrder = Object.fromEntries(board.pageSizes.map((p) => [p, maxOrder]));
  const place = image ?? blankImage(board);
  if (place === undefined) return build;
  const { base, bytes, initBytes = 0 } = place;
  if (initBytes > bytes)
    throw new InputError(
      `kernelImage: init must be at most its size, ${formatSize(bytes)}: got ${formatSize(initBytes)}`,
    );
  return { ...build, imageStart: base, imageBytes: each(bytes), initBytes: each(initBytes) };
}

/** On a blank board the image lies as far above the start of memory as its architecture has it. */
function blankImage({ blank, windows, build, pageSizes }: Board): KernelImage | undefined {
  if (!blank) return undefined;
  const { huge } = build.imageBytes[pageSizes[0]!]!;
  const room = windows.find((w) => w.end - w.start >= build.imageStart + huge);
  if (room === undefined)
    throw new InputError(
      `ram: no range has room for a kernel image of ${formatSize(huge)} at ${formatSize(build.imageStart)} above its start; give kernelImage`,
    );
  return {
    base: room.start + build.imageStart,
    bytes: huge,
    initBytes: build.initBytes[pageSizes[0]!]!.huge,
  };
}

/** gpu_mem, total_mem and overlays of a Raspberry Pi. */
function withFirmware(board: Board, firmware: FirmwareRequest | undefined): Board {
  if (firmware === undefined) return board;
  if (!board.raspberryPi)
    throw new InputError(
      `firmware: gpu_mem, total_mem and overlays are settings of a Raspberry Pi: got ${board.name}`,
    );
  const { gpuMem, totalMem, overlays = [] } = firmware;
  const made = { ...board };
  if (gpuMem !== undefined) {
    if (board.firmwareTop === undefined || gpuMem < 16 * MiB || gpuMem > 944 * MiB)
      throw new InputError(`gpu-mem: must be from 16 MiB to 944 MiB: got ${formatSize(gpuMem)}`);
    made.firmwareTop = { ...board.firmwareTop, bytes: gpuMem };
  }
  if (totalMem !== undefined) {
    const { smallest, largest } = board.memory;
    if (totalMem < 128 * MiB || totalMem > largest)
      throw new InputError(
        `total-mem: must be from 128 MiB to ${formatSize(largest)}: got ${formatSize(totalMem)}`,
      );
    made.memory = {
      default: Math.min(totalMem, board.memory.default),
      smallest: Math.min(smallest, totalMem),
      largest,
    };
  }
  const bytes = cmaOfOverlays(overlays, board.overlayCmaBytes);
  if (bytes === undefined) return made;
  return { ...made, deviceTreeCma: { ...(board.deviceTreeCma ?? { start: 0, end: GiB }), bytes } };
}

/** Overlays that include cma-overlay.dts, and with it a size of their own. */
const WITH_CMA: ReadonlySet<string> = new Set([
  "cma",
  "vc4-kms-v3d",
  "vc4-kms-v3d-pi4",
  "vc4-kms-v3d-pi5",
  "vc4-fkms-v3d",
  "vc4-fkms-v3d-pi4",
]);

/** cma-overlay.dts, which the display overlays include: `cma-256`, `cma-size=268435456`, `cma-default`; the last counts. */
function cmaOfOverlays(overlays: readonly string[], usual: number | undefined): number | undefined {
  let bytes: number | undefined;
  for (const line of overlays) {
    const [overlay, ...words] = line
      .trim()
      .replace(/^dtoverlay=/, "")
      .split(",");
    if (WITH_CMA.has(overlay!)) bytes = usual;
    for (const word of /^cma-/.test(overlay!) ? [overlay!, ...words] : words) {
      const [, megabytes] = /^cma-(\d{1,5})$/.exec(word) ?? [];
      const [, size] = /^cma-size=(\w{1,16})$/.exec(word) ?? [];
      if (megabytes !== undefined) bytes = Number(megabytes) * MiB;
      else if (size !== undefined) bytes = parseSize(size, "overlay: cma-size");
      else if (word === "cma-default") bytes = undefined;
      else if (word.startsWith("cma-"))
        throw new InputError(
          `overlay: must be cma-N, cma-size=BYTES or cma-default: got ${JSON.stringify(word)}`,
        );
    }
  }
  return bytes;
}
