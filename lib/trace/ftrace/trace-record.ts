/** One event of a trace, and the lines of one file made into events. */
import { at, InputError } from "../../base/errors";
import { EventFields } from "./event-fields";
import { type LineHead, lineHead } from "./line-head";
import { perfTraceCall, perfTraceLine } from "./perf-trace";
import { shortWord } from "./tally";

/** One event. */
export interface TraceRecord extends LineHead {
  event: string;
  fields: EventFields;
  /** Functions that led to it, the innermost first; empty without call chains. */
  chain: readonly string[];
  line: number;
}

/** What the lines of a trace were. */
export interface LineCounts {
  lines: number;
  /** Events of other subsystems. */
  otherEvents: number;
  /** Lines that are neither an event nor a part of one, and the first of them. */
  passedOver: number;
  firstPassedOver: { line: number; text: string } | null;
  /** Events without the fields that every release prints. */
  malformed: number;
  firstMalformed: { line: number; text: string } | null;
  /** Places at which events are lost, and how many are where the trace says it. */
  lostPlaces: number;
  lostEvents: number;
  /** CPUs of the machine, as the head of an ftrace text says; 0: it does not. */
  cpusOfMachine: number;
}

/** Events of memory: the trace points of kmem, compaction, vmscan, migrate, huge_memory, cma and page_isolation. */
const EVENT = /(?:^|[\s:*])((?:mm_[a-z_]{2,60}|cma_(?:alloc|release)[a-z_]{0,30}|test_pages_isolated)): ?/;
const OTHER_EVENT = /\d: {1,40}(?:[\w-]{1,60}(?::[\w-]{1,60})?:|\S{1,80} {1,8}<-)/;
/** Whether an event is one of memory, by its name alone. */
const OF_MEMORY = /^(?:mm_[a-z_]{2,60}|cma_(?:alloc|release)[a-z_]{0,30}|test_pages_isolated)$/;
const OTHER_GRAPH = /^\s*(?:[\d.]{1,24} {0,3}\| {0,40})?\d{1,5}\).*\|/;
const QUOTE = /^(?:[>|] ?){1,8}/;
const LOST =
  /(?:\[LOST (\d{1,15}) EVENTS\]|\[(?:(\d{1,15}) )?EVENTS DROPPED\]|PERF_RECORD_LOST(?:.{0,40}?lost (\d{1,15}))?)/;
