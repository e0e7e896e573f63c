/** Lines of CMA, of the device tree's reserved memory, and of drivers that got no contiguous memory. */
import { MiB } from "../base/units";
import { cmaLine, type Draft } from "./draft";
import type { LogLine } from "./joined-lines";
import type { CmaReading } from "./reading";
import { begin, bootDraft, extend, type LineReader, type Session } from "./session";

const KIB = 1024;

/** `0x1e000000`, or as kernels before 3.17 print it, without 0x; null for `(efault)` and for 0. */
function addressOf(text: string | undefined): number | null {
  if (text === undefined || !/^(?:0x)?[0-9a-f]{1,16}$/.test(text)) return null;
  return Number.parseInt(text.replace(/^0x/, ""), 16);
}

function atBoot(
  session: Session,
  line: LogLine,
  told: Partial<CmaReading> & Pick<CmaReading, "event">,
): void {
  const draft = bootDraft(session, "cmaBoot", "cma-reservation", line.place);
  draft.reading.cma.push(cmaLine(line, told));
}

const RESERVED =
  /^(?:\S{1,40}: )?(?:cma: )?(?:CMA: )?[Rr]eserved (\d{1,12}) ?MiB(?: (?:at ([0-9a-fx]{1,18}|\(efault\)))?)?(?:in \d{1,6} ranges?)?(?: on node (-?\d{1,6}))?/;
const FAILED = /^(?:cma: )?(?:CMA: )?[Ff]ailed to reserve (\d{1,12}) ?MiB(?: on node (-?\d{1,6}))?/;

