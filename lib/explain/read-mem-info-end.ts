/** The last lines of a Mem-Info block: huge pages, swap, totals of the machine, and who allocated most. */
import type { LogLine } from "./joined-lines";
import { extend, type LineReader, reportFor, type Session } from "./session";
import { NODE } from "./zone-names";

const KIB = 1024;

const HUGE = new RegExp(
  `^Node (${NODE}) hugepages_total=(\\d{1,12}) hugepages_free=(\\d{1,12}) hugepages_surp=(\\d{1,12}) hugepages_size=(\\d{1,12})kB`,
);

const hugePages: LineReader = (line, session) => {
  const found = HUGE.exec(line.text);
  if (!found) return null;
  const [node, total, free, surplus, kib] = found.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const draft = reportFor(session, line, `huge ${node} ${kib}`);
  draft.reading.hugetlb.push({
    node,
    pageBytes: kib * KIB,
    total,
    free,
    surplus,
    reserved: null,
    asked: null,
  });
  return "huge pages";
};

/** Last lines: the name under which each total is kept. */
const TRAILERS: Readonly<Record<string, string>> = {
  "total pagecache pages": "total pagecache pages",
  "pages in swap cache": "pages in swap cache",
  "pages swap cached": "pages swap cached",
  "pages Vmalloc Total": "pages Vmalloc Total",
  "pages Vmalloc Used": "pages Vmalloc Used",
  "swap cached pages": "pages in swap cache",
  "pages RAM": "pages RAM",
  "pages of RAM": "pages RAM",
  "pages HighMem/MovableOnly": "pages HighMem/MovableOnly",
  "pages HighMem": "pages HighMem/MovableOnly",
  "pages of HIGHMEM": "pages HighMem/MovableOnly",
  "pages reserved": "pages reserved",
  "reserved pages": "pages reserved",
  "pages cma reserved": "pages cma reserved",
  "pages hwpoisoned": "pages hwpoisoned",
  "pages shared": "pages shared",
  "shared pages": "pages shared",
  "pages non-shared": "pages non-shared",
  "pages in page table cache": "pages in page table cache",
  "pages in pagetable cache": "pages in page table cache",
  "free pages": "free pages",
  "slab pages": "slab pages",
  "pages of slab": "slab pages",
  "pages dirty": "pages dirty",
  "pages writeback": "pages writeback",
  "pages mapped": "pages mapped",
  "pages slab": "slab pages",
  "pages pagetables": "pages pagetables",
};

const trailer: LineReader = (line, session) => {
  const found =
    /^(\d{1,15}) ([A-Za-z /-]{4,40})$/.exec(line.text) ??
    /^(\d{1,15}) (pages [A-Za-z/]{3,30})\b/.exec(line.text);
  const name = found ? TRAILERS[found[2]!.trim()] : undefined;
  if (found && name !== undefined) {
    const draft = reportFor(session, line, `trailer ${name}`);
    draft.pages.set(name, Number(found[1]));
    session.open = null;
    return "last lines of memory";
  }
  const swap = /^(Free|Total) swap\s{0,3}[=:]\s{0,20}(\d{1,15})kB/.exec(line.text);
  if (swap) {
    const draft = session.report ?? reportFor(session, line, "swap");
    extend(draft, line.place);
    draft.reading.totals[`${swap[1]} swap`] = Number(swap[2]) * KIB;
    return "last lines of memory";
  }
  return /^(?:Swap cache(?: stats)?: add|Free pages: {1,12}\d|Vmalloc (?:Total|Used)|Percpu pages|HardwareCorrupted)/.test(
    line.text,
  )
    ? mark(session, line, "last lines of memory")
    : null;
};

function mark(session: Session, line: LogLine, what: string): string {
  if (session.report) extend(session.report, line.place);
  return what;
}

/** CONFIG_MEM_ALLOC_PROFILING lists the largest users since 6.10. */
const allocations: LineReader = (line, session) => {
  if (/^Memory allocations:/.test(line.text)) return mark(session, line, "largest users");
  return /^[\d.]{1,8} ?(?:[KMGT]?i?B)\s{1,9}\d{1,12} \S{1,200}:\d{1,6} .{0,100}func:/.test(line.text)
    ? mark(session, line, "largest users")
    : null;
};

export const MEM_INFO_END: readonly LineReader[] = [hugePages, trailer, allocations];
