/** Recordings of this project as the text of ftrace that the recorded kernel, 6.1, prints: its trace points alone. */

/** Flags of include/linux/gfp_types.h of 6.1, and the two sets that 6.1 prints by name most often. */
const SETS: readonly [number, string][] = [
  [0x100cca, "GFP_HIGHUSER_MOVABLE"],
  [0xcc0, "GFP_KERNEL"],
  [0x820, "GFP_ATOMIC"],
];
const BITS = [
  ...["__GFP_DMA", "__GFP_HIGHMEM", "__GFP_DMA32", "__GFP_MOVABLE", "__GFP_RECLAIMABLE", "__GFP_HIGH"],
  ...["__GFP_IO", "__GFP_FS", "__GFP_ZERO", "__GFP_ATOMIC", "__GFP_DIRECT_RECLAIM", "__GFP_KSWAPD_RECLAIM"],
  ...[
    "__GFP_WRITE",
    "__GFP_NOWARN",
    "__GFP_RETRY_MAYFAIL",
    "__GFP_NOFAIL",
    "__GFP_NORETRY",
    "__GFP_MEMALLOC",
  ],
  ...["__GFP_COMP", "__GFP_NOMEMALLOC", "__GFP_HARDWALL", "__GFP_THISNODE", "__GFP_ACCOUNT"],
];

function flagWords(flags: number): string {
  const words: string[] = [];
  let left = flags;
  const set = SETS.find(([bits]) => (left & bits) === bits);
  if (set !== undefined) {
    words.push(set[1]);
    left &= ~set[0];
  }
  BITS.forEach((word, i) => {
    if (left & (1 << i)) words.push(word);
  });
  return words.join("|") || "none";
}

const PAGE = "page=00000000f0a1b2c3";

function eventOf(word: string, f: readonly string[]): string | undefined {
  const pfn = `pfn=0x${Math.max(0, Number(f[0])).toString(16)}`;
  switch (word) {
    case "A":
      return `mm_page_alloc: ${Number(f[0]) < 0 ? "page=0000000000000000" : PAGE} ${pfn} order=${f[1]} migratetype=${f[2]} gfp_flags=${flagWords(Number.parseInt(f[3]!, 16))}`;
    case "F":
      return `mm_page_free: ${PAGE} ${pfn} order=${f[1]}`;
    case "B":
      return `mm_page_free_batched: ${PAGE} ${pfn} order=0`;
    case "Z":
      return `mm_page_alloc_zone_locked: ${PAGE} ${pfn} order=${f[1]} migratetype=${f[2]} percpu_refill=${f[3]}`;
    case "D":
      return `mm_page_pcpu_drain: ${PAGE} ${pfn} order=${f[1]} migratetype=${f[2]}`;
    case "X":
      return `mm_page_alloc_extfrag: ${PAGE} ${pfn} alloc_order=${f[1]} fallback_order=${f[2]} pageblock_order=9 alloc_migratetype=${f[3]} fallback_migratetype=${f[4]} fragmenting=${Number(f[2]) < 9 ? 1 : 0} change_ownership=${f[5]}`;
    default:
      return undefined;
  }
}

/** The text (of all records, or of those with the letters `only`), and how many of each letter went into it. */
export function ftraceText(
  records: string,
  only?: readonly string[],
): { text: string; counts: Map<string, number> } {
  const counts = new Map<string, number>();
  const lines = ["# tracer: nop", "#"];
  let microseconds = 0;
  for (const record of records.split("\n")) {
    const [word = "", ...fields] = record.split(" ");
    if (word === "T") microseconds = Number(fields[0]);
    const event = only === undefined || only.includes(word) ? eventOf(word, fields) : undefined;
    if (event === undefined) continue;
    counts.set(word, (counts.get(word) ?? 0) + 1);
    const pid = word === "A" ? fields[4]! : "1";
    lines.push(
      `            task-${pid.padEnd(7)} [000] ..... ${(microseconds / 1e6).toFixed(6).padStart(12)}: ${event}`,
    );
  }
  return { text: `${lines.join("\n")}\n`, counts };
}
