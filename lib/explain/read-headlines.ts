/**
 * The first lines of reports: page allocation failures and stalls, failures of vmalloc(), the OOM killer, and the lines behind them
 * that name the task, the release and the machine.
 */
import type { LogLine } from "./joined-lines";
import { takeNotice } from "./read-notices";
import type { GfpReading, Reading, ReadingKind } from "./reading";
import { begin, extend, type LineReader, type Session } from "./session";

/** A report's first lines name the task; lines of the same shape far behind it belong to others. */
const HEAD_LINES = 200;

/** `mode:0x40cc0(GFP_KERNEL|__GFP_COMP)`, `mode:0x20`, `gfp_mask=0x200da`. */
function gfpOf(text: string): GfpReading {
  const found =
    /(?:mode:|gfp_mask=)\s{0,4}(0x[0-9a-f]{1,16})?(?:\s?\(?((?:__)?GFP_[A-Z0-9_|xa-f]{1,600}))?/.exec(text);
  if (!found) return { text: null, value: null };
  return { text: found[2] ?? found[1] ?? null, value: found[1] ? Number(found[1]) : null };
}

function numberIn(text: string, pattern: RegExp): number | null {
  const found = pattern.exec(text);
  return found ? Number(found[1]) : null;
}

function wordIn(text: string, pattern: RegExp): string | null {
  const found = pattern.exec(text)?.[1]?.replace(/(?<![,.])[,.]+$/, "");
  return found === undefined || found === "" || found === "(null)" ? null : found;
}

/** No kernel has blocks of 2^64 pages: what exceeds that was not printed as an order. */
const ORDER_MOST = 63;

function orderIn(text: string): number | null {
  const order = numberIn(text, /order[:=]\s{0,2}(-?\d{1,9})/);
  return order !== null && order <= ORDER_MOST ? order : null;
}

function beginReport(session: Session, line: LogLine, kind: ReadingKind, task: string): void {
  takeNotice(session, line);
  const draft = begin(session, kind, line.place);
  const { reading } = draft;
  const { text } = line;
  reading.task = task.trim().slice(-64) || null;
  reading.order = orderIn(text);
  reading.gfp = gfpOf(text);
  reading.nodemask = wordIn(text, /nodemask=(\(null\)|[\d,-]{1,200})/);
  reading.cpuset = wordIn(text, /cpuset=([^\s,]{1,200})/);
  reading.memsAllowed = wordIn(text, /mems_allowed=([\d,-]{1,200})/);
  session.report = draft;
  session.mixed = [];
  session.open = null;
  session.zone = null;
  session.section = "head";
}

const pageAllocationFailure: LineReader = (line, session) => {
  const at = line.text.indexOf("page allocation ");
  if (at < 0 || !/^(?:failure|stalls)/.test(line.text.slice(at + 16, at + 24))) return null;
  if (!/order: ?-?\d/.test(line.text)) return null;
  beginReport(session, line, "page-allocation-failure", line.text.slice(0, at).replace(/:\s*$/, ""));
  session.report!.reading.stalledMs = numberIn(line.text, /page allocation stalls for (\d{1,12})ms/);
  return "page allocation failure";
};

const VMALLOC =
  /vmalloc error: size (\d{1,20})|vmalloc: allocation failure: (\d{1,20}) bytes|vmalloc: allocation failure, allocated \d{1,20} of (\d{1,20}) bytes/;

/** mm/vmalloc.c: what the messages say of the step that failed. */
const WHY: readonly [RegExp, NonNullable<Reading["vmalloc"]>["why"]][] = [
  [/exceeds total pages/, "total-pages"],
  [/vm_struct allocation failed/, "addresses"],
  [/failed to map page/, "page-tables"],
  [/failed to allocate page|allocated \d{1,20} of \d/, "memory"],
];

/** The line before the report of vmalloc(), since 6.12. */
const vmallocRange: LineReader = (line, session) => {
  const found =
    /^vmalloc_node_range for size \d{1,20} failed: Address range restricted to 0x([\da-f]{1,16}) - 0x([\da-f]{1,16})/.exec(
      line.text,
    );
  if (!found) return null;
  session.vmallocRange = [Number.parseInt(found[1]!, 16), Number.parseInt(found[2]!, 16)];
  return "note beside a report";
};

/** mm/nommu.c prints these before its own report. */
const noMmu: LineReader = (line, session) => {
  if (!/^(?:alloc order \d{1,3} for \d|Allocation of length \d{1,20} from process)/.test(line.text))
    return null;
  session.noMmu = true;
  return "note beside a report";
};

const vmallocFailure: LineReader = (line, session) => {
  if (!line.text.includes("vmalloc")) return null;
  const found = VMALLOC.exec(line.text);
  if (!found) return null;
  beginReport(session, line, "page-allocation-failure", line.text.slice(0, found.index).replace(/:\s*$/, ""));
  const { reading } = session.report!;
  reading.vmallocBytes = Number(found[1] ?? found[2] ?? found[3]);
  reading.order = numberIn(line.text, /page order (\d{1,3})/);
  reading.vmalloc = {
    why: WHY.find(([sign]) => sign.test(line.text))?.[1] ?? null,
    ...(session.vmallocRange && { range: session.vmallocRange }),
  };
  session.vmallocRange = null;
  return "vmalloc failure";
};

const oom: LineReader = (line, session) => {
  const at = line.text.indexOf("oom-killer: ");
  if (at < 0) return null;
  beginReport(session, line, "oom", line.text.slice(0, at).replace(/ ?invoked ?$/, ""));
  session.report!.reading.oom = { constraint: null, memcg: false, killed: null };
  return "OOM report";
};

const NOTES =
  /^(?:sysrq: Show Memory|SysRq : Show Memory|vmap allocation for size \d|warn_alloc(?:_failed)?: \d|node \d{1,4}: slabs: ?\d|oom_kill_process: \d|dump_header: \d|kmemleak:|\S{1,40}: \d{1,9} callbacks suppressed)/;

const notes: LineReader = (line) => (NOTES.test(line.text) ? "note beside a report" : null);

/** `Comm: x Not tainted 5.4.3 #1`, `Pid: 1, comm: x Tainted: G  W  2.6.32 #1`. */
const taskLine: LineReader = (line, session) => {
  const found = /^(?:CPU: \d{1,5} (?:UID: \d{1,10} )?)?P[Ii][Dd]: (\d{1,9}),? [Cc]omm: (.*)$/.exec(line.text);
  if (!found) return /^TGID: \d/.test(line.text) ? "task" : null;
  const behind = found[2]!;
  const taint = behind.search(/\s(?:Not tainted|Tainted:)/);
  const release = taint < 0 ? null : releaseIn(behind.slice(taint));
  if (release !== null) {
    session.release ??= release;
    session.arch ??= archOfRelease(release);
  }
  const head = session.report;
  if (head && session.section === "head" && line.place.first - head.reading.place.first <= HEAD_LINES) {
    extend(head, line.place);
    head.reading.pid ??= Number(found[1]);
    head.reading.task ??= (taint < 0 ? behind : behind.slice(0, taint)).trim().slice(0, 64) || null;
    if (release !== null) head.reading.release = release;
    if (release !== null) head.reading.arch = archOfRelease(release) ?? head.reading.arch;
  }
  return "task";
};

/** The release is the first word with a dot behind the taint flags. */
function releaseIn(text: string): string | null {
  for (const word of text.slice(0, 200).split(" ")) {
    const bare = word.replace(/^\(|\)$/g, "");
    if (/^\d{1,2}\.\d{1,3}/.test(bare)) return bare;
  }
  return null;
}

const ARCHS: readonly [RegExp, string][] = [
  [/x86_64|amd64/, "x86_64"],
  [/aarch64|arm64/, "arm64"],
  [/ppc64le|powerpc64le/, "ppc64le"],
  [/ppc64/, "ppc64"],
  [/s390x/, "s390x"],
  [/riscv64/, "riscv64"],
  [/i[3-6]86|-686/, "i386"],
  [/armv[4-8]|armhf|armel|armmp|arm-linux|-lpae/, "arm"],
  [/mips64|loongson-2/, "mips64"],
  [/mips/, "mips"],
  [/ia64/, "ia64"],
  [/ppc|powermac|pmac/i, "ppc"],
];

export function archOfRelease(release: string): string | null {
  return ARCHS.find(([name]) => name.test(release))?.[1] ?? null;
}

const ARCH_SIGNS: readonly [RegExp, string][] = [
  [/\b(?:el0_svc|el0_sync|el1_irq|el0_da|__arm64_sys_\w+|el0t_64_sync|el0_ia)\b|pstate:/, "arm64"],
  [
    /^<(?:TASK|IRQ)>|\b(?:entry_SYSCALL_64|system_call_fastpath|do_syscall_64|asm_exc_page_fault)|RIP: 00/,
    "x86_64",
  ],
  [/\b(?:sysenter_do_call|entry_SYSENTER_32|do_fast_syscall_32|entry_INT80_32)\b|EIP: 00/, "i386"],
  [/\b(?:unwind_backtrace|ret_fast_syscall|__dabt_usr|__pabt_usr)\b/, "arm"],
  [/\b(?:syscall_common|mips_dma_alloc)|\bstack_top\b/, "mips"],
];

/** The architecture by functions that only one has; called for lines of a stack. */
export function archOfLine(text: string): string | null {
  return ARCH_SIGNS.find(([sign]) => sign.test(text))?.[1] ?? null;
}

/** Names of processors and boards of 32-bit PowerPC; the others are known by their functions. */
function archOfHardware(name: string): string | null {
  return /\be500(?:v[12])?\b|\bMPC8\d|\be[236]00\b|PowerMac(?:3|10|6|5),/.test(name) ? "ppc" : null;
}

const hardware: LineReader = (line, session) => {
  const found = /^Hardware name: (.{1,200})/.exec(line.text);
  if (found) session.machine ??= found[1]!.trim();
  if (found) session.arch ??= archOfHardware(found[1]!);
  return found || /^(?:Workqueue: |Tainted: \[)/.test(line.text) ? "machine" : null;
};

const cpuset: LineReader = (line, session) => {
  if (!line.text.includes("cpuset=") || !/cpuset=\S{1,200} mems_allowed=/.test(line.text)) return null;
  const head = session.report?.reading;
  if (head) {
    head.cpuset ??= wordIn(line.text, /cpuset=([^\s,]{1,200})/);
    head.memsAllowed ??= wordIn(line.text, /mems_allowed=([\d,-]{1,200})/);
    extend(session.report!, line.place);
  }
  return "cpuset";
};

export const HEADLINES: readonly LineReader[] = [
  pageAllocationFailure,
  vmallocFailure,
  oom,
  taskLine,
  hardware,
  cpuset,
  vmallocRange,
  noMmu,
  notes,
];