const reservation: LineReader = (line, session) => {
  const { text } = line;
  if (!/^(?:cma|CMA|kvm_cma)/.test(text)) return null;
  const failed = FAILED.exec(text);
  const reserved = failed ? null : RESERVED.exec(text);
  if (reserved) {
    const base = addressOf(reserved[2]);
    const node = reserved[3] === undefined ? null : Number(reserved[3]);
    atBoot(session, line, { event: "reserved", base, bytes: Number(reserved[1]) * MiB, node });
    return "CMA area";
  }
  if (failed) {
    const node = failed[2] === undefined ? null : Number(failed[2]);
    atBoot(session, line, { event: "reserve-failed", bytes: Number(failed[1]) * MiB, node });
    return "CMA area that failed";
  }
  const inactive = /CMA area (\S{1,80} )?could not be activated/.exec(text);
  if (inactive) {
    atBoot(session, line, { event: "not-activated", area: inactive[1]?.trim() ?? null });
    return "CMA area that failed";
  }
  if (
    /Not enough slots for CMA|Region at |Size \(|dma_contiguous_reserve|cma_declare_contiguous|kvm_cma_reserve|CMA: reserving/.test(
      text,
    )
  ) {
    const asked = /reserving (\d{1,9}) MiB for/.exec(text)?.[1];
    const failure = /Not enough slots|defined on low\/high|exceeds limit|must be aligned/.test(text);
    atBoot(session, line, {
      event: failure ? "reserve-failed" : "other",
      bytes: asked === undefined ? null : Number(asked) * MiB,
    });
    return "CMA at boot";
  }
  return null;
};

/** One reading holds a run of failures of the same request; another request begins the next one. */
function failureDraft(session: Session, line: LogLine, askedPages: number | null): Draft {
  const asked = session.cmaAskedPages;
  if (session.cmaFailure === null || (askedPages !== null && asked !== null && asked !== askedPages)) {
    session.cmaFailure = begin(session, "cma-alloc-failure", line.place);
    session.cmaAskedPages = null;
  }
  session.cmaAskedPages ??= askedPages;
  extend(session.cmaFailure, line.place);
  return session.cmaFailure;
}

/** 4 PiB of the smallest pages: a line that says more is none of the kernel. */
const PAGES_MOST = 2 ** 40;

const ALLOC_FAILED =
  /(?:__)?cma_alloc: (?:(\S{1,80}): )?alloc failed, req-size: (\d{1,15}) pages?(?:, align:? (\d{1,3}))?, ret: (-?\d{1,5})/;

const allocFailed: LineReader = (line, session) => {
  const found = line.text.includes("cma_alloc: ") ? ALLOC_FAILED.exec(line.text) : null;
  if (!found) return null;
  const askedPages = Number(found[2]);
  if (askedPages > PAGES_MOST) return null;
  failureDraft(session, line, askedPages).reading.cma.push(
    cmaLine(line, {
      event: "alloc-failed",
      area: found[1] ?? null,
      askedPages,
      alignOrder: found[3] === undefined ? null : Number(found[3]),
      errno: Math.abs(Number(found[4])),
    }),
  );
  return "failed cma_alloc()";
};

/** `6@8314+9@8343`; `4+7` before 4.12. */
function runsOf(text: string): CmaReading["runs"] {
  return text
    .replace(/\s/g, "")
    .split("+")
    .map((run) => /^(\d{1,15})(?:@(\d{1,15}))?$/.exec(run))
    .filter((run) => run !== null)
    .map((run) => ({ pages: Number(run[1]), at: run[2] === undefined ? null : Number(run[2]) }));
}

/**
 * `number of available pages: 6@8314=> 6 free of 262144 total pages`; `4+7=>11 pages, total: 2048 pages` before 4.12; a line for each
 * range and the sum on a line of its own since 6.15.
 */
const available: LineReader = (line, session) => {
  const { text } = line;
  const found = text.includes("available pages: ") ? /number of available pages: ?(.*)/.exec(text) : null;
  const part = found
    ? null
    : /^(?:cma: )?(?:range \d{1,6}: (.{0,4000})|(=> ?\d{1,15} free of .*))$/.exec(text);
  if (!found && !(part && session.cmaFailure)) return null;
  const [list = "", behind = ""] = (found?.[1] ?? part?.[1] ?? part?.[2] ?? "").split("=>");
  const counts = /(\d{1,15}) (?:free of (\d{1,15}) total )?pages(?:, total: (\d{1,15}))?/.exec(behind);
  const { cma } = failureDraft(session, line, null).reading;
  let last = cma.at(-1);
  if (
    last === undefined ||
    (last.event !== "alloc-failed" && last.event !== "available") ||
    last.freePages !== null
  ) {
    last = cmaLine(line, { event: "available" });
    cma.push(last);
  }
  for (const run of runsOf(list)) last.runs.push(run);
  if (counts) {
    last.freePages = Number(counts[1]);
    last.totalPages =
      counts[2] === undefined && counts[3] === undefined ? null : Number(counts[2] ?? counts[3]);
    // An area cannot have more free pages than pages.
    if (last.totalPages !== null && last.totalPages < last.freePages) last.totalPages = null;
  }
  return "free runs of a CMA area";
};

const busy: LineReader = (line, session) => {
  if (!line.text.includes(" PFNs busy")) return null;
  const found = /alloc_contig_(?:migrate_)?range: \[([0-9a-f]{1,16}), ([0-9a-f]{1,16})\) PFNs busy/.exec(
    line.text,
  );
  if (!found) return null;
  const pfns: [number, number] = [Number.parseInt(found[1]!, 16), Number.parseInt(found[2]!, 16)];
  failureDraft(session, line, null).reading.cma.push(cmaLine(line, { event: "pages-busy", errno: 16, pfns }));
  return "busy frames";
};

const debug: LineReader = (line, session) => {
  const call = /^(?:cma: )?cma_alloc\(cma [0-9a-f(]{1,20}.{0,120}count (\d{1,15}), align (\d{1,3})\)/.exec(
    line.text,
  );
  const other = /^(?:cma: )?(?:cma_alloc|cma_release)\(/.test(line.text);
  if (!call)
    return other ||
      (line.text.includes("memory range at") &&
        /memory range at (?:\S{1,40}|pfn \S{1,20} \S{1,40}) is busy, retrying/.test(line.text))
      ? "cma_alloc()"
      : null;
  const asked = session.cmaFailure?.reading.cma.slice(-16).find((c) => c.askedPages === Number(call[1]));
  if (asked) asked.alignOrder ??= Number(call[2]);
  return "cma_alloc()";
};

/** `size 8355840`, `size=257490944`, `of 4194304 bytes`. */
const DEVICE_SIZE = /\bsize[ =:]{1,3}(\d{1,18})\b|\bof (?:size )?(\d{1,18})\b/;

/** What drivers say when they get no memory of one piece: the size they asked for, behind their name. */
const device: LineReader = (line, session) => {
  const text = line.text.slice(0, 400);
  if (!/fail/i.test(text) || text.includes("cma_alloc: ")) return null;
  const fromCma = text.includes("Failed to allocate from CMA");
  const contiguous =
    /\b(?:dma|cma|coherent|contiguous)/i.test(text) || /allocate (?:a )?(?:frame ?)?buffer/i.test(text);
  const size = contiguous && /alloc/i.test(text) ? DEVICE_SIZE.exec(text) : null;
  if (!fromCma && !size) return null;
  const bytes = size?.[1] ?? size?.[2];
  failureDraft(session, line, null).reading.cma.push(
    cmaLine(line, {
      event: "device-failed",
      area: size ? (/^(\S.{0,80}?): /.exec(text)?.[1]?.trim() ?? null) : null,
      bytes: bytes === undefined ? null : Number(bytes),
    }),
  );
  return "device without memory";
};

const RANGE =
  /^OF: reserved mem: (0x[0-9a-f]{1,16})\.\.(0x[0-9a-f]{1,16}) \((\d{1,15}) KiB\) (\S{1,20}) (\S{1,20}) (\S{1,200})/;
const POOL =
  /^Reserved memory: created (CMA|DMA) memory pool at (0x[0-9a-f]{1,16}), size (\d{1,12}) (MiB|KiB)/;
const NODE_FAILED =
  /(?:OF: reserved mem|OF: fdt|Reserved memory): (?:Reserved memory: )?failed to (?:allocate|reserve) memory for node '([^']{1,200})'(?:: (?:base (0x[0-9a-f]{1,16}), )?size (\d{1,12}) (MiB|KiB))?/;
const NODE_RESERVED =
  /(?:reserved region for node|allocated memory for) '([^']{1,200})'(?: node)?: base (0x[0-9a-f]{1,16}), size (\d{1,12}) (MiB|KiB)/;

