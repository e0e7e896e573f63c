/** What is known while the lines of one text are read one after the other. */
import { type Draft, newDraft } from "./draft";
import type { LogLine } from "./joined-lines";
import type { Place, ReadingKind, ZoneReading } from "./reading";

/** A line whose rest may come later: kernels before 4.15 print lists piece by piece, and other CPUs print in between. */
export type Open =
  | { what: "node"; node: number }
  | { what: "lowmem"; zone: ZoneReading }
  | { what: "list"; zone: ZoneReading; words: string[] }
  | { what: "areas" };

/** Where one printer of lines is: a task or a CPU, if the lines name it. */
interface PrinterState {
  /** Failure, OOM or Mem-Info to which lines of memory belong now. */
  report: Draft | null;
  open: Open | null;
  zone: ZoneReading | null;
  /** Part of a file or report that lines without a name belong to: `zoneinfo`, `pcp`, `stack`, `zone ranges` … */
  section: string;
}

export interface Session extends PrinterState {
  source: string;
  /** Who printed the last line that names its printer, and where the others were when they printed last. */
  caller: string | null;
  printers: Map<string | null, PrinterState>;
  /** Reports whose lines lie between each other, and nothing tells whose is whose. */
  mixed: Draft[];
  /** In the order in which they begin. */
  drafts: Draft[];
  /** Files of /proc and /sys as one state. */
  files: Draft | null;
  boot: Draft | null;
  cmaBoot: Draft | null;
  cmaFailure: Draft | null;
  /** Pages that the failures of `cmaFailure` asked for. */
  cmaAskedPages: number | null;
  hugetlb: Draft | null;
  trace: Draft | null;
  /** Names of the columns of a table. */
  columns: string[];
  /** File that the last command of the text prints. */
  printed: string | null;
  /** Boots that began in the text after the first. */
  boots: number;
  release: string | null;
  arch: string | null;
  pageBytes: number | null;
  machine: string | null;
  /** Lines of a kernel without an MMU were read. */
  noMmu: boolean;
  /** Addresses that a call of vmalloc() was restricted to: the line before its report. */
  vmallocRange: [number, number] | null;
}

/** A reader of one kind of line: what it understood, or null. */
export type LineReader = (line: LogLine, session: Session) => string | null;

export function newSession(source: string): Session {
  return {
    source,
    caller: null,
    printers: new Map(),
    mixed: [],
    drafts: [],
    report: null,
    files: null,
    boot: null,
    cmaBoot: null,
    cmaFailure: null,
    cmaAskedPages: null,
    hugetlb: null,
    trace: null,
    open: null,
    zone: null,
    section: "",
    columns: [],
    printed: null,
    boots: 0,
    release: null,
    arch: null,
    pageBytes: null,
    machine: null,
    noMmu: false,
    vmallocRange: null,
  };
}

/** Lines of another printer follow: its own report goes on. */
export function printedBy(session: Session, caller: string | null): void {
  if (caller === null || caller === session.caller) return;
  const { report, open, zone, section } = session;
  session.printers.set(session.caller, { report, open, zone, section });
  session.caller = caller;
  // The first lines of a text may lack the name of their printer.
  Object.assign(
    session,
    session.printers.get(caller) ?? { report: null, open: null, zone: null, section: "" },
  );
}

export function begin(session: Session, kind: ReadingKind, place: Place): Draft {
  const draft = newDraft(kind, place, session.boots);
  draft.reading.release = session.release;
  draft.reading.arch = session.arch;
  session.drafts.push(draft);
  return draft;
}

/** A line belongs to the draft: its place grows. */
export function extend({ reading }: Draft, place: Place): void {
  if (place.first < reading.place.first) reading.place.first = place.first;
  if (place.last > reading.place.last) reading.place.last = place.last;
}

/** The parts of one report follow each other at once, even through a slow console. */
const REPORT_GAP_SECONDS = 30;

/** Lines that may lie between two parts of a report: a flood of other messages, and other CPUs' reports. */
const REPORT_GAP_LINES = 400;

function isLater(before: number | null, now: number | null): boolean {
  return before !== null && now !== null && Math.abs(now - before) > REPORT_GAP_SECONDS;
}

/** The report that a line of memory belongs to: the one before it, or a state of its own where that one is far away or full. */
export function reportFor(session: Session, line: LogLine, part: string): Draft {
  const { report } = session;
  const far =
    report !== null &&
    (line.place.first - report.reading.place.last > REPORT_GAP_LINES ||
      isLater(report.seconds, line.seconds));
  if (report === null || far || report.filled.has(part)) {
    const other = report === null || far ? undefined : mixedWith(session, report, part);
    session.report = other ?? begin(session, "memory-state", line.place);
    session.open = null;
  }
  const draft = session.report!;
  draft.filled.add(part);
  extend(draft, line.place);
  return draft;
}

const hasLists = ({ filled }: Draft) => [...filled].some((part) => part.startsWith("list "));

/**
 * The report that a repeated part belongs to if two are printed at once: memory begins anew before the report has come to its
 * free lists, while an earlier one still waits for its memory.
 */
function mixedWith(session: Session, report: Draft, part: string): Draft | undefined {
  if (!session.mixed.includes(report)) {
    if (hasLists(report)) return undefined;
    const waiting = session.drafts
      .slice(-8)
      .find(
        (draft) => isRefused(draft) && draft !== report && draft.filled.size === 0 && isNear(draft, report),
      );
    if (waiting === undefined || !isRefused(report)) return undefined;
    session.mixed = [waiting, report];
    for (const { reading } of session.mixed) reading.mixed = true;
  }
  return session.mixed.find((draft) => !draft.filled.has(part));
}

/** Whether it is the report of a request: a failure, or the OOM killer. */
export const isRefused = ({ reading }: Draft) =>
  reading.kind === "page-allocation-failure" || reading.kind === "oom";

const isNear = (before: Draft, report: Draft) =>
  report.reading.place.first - before.reading.place.last <= REPORT_GAP_LINES &&
  !isLater(before.seconds, report.seconds);

/** The state of files of /proc; another one where the same part comes twice (before and after). */
export function filesFor(session: Session, line: LogLine, part: string): Draft {
  if (session.files === null || session.files.filled.has(part))
    session.files = begin(session, "memory-state", line.place);
  session.files.filled.add(part);
  extend(session.files, line.place);
  return session.files;
}

/** The draft of a kind that the text has at most once per boot. */
export function bootDraft(
  session: Session,
  which: "boot" | "cmaBoot" | "hugetlb",
  kind: ReadingKind,
  place: Place,
): Draft {
  session[which] ??= begin(session, kind, place);
  extend(session[which], place);
  return session[which];
}
