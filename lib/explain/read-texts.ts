/**
 * Reads what people have of a machine: logs, files of /proc and /sys, kernel configurations, traces. Nothing is concluded here and
 * nothing that a text says is run. The lines follow the kernel's own printing code: mm/page_alloc.c and mm/show_mem.c, mm/oom_kill.c,
 * mm/vmalloc.c, mm/cma.c, mm/hugetlb.c, mm/vmstat.c, drivers/of/of_reserved_mem.c and the architectures' boot, from 2.6.32 to 7.x.
 */
import { type Draft, finished } from "./draft";
import { type LogLine, logLines } from "./joined-lines";
import { BOOT } from "./read-boot";
import { CONTIGUOUS } from "./read-contiguous";
import { COUNTERS } from "./read-counters";
import { FREE_LISTS } from "./read-free-lists";
import { HEADLINES } from "./read-headlines";
import { HUGETLB } from "./read-hugetlb";
import { MEM_INFO } from "./read-mem-info";
import { NOTICES } from "./read-notices";
import { OTHER_FILES } from "./read-other-files";
import { STACKS } from "./read-stack";
import { ZONEINFO } from "./read-zoneinfo";
import type { Place, Reading, ZoneReading } from "./reading";
import { isRefused, type LineReader, newSession, printedBy, type Session } from "./session";
import { sharedDrafts } from "./shared-context";
import type { InputText } from "./text-lines";

/** Lines of one kind that were understood. */
export interface Understood {
  /** `free list`, `call trace`, `/proc/buddyinfo` … */
  what: string;
  lines: number;
  /** From the first such line to the last. */
  place: Place;
}

/** What texts say. */
export interface TextReadings {
  /** In the order of the texts, and in each in the order of their first lines. */
  readings: Reading[];
  /** Lines outside of reports that were not understood. */
  passedOver: Place[];
  understood: Understood[];
  /** What was left once `REPORTS_MOST` reports were read: from that line on of each text. */
  unread: Place[];
  /** The texts themselves: the boot engine reads machines from them. */
  inputs: readonly InputText[];
}

/** A part of a text that was not read, and why. */
export const leftOver = ({ source, first, last }: Place): { name: string; why: string } => ({
  name: source,
  why: `lines ${first} to ${last}: only the first ${REPORTS_MOST} reports are read`,
});

/** The order matters only where lines have the same shape; rows of /proc files come last. */
const READERS: readonly LineReader[] = [
  ...MEM_INFO,
  ...NOTICES,
  ...HEADLINES,
  ...CONTIGUOUS,
  ...HUGETLB,
  ...BOOT,
  ...FREE_LISTS,
  ...ZONEINFO,
  ...COUNTERS,
  ...OTHER_FILES,
  ...STACKS,
];

/** Reports of one call. Each costs time, however short it is, and nobody reads so many answers. */
export const REPORTS_MOST = 20_000;

/** Readings of all texts. They are taken as texts of one machine: files of /proc add up to one state. */
export function readTexts(inputs: readonly InputText[]): TextReadings {
  const understood = new Map<string, Understood>();
  const unknown: Place[] = [];
  const unread: Place[] = [];
  let begun = 0;
  const sessions = inputs.map((input) => {
    const session = readText(input, { understood, unknown, unread, most: REPORTS_MOST - begun });
    begun += session.drafts.length;
    return session;
  });
  const readings = sharedDrafts(sessions).map(finished);
  return {
    readings,
    passedOver: [...giveToReports(readings, unknown), ...unread],
    understood: [...understood.values()],
    unread,
    inputs,
  };
}

/** What the reading of one text adds to, and how many reports it may begin. */
interface Progress {
  understood: Map<string, Understood>;
  unknown: Place[];
  unread: Place[];
  most: number;
}

