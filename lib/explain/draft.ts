/** A reading while it is put together: numbers of pages wait for the size of a page, which a later line may tell. */
import type {
  BootReading,
  CmaReading,
  HugetlbReading,
  NodeReading,
  Place,
  Reading,
  ReadingKind,
  ZoneReading,
} from "./reading";
import { ZONE_ORDER } from "./zone-names";

export interface Draft {
  reading: Reading;
  /** Which boot of its text it belongs to, from 0 on. */
  boot: number;
  /** The kernel's time at its last line. */
  seconds: number | null;
  /** Totals in pages by their name. */
  pages: Map<string, number>;
  /** Zones and nodes whose sizes are in pages: those of files of /proc. */
  zonesInPages: Set<ZoneReading>;
  nodesInPages: Set<NodeReading>;
  /** Pages on per-CPU lists by zone (`0 DMA`), from lines that come before the zone's own. */
  pcpPages: Map<string, number>;
  /** Zones and nodes of the reading by their key, for texts with many. */
  zones: Map<string, ZoneReading>;
  nodes: Map<number, NodeReading>;
  /** Pools of huge pages whose size a later line tells, by node. */
  unsized: Map<number | null, HugetlbReading>;
  /** A Mem-Info block, a list of huge pages or a file was read into it. */
  filled: Set<string>;
}

const EMPTY_BOOT = (): BootReading => ({
  machine: null,
  ram: [],
  ramFrom: null,
  nodes: [],
  reserved: [],
  commandLine: null,
  zoneRanges: [],
  config: {},
});

export function newDraft(kind: ReadingKind, place: Place, boot: number): Draft {
  const reading: Reading = {
    kind,
    place: { ...place },
    parts: [],
    release: null,
    arch: null,
    pageBytes: null,
    assumed: [],
    task: null,
    pid: null,
    order: null,
    vmallocBytes: null,
    vmalloc: null,
    stalledMs: null,
    noMmu: false,
    gfp: { text: null, value: null },
    nodemask: null,
    cpuset: null,
    memsAllowed: null,
    stack: [],
    zones: [],
    nodes: [],
    totals: {},
    vmstat: {},
    pageblockOrder: null,
    hugetlb: [],
    cma: [],
    slabs: [],
    oom: null,
    notice: null,
    slabCache: null,
    events: {},
    boot: EMPTY_BOOT(),
    passedOver: [],
    mixed: false,
  };
  return {
    reading,
    boot,
    seconds: null,
    pages: new Map(),
    zonesInPages: new Set(),
    nodesInPages: new Set(),
    pcpPages: new Map(),
    zones: new Map(),
    nodes: new Map(),
    unsized: new Map(),
    filled: new Set(),
  };
}

/** A zone of which nothing is known yet. */
export function newZone(node: number, name: string): ZoneReading {
  return {
    node,
    name,
    freeBytes: 0,
    minBytes: null,
    lowBytes: null,
    highBytes: null,
    boostBytes: null,
    spannedBytes: null,
    presentBytes: null,
    managedBytes: null,
    reservedHighatomicBytes: null,
    freeHighatomicBytes: null,
    freeCmaBytes: null,
    pcpBytes: null,
    lowmemReserve: null,
    counts: null,
    countsCut: null,
    types: null,
    countsByType: null,
    blocksByType: null,
    startPfn: null,
    counters: {},
  };
}

export function zoneOf({ reading, zones }: Draft, node: number, name: string): ZoneReading {
  const key = `${node} ${name}`;
  let zone = zones.get(key);
  if (!zone) {
    zone = newZone(node, name);
    zones.set(key, zone);
    reading.zones.push(zone);
  }
  return zone;
}

export function nodeOf({ reading, nodes }: Draft, node: number): NodeReading {
  let found = nodes.get(node);
  if (!found) {
    found = { node, counters: {}, allUnreclaimable: null };
    nodes.set(node, found);
    reading.nodes.push(found);
  }
  return found;
}

export function cmaLine(
  { text, place }: { text: string; place: Place },
  told: Partial<CmaReading> & Pick<CmaReading, "event">,
): CmaReading {
  return {
    area: null,
    node: null,
    base: null,
    bytes: null,
    askedPages: null,
    alignOrder: null,
    errno: null,
    freePages: null,
    totalPages: null,
    runs: [],
    pfns: null,
    words: text.slice(0, 400),
    place,
    ...told,
  };
}

const PAGE_BYTES_USUAL = 4096;
const SIZES = [
  "freeBytes",
  "minBytes",
  "lowBytes",
  "highBytes",
  "boostBytes",
  "spannedBytes",
  "presentBytes",
  "managedBytes",
  "reservedHighatomicBytes",
  "freeHighatomicBytes",
  "freeCmaBytes",
  "pcpBytes",
] as const;

/** The reading with everything in bytes. Where no text tells the size of a page and one is needed, 4 KiB are assumed, and said. */
export function finished(draft: Draft): Reading {
  const { reading } = draft;
  if (reading.parts.length === 0) reading.parts.push({ ...reading.place });
  const needed =
    draft.pages.size > 0 ||
    draft.zonesInPages.size > 0 ||
    draft.nodesInPages.size > 0 ||
    draft.pcpPages.size > 0;
  if (reading.pageBytes === null && needed) {
    reading.pageBytes = PAGE_BYTES_USUAL;
    reading.assumed.push("pageBytes");
  }
  const pageBytes = reading.pageBytes ?? PAGE_BYTES_USUAL;
  for (const [name, pages] of draft.pages) reading.totals[name] = pages * pageBytes;
  for (const zone of reading.zones) finishZone(draft, zone, pageBytes);
  reading.zones.sort((a, b) => a.node - b.node || rankOf(a) - rankOf(b));
  for (const node of draft.nodesInPages) scale(node.counters, pageBytes);
  return reading;
}

const rankOf = ({ name }: ZoneReading) => ZONE_ORDER.indexOf(name as (typeof ZONE_ORDER)[number]);

function finishZone(draft: Draft, zone: ZoneReading, pageBytes: number): void {
  const inPages = draft.zonesInPages.has(zone);
  if (inPages) {
    zone.counts ??= sumOfTypes(zone.countsByType);
    for (const size of SIZES) if (zone[size] !== null) zone[size] *= pageBytes;
    scale(zone.counters, pageBytes);
  }
  // A list whose zone has no line of its own.
  if (zone.minBytes === null && zone.freeBytes === 0)
    zone.freeBytes =
      (zone.counts ?? zone.countsCut ?? []).reduce((sum, blocks, order) => sum + blocks * 2 ** order, 0) *
      pageBytes;
  const onLists = draft.pcpPages.get(`${zone.node} ${zone.name}`);
  if (!inPages && onLists !== undefined) zone.pcpBytes ??= onLists * pageBytes;
}

function scale(counters: Record<string, number>, by: number): void {
  for (const name of Object.keys(counters)) counters[name]! *= by;
}

function sumOfTypes(byType: Record<string, number[]> | null): number[] | null {
  const lists = Object.values(byType ?? {});
  if (lists.length === 0) return null;
  return lists[0]!.map((_, order) => lists.reduce((sum, list) => sum + (list[order] ?? 0), 0));
}
