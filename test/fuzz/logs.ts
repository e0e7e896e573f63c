/** Kernel logs, by the words in which mm/show_mem.c and mm/page_alloc.c print them: as many reports as there are, whatever stands between. */
import fc from "fast-check";
import { explain } from "../../lib/fluent/explanation";
import { damagedText, type TextEdit, textEdits } from "./damage";
import { kindOf, unlessRefused } from "./kind";

const kB = fc.nat({ max: 4_000_000 });

interface ZoneLine {
  name: string;
  free: number;
  min: number;
  lists: number[];
}

const zone: fc.Arbitrary<ZoneLine> = fc.record({
  name: fc.constantFrom("DMA", "DMA32", "Normal", "Movable"),
  free: kB,
  min: kB,
  lists: fc.array(fc.nat({ max: 5000 }), { minLength: 11, maxLength: 11 }),
});

function zoneLines({ name, free, min, lists }: ZoneLine): string[] {
  const counts = lists.map((n, order) => `${n}*${4 << order}kB${n > 0 ? " (UM)" : ""}`).join(" ");
  const total = lists.reduce((sum, n, order) => sum + n * (4 << order), 0);
  return [
    `Node 0 ${name} free:${free}kB boost:0kB min:${min}kB low:${min + 8}kB high:${min + 16}kB reserved_highatomic:0KB active_anon:0kB inactive_anon:0kB present:4194304kB managed:4000000kB mlocked:0kB bounce:0kB free_pcp:0kB local_pcp:0kB free_cma:0kB`,
    "lowmem_reserve[]: 0 0 0 0 0",
    `Node 0 ${name}: ${counts} = ${total}kB`,
  ];
}

type Report = { order: number; mode: number; zones: ZoneLine[] };

const MODES = [
  "0x40cc0(GFP_KERNEL|__GFP_COMP)",
  "0x820(GFP_ATOMIC)",
  "0x140cca(GFP_HIGHUSER_MOVABLE|__GFP_COMP)",
];

function reportLines({ order, mode, zones }: Report): string[] {
  return [
    `task: page allocation failure: order:${order}, mode:${MODES[mode]}, nodemask=(null),cpuset=/,mems_allowed=0`,
    "CPU: 0 PID: 1 Comm: task Not tainted 6.1.0 #1",
    "Call Trace:",
    " dump_stack+0x1/0x2",
    " warn_alloc.cold+0x1/0x2",
    " __alloc_pages+0x1/0x2",
    " driver_probe+0x1/0x2 [driver]",
    "Mem-Info:",
    "active_anon:1 inactive_anon:2 isolated_anon:0",
    ...zones.flatMap(zoneLines),
    "1048576 pages RAM",
  ];
}

const PREFIXES: readonly ((i: number) => string)[] = [
  () => "",
  (i) => `[${(100 + i / 1000).toFixed(6).padStart(12)}] `,
  (i) => `Nov 30 20:11:${String(i % 60).padStart(2, "0")} host kernel: `,
  (i) => `<4>[${(100 + i / 1000).toFixed(6).padStart(12)}] `,
];

interface LogInput {
  prefix: number;
  reports: Report[];
  noise: string[];
  edits: TextEdit[];
}

function textOf({ prefix, reports, noise, edits }: LogInput): string {
  const lines = reports.flatMap((report, i) => [
    ...reportLines(report),
    ...(noise[i] === undefined ? [] : [noise[i]!]),
  ]);
  return damagedText(lines.map((line, i) => PREFIXES[prefix]!(i) + line).join("\n"), edits);
}

const NOISE = [
  "usb 1-1: new high-speed USB device number 2 using xhci_hcd",
  "cma: cma_alloc: reserved: alloc failed, req-size: 256 pages, ret: -12",
  "EXT4-fs (sda1): mounted filesystem",
  "Out of memory: Killed process 12 (task) total-vm:1kB, anon-rss:1kB",
];

export const LOGS = kindOf<LogInput>({
  name: "logs",
  inputs: fc.record({
    prefix: fc.nat({ max: PREFIXES.length - 1 }),
    reports: fc.array(
      fc.record({
        order: fc.nat({ max: 10 }),
        mode: fc.nat({ max: MODES.length - 1 }),
        zones: fc.uniqueArray(zone, { selector: (z) => z.name, minLength: 1, maxLength: 3 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
    noise: fc.array(fc.constantFrom(...NOISE), { maxLength: 4 }),
    edits: textEdits,
  }),
  text: textOf,
  few: 120,
  holds: (input) => {
    const text = textOf(input);
    const explained = unlessRefused(() => explain(text));
    if (explained === undefined) return;
    const json = JSON.stringify(explained);
    if (explained.text().length === 0) throw new Error("nothing is said");
    if (JSON.stringify(explain(text)) !== json) throw new Error("explained again, the answer is another one");
    if (input.edits.length > 0) return;
    const told = explained.reports.filter(({ kind }) => kind === "page-allocation-failure");
    if (told.length !== input.reports.length)
      throw new Error(`${input.reports.length} reports of a failure, ${told.length} told`);
    told.forEach((report, i) => {
      const { order, zones } = input.reports[i]!;
      if (report.order !== order) throw new Error(`report ${i}: order ${report.order}, not ${order}`);
      if (report.zones.length !== zones.length) throw new Error(`report ${i}: ${report.zones.length} zones`);
    });
  },
});
