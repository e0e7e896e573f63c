/** /proc/meminfo, /proc/vmstat and /proc/slabinfo, and the lists of tasks and slabs in OOM reports. */
import { type Draft, nodeOf } from "./draft";
import type { LogLine } from "./joined-lines";
import type { GroupLimit, OomReading } from "./reading";
import { begin, extend, filesFor, type LineReader, type Session } from "./session";
import { NODE } from "./zone-names";

const KIB = 1024;
const HUGE: Readonly<Record<string, "total" | "free" | "reserved" | "surplus">> = {
  HugePages_Total: "total",
  HugePages_Free: "free",
  HugePages_Rsvd: "reserved",
  HugePages_Surp: "surplus",
};

/** Keys with which people begin a part of the file. */
const PART =
  /^(?:MemFree|MemAvailable|Cma(?:Total|Free)|HugePages_\w{4,5}|Hugepagesize|Hugetlb|Slab|SReclaimable|SUnreclaim|Swap(?:Total|Free)|(?:High|Low)(?:Total|Free)|PageTables|KernelStack|DirectMap\w{2,4})$/;

const MEMINFO = new RegExp(
  `^(?:Node (${NODE}) )?([A-Z][\\w]{1,30}(?:\\([a-z_]{1,12}\\))?):\\s{1,24}(\\d{1,15})( kB)?$`,
);

const meminfo: LineReader = (line, session) => {
  const found = MEMINFO.exec(line.text);
  if (!found) return null;
  const [name, value] = [found[2]!, Number(found[3])];
  const node = found[1] === undefined ? null : Number(found[1]);
  if (name === "MemTotal") {
    filesFor(session, line, `meminfo ${node ?? ""}`);
    session.section = "meminfo";
  } else if (session.section !== "meminfo" || session.files === null) {
    if (!PART.test(name)) return null;
    filesFor(session, line, `meminfo ${node ?? ""} ${name}`);
    session.section = "meminfo";
  }
  const files = session.files!;
  extend(files, line.place);
  if (name in HUGE || name === "Hugepagesize") return hugePages(session, name, value, node);
  if (node !== null) nodeOf(files, node).counters[name] = value * KIB;
  else if (found[4]) files.reading.totals[name] = value * KIB;
  return "/proc/meminfo";
};

/** The default size of huge pages stands behind the four numbers; files of nodes do not tell it. */
function hugePages(session: Session, name: string, value: number, node: number | null): string {
  const { unsized, reading } = session.files!;
  const field = HUGE[name];
  let pool = unsized.get(node);
  if (field && !pool) {
    pool = { node, pageBytes: 0, total: 0, free: 0, surplus: null, reserved: null, asked: null };
    unsized.set(node, pool);
    reading.hugetlb.push(pool);
  }
  if (pool && field) pool[field] = value;
  if (name === "Hugepagesize" && value > 0) {
    for (const one of unsized.values()) one.pageBytes = value * KIB;
    unsized.clear();
  }
  return "/proc/meminfo";
}

const vmstat: LineReader = (line, session) => {
  const found = /^([a-z][a-z0-9_]{2,60}) (\d{1,20})$/.exec(line.text);
  if (!found) return null;
  if (found[1] === "nr_free_pages") {
    filesFor(session, line, "vmstat");
    session.section = "vmstat";
  } else if (session.section !== "vmstat" || session.files === null) return null;
  extend(session.files!, line.place);
  session.files!.reading.vmstat[found[1]!] = Number(found[2]);
  return "/proc/vmstat";
};

const SLAB_ROW =
  /^(\S{1,80})\s{1,40}(\d{1,12})\s{1,12}(\d{1,12})\s{1,12}(\d{1,12})\s{1,12}\d{1,12}\s{1,12}(\d{1,6}) : tunables.{0,60}: slabdata\s{1,12}\d{1,12}\s{1,12}(\d{1,12})/;

