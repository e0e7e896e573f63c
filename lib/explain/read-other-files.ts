/** /proc/iomem, a kernel's configuration, and traces of the kernel's memory events. */
import { perfTraceLine } from "../trace/ftrace/perf-trace";
import type { LogLine } from "./joined-lines";
import { addRam } from "./read-boot";
import { begin, bootDraft, extend, type LineReader, type Session } from "./session";

const IOMEM = /^([\da-f]{4,16})-([\da-f]{4,16}) : (\S.{0,120})$/;
const KEPT =
  /^(?:Kernel (?:code|data|rodata|bss)|Crash kernel|[Rr]eserved|ACPI (?:Tables|Non-volatile Storage)|Persistent Memory|Soft Reserved)/;

/** Addresses are 0 for readers other than root: nothing is kept of such lines. */
const iomem: LineReader = (line, session) => {
  const found = IOMEM.exec(line.text);
  if (!found) return null;
  const [from, last] = [Number.parseInt(found[1]!, 16), Number.parseInt(found[2]!, 16)];
  if (last <= from) return "/proc/iomem";
  const { boot } = bootDraft(session, "boot", "boot-memory", line.place).reading;
  if (/^System RAM/.test(found[3]!)) addRam(boot, "iomem", [from, last + 1]);
  else if (KEPT.test(found[3]!))
    boot.reserved.push({ name: found[3]!.trim(), base: from, bytes: last + 1 - from, flags: ["iomem"] });
  return "/proc/iomem";
};

const CONFIG = /^(CONFIG_\w{1,100})=(.{0,400})$/;
const UNSET = /^# (CONFIG_\w{1,100}) is not set/;

const config: LineReader = (line, session) => {
  const set = CONFIG.exec(line.text);
  const unset = set ? null : UNSET.exec(line.text);
  const release = /^# Linux\/\S{1,20} (\d\S{1,100}) Kernel Configuration/.exec(line.text);
  if (release) session.release ??= release[1]!;
  if (!set && !unset) return release ? "kernel configuration" : null;
  const { boot } = bootDraft(session, "boot", "boot-memory", line.place).reading;
  if (unset) boot.config[unset[1]!] = "n";
  else boot.config[set![1]!] = set![2]!.trim();
  const shift = /^CONFIG_(?:ARM64_|PPC_|PAGE_SIZE_|HAVE_PAGE_SIZE_)?(4|8|16|32|64|256)K(?:B|_PAGES)?$/.exec(
    set?.[1] ?? "",
  );
  if (shift && set![2] === "y" && !set![1]!.includes("HAVE_")) session.pageBytes ??= Number(shift[1]) * 1024;
  const bits = set?.[1] === "CONFIG_PAGE_SHIFT" ? Number(set[2]) : Number.NaN;
  if (bits >= 10 && bits <= 20) session.pageBytes ??= 2 ** bits;
  return "kernel configuration";
};

/** `task-1 [000] .... 12.345: event: …`, perf's `task 1 [000] 12.345: kmem:event: …`, and without a task. */
const EVENT =
  /^(?:.{0,60}?\[\d{3,4}\]\s{1,8}(?:[.\w#+]{4,6}\s{1,8})?)?\d{1,9}\.\d{3,9}:\s{1,24}(?:\d{1,12}\s{1,8})?(?:\w{1,40}:)?([a-z]\w{2,60})(?::u)?: /;
const COMMENT = /^(?:\d{1,4}\))? {0,40}.{0,40}?\/\* ([a-z]\w{2,60}): /;
const OF_MEMORY =
  /^(?:mm_|cma_|kmalloc|kmem_|kfree|test_pages_|rss_stat|alloc_contig|hugetlb|oom_|reclaim_|mark_victim)/;

const event: LineReader = (line, session) => {
  // Both hold a colon behind the name of the event.
  if (!/\d:|\/\*|\d{3} .{0,60}:\w{2,60}[(:]/.test(line.text.slice(0, 300))) return ofTrace(line, session);
  const begins = line.text.slice(0, 300);
  const name = (EVENT.exec(begins) ?? COMMENT.exec(begins))?.[1] ?? perfTraceLine(line.text)?.event;
  if (name === undefined) return ofTrace(line, session);
  const known = OF_MEMORY.test(name);
  if (session.trace === null && !known) return null;
  session.trace ??= begin(session, "trace", line.place);
  extend(session.trace, line.place);
  const { events } = session.trace.reading;
  events[name] = (events[name] ?? 0) + 1;
  return "trace";
};

/** Stacks and functions between the events of a trace, and its header. */
function ofTrace(line: LogLine, session: Session): string | null {
  if (/^#(?: tracer: | entries-in-buffer| {0,20}TASK-PID| {0,40}\|| {0,40}_-+=>|$)/.test(line.text))
    return "trace";
  const inside =
    session.trace !== null &&
    /^(?:=> |\d{1,4}\) |[0-9a-f]{6,16} \S{1,200}(?: \(|$)|\S{1,200} \(\[?[\w./-]{1,200}\]?\)$|cpus=\d|CPU \d{1,4} (?:is empty|LOST))/.test(
      line.text,
    );
  if (!inside) return null;
  extend(session.trace!, line.place);
  return "trace";
}

export const OTHER_FILES: readonly LineReader[] = [config, iomem, event];
