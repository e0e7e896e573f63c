/** Readings made by hand, for tests of answers that need no text. */
import type { Reading, ZoneReading } from "../../lib/explain/reading";

const KIB = 1024;

/** A zone from the numbers of a report in kB. */
export function zoneOf(
  name: string,
  kb: { free: number; min: number; managed?: number; cma?: number; boost?: number; highatomic?: number },
  more: Partial<ZoneReading> = {},
): ZoneReading {
  const bytes = (value: number | undefined) => (value === undefined ? null : value * KIB);
  return {
    node: 0,
    name,
    freeBytes: kb.free * KIB,
    minBytes: kb.min * KIB,
    lowBytes: Math.floor(kb.min * 1.25) * KIB,
    highBytes: Math.floor(kb.min * 1.5) * KIB,
    boostBytes: bytes(kb.boost),
    spannedBytes: null,
    presentBytes: bytes(kb.managed),
    managedBytes: bytes(kb.managed),
    reservedHighatomicBytes: bytes(kb.highatomic),
    freeHighatomicBytes: null,
    freeCmaBytes: bytes(kb.cma),
    pcpBytes: null,
    lowmemReserve: null,
    counts: null,
    countsCut: null,
    types: null,
    countsByType: null,
    blocksByType: null,
    startPfn: null,
    counters: {},
    ...more,
  };
}

/** A reading of a refused request with nothing but what is given. */
export function readingOf(more: Partial<Reading>): Reading {
  const place = { source: "by hand", first: 1, last: 1 };
  return {
    kind: "page-allocation-failure",
    place,
    parts: [place],
    release: null,
    arch: null,
    pageBytes: 4096,
    assumed: [],
    task: null,
    pid: null,
    order: null,
    vmallocBytes: null,
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
    events: {},
    boot: {
      machine: null,
      ram: [],
      ramFrom: null,
      nodes: [],
      reserved: [],
      commandLine: null,
      zoneRanges: [],
      config: {},
    },
    passedOver: [],
    ...more,
  };
}
