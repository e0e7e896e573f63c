/** /proc/zoneinfo: watermarks, sizes, reserves, per-CPU lists and counters of each zone, all in pages. */
import { type Draft, nodeOf, zoneOf } from "./draft";
import type { NodeReading, ZoneReading } from "./reading";
import { filesFor, type LineReader, type Session } from "./session";
import { NODE, ZONE } from "./zone-names";

const ZONE_LINE = new RegExp(`^Node\\s{1,6}(${NODE}), zone\\s{1,12}(${ZONE})$`);

const zoneLine: LineReader = (line, session) => {
  const found = ZONE_LINE.exec(line.text);
  if (!found) return null;
  const [node, name] = [Number(found[1]), found[2]!];
  const draft = filesFor(session, line, `zoneinfo ${node} ${name}`);
  session.zone = zoneOf(draft, node, name);
  draft.zonesInPages.add(session.zone);
  session.section = "zoneinfo";
  return "/proc/zoneinfo";
};

const FIELDS: Readonly<Record<string, keyof ZoneReading>> = {
  "pages free": "freeBytes",
  min: "minBytes",
  low: "lowBytes",
  high: "highBytes",
  boost: "boostBytes",
  spanned: "spannedBytes",
  present: "presentBytes",
  managed: "managedBytes",
};

/** Counters of events, and those that are not in pages. */
const NO_PAGES =
  /^(?:numa_|workingset_|nr_vmscan_|nr_dirtied|nr_written|nr_foll_pin|nr_throttled|pgpromote|pgdemote|nr_kernel_stack|nr_shadow_call_stack|nr_dirty_threshold|nr_dirty_background|nr_unaccepted$)/;

const zoneinfo: LineReader = (line, session) => {
  if (!session.section.startsWith("zoneinfo") || session.zone === null || session.files === null) return null;
  const { zone, files } = session;
  const found = readZoneLine(line.text, session, zone) || readCounter(line.text, session, files, zone);
  if (!found) return null;
  const { place } = files.reading;
  place.last = Math.max(place.last, line.place.last);
  return "/proc/zoneinfo";
};

function readZoneLine(text: string, session: Session, zone: ZoneReading): boolean {
  if (/^pagesets?$/.test(text)) {
    session.section = "zoneinfo pcp";
    zone.pcpBytes = 0;
    return true;
  }
  if (/^per-node stats$/.test(text)) {
    session.section = "zoneinfo node";
    return true;
  }
  const protection = /^protection: \(([\d, ]{0,400})\)$/.exec(text);
  if (protection) {
    zone.lowmemReserve = protection[1]!
      .split(",")
      .filter((n) => n.trim() !== "")
      .map(Number);
    return true;
  }
  const start = /^start_pfn:\s{1,16}(\d{1,20})$/.exec(text);
  if (start) {
    zone.startPfn = Number(start[1]);
    session.section = "zoneinfo end";
    return true;
  }
  const inPcp = session.section === "zoneinfo pcp";
  const count = inPcp ? /^count:\s{1,16}(\d{1,12})$/.exec(text) : null;
  if (count) zone.pcpBytes = (zone.pcpBytes ?? 0) + Number(count[1]);
  return (
    count !== null ||
    /^(?:cpu: ?\d|high:|high_min:|high_max:|batch:|vm stats threshold:|node_unreclaimable:|all_unreclaimable:|node_inactive_ratio|inactive_ratio:|prev_priority:|scanned|cma {1,8}\d|promo)/.test(
      text,
    )
  );
}

/** `min 67`, `nr_free_pages 3962`, in the part of the node or of the zone. */
function readCounter(text: string, session: Session, files: Draft, zone: ZoneReading): boolean {
  const found = /^((?:pages )?[a-z_0-9]{2,48})\s{1,24}(\d{1,20})$/.exec(text);
  if (!found) return false;
  const [name, value] = [found[1]!, Number(found[2])];
  const field = FIELDS[name];
  // A counter behind the end of a zone belongs to /proc/vmstat.
  if (session.section === "zoneinfo end" && !field) return false;
  if (field) {
    session.section = "zoneinfo zone";
    (zone as unknown as Record<string, number>)[field] = value;
    return true;
  }
  if (name === "nr_free_cma") zone.freeCmaBytes = value;
  else if (name === "nr_free_pages" && zone.freeBytes === 0) zone.freeBytes = value;
  else if (!NO_PAGES.test(name)) keep(name, value, session, files, zone);
  return true;
}

function keep(name: string, value: number, session: Session, files: Draft, zone: ZoneReading): void {
  let owner: NodeReading | ZoneReading = zone;
  if (session.section === "zoneinfo node") {
    owner = nodeOf(files, zone.node);
    files.nodesInPages.add(owner);
  }
  owner.counters[name.replace(/^nr_(?:zone_)?/, "")] = value;
}

export const ZONEINFO: readonly LineReader[] = [zoneLine, zoneinfo];