const slabinfo: LineReader = (line, session) => {
  if (/^(?:slabinfo - version|# ?name {0,20}<active_objs>)/.test(line.text)) {
    if (line.text.startsWith("slabinfo")) filesFor(session, line, "slabinfo");
    session.section = "slabinfo";
    return "/proc/slabinfo";
  }
  const found = session.section === "slabinfo" ? SLAB_ROW.exec(line.text) : null;
  if (!found) return null;
  const files = session.files ?? filesFor(session, line, "slabinfo");
  extend(files, line.place);
  const [used, , objectBytes, pagesEach, slabs] = found.slice(2).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const pageBytes = session.pageBytes ?? 4096;
  files.reading.slabs.push({
    name: found[1]!,
    usedBytes: used * objectBytes,
    totalBytes: slabs * pagesEach * pageBytes,
  });
  return "/proc/slabinfo";
};

const OOM_HEADERS =
  /^(?:Unreclaimable slab info:|Tasks state \(|Name\s{1,40}Used\s{1,20}Total|\[\s{0,4}pid\s{0,6}\] )/;

/** Tables of an OOM report: unreclaimable slabs, and tasks. */
const tables: LineReader = (line, session) => {
  const { report } = session;
  if (OOM_HEADERS.test(line.text)) {
    session.section = /^(?:Unr|Name)/.test(line.text) ? "slabs" : "tasks";
    if (report) extend(report, line.place);
    return session.section === "slabs" ? "slabs of an OOM report" : "tasks of an OOM report";
  }
  if (!report) return null;
  const slab =
    session.section === "slabs"
      ? /^(\S.{0,60}?)\s{1,40}(\d{1,12})KB\s{1,20}(\d{1,12})KB$/.exec(line.text)
      : null;
  if (slab) {
    const [usedBytes, totalBytes] = [Number(slab[2]) * KIB, Number(slab[3]) * KIB];
    report.reading.slabs.push({ name: slab[1]!, usedBytes, totalBytes });
    extend(report, line.place);
    return "slabs of an OOM report";
  }
  if (session.section === "cgroup" && /^[a-z_]{2,40} \d{1,20}$/.test(line.text)) {
    extend(report, line.place);
    return "memory of a cgroup";
  }
  if (!/^\[\s{0,8}\d{1,9}\]\s{1,12}\d/.test(line.text)) return null;
  extend(report, line.place);
  return "tasks of an OOM report";
};

/** Lines in which the kernel says that it killed a process belong to one report. */
const OOM_GAP_LINES = 400;

/** A draft has lines of its own, so older ones end farther away; but for those that other printers still fill. */
const DRAFTS_NEAR = 400;

/** Drafts that end shortly before a line. */
function draftsNear({ drafts }: Session, { place: { first } }: LogLine): Draft[] {
  const latest = drafts.slice(-DRAFTS_NEAR);
  return latest.filter(
    ({ reading: { place } }) => first - place.last <= OOM_GAP_LINES && place.first < first,
  );
}

/** The OOM report that a line belongs to if the report has another printer, or only its last lines are in the text. */
function oomAlone(line: LogLine, session: Session): Draft | null {
  if (!/^(?:Memory cgroup o|O)ut of memory\b.{0,40}[Kk]ill(?:ed)? process \d/.test(line.text)) return null;
  const near = draftsNear(session, line);
  const open = near.find(({ reading }) => reading.oom !== null && reading.oom.killed === null);
  if (open) return open;
  if (near.some(({ reading }) => reading.kind === "memory-state")) return null;
  const draft = begin(session, "oom", line.place);
  draft.reading.oom = { constraint: null, memcg: false, killed: null };
  return draft;
}

const GROUP_LIMIT = /^(memory|memory\+swap|kmem|swap): usage (\d{1,18})kB, limit (\d{1,18})kB/;
const GROUP_PATH =
  /\boom_memcg=([^,\s]{1,200})|^Task in \S{1,200} killed as a result of limit of (\S{1,200})|^Memory cgroup stats for ([^:\s]{1,200}):/;

/** mm/memcontrol.c mem_cgroup_print_oom_meminfo() and its predecessors. */
function takeGroup(oom: OomReading, text: string): void {
  const limit = GROUP_LIMIT.exec(text);
  const path = GROUP_PATH.exec(text);
  if (!limit && !path) return;
  oom.group ??= { path: null, limits: [] };
  // The line at the end names the group for sure; statistics can be those of a group below it.
  if (path) oom.group.path = path[1] ?? oom.group.path ?? path[2] ?? path[3] ?? null;
  const of = limit?.[1] as GroupLimit["of"] | undefined;
  if (of !== undefined && !oom.group.limits.some((known) => known.of === of))
    oom.group.limits.push({ of, usageBytes: Number(limit![2]) * 1024, limitBytes: Number(limit![3]) * 1024 });
}

const constraint: LineReader = (line, session) => {
  const { report } = session;
  const { text } = line;
  const isEnd =
    /^(?:oom-kill:|Out of [Mm]emory|Killed process|Memory cgroup out of memory|oom_reaper: |Task in \S|memory(?:\+swap)?: usage|kmem: usage|swap: usage|Memory cgroup stats|Kernel panic - not syncing: (?:Out of memory|System is deadlocked))/.test(
      text,
    ) || /^\S{1,60}: (?:Killed process|OOM victim)/.test(text);
  if (!isEnd) return null;
  if (/^Memory cgroup stats/.test(text)) session.section = "cgroup";
  const draft = report?.reading.oom ? report : oomAlone(line, session);
  const oom = draft?.reading.oom;
  if (!draft || !oom) return "OOM report";
  extend(draft, line.place);
  oom.constraint = /constraint=(\w{1,40})/.exec(text)?.[1] ?? oom.constraint;
  oom.memcg ||=
    /^(?:Memory cgroup|Task in|memory: usage)/.test(text) || oom.constraint === "CONSTRAINT_MEMCG";
  takeGroup(oom, text);
  const killed = /[Kk]ill(?:ed)? process (\d{1,9}),? \(?([^),]{1,64})/.exec(text);
  if (killed) oom.killed = { task: killed[2]!, pid: Number(killed[1]) };
  draft.reading.nodemask ??= /nodemask=([\d,-]{1,200})(?:,|$)/.exec(text)?.[1]?.replace(/,$/, "") ?? null;
  draft.reading.memsAllowed ??= /mems_allowed=([\d,-]{1,200})/.exec(text)?.[1]?.replace(/,$/, "") ?? null;
  return "OOM report";
};

export const COUNTERS: readonly LineReader[] = [meminfo, vmstat, slabinfo, tables, constraint];
