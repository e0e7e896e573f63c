/** Texts of ftrace, trace-cmd and perf, by the kernel's own format of each event: every line is counted, whatever it is. */
import fc from "fast-check";
import { KernelTrace } from "../../lib/trace/ftrace/kernel-trace";
import { RecordReader } from "../../lib/trace/ftrace/trace-record";
import { damagedText, type TextEdit, textEdits } from "./damage";
import { kindOf, unlessRefused } from "./kind";

const GFP = [
  "GFP_KERNEL",
  "GFP_HIGHUSER_MOVABLE|__GFP_COMP",
  "GFP_ATOMIC",
  "0x0",
  "none",
  "__GFP_HIGH|0x8000000",
];
const pfn = fc.nat({ max: 2 ** 28 });
const order = fc.nat({ max: 10 });
const type = fc.nat({ max: 5 });

/** Events as include/trace/events/{kmem,compaction,vmscan,cma}.h print them. */
const event: fc.Arbitrary<string> = fc.oneof(
  fc
    .tuple(pfn, order, type, fc.constantFrom(...GFP))
    .map(
      ([p, o, t, g]) =>
        `mm_page_alloc: page=00000000f0a1b2c3 pfn=0x${p.toString(16)} order=${o} migratetype=${t} gfp_flags=${g}`,
    ),
  fc
    .tuple(pfn, order)
    .map(([p, o]) => `mm_page_free: page=00000000f0a1b2c3 pfn=0x${p.toString(16)} order=${o}`),
  pfn.map((p) => `mm_page_free_batched: page=00000000f0a1b2c3 pfn=0x${p.toString(16)} order=0`),
  fc
    .tuple(pfn, order, type)
    .map(
      ([p, o, t]) =>
        `mm_page_pcpu_drain: page=00000000f0a1b2c3 pfn=0x${p.toString(16)} order=${o} migratetype=${t}`,
    ),
  fc
    .tuple(pfn, order, order, type, type)
    .map(
      ([p, a, f, s, t]) =>
        `mm_page_alloc_extfrag: page=00000000f0a1b2c3 pfn=0x${p.toString(16)} alloc_order=${a} fallback_order=${f} pageblock_order=9 alloc_migratetype=${s} fallback_migratetype=${t} fragmenting=${f < 9 ? 1 : 0} change_ownership=0`,
    ),
  fc
    .tuple(pfn, fc.nat({ max: 4096 }))
    .map(([p, n]) => `cma_alloc_start: name=reserved count=${n} align=0 pfn=${p}`),
  fc
    .tuple(order, fc.constantFrom("success", "no_suitable_page", "continue"))
    .map(([o, r]) => `mm_compaction_finished: node=0 zone=Normal   order=${o} ret=${r}`),
  fc.constantFrom("sched_switch: prev_comm=a prev_pid=1 ==> next_comm=b", "kfree: call_site=x ptr=0"),
);

/** What stands before an event: ftrace, trace-cmd report, perf script. */
type Head = (task: string, cpu: number, time: string) => string;
const HEADS: readonly Head[] = [
  (task, cpu, time) => `${task.padStart(16)}-123   [00${cpu}] ..... ${time}: `,
  (task, cpu, time) => `${task.padStart(16)}-123   [00${cpu}] ${time}: `,
  (task, cpu, time) => `${task.padStart(16)}   123 [00${cpu}] ${time}:            kmem:`,
];

interface TraceInput {
  head: number;
  events: { text: string; task: string; cpu: number; gapUs: number }[];
  edits: TextEdit[];
}

function textOf({ head, events, edits }: TraceInput): string {
  let us = 1_000_000;
  const lines = events.map(({ text, task, cpu, gapUs }) => {
    us += gapUs;
    return HEADS[head]!(task, cpu, (us / 1e6).toFixed(6)) + text;
  });
  return damagedText(lines.join("\n"), edits);
}

export const TRACES = kindOf<TraceInput>({
  name: "traces",
  inputs: fc.record({
    head: fc.nat({ max: HEADS.length - 1 }),
    events: fc.array(
      fc.record({
        text: event,
        task: fc.constantFrom("bash", "kworker/0:1-ev", "<idle>", "a b", "x-1"),
        cpu: fc.nat({ max: 3 }),
        gapUs: fc.nat({ max: 1000 }),
      }),
      { minLength: 1, maxLength: 40 },
    ),
    edits: textEdits,
  }),
  text: textOf,
  few: 300,
  holds: (input) => {
    const lines = textOf(input).split("\n");
    const trace = new KernelTrace();
    let records = 0;
    const reader = new RecordReader("trace.txt", (record) => {
      records++;
      return trace.take(record);
    });
    const read = () => lines.map((line, i) => reader.line(line, i + 1));
    if (unlessRefused(read) === undefined) return;
    reader.end();
    const { counts } = reader;
    if (counts.lines !== lines.length) throw new Error(`${lines.length} lines, ${counts.lines} were counted`);
    if (input.edits.length > 0) return;
    const ofMemory = input.events.filter(({ text }) => /^(?:mm_|cma_)/.test(text)).length;
    if (records !== ofMemory || counts.malformed > 0 || counts.passedOver > 0)
      throw new Error(
        `${ofMemory} events, ${records} read, ${counts.malformed} malformed, ${counts.passedOver} passed over`,
      );
    if (counts.otherEvents !== input.events.length - ofMemory)
      throw new Error(`${counts.otherEvents} other events`);
  },
});
