/**
 * The block that show_mem() prints, from 2.6.1x on: totals in pages, nodes and zones in kB, what each zone keeps, the free lists,
 * huge pages and the last lines. Counters are read by their names, so a kernel may print more of them.
 */
import { append } from "../base/append";
import { nodeOf, zoneOf } from "./draft";
import { MEM_INFO_END } from "./read-mem-info-end";
import type { ZoneReading } from "./reading";
import { extend, type LineReader, reportFor, type Session } from "./session";
import { NODE, ZONE } from "./zone-names";

const KIB = 1024;

interface Counter {
  name: string;
  value: number;
  unit: "kB" | "pages";
}

/** More kB or pages than 64 bits address: a counter that ran below zero, or no counter. It is not read. */
const COUNTER_MOST = 2 ** 54;

/** `free:12kB`, `shmem_thp: 0kB` and, in totals, `free:3`. The last word of a line that was cut counts only with its unit. */
function countersOf(words: readonly string[], cut: boolean): Counter[] {
  const found: Counter[] = [];
  for (let i = 0; i < words.length; i++) {
    const glued = /^[\w()]{1,40}:$/.test(words[i]!) ? words[i]! + (words[i + 1] ?? "") : words[i]!;
    const counter = /^([A-Za-z_()]{1,40}):(\d{1,20})([kK]B)?$/.exec(glued);
    if (!counter || (cut && i === words.length - 1 && !counter[3])) continue;
    const value = Number(counter[2]);
    if (value <= COUNTER_MOST) found.push({ name: counter[1]!, value, unit: counter[3] ? "kB" : "pages" });
  }
  return found;
}

const TOTALS =
  /^(?:active_anon|inactive_anon|isolated_anon|active_file|inactive_file|isolated_file|unevictable|dirty|writeback|unstable|slab_reclaimable|slab_unreclaimable|mapped|shmem|pagetables|sec_pagetables|bounce|kernel_misc_reclaimable|free|free_pcp|free_cma|slab|active|inactive|buffer):\d{1,20}(?: |$)/i;

const totals: LineReader = (line, session) => {
  if (!TOTALS.test(line.text)) return null;
  const first = /^(?:active_anon|active):/i.test(line.text);
  const draft = first
    ? reportFor(session, line, "totals")
    : (session.report ?? reportFor(session, line, "totals"));
  extend(draft, line.place);
  session.section = "memory";
  for (const { name, value } of countersOf(line.text.split(" "), line.cut))
    draft.pages.set(name.toLowerCase(), value);
  return "totals of memory";
};

const header: LineReader = (line, session) => {
  if (!/^Mem-[Ii]nfo/.test(line.text)) return null;
  reportFor(session, line, "Mem-Info");
  session.open = null;
  session.section = "memory";
  return "Mem-Info";
};

const NODE_LINE = new RegExp(`^Node (${NODE}) active_anon:`);
const NODE_ALONE = new RegExp(`^Node (${NODE})$`);

const node: LineReader = (line, session) => {
  const found = NODE_LINE.exec(line.text);
  if (!found) return null;
  const draft = reportFor(session, line, `node ${found[1]}`);
  const reading = nodeOf(draft, Number(found[1]));
  for (const { name, value, unit } of countersOf(line.text.split(" "), line.cut))
    if (unit === "kB") reading.counters[name] = value * KIB;
  reading.allUnreclaimable = allUnreclaimable(line.text);
  return "memory of a node";
};

function allUnreclaimable(text: string): boolean | null {
  const found = /all_unreclaimable\? ?(yes|no)/.exec(text);
  return found ? found[1] === "yes" : null;
}

const FIELDS: Readonly<Record<string, keyof ZoneReading>> = {
  free: "freeBytes",
  min: "minBytes",
  low: "lowBytes",
  high: "highBytes",
  boost: "boostBytes",
  present: "presentBytes",
  managed: "managedBytes",
  spanned: "spannedBytes",
  reserved_highatomic: "reservedHighatomicBytes",
  free_highatomic: "freeHighatomicBytes",
  free_cma: "freeCmaBytes",
  free_pcp: "pcpBytes",
};

const ZONE_LINE = new RegExp(`^(?:Node (${NODE}) )?(${ZONE}) free:`);

const FREE = /free: ?\d{1,15}kB/i;

const zone: LineReader = (line, session) => {
  const found = ZONE_LINE.exec(line.text);
  if (!found) return null;
  const nid = found[1] ? Number(found[1]) : openNode(session);
  const draft = reportFor(session, line, `zone ${nid} ${found[2]}`);
  const reading = zoneOf(draft, nid, found[2]!);
  for (const { name, value, unit } of countersOf(line.text.split(" "), line.cut)) {
    if (unit !== "kB") continue;
    const field = FIELDS[name];
    if (field) (reading as unknown as Record<string, number>)[field] = value * KIB;
    else reading.counters[name] = value * KIB;
  }
  // Without its free memory the marks of a zone say nothing.
  if (!FREE.test(line.text)) Object.assign(reading, { minBytes: null, lowBytes: null, highBytes: null });
  session.zone = reading;
  session.open = null;
  session.section = "memory";
  return "zone";
};

/** The node that a line alone named: kernels before 4.15 print `Node 0 ` apart. */
function openNode({ open }: Session): number {
  return open?.what === "node" ? open.node : 0;
}

