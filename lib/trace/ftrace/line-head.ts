/**
 * What stands before an event in a line of a trace: task, CPU and time. Forms: ftrace with and without the columns of TGID and of irq and
 * latency flags (kernel/trace/trace_output.c trace_print_context()), its latency format (trace_print_lat_context()), comments of
 * function_graph, `trace-cmd report` and `perf script`. Every column may be missing.
 */

/** Who was on which CPU, and when. */
export interface LineHead {
  /** Name of the task; "" if the line has none. */
  task: string;
  /** −1 if the line has none. */
  pid: number;
  /** −1 if the line has none. */
  cpu: number;
  /** Seconds of the trace's clock, or NaN. A clock that does not count seconds (`counter`, `x86-tsc`) has no seconds. */
  seconds: number;
}

const CPU = /\[(\d{1,5})\]/g;
/** Behind the flags: seconds with a fraction, or a number of microseconds with its mark of delay. */
const TIME = /(?:^|[\s|])(\d{1,12}\.\d{1,9}|\d{1,12}us)[!+#*@$]?(?:\s*:)?\s*$/;
const GRAPH = /^\s*(?:(\d{1,12}\.\d{1,9}) {0,3}\| {0,8})?(\d{1,5})\)\s*(.*)$/;
/** Latency format: the CPU stands before its flags without a space between. */
const CPU_AND_FLAGS = /^(\d{1,5})[a-zA-Z.#!*][\w.#!*]{2,7}$/;
const TASK_AND_PID = /^(.*)-(\d{1,9})$/;
/** `(1977)` or `(-----)` behind the task: the thread group. */
const TGID = /\(\s{0,8}[\d-]{1,9}\)$/;
const PID_AND_TID = /^\d{1,9}(?:\/(\d{1,9}))?$/;
const TIME_REACH = 48;

/** Reads what stands before the event; `text` ends where the name of the event begins. */
export function lineHead(text: string): LineHead {
  const graph = text.includes(")") ? GRAPH.exec(text) : null;
  if (graph !== null && text.includes("/*")) return graphHead(graph);
  const seconds = secondsOf(text);
  let found: RegExpMatchArray | undefined;
  // A task's name may have brackets of its own, so the last ones count.
  for (const match of text.matchAll(CPU)) found = match;
  if (found !== undefined) return { ...taskOf(text.slice(0, found.index)), cpu: Number(found[1]), seconds };
  return { ...withoutBrackets(text), seconds };
}

function graphHead([, time, cpu, rest]: RegExpExecArray): LineHead {
  const { task, pid } = taskOf(rest!.slice(0, Math.max(0, rest!.indexOf("|"))));
  return { task, pid, cpu: Number(cpu), seconds: time === undefined ? Number.NaN : Number(time) };
}

function secondsOf(text: string): number {
  const match = TIME.exec(text.slice(-TIME_REACH));
  if (match === null) return Number.NaN;
  const time = match[1]!;
  return time.endsWith("us") ? Number(time.slice(0, -2)) / 1e6 : Number(time);
}

/** ftrace: `name-pid`; perf: `name pid` or `name pid/tid`. Names may have spaces and dashes. */
function taskOf(text: string): { task: string; pid: number } {
  let name = text.trim();
  const tgid = TGID.exec(name.slice(-12));
  if (tgid !== null) name = name.slice(0, name.length - tgid[0].length).trimEnd();
  const dashed = TASK_AND_PID.exec(name);
  if (dashed !== null) return { task: dashed[1]!.trim(), pid: Number(dashed[2]) };
  const space = name.lastIndexOf(" ");
  const ids = PID_AND_TID.exec(name.slice(space + 1));
  if (ids === null) return { task: name, pid: -1 };
  return { task: name.slice(0, Math.max(0, space)).trim(), pid: Number(ids[1] ?? ids[0]) };
}

function withoutBrackets(text: string): Pick<LineHead, "task" | "pid" | "cpu"> {
  const words = text.trim().split(/\s+/);
  const at = words.findIndex((word) => CPU_AND_FLAGS.test(word));
  if (at > 0) return { ...taskOf(words.slice(0, at).join(" ")), cpu: Number.parseInt(words[at]!, 10) };
  // `perf script` without its CPU column: name, pid, time.
  const before = words.slice(0, -1).join(" ");
  return before === "" ? { task: "", pid: -1, cpu: -1 } : { ...taskOf(before), cpu: -1 };
}
