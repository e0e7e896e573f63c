/** `pageblock replay` of a trace that ftrace, trace-cmd or perf recorded on a real machine. */

import { printable, printableJson } from "../base/printable";
import type { KernelRelease } from "../hardware/kernel-release";
import type { TraceFiles } from "../trace/ftrace/find-trace";
import { replayText } from "../trace/ftrace/replay-text";
import { replayTrace } from "../trace/ftrace/replay-trace";
import { summaryText } from "../trace/ftrace/summary-text";

/** What the command line gives besides. */
export interface KernelTraceOptions {
  json: boolean;
  before: readonly string[];
  after: readonly string[];
  release: KernelRelease | undefined;
  seed: number;
}

/** Prints what a trace tells, and how its replay on counts of /proc went. */
export async function replayKernelTrace(files: TraceFiles, options: KernelTraceOptions): Promise<void> {
  const { json, before, after, ...model } = options;
  const replayed = await replayTrace(files.texts, {
    ...model,
    before: [...files.before, ...before],
    after: [...files.after, ...after],
    version: files.version,
  });
  const parts = [
    summaryText(replayed.trace),
    ...(replayed.replay === null ? [] : [replayText(replayed.replay)]),
  ];
  process.stdout.write(`${json ? printableJson(replayed) : printable(parts.join("\n"))}\n`);
}
