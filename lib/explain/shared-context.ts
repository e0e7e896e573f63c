/**
 * Texts of one machine tell about each other: the release stands in one line of a log, the memory map in its head, the free lists and
 * the counters in separate files. What a reading lacks it takes from the others.
 */
import { type Draft, nodeOf, zoneOf } from "./draft";
import type { BootReading, HugetlbReading, Place, ReadingKind, ZoneReading } from "./reading";
import type { Session } from "./session";

/** All readings with what they share, without those that say nothing. */
export function sharedDrafts(sessions: readonly Session[]): Draft[] {
  for (const session of sessions) for (const draft of session.drafts) takeFromSession(draft, session);
  const drafts = merged(sessions);
  const boots = bootsOf(drafts);
  const only = onlyBoot(drafts, boots);
  for (const draft of drafts) {
    const boot = bootFor(draft, boots, only);
    if (boot) takeBoot(draft.reading.boot, boot);
  }
  shareAcross(drafts, sessions);
  for (const { reading } of drafts) reading.pageBytes ??= ONLY_PAGE_BYTES[reading.arch ?? ""] ?? null;
  const withBoot = new Set(
    drafts.filter((d) => d.reading.kind === "boot-memory").map((d) => d.reading.place.source),
  );
  for (const { reading } of drafts)
    if (reading.kind === "cma-reservation" && reading.cma.length === 0 && !withBoot.has(reading.place.source))
      reading.kind = "boot-memory";
  return drafts.filter(saysSomething);
}

/** Page sizes that an architecture has no choice of. */
const ONLY_PAGE_BYTES: Readonly<Record<string, number>> = {
  x86_64: 4096,
  i386: 4096,
  arm: 4096,
  s390x: 4096,
  riscv64: 4096,
};

function takeFromSession({ reading }: Draft, session: Session): void {
  reading.release ??= session.release;
  reading.arch ??= session.arch;
  reading.pageBytes ??= session.pageBytes ?? ONLY_PAGE_BYTES[reading.arch ?? ""] ?? null;
  reading.boot.machine ??= session.machine;
  reading.noMmu ||= session.noMmu;
}

/** Files of one machine make one state, and its boot texts one boot, unless two of them tell the same. */
function merged(sessions: readonly Session[]): Draft[] {
  const kept: Draft[] = [];
  const whole: Draft[] = [];
  for (const { drafts } of sessions) {
    // Of each text the first state and the first boot can be a part of a whole; later ones are another moment.
    const firsts = [drafts.find(isOfFiles), drafts.find((d) => d.reading.kind === "boot-memory")];
    for (const draft of drafts) {
      const into = firsts.includes(draft) ? whole.find((k) => fits(k, draft)) : undefined;
      if (into) {
        join(into, draft);
        continue;
      }
      kept.push(draft);
      if (firsts.includes(draft)) whole.push(draft);
    }
  }
  return kept;
}

function isOfFiles(draft: Draft): boolean {
  return draft.reading.kind === "memory-state" && draft.pages.size === 0;
}

function fits(a: Draft, b: Draft): boolean {
  if (a.reading.kind !== b.reading.kind || a.reading.place.source === b.reading.place.source) return false;
  if (a.reading.kind === "boot-memory") return !(a.filled.has("version") && b.filled.has("version"));
  return isOfFiles(a) && isOfFiles(b) && !overlap(a.filled, b.filled);
}

function overlap(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const part of b) if (a.has(part)) return true;
  return false;
}

function join(into: Draft, from: Draft): void {
  const [a, b] = [into.reading, from.reading];
  a.parts = [...(a.parts.length > 0 ? a.parts : [copy(a.place)]), copy(b.place)];
  for (const part of from.filled) into.filled.add(part);
  for (const zone of b.zones) {
    const known = zoneOf(into, zone.node, zone.name);
    joinZone(known, zone);
    if (from.zonesInPages.has(zone)) into.zonesInPages.add(known);
  }
  for (const node of b.nodes) {
    const known = nodeOf(into, node.node);
    Object.assign(known.counters, node.counters);
    if (from.nodesInPages.has(node)) into.nodesInPages.add(known);
  }
  Object.assign(a.totals, b.totals);
  Object.assign(a.vmstat, b.vmstat);
  a.pageblockOrder ??= b.pageblockOrder;
  a.pageBytes ??= b.pageBytes;
  a.release ??= b.release;
  a.arch ??= b.arch;
  joinPools(a.hugetlb, b.hugetlb);
  for (const slab of b.slabs) a.slabs.push(slab);
  a.assumed.push(...b.assumed.filter((field) => !a.assumed.includes(field)));
  takeBoot(a.boot, b.boot);
}