const nodeAlone: LineReader = (line, session) => {
  const found = NODE_ALONE.exec(line.text);
  if (!found || session.report === null) return null;
  session.open = { what: "node", node: Number(found[1]) };
  extend(session.report, line.place);
  return "zone";
};

const lowmemReserve: LineReader = (line, session) => {
  const found = /^(?:lowmem_reserve|protections)\[\]:([ \d]{0,400})/.exec(line.text);
  if (!found || !session.zone || !session.report) return found ? "lowmem reserve" : null;
  session.zone.lowmemReserve = numbersIn(found[1]!);
  session.open = { what: "lowmem", zone: session.zone };
  extend(session.report, line.place);
  return "lowmem reserve";
};

function numbersIn(text: string): number[] {
  return text
    .split(" ")
    .filter((word) => word !== "")
    .map(Number);
}

const LIST_LINE = new RegExp(`^(?:Node (${NODE}) )?(${ZONE}):(?: (?=\\d|empty)|$)`);
const LIST_WORD = /^(?:\d{1,20}\*\d{1,10}kB|\([A-Z]{1,8}\)|=|\d{1,20}kB)$/;

const freeList: LineReader = (line, session) => {
  const found = LIST_LINE.exec(line.text);
  if (!found) return null;
  const nid = found[1] ? Number(found[1]) : openNode(session);
  const draft = reportFor(session, line, `list ${nid} ${found[2]}`);
  const reading = zoneOf(draft, nid, found[2]!);
  session.open = { what: "list", zone: reading, words: [] };
  session.section = "memory";
  takeList(session, line.text.slice(found[0].length), reading, session.open.words);
  return "free list";
};

/** Words of a list as far as they are there: a list counts as whole when its total is there and is right. */
function takeList(session: Session, text: string, zone: ZoneReading, words: string[]): void {
  for (const word of text.split(" ")) if (LIST_WORD.test(word)) words.push(word);
  const counts: number[] = [];
  const types: string[] = [];
  let kib = 0;
  let total: number | null = null;
  for (const word of words) {
    const blocks = /^(\d+)\*(\d+)kB$/.exec(word);
    if (blocks) {
      const size = Number(blocks[2]);
      if (counts.length === 0) noteSmallest(session, size);
      counts.push(Number(blocks[1]));
      types.push("");
      kib += Number(blocks[1]) * size;
    } else if (word.startsWith("(")) types[types.length - 1] = word.slice(1, -1);
    else if (word !== "=") total = Number(word.slice(0, -2));
  }
  if (counts.length === 0) return;
  const whole = total === kib;
  zone.counts = whole ? counts : null;
  zone.countsCut = whole ? null : counts;
  zone.types = types.some((t) => t !== "") ? types : null;
}

/** The first number of a list is the size of a page. */
function noteSmallest(session: Session, kib: number): void {
  session.pageBytes ??= kib * KIB;
  if (session.report) session.report.reading.pageBytes ??= kib * KIB;
}

/** The longest list has 17 orders with their types; no kernel has as many zones as numbers here. */
const WORDS_MOST = 64;

/** Rests of lists that were printed piece by piece. */
const pieces: LineReader = (line, session) => {
  const { open, report } = session;
  if (!open || !report || line.text.length > 200) return null;
  const words = line.text.split(" ");
  if (
    open.what === "lowmem" &&
    line.stamped &&
    open.zone.lowmemReserve!.length < WORDS_MOST &&
    /^[\d ]{1,100}$/.test(line.text)
  ) {
    append(open.zone.lowmemReserve!, numbersIn(line.text));
    extend(report, line.place);
    return "lowmem reserve";
  }
  if (open.what === "list" && open.words.length < WORDS_MOST && words.every((word) => LIST_WORD.test(word))) {
    takeList(session, line.text, open.zone, open.words);
    extend(report, line.place);
    return "free list";
  }
  return null;
};

const PER_CPU = new RegExp(`^(?:Node (${NODE}) )?(${ZONE}) per-cpu:`);

/** Kernels up to 4.1 print the pages on the lists of each CPU. */
const perCpu: LineReader = (line, session) => {
  const found = PER_CPU.exec(line.text);
  if (found) {
    reportFor(session, line, `pcp ${found[1] ?? 0} ${found[2]}`);
    session.section = `pcp ${found[1] ?? 0} ${found[2]}`;
    return "per-CPU lists";
  }
  if (!session.section.startsWith("pcp ") || !/^(?:CPU|cpu)\s{1,5}\d/.test(line.text)) return null;
  const { report } = session;
  if (report) {
    extend(report, line.place);
    const used = line.text.match(/(?:usd|used): {0,6}\d{1,9}/g) ?? [];
    const pages = used.reduce((sum, word) => sum + Number(word.replace(/\D+/, "")), 0);
    const key = session.section.slice(4);
    report.pcpPages.set(key, (report.pcpPages.get(key) ?? 0) + pages);
  }
  return "per-CPU lists";
};

export const MEM_INFO: readonly LineReader[] = [
  header,
  zone,
  freeList,
  lowmemReserve,
  node,
  totals,
  perCpu,
  nodeAlone,
  pieces,
  ...MEM_INFO_END,
];
