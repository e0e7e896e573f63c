/** The input of a boot: resolves every default and checks every limit in one place. */
import { InputError } from "../base/errors";
import { largestOf } from "../base/extremes";
import { formatSize } from "../base/units";
import type { Board } from "../hardware/board";
import { BLANK_NAMES, BOARD_NAMES, type BoardName, findBoard } from "../hardware/boards";
import { bootRules, type KernelRelease, kernelRelease } from "../hardware/kernel-release";
import type { KernelSwitch } from "../hardware/kernel-switch";
import { ALLOCATOR_SWITCHES } from "../hardware/kernel-switches";
import {
  type HugePageSupport,
  hasHugePages,
  type PageGeometry,
  pageGeometry,
} from "../hardware/page-geometry";
import { type KernelSwitches, kernelProfile } from "../mm/state/profile";
import { mustBeFew } from "../schema/check";
import {
  type Field,
  type Fields,
  filled,
  list,
  name,
  type ObjectField,
  type OutOf,
  object,
  optional,
  parsed,
  size,
  text,
  truth,
  whole,
} from "../schema/field";
import { FieldError } from "../schema/place";
import { BOARD_FIELDS, NODES } from "./board-fields";
import { CHANGE } from "./change-field";
import { CMA_AREA, type CmaAreaRequest, checkCmaAreas } from "./cma-areas";
import { CMA, type CmaRequest } from "./cma-request";
import { HUGE_PAGES, type HugePageRequest } from "./huge-pages";
import { checkImage } from "./image-place";
import { refuseBeside, refuseMemory, refuseSysctls, STATE } from "./machine-state";
import { MOVABLE, type MovableZoneRequest } from "./movable-request";
import { bytesOfNodes, cpusOfNodes, type NodePart, resolveNodes } from "./nodes";
import { boardOf, kernelOfDistribution } from "./own-board";
import { COMPUTED_AT_BOOT, checkSysctls, SYSCTL_FIELDS, type Sysctls, sysctlsOf } from "./sysctls";
import { zonesBuilt } from "./zones";

/** CONFIG_* and size defaults of a boot. */
export const BOOT_DEFAULTS = { kernel: "6.1", thp: true, thpEnabled: true, hugetlb: true } as const;

/** A name with completion; any text compiles and is checked at run time. */
export type OpenName<T extends string> = T | (string & Record<never, never>);

const BLANK = "blank-";
const ARCHITECTURES = BLANK_NAMES.map((one) => one.slice(BLANK.length));
const UNNAMED = "blank-arm64";
const ALL_NAMES: readonly string[] = [...BOARD_NAMES, ...BLANK_NAMES];

const board: Field<string, OpenName<BoardName>, never> = name("the board", () => ALL_NAMES, {
  default: UNNAMED,
});

/** A machine without a board is a blank one of its architecture; its ranges of memory have to be given. */
function named(request: OutOf<typeof MACHINE_FIELDS>): OutOf<typeof MACHINE_FIELDS> {
  const { architecture, ...rest } = request;
  const made = request.board === UNNAMED ? { ...rest, board: BLANK + (architecture ?? "arm64") } : rest;
  if (request.board === UNNAMED && request.ram === undefined && typeof request.nodes !== "object")
    throw new FieldError(["board"], "is missing; or ram is, for a machine that no board describes");
  const { architecture: own } = findBoard(made.board);
  if (architecture !== undefined && architecture !== own)
    throw new InputError(`architecture: ${made.board} is ${own}: got ${architecture}`);
  return made;
}

/** Checks that only switches are named; their values are checked together with the release. */
const switches = parsed(
  "switches of the kernel profile that are flipped alone; they concern the allocator, not the boot",
  (given: Partial<KernelSwitches>): Partial<KernelSwitches> => {
    if (typeof given !== "object" || given === null || Array.isArray(given))
      throw new InputError("must be an object with switches of the kernel profile");
    mustBeFew(given, []);
    return { ...given };
  },
  () => [object("switches by name", switchFields())],
  { default: "the release's", flag: "switch" },
);