function bytesOf(count: string, unit: string): number {
  return Number(count) * (unit === "MiB" ? MiB : KIB);
}

const deviceTree: LineReader = (line, session) => {
  const { text } = line;
  if (!/^(?:OF: |Reserved memory: |\S{1,60}: assigned reserved memory node )/.test(text)) return null;
  const draft = (): Draft => bootDraft(session, "cmaBoot", "cma-reservation", line.place);
  const range = RANGE.exec(text);
  if (range) {
    const base = addressOf(range[1])!;
    draft().reading.boot.reserved.push({
      name: range[6]!,
      base,
      bytes: addressOf(range[2])! + 1 - base,
      flags: [range[4]!, range[5]!],
    });
    return "reserved memory";
  }
  const failed = NODE_FAILED.exec(text);
  if (failed) {
    const bytes = failed[3] === undefined ? null : bytesOf(failed[3], failed[4]!);
    atBoot(session, line, { event: "reserve-failed", area: failed[1]!, base: addressOf(failed[2]), bytes });
    return "reserved memory that failed";
  }
  return otherDeviceTree(line, session, draft);
};

function otherDeviceTree(line: LogLine, session: Session, draft: () => Draft): string | null {
  const { text } = line;
  const pool = POOL.exec(text) ?? null;
  const node = NODE_RESERVED.exec(text);
  if (pool) {
    const [base, bytes] = [addressOf(pool[2])!, bytesOf(pool[3]!, pool[4]!)];
    if (pool[1] === "CMA") atBoot(session, line, { event: "reserved", base, bytes });
    else draft().reading.boot.reserved.push({ name: null, base, bytes, flags: ["dma-pool"] });
    return "reserved memory";
  }
  if (node) {
    const bytes = bytesOf(node[3]!, node[4]!);
    draft().reading.boot.reserved.push({ name: node[1]!, base: addressOf(node[2])!, bytes, flags: [] });
    return "reserved memory";
  }
  const named = /initialized node (\S{1,200}), compatible id (\S{1,80})/.exec(text);
  if (named) {
    nameLast(draft(), named[1]!, named[2]!);
    return "reserved memory";
  }
  const failure =
    /incorrect alignment of CMA|unable to setup CMA|matching fail|not enough space|OVERLAP|failed to init/.test(
      text,
    );
  if (failure) {
    const area = /node (\S{1,200}) compatible matching fail/.exec(text)?.[1] ?? null;
    atBoot(session, line, { event: "reserve-failed", area });
    return "reserved memory that failed";
  }
  return /reserved|Reserved/.test(text) && draft() ? "reserved memory" : null;
}

/** The line behind a pool names it: `initialized node linux,cma@1f000000, compatible id shared-dma-pool`. */
function nameLast({ reading }: Draft, name: string, compatible: string): void {
  const region = reading.boot.reserved.at(-1);
  const area = reading.cma.at(-1);
  if (compatible === "shared-dma-pool" && area?.event === "reserved" && area.area === null) area.area = name;
  else if (region && region.name === null) region.name = name;
}

export const CONTIGUOUS: readonly LineReader[] = [
  reservation,
  allocFailed,
  available,
  busy,
  debug,
  deviceTree,
  device,
];
