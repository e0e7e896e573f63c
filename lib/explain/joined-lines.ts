/**
 * Lines that mail programs, terminals and loggers wrapped are put together again. Where a line carries a time or a level, the lines
 * without one behind it are its rest; elsewhere a line that no kernel begins a line with is the rest of a long one before it.
 */
import { type CleanLine, cleanLines } from "./line-prefix";
import type { Place } from "./reading";
import { type InputText, rawLines } from "./text-lines";

/** A line as the kernel wrote it. */
export interface LogLine {
  text: string;
  place: Place;
  stamped: boolean;
  /** See `CleanLine`. */
  seconds: number | null;
  /** See `CleanLine`. */
  caller: string | null;
  indented: boolean;
  cut: boolean;
  /** See `CleanLine`. */
  command: string | null;
}

/** A line is wrapped where its next word would end behind this column: narrower wraps are rare, and prose is ignored anyway. */
const WRAP_COLUMN_LEAST = 60;
const JOINED_CHARACTERS_MOST = 16384;
const JOINED_LINES_MOST = 64;

/** How a line of the kernel's memory reports, boot and files of /proc begins. */
const BEGINNINGS: readonly RegExp[] = [
  /^Node\s{1,4}\d{1,4}[\s,]/,
  /^(?:DMA|DMA32|Normal|HighMem|Movable|Device)(?::| free:| per-cpu| zone|\s{1,9}\[mem|\s{1,9}empty|\s{1,9}0x)/,
  /^(?:Mem-[Ii]nfo|lowmem_reserve|protections\[|[Aa]ctive(?:_anon)?:\d{1,15}(?: |$)|Call [Tt]race|Backtrace)/,
  /^(?:[0-9a-f]{8}|[0-9a-f]{16})(?: (?:[0-9a-f]{8}|[0-9a-f]{16}))*$/,
  /^(?:CPU[ :]\s{0,4}\d|Pid:|Hardware name|Workqueue:|\[<|\[[0-9a-f]{8,16}\]|\[\s{0,8}\d{1,9}\]|\[\s{0,4}pid|Stack :|Modules linked)/,
  /^(?:Free swap|Total swap|Swap cache|\d{1,12} (?:pages|total pagecache|reserved pages|swap|slab)|Tasks state)/,
  /^(?:Out of memory|oom-kill|oom_reaper|Killed process|Memory cgroup|Unreclaimable slab|memory: usage|SLUB:|SLAB:)/,
  /^(?:cma: |CMA|HugeTLB|hugetlb|Memory:|Zone (?:ranges|PFN)|Early memory|Movable zone|Kernel command|Command line)/,
  /^(?:Linux version|Booting|Machine|DMI:|OF:|Reserved memory|BIOS-|e820|efi:|EFI|memblock|MEMBLOCK|reserved\[|memory\[)/,
  /^(?:RIP|EIP|R[A-D89S1][\dXIPS]{1,2}:|E(?:[A-D]X|[SD]I|[BSI]P):|Code:|---|===|<\/?(?:TASK|IRQ|NMI|EOI|SOFTIRQ|#)|\? [\w.]{1,99}\+0x)/,
  /^\.?[A-Za-z_$][\w.$]{0,160}\+0x[0-9a-f]{1,8}\/0x/,
  /^[\w.$]{1,120} from [\w.$]{1,120}/,
  /^(?:pages free|per-node stats|pagesets|Page block order|Pages per block|Free pages count|Number of|slabinfo)/,
  /^[A-Z]\w{2,30}(?:\([a-z_]{1,12}\))?:\s{1,20}\d{1,15}(?: kB)?$/,
  /^(?:CONFIG_\w|# CONFIG_\w|nr_\w)/,
  /^[\da-f]{4,16}-[\da-f]{4,16} : /,
  /^.{1,80}?(?:: page allocation|: vmalloc| invoked oom-killer)/,
];

/** Whether a line begins as the kernel begins one. */
function begins(text: string): boolean {
  const head = text.slice(0, 400);
  return BEGINNINGS.some((b) => b.test(head));
}

/** Lines of a text as the kernel wrote them. */
export function logLines(input: InputText): LogLine[] {
  const lines = cleanLines(rawLines(input));
  const hardColumn = hardWrapColumn(lines);
  const found: LogLine[] = [];
  for (let from = 0; from < lines.length; ) {
    const { number, stamped, seconds, caller, indented, command } = lines[from]!;
    const { text, to } = joined(lines, from, hardColumn);
    const last = lines[to - 1]!;
    found.push({
      text,
      place: { source: input.name, first: number, last: last.number },
      stamped,
      seconds,
      caller,
      indented,
      cut: last.cut,
      command,
    });
    from = to;
  }
  return found;
}

function joined(lines: readonly CleanLine[], from: number, hardColumn: number) {
  let text = lines[from]!.text;
  let to = from + 1;
  const known = begins(text);
  while (to < lines.length && to - from < JOINED_LINES_MOST && text.length < JOINED_CHARACTERS_MOST) {
    const before = lines[to - 1]!;
    const next = lines[to]!;
    if (!isRest(lines[from]!, known, before, next)) break;
    text += glue(text, before, next, hardColumn) + next.text;
    to++;
  }
  return { text, to };
}

/** Whether `next` is the rest of the line that `first` begins and of which `before` was the last part. */
function isRest(first: CleanLine, known: boolean, before: CleanLine, next: CleanLine): boolean {
  if (next.stamped || next.text === "" || next.command !== null || first.command !== null) return false;
  if (before.text === "") return first.stamped && before === first;
  if (before === first && WHOLE_LINE.test(first.text)) return false;
  if (!first.stamped && !known) return false;
  if (/ from$/.test(before.text)) return true;
  if (begins(next.text)) return false;
  if (!first.stamped && OF_A_SUBSYSTEM.test(next.text)) return false;
  if (ROW_OF_PROC.test(first.text)) return /^[\d\s>]{1,400}$/.test(next.text);
  if (OF_MEMORY.test(first.text) && isRestOfMemory(next.text)) return true;
  const word = next.text.indexOf(" ");
  return before.width + 1 + (word < 0 ? next.text.length : word) >= WRAP_COLUMN_LEAST;
}

/** `percpu: Embedded …`; names of counters and of the task stand within lines. */
const OF_A_SUBSYSTEM = /^(?!Comm: )[A-Za-z][\w.+-]{1,30}: (?!\d{1,20}kB)/;
/** Lines that end where the kernel ends them: what follows is a poster's own text. */
const WHOLE_LINE =
  /^\d{1,15} (?:total pagecache pages|pages (?:RAM|reserved|HighMem\/MovableOnly|hwpoisoned|cma reserved|in swap cache))$|^(?:Free|Total) swap {0,2}= \d{1,15}kB$|hugepages_size=\d{1,12}kB$|^Mem-[Ii]nfo:$|^Call [Tt]race:$| = \d{1,15}kB$|all_unreclaimable\? (?:yes|no)$|\+0x[0-9a-f]{1,8}\/0x[0-9a-f]{1,8}(?: \[\w{1,60}\])?$/;
const ROW_OF_PROC = /^Node\s{1,6}\d{1,4}, zone/;
const OF_MEMORY =
  /^(?:Node \d{1,4} )?(?:active_anon:|(?:DMA|DMA32|Normal|HighMem|Movable|Device)(?::| free:))/;

/** Counters, blocks, their types and the unit of a number cut from it stand in no line's beginning but that of a rest. */
function isRestOfMemory(text: string): boolean {
  const word = text.slice(0, 64).split(" ")[0]!;
  return COUNTER.test(word) || BLOCKS.test(word) || TYPES.test(word) || /^(?:=|\d{0,20}[kK]B)$/.test(word);
}

const COUNTER = /^[\w()]{1,40}:\d{1,20}[kK]B$/;
const PAGES = /^[\w()]{1,40}:\d{1,20}$/;
const BLOCKS = /^\d{1,20}\*\d{1,10}kB$/;
const TYPES = /^\([A-Z]{1,7}\)$/;
/** Words that stand alone in memory reports. */
const WHOLE = /^(?:DMA|DMA32|Normal|HighMem|Movable|Device|Node|free|=|no|yes|\S{1,40}:|\S{1,40}\?)$/;

function isWhole(word: string): boolean {
  return COUNTER.test(word) || BLOCKS.test(word) || TYPES.test(word) || WHOLE.test(word);
}

/** Whether a word was cut between two lines: its halves are no words of a memory report, but the two together are one. */
function cutsWord(text: string, next: string): boolean {
  const a = text
    .slice(Math.max(0, text.length - 64))
    .split(" ")
    .pop()!;
  const b = next.slice(0, 64).split(" ")[0]!;
  const both = a + b;
  if (isWhole(a) || a === "" || b === "") return false;
  if (BLOCKS.test(both) || TYPES.test(both)) return true;
  return COUNTER.test(both) && !PAGES.test(b);
}

function glue(text: string, before: CleanLine, next: CleanLine, hardColumn: number): string {
  if (text === "") return "";
  if (before.soft) return " ";
  if (cutsWord(text, next.text)) return "";
  if (next.indented) return " ";
  return before.width === hardColumn ? "" : " ";
}

/** The column at which a terminal broke lines within words; 0 where none did so twice. */
function hardWrapColumn(lines: readonly CleanLine[]): number {
  const votes = new Map<number, number>();
  for (let i = 1; i < lines.length; i++) {
    const [before, next] = [lines[i - 1]!, lines[i]!];
    if (next.stamped || before.soft || before.width < WRAP_COLUMN_LEAST) continue;
    // Both halves of a cut word stand in lines of sizes.
    if (!before.text.includes("B ") && !next.text.includes("B ")) continue;
    if (cutsWord(before.text, next.text)) votes.set(before.width, (votes.get(before.width) ?? 0) + 1);
  }
  let column = 0;
  for (const [width, count] of votes) if (count > 1 && width > column) column = width;
  return column;
}