/** The switches from their table: what each affects, and the values that a release has or a user can set. */
function switchFields(): Fields {
  return Object.fromEntries(
    Object.entries<KernelSwitch>(ALLOCATOR_SWITCHES).map(([switchName, entry]): [string, Field] => {
      const { concerns, oldest, values, also } = entry;
      const doc = concerns.charAt(0).toLowerCase() + concerns.slice(1).replace(/\.$/, "");
      if (typeof oldest === "boolean") return [switchName, optional(truth(doc))];
      const known = [...new Set([oldest, ...values.map(([value]) => value), ...also])];
      if (typeof oldest === "number")
        return [switchName, optional(whole(doc, "", { most: largestOf(known.map(Number)) }))];
      return [switchName, optional(name(doc, known.map(String)))];
    }),
  );
}

/** A machine to boot; omitted fields take the board's defaults. */
export const MACHINE_FIELDS = {
  board: filled(board),
  architecture: optional(
    name("the architecture of a machine without a board", () => ARCHITECTURES, {
      default: "the board's, or arm64",
    }),
  ),
  ...BOARD_FIELDS,
  pageSize: optional(size("base page size", { least: 1, default: "the board's first" })),
  memoryBytes: optional(size("memory fitted", { word: "memory", default: "the board's usual size" })),
  nodes: optional(NODES),
  cpus: optional(
    whole("processors, in equal parts on the nodes: each has lists of free pages of its own", "CPUs", {
      least: 1,
      most: 1024,
      default: "the board's",
    }),
  ),
  movable: optional(MOVABLE),
  cma: optional(CMA),
  cmaAreas: optional(
    list("CMA areas beside the default one, in the order of their declaration", CMA_AREA, {
      most: 64,
      default: "none",
      flag: "cma-area",
    }),
  ),
  kernel: optional(text("kernel release", { longest: 40, default: BOOT_DEFAULTS.kernel })),
  thp: optional(
    truth("CONFIG_TRANSPARENT_HUGEPAGE: transparent huge pages are built in", {
      default: "on, unless the board's build or its architecture is without",
    }),
  ),
  thpEnabled: optional(
    truth("transparent_hugepage= is not `never`; counts only where THP is built in", {
      default: BOOT_DEFAULTS.thpEnabled,
    }),
  ),
  hugetlb: optional(
    truth("CONFIG_HUGETLBFS", { default: "on, unless the board's build or its architecture is without" }),
  ),
  hugePages: optional(HUGE_PAGES),
  pageblockMaxOrder: optional(
    whole("CONFIG_PAGE_BLOCK_MAX_ORDER, the largest order of a page block", "order", {
      least: 1,
      most: 30,
      default: "the largest buddy order",
      word: "pageblockOrder",
      flag: "pageblock-max-order",
      was: ["pageBlockMaxOrder"],
      source: "Linux 6.16",
    }),
  ),
  switches: optional(switches),
  ...SYSCTL_FIELDS,
  change: optional(CHANGE),
  state: optional(STATE),
} satisfies Fields;

export interface MachineField extends ObjectField<typeof MACHINE_FIELDS> {}

/** A machine as a plan states it: checks that the fields fit together and that the board supports them. */
export const MACHINE: MachineField = object("the machine", MACHINE_FIELDS, {
  refine: (given) => {
    const request = named(given);
    kernelProfile(resolveBoot(request).release, request.switches);
    return request;
  },
});

/**
 * The fields of a machine without the check that they fit together: this check has no place in its messages, and the
 * largest order of a page block may be given before the release that knows it.
 */
export const MACHINE_FORMS: MachineField = object("the machine", MACHINE_FIELDS, { refine: named });

/** A machine to boot. Sizes in bytes. */
export interface BootRequest extends OutOf<typeof MACHINE_FIELDS> {}

