/**
 * The state of a machine that runs already, as a plan states it: zones, counts of free blocks by order and type, page blocks by
 * type, and kinds of pages in use. What it does not say, such as where in its zone a free block lies, is drawn by seed.
 */
import { InputError } from "../base/errors";
import { formatSize, GiB } from "../base/units";
import {
  filled,
  list,
  name,
  type ObjectField,
  type OutOf,
  object,
  optional,
  record,
  text,
  whole,
} from "../schema/field";
import { FieldError } from "../schema/place";

/** Page frames of a machine with a state: 1 TiB of pages of 4 KiB. */
const FRAMES_MOST = 2 ** 28;
const pages = (doc: string) => whole(doc, "pages", { most: FRAMES_MOST });
/** A number that is 0 unless it is stated. */
const none = (doc: string, unit = "pages") => filled(whole(doc, unit, { most: FRAMES_MOST, default: 0 }));

/** Types of page blocks as pagetypeinfo names them; isolated blocks count as Movable. */
export const STATE_TYPES = ["Unmovable", "Movable", "Reclaimable", "HighAtomic", "CMA"] as const;
export type StateType = (typeof STATE_TYPES)[number];
const typeNames = () => STATE_TYPES;

/** Kinds of pages that never move, beside drivers' pages, which are the rest. */
export const KERNEL_KINDS = ["slab", "slabReclaimable", "pageTable", "kernelStack"] as const;

const RANGE = object("a range of frames", {
  startPfn: whole("its first frame", "frame", { most: FRAMES_MOST }),
  pages: whole("its frames", "pages", { least: 1, most: FRAMES_MOST }),
});

const ZONE_FIELDS = {
  node: filled(whole("its NUMA node", "", { most: 63, default: 0 })),
  name: name("its name", ["DMA", "DMA32", "Normal", "Movable"]),
  startPfn: whole("its first frame", "frame", { most: FRAMES_MOST }),
  spanned: whole("frames from its first to its last", "pages", { least: 1, most: FRAMES_MOST }),
  present: whole("of them with memory", "pages", { least: 1, most: FRAMES_MOST }),
  managed: optional(pages("of them the page allocator's; left out: drawn")),
  watermarks: object("its watermarks, without boost", {
    min: pages("the lowest"),
    low: pages("below it kswapd works"),
    high: pages("up to it kswapd works"),
  }),
  boost: none("the boost of its watermarks"),
  reserve: list(
    "pages it reserves against requests, by the highest zone that they may use: DMA, DMA32, Normal, Movable, Device",
    pages("a reserve"),
    { most: 8 },
  ),
  batch: whole("pages that per-CPU lists move at once", "pages", { least: 1, most: 65_536 }),
  high: pages("pages a per-CPU list may hold"),
  perCpu: optional(pages("pages on per-CPU lists; left out: drawn")),
  blocks: optional(
    record("page blocks by type; left out: drawn", pages("blocks"), typeNames, { default: "drawn" }),
  ),
  free: record(
    "free blocks by type: a list of counts, order 0 first",
    list("counts by order", pages("blocks"), { most: 20 }),
    typeNames,
  ),
  anon: optional(pages("pages of processes and tmpfs; left out: all that may move")),
  file: optional(pages("pages of files")),
  hugePages: none("transparent huge pages among them", "huge pages"),
  hugetlb: none("page blocks in pools of huge pages", "blocks"),
  hugetlbFree: none("of them free in the pool", "blocks"),
};

export const STATE_FIELDS = {
  largestOrder: whole("largest order of the free lists", "order", { least: 1, most: 18 }),
  pageblockOrder: whole("order of a page block", "order", { least: 1, most: 18 }),
  ram: optional(list("where memory is; left out: at the start of each zone", RANGE, { most: 1024 })),
  zones: list("its zones with memory, in order of their frames", object("a zone", ZONE_FIELDS), {
    least: 1,
    most: 255,
  }),
  kernel: filled(
    record(
      "pages that the kernel has, by kind; the rest of those that never move are drivers'",
      pages("pages"),
      () => KERNEL_KINDS,
      {
        default: {},
      },
    ),
  ),
  frames: optional(
    text("class of each frame, run-length coded as in a snapshot: nothing is drawn where it is known", {
      longest: 32 * 2 ** 20,
    }),
  ),
  boostFactor: optional(
    whole("vm.watermark_boost_factor; left out: the release's", "1/10000", { most: 2 ** 31 }),
  ),
  seed: optional(whole("draws what is not known", "", { most: 2 ** 32 - 1, default: "the plan's seed" })),
};

