/** `pageblock replay` of a trace that ftrace, trace-cmd or perf recorded on a real machine. */
import type { TraceFiles } from "../trace/ftrace/find-trace";
import { readKernelTrace } from "../trace/ftrace/read-trace";
import { summaryText } from "../trace/ftrace/summary-text";
import { printable } from "./printable";

/** What the command line gives besides. */
export interface KernelTraceOptions {
  json: boolean;
}

/** Prints what a trace tells. */
export async function replayKernelTrace(files: TraceFiles, { json }: KernelTraceOptions): Promise<void> {
  const trace = await readKernelTrace(files.texts);
  process.stdout.write(`${json ? JSON.stringify(trace) : printable(summaryText(trace))}\n`);
}