/** A boot request with every default resolved. */
export interface ResolvedBoot {
  board: Board;
  geometry: PageGeometry;
  release: KernelRelease;
  huge: HugePageSupport;
  thpEnabled: boolean;
  memoryBytes: number;
  nodes: number;
  /** Bytes, processors and, where they are given, the addresses of each node. */
  nodeParts: readonly NodePart[];
  cpus: number;
  movable: MovableZoneRequest;
  cma: CmaRequest;
  cmaAreas: readonly CmaAreaRequest[];
  hugePages: HugePageRequest;
  pageblockMaxOrder?: number;
  /** Written once the machine has booted. */
  sysctls: Sysctls;
}

/** `; its processor, a Cortex-A72, has no translation granule for 16 KiB`, or nothing. */
function whyNot({ withoutPages = {} }: Board, pageSize: number): string {
  return Object.hasOwn(withoutPages, pageSize) ? `; ${withoutPages[pageSize]} ${formatSize(pageSize)}` : "";
}

/** Fills in defaults; throws InputError naming the option, the limit and the value. */
export function resolveBoot(request: BootRequest): ResolvedBoot {
  const board = boardOf(request);
  const release = kernelRelease(request.kernel ?? kernelOfDistribution(request) ?? BOOT_DEFAULTS.kernel);
  const huge = hugeOf(board, request);
  const pageSize = request.pageSize ?? board.pageSizes[0]!;
  const geometry = board.pageSizes.includes(pageSize)
    ? pageGeometry(board.architecture, pageSize, release, huge, board.build.maxOrder?.[pageSize])
    : undefined;
  if (geometry === undefined)
    throw new InputError(
      `page size: ${board.name} (${board.architecture}) has ${board.pageSizes.map(formatSize).join(", ")}${whyNot(board, pageSize)}: got ${formatSize(pageSize)}`,
    );
  const nodeBytes = typeof request.nodes === "object" ? bytesOfNodes(request.nodes) : undefined;
  const memoryBytes = request.memoryBytes ?? nodeBytes ?? board.memory.default;
  checkMemory(board, memoryBytes, pageSize);
  checkImage(board, memoryBytes, request.kernelImage);
  const cpus = request.cpus ?? (typeof request.nodes === "object" ? cpusOfNodes(request.nodes) : undefined);
  const nodeParts = resolveNodes(board, request.nodes, {
    memoryBytes,
    cpus: cpus ?? board.cpus,
    sectionBytes: geometry.sectionBytes,
  });
  const resolved: ResolvedBoot = {
    board,
    geometry,
    release,
    huge,
    thpEnabled: request.thpEnabled ?? BOOT_DEFAULTS.thpEnabled,
    memoryBytes,
    nodes: nodeParts.length,
    nodeParts,
    cpus: cpus ?? board.cpus,
    movable: request.movable ?? {},
    cma: request.cma ?? { kind: "configured" },
    cmaAreas: request.cmaAreas ?? [],
    hugePages: request.hugePages ?? { pools: [], cmaBytes: 0 },
    sysctls: sysctlsOf(request, geometry),
  };
  refuseBeside(request.state, {
    "a CMA area": resolved.cma.kind === "area" || resolved.cmaAreas.length > 0,
    "a pool of huge pages": resolved.hugePages.pools.length > 0 || resolved.hugePages.cmaBytes > 0,
    ZONE_MOVABLE: Object.keys(resolved.movable).length > 0,
  });
  refuseSysctls(request.state, request, COMPUTED_AT_BOOT);
  const { smallest, largest } = board.memory;
  refuseMemory(request.state, request.memoryBytes, { pageSize, smallest, largest });
  checkHugePages(resolved);
  checkCmaAreas(resolved.cmaAreas, release, resolved.nodes);
  checkSysctls(resolved.sysctls, {
    release,
    geometry,
    nodes: resolved.nodes,
    zoneNames: zonesBuilt(board, release),
  });
  if (request.pageblockMaxOrder !== undefined) {
    checkPageblockMaxOrder(request.pageblockMaxOrder, geometry, release);
    resolved.pageblockMaxOrder = request.pageblockMaxOrder;
  }
  return resolved;
}