export interface StateField extends ObjectField<typeof STATE_FIELDS> {}

/** The state of a machine. Throws where its counts cannot be. */
export const STATE: StateField = object("the state of a machine that runs already", STATE_FIELDS, {
  flag: "state",
  refine: (state) => {
    state.zones.forEach((zone, i) => {
      checkZone(state, zone, ["zones", i]);
      const before = state.zones[i - 1];
      if (before !== undefined && before.startPfn + before.spanned > zone.startPfn)
        throw new FieldError(
          ["zones", i, "startPfn"],
          `must not be below the end of the zone before, frame ${before.startPfn + before.spanned}: got ${zone.startPfn}`,
        );
    });
    return state;
  },
});

export interface MachineState extends OutOf<typeof STATE_FIELDS> {}
export type ZoneState = MachineState["zones"][number];

/** Free pages of a zone. */
export function freePagesOf({ free }: ZoneState): number {
  return Object.values(free)
    .flatMap((counts) => counts.map((n, order) => n * 2 ** order))
    .reduce((sum, n) => sum + n, 0);
}

function checkZone(state: MachineState, zone: ZoneState, path: readonly PropertyKey[]): void {
  const { startPfn, spanned, present, managed, free, perCpu, watermarks } = zone;
  const refuse = (key: string, must: string, got: number | string): never => {
    throw new FieldError([...path, key], `must ${must}: got ${got}`);
  };
  if (startPfn + spanned > FRAMES_MOST)
    refuse("spanned", `end below frame ${FRAMES_MOST}`, startPfn + spanned);
  if (present > spanned) refuse("present", `be at most the ${spanned} frames spanned`, present);
  if (managed !== undefined && managed > present)
    refuse("managed", `be at most the ${present} pages present`, managed);
  for (const [type, counts] of Object.entries(free))
    if (counts.length > state.largestOrder + 1)
      refuse("free", `have orders 0 to ${state.largestOrder} of ${type}`, `${counts.length} counts`);
  const held = freePagesOf(zone) + (perCpu ?? 0);
  if (held > (managed ?? present))
    refuse(
      "free",
      `add up to at most the ${managed ?? present} pages of the zone, with those on per-CPU lists`,
      held,
    );
  if (watermarks.low < watermarks.min || watermarks.high < watermarks.low)
    refuse(
      "watermarks",
      "ascend from min to high",
      `${watermarks.min}, ${watermarks.low}, ${watermarks.high}`,
    );
}

/** Refused beside a state: what is decided at boot. */
export function refuseBeside(
  state: MachineState | undefined,
  asked: Readonly<Record<string, boolean>>,
): void {
  if (state === undefined) return;
  for (const [what, is] of Object.entries(asked))
    if (is)
      throw new InputError(
        `machine: ${what} is reserved at boot, and a machine with a state has booted already: leave out one of the two`,
      );
}

/** What firmware keeps of the memory that is fitted: up to a GiB, of large machines a sixteenth. */
const KEPT_SHARE = 1 / 16;

/** Refused beside a state: another size of memory than its zones have, within what the board can be fitted with. */
export function refuseMemory(
  state: MachineState | undefined,
  bytes: number | undefined,
  { pageSize, smallest, largest }: { pageSize: number; smallest: number; largest: number },
): void {
  if (state === undefined || bytes === undefined) return;
  const present = state.zones.reduce((n, zone) => n + zone.present, 0) * pageSize;
  const least = Math.min(largest, present);
  const most = Math.max(smallest, present + Math.max(GiB, present * KEPT_SHARE));
  if (bytes < least || bytes > most)
    throw new InputError(
      `memory: the zones of this machine's state have ${formatSize(present)}, which no other size changes: got ${formatSize(bytes)}`,
    );
}

/** Refused beside a state: sysctls from which a boot computes what the state has already. */
export function refuseSysctls(
  state: MachineState | undefined,
  asked: Readonly<Record<string, unknown>>,
  computed: readonly string[],
): void {
  if (state === undefined) return;
  for (const name of computed)
    if (asked[name] !== undefined)
      throw new InputError(
        `machine: ${name} changes watermarks, lists or pools that the state has as they were: leave out one of the two`,
      );
}