/** Each file under /sys tells one number of a pool; those not told yet are 0 or null. */
function joinPools(into: HugetlbReading[], from: readonly HugetlbReading[]): void {
  for (const pool of from) {
    const known = into.find((p) => p.node === pool.node && p.pageBytes === pool.pageBytes);
    if (!known) {
      into.push(pool);
      continue;
    }
    known.total = Math.max(known.total, pool.total);
    known.free = Math.max(known.free, pool.free);
    known.surplus ??= pool.surplus;
    known.reserved ??= pool.reserved;
  }
}

function copy(place: Place): Place {
  return { ...place };
}

function joinZone(into: ZoneReading, from: ZoneReading): void {
  const [a, b] = [into as unknown as Record<string, unknown>, from as unknown as Record<string, unknown>];
  for (const field of Object.keys(b))
    if (a[field] === null || (field === "freeBytes" && a[field] === 0)) a[field] = b[field];
  Object.assign(into.counters, from.counters);
}

const OF_BOOT: readonly ReadingKind[] = ["boot-memory", "cma-reservation", "hugetlb"];

/** What the lines of each boot of each text tell. */
type Boots = Map<string, Map<number, BootReading>>;

function bootsOf(drafts: readonly Draft[]): Boots {
  const boots: Boots = new Map();
  for (const { reading, boot } of drafts) {
    if (!OF_BOOT.includes(reading.kind)) continue;
    const ofText = boots.get(reading.place.source) ?? new Map<number, BootReading>();
    boots.set(reading.place.source, ofText);
    const told = ofText.get(boot);
    if (told) takeBoot(told, reading.boot);
    else ofText.set(boot, { ...reading.boot });
  }
  return boots;
}

/** The boot that all texts belong to, where they tell of one only. */
function onlyBoot(drafts: readonly Draft[], boots: Boots): BootReading | null {
  const told = drafts.filter((d) => d.reading.kind === "boot-memory");
  return told.length === 1 ? (boots.get(told[0]!.reading.place.source)?.get(told[0]!.boot) ?? null) : null;
}

/** The boot of a reading; where its text has none, the only one of the other texts. */
function bootFor({ reading, boot }: Draft, boots: Boots, only: BootReading | null): BootReading | null {
  return boots.get(reading.place.source)?.get(boot) ?? only;
}

function takeBoot(into: BootReading, from: BootReading): void {
  if (into === from) return;
  into.machine ??= from.machine;
  into.commandLine ??= from.commandLine;
  if (into.ram.length === 0) {
    into.ram = from.ram;
    into.ramFrom = from.ramFrom;
  }
  if (into.nodes.length === 0) into.nodes = from.nodes;
  if (into.zoneRanges.length === 0) into.zoneRanges = from.zoneRanges;
  if (Object.keys(into.config).length === 0) into.config = from.config;
  if (into.reserved.length === 0 || from.reserved.length === 0) {
    if (into.reserved.length === 0) into.reserved = from.reserved;
    return;
  }
  const known = new Set(into.reserved.map((r) => `${r.base} ${r.bytes} ${r.name}`));
  into.reserved = [
    ...into.reserved,
    ...from.reserved.filter((r) => !known.has(`${r.base} ${r.bytes} ${r.name}`)),
  ];
}

/** Release, architecture and page size of one text hold for the others, unless texts differ. */
function shareAcross(drafts: readonly Draft[], sessions: readonly Session[]): void {
  for (const field of ["release", "arch", "pageBytes"] as const) {
    const all = [...drafts.map((d) => d.reading[field]), ...sessions.map((s) => s[field])];
    const told = new Set(all.filter((value) => value !== null));
    if (told.size !== 1) continue;
    for (const { reading } of drafts)
      if (reading[field] === null) Object.assign(reading, { [field]: [...told][0] });
  }
}

function saysSomething({ reading }: Draft): boolean {
  const { boot } = reading;
  if (reading.kind === "cma-reservation") return reading.cma.length > 0;
  if (reading.kind !== "boot-memory") return true;
  return (
    boot.ram.length > 0 ||
    boot.reserved.length > 0 ||
    boot.zoneRanges.length > 0 ||
    boot.commandLine !== null ||
    Object.keys(boot.config).length > 0 ||
    Object.keys(reading.totals).length > 0
  );
}