/** The kinds of huge pages built in: as asked, as the board's build has them, or both; none on 32-bit architectures. */
function hugeOf(board: Board, { thp, hugetlb }: BootRequest): HugePageSupport {
  if (hasHugePages(board.architecture))
    return {
      thp: thp ?? board.build.thp ?? BOOT_DEFAULTS.thp,
      hugetlb: hugetlb ?? board.build.hugetlb ?? BOOT_DEFAULTS.hugetlb,
    };
  if (thp || hugetlb)
    throw new InputError(
      `huge pages: ${board.name} (${board.architecture}) has none as modelled: got ${thp ? "thp" : "hugetlb"} on`,
    );
  return { thp: false, hugetlb: false };
}

function checkMemory(board: Board, memoryBytes: number, pageSize: number): void {
  const { smallest, largest } = board.memory;
  if (memoryBytes <= 0) throw new InputError(`memory: size must be > 0: got ${formatSize(memoryBytes)}`);
  if (memoryBytes < smallest || memoryBytes > largest)
    throw new InputError(
      `memory: ${board.name} has ${smallest === largest ? formatSize(smallest) : `${formatSize(smallest)} to ${formatSize(largest)}`}: got ${formatSize(memoryBytes)}`,
    );
  // Ranges of one's own may end within a page: what is left of them are whole pages.
  if (!board.ownRam && memoryBytes % pageSize !== 0)
    throw new InputError(
      `memory: size must be a multiple of the page size ${formatSize(pageSize)}: got ${formatSize(memoryBytes)}`,
    );
}

function checkHugePages({ hugePages, geometry, release, nodes }: ResolvedBoot): void {
  const sizes = geometry.hugePageSizes;
  for (const { bytes, count, node } of hugePages.pools) {
    if (!sizes.includes(bytes))
      throw new InputError(
        `huge pages: a machine with pages of ${formatSize(geometry.pageSize)} has ${sizes.length === 0 ? "none" : sizes.map(formatSize).join(", ")}: got ${formatSize(bytes)}`,
      );
    if (!Number.isInteger(count) || count < 0)
      throw new InputError(`hugepages: must be a whole number, 0 or more: got ${count}`);
    if (node === undefined) continue;
    if (!bootRules(release).hugepagesByNode)
      throw new InputError(`hugepages: NODE:COUNT exists since 5.16: got node ${node} and kernel ${release}`);
    if (node >= nodes)
      throw new InputError(`hugepages: the machine has nodes 0 to ${nodes - 1}: got node ${node}`);
    if (hugePages.pools.some((other) => other.bytes === bytes && other.node === undefined))
      throw new InputError(
        `hugepages: pages of ${formatSize(bytes)} must be asked of all nodes or by node, not both: got node ${node}`,
      );
  }
  if (hugePages.cmaBytes > 0 && (sizes.length === 0 || !bootRules(release).hugetlbCma))
    throw new InputError(
      `hugetlb_cma: needs hugetlb and kernel 5.7 or newer: got kernel ${release} with ${sizes.length === 0 ? "no" : "some"} huge page sizes`,
    );
}

function checkPageblockMaxOrder(order: number, geometry: PageGeometry, release: KernelRelease): void {
  if (!bootRules(release).pageblockMaxOrder)
    throw new InputError(
      `page block max order: CONFIG_PAGE_BLOCK_MAX_ORDER exists since 6.16: got kernel ${release}`,
    );
  if (!Number.isInteger(order) || order < 1 || order > geometry.largestBuddyOrder)
    throw new InputError(
      `page block max order: must be a whole number from 1 to ${geometry.largestBuddyOrder}: got ${order}`,
    );
}