function readText(input: InputText, { understood, unknown, unread, most }: Progress): Session {
  const session = newSession(input.name);
  const lines = logLines(input);
  for (const line of lines) {
    if (line.text === "") {
      if (session.section === "zoneinfo end" || session.section === "vmstat") session.section = "";
      continue;
    }
    if (line.command !== null) {
      takeCommand(session, line.command);
      continue;
    }
    printedBy(session, line.caller);
    const what = readLine(line, session);
    if (session.drafts.length > most) {
      session.drafts.pop();
      unread.push({ ...line.place, last: lines.at(-1)!.place.last });
      break;
    }
    const { report } = session;
    if (report && line.seconds !== null && report.reading.place.last === line.place.last)
      report.seconds = line.seconds;
    if (what === null) passOver(unknown, line.place);
    else note(understood, what, line.place);
  }
  for (const { report, open } of [session, ...session.printers.values()])
    if (report && open?.what === "lowmem") dropCutReserve(report.reading.zones, open.zone);
  if (session.drafts.some((draft) => isRefused(draft) && !isKillAlone(draft)))
    session.drafts = session.drafts.filter((draft) => !isKillAlone(draft));
  return session;
}

/** A line about a killed process without its report: it counts only if the text has no report at all. */
function isKillAlone({ reading }: Draft): boolean {
  const { kind, order, gfp, zones, stack } = reading;
  return (
    kind === "oom" &&
    order === null &&
    gfp.text === null &&
    gfp.value === null &&
    zones.length + stack.length === 0
  );
}

/** A report that ends with a row of lowmem_reserve[] may end within it: it is whole if another row is as long. */
function dropCutReserve(zones: readonly ZoneReading[], last: ZoneReading): void {
  const length = last.lowmemReserve?.length;
  if (!zones.some((zone) => zone !== last && zone.lowmemReserve?.length === length))
    last.lowmemReserve = null;
}

/** A command names the file that the next lines come from. */
function takeCommand(session: Session, command: string): void {
  session.printed = command === "" ? null : command;
  session.section = "";
  session.zone = null;
}

function readLine(line: LogLine, session: Session): string | null {
  for (const read of READERS) {
    const what = read(line, session);
    if (what !== null) return what;
  }
  return null;
}

function passOver(unknown: Place[], { source, first, last }: Place): void {
  const before = unknown.at(-1);
  if (before && before.source === source && before.last + 1 >= first)
    before.last = Math.max(before.last, last);
  else unknown.push({ source, first, last });
}

function note(understood: Map<string, Understood>, what: string, place: Place): void {
  const key = `${place.source}\n${what}`;
  const entry = understood.get(key);
  if (entry) {
    entry.lines += place.last - place.first + 1;
    entry.place.last = Math.max(entry.place.last, place.last);
  } else understood.set(key, { what, lines: place.last - place.first + 1, place: { ...place } });
}

const OWN_LINES: readonly Reading["kind"][] = ["page-allocation-failure", "oom", "memory-state"];

/** Lines that were not understood and lie within a report go to that report; the others are left. */
function giveToReports(readings: readonly Reading[], unknown: readonly Place[]): Place[] {
  const bySource = new Map<string, Reading[]>();
  for (const reading of readings) {
    if (!OWN_LINES.includes(reading.kind)) continue;
    const { source } = reading.place;
    const list = bySource.get(source);
    if (list) list.push(reading);
    else bySource.set(source, [reading]);
  }
  for (const list of bySource.values()) list.sort((a, b) => a.place.first - b.place.first);
  return unknown.filter((place) => {
    const owner = ownerOf(bySource.get(place.source) ?? [], place);
    owner?.passedOver.push(place);
    return owner === undefined;
  });
}

/** Reports begin one after the other, so only the last one that begins before a line, or the one before, can hold it. */
function ownerOf(reports: readonly Reading[], { first }: Place): Reading | undefined {
  let [low, high] = [0, reports.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (reports[middle]!.place.first <= first) low = middle + 1;
    else high = middle;
  }
  return [reports[low - 1], reports[low - 2]].find((r) => r !== undefined && r.place.last >= first);
}