const WRITTEN = /entries-in-buffer\/entries-written: (\d{1,15})\/(\d{1,15})(?:\s{1,8}#P:(\d{1,5}))?/;
/**
 * A call chain of perf (address, symbol, file), or of ftrace and trace-cmd (an arrow and a symbol). A task may be called "a b": only
 * events have the number of a CPU in brackets.
 */
const PERF_CALL = /^\s+([0-9a-f]{1,16}) (?!.{0,80}\[\d{3,5}\] )(\S{1,200})(?: (.{0,200}))?\s*$/;
const ARROW_CALL = /^\s*=> {1,8}(\S{1,200})/;
/** The file of a perf call: the kernel's image or a module. Other paths, and these words, are a process's. */
const KERNEL_FILE =
  /^\((?:\[(?:kernel|guest\.kernel)\b.{0,100}|.{0,180}\/?vmlinu[xz].{0,60}|.{0,180}\.ko(?:\.\w{1,4})?)\)?$/;
const PROCESS_FILE = /^\((?:\/|\/\/anon|\[(?:vdso|vsyscall|heap|stack)\b)/;
const CHAIN_HEAD = /<stack trace ?>|(?:kernel|user)_stack:/;
/** The rest of an event that a mail program folded. */
const FOLDED = /^\s*(?:[a-z_]{2,32}=|\|?__?GFP_|\|?GFP_)/;
/** Task, CPU and time whose event stands in the next line. */
const FOLDED_HEAD = /\[\d{1,5}\].{0,40}\d\.\d{3,9}: *$/;
/** What `trace-cmd report` and `perf script` say around their events. */
const SAID =
  /^(?:cpus=\d|version = |CPU \d+ is empty|trace:|\[.{0,40}\] *$|Processed \d|.{0,80}CPU#\s{1,16}\S{0,8}\s{0,8}TIMESTAMP|\.\.\.)/;

const LINE_READ = 4096;
const CALLS_KEPT = 64;

/** What a folded or followed line adds to. */
interface Pending {
  head: LineHead;
  event: string;
  text: string;
  chain: string[];
  line: number;
}

/** Makes records of lines; hands over each once the lines behind it show that it is whole. */
export class RecordReader {
  readonly counts: LineCounts = {
    lines: 0,
    otherEvents: 0,
    passedOver: 0,
    firstPassedOver: null,
    malformed: 0,
    firstMalformed: null,
    lostPlaces: 0,
    lostEvents: 0,
    cpusOfMachine: 0,
  };
  private pending: Pending | null = null;
  /** A line that ends where an event should begin: a mail program folded it there. */
  private foldedHead = "";
  private readonly file: string;
  private readonly handler: (record: TraceRecord) => boolean;

  /** `handler` says whether the record has the fields that every release prints. */
  constructor(file: string, handler: (record: TraceRecord) => boolean) {
    this.file = file;
    this.handler = handler;
  }

  /** Takes the next line. */
  line(whole: string, number: number): void {
    this.counts.lines++;
    if (number === 1) this.refuseBinary(whole);
    const cut = whole.length > LINE_READ ? whole.slice(0, LINE_READ) : whole;
    const quote = cut.charCodeAt(0);
    const text = quote === 62 || quote === 124 ? cut.replace(QUOTE, "") : cut;
    const event =
      text.includes("mm_") || text.includes("cma_") || text.includes("test_p") ? EVENT.exec(text) : null;
    if (this.ofPerfTrace(text, number)) return;
    if (event !== null) this.begin(text, event, number);
    else this.noEvent(text, number);
  }

  /** Hands over the last record. */
  end(): void {
    this.flush();
  }

  /** True for a line of `perf trace`, whose fields are written in another way. */
  private ofPerfTrace(text: string, number: number): boolean {
    if (!text.trimEnd().endsWith(")")) return false;
    const line = perfTraceLine(text);
    if (line === null) return false;
    this.flush();
    if (OF_MEMORY.test(line.event)) this.pending = { ...line, chain: [], line: number };
    else this.counts.otherEvents++;
    return true;
  }

  private begin(text: string, match: RegExpExecArray, number: number): void {
    this.flush();
    const name = match[1]!;
    const before = text.slice(0, match.index + match[0].indexOf(name)).replace(/[a-z_]{1,32}:$/, "");
    const rest = text.slice(match.index + match[0].length);
    const head = lineHead(before.trim() === "" ? this.foldedHead : before);
    this.foldedHead = "";
    this.pending = { head, event: name, text: rest, chain: [], line: number };
  }

  private noEvent(text: string, number: number): void {
    const { counts, pending } = this;
    if (/^\s*$/.test(text)) return;
    if (text.startsWith("#")) return this.comment(text);
    const lost = LOST.exec(text);
    if (lost !== null) {
      counts.lostPlaces++;
      counts.lostEvents += Number(lost[1] ?? lost[2] ?? lost[3] ?? 0);
      return;
    }
    if (pending !== null && FOLDED.test(text)) {
      const glue = pending.text.endsWith("|") || text.trimStart().startsWith("|") ? "" : " ";
      if (pending.text.length < LINE_READ) pending.text = `${pending.text.trimEnd()}${glue}${text.trim()}`;
      return;
    }
    if (this.call(text)) return;
    const headless = this.foldedHead !== "";
    this.foldedHead = FOLDED_HEAD.test(text) ? text : "";
    if (this.foldedHead !== "" && !headless) return;
    if (OTHER_EVENT.test(text) || OTHER_GRAPH.test(text)) counts.otherEvents++;
    else if (!SAID.test(text)) {
      counts.passedOver++;
      counts.firstPassedOver ??= { line: number, text: shortWord(text) };
    }
  }

  /** True if the line belongs to a call chain. */
  private call(text: string): boolean {
    const arrow = ARROW_CALL.exec(text);
    const perf = arrow === null ? PERF_CALL.exec(text) : null;
    const called = arrow?.[1] ?? perf?.[2] ?? perfTraceCall(text);
    if (called === null) return CHAIN_HEAD.test(text);
    const { pending } = this;
    const own = perf === null || isKernelCall(perf[1]!, perf[3] ?? "");
    if (own && pending !== null && pending.chain.length < CALLS_KEPT)
      pending.chain.push(called.replace(/\+0x.*/, ""));
    return true;
  }

  private comment(text: string): void {
    const written = WRITTEN.exec(text);
    if (written === null) return;
    const { counts } = this;
    counts.cpusOfMachine = Number(written[3] ?? 0);
    const overwritten = Number(written[2]) - Number(written[1]);
    if (overwritten <= 0) return;
    counts.lostPlaces++;
    counts.lostEvents += overwritten;
  }

  private flush(): void {
    const { pending } = this;
    this.pending = null;
    if (pending === null) return;
    const { head, event, text, chain, line } = pending;
    const record = { ...head, event, fields: new EventFields(text), chain, line };
    if (!this.handler(record)) this.refused(record);
  }

  /** Counts a record that lacks a field. */
  refused({ event, line }: TraceRecord): void {
    this.counts.malformed++;
    this.counts.firstMalformed ??= { line, text: shortWord(event) };
  }

  private refuseBinary(text: string): void {
    const tool = text.startsWith("PERFILE2")
      ? "a recording of perf: give the text of `perf script`"
      : text.includes("tracing") && text.charCodeAt(0) === 0x17
        ? "a recording of trace-cmd: give the text of `trace-cmd report`"
        : text.includes("\0")
          ? "no text"
          : null;
    if (tool !== null) throw new InputError(`${at(this.file, 1)}: is ${tool}`);
  }
}

/** perf prints the calls of the process behind those of the kernel. 64-bit kernels have the upper half of the addresses. */
function isKernelCall(address: string, file: string): boolean {
  if (KERNEL_FILE.test(file)) return true;
  if (PROCESS_FILE.test(file)) return false;
  return address.length <= 8 || (address.length === 16 && address >= "8");
}
