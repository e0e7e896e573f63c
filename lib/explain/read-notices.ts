/** Lines about memory that stand alone. Beside a report that says more they are part of it. */
import type { LogLine } from "./joined-lines";
import { noticeOf } from "./notices";
import { begin, extend, type LineReader, type Session } from "./session";

/** Lines between a report and a line that belongs to it. */
const BESIDE_LINES = 6;

/** A report is open or has just ended, and the slab allocator only adds who asked. */
function isBeside({ report }: Session, { text, place }: LogLine): boolean {
  if (report === null || !/^SL[AU]B: |^vmap allocation/.test(text)) return false;
  return report.reading.kind !== "memory-state" && place.first - report.reading.place.last <= BESIDE_LINES;
}

const notice: LineReader = (line, session) => {
  if (!/alloc|full|SW-IOMMU|pool/.test(line.text.slice(0, 300)) || noticeOf(line.text.slice(0, 400)) === null)
    return null;
  if (isBeside(session, line)) {
    extend(session.report!, line.place);
    return "note beside a report";
  }
  const last = session.drafts.at(-1);
  if (last?.reading.kind === "notice" && last.reading.notice === line.text.slice(0, 400))
    extend(last, line.place);
  else begin(session, "notice", line.place).reading.notice = line.text.slice(0, 400);
  return "line about memory";
};

/** A report begins: a line just before it, about the same request, is part of it. */
export function takeNotice(session: Session, { place }: LogLine): void {
  const last = session.drafts.at(-1);
  if (last?.reading.kind !== "notice" || !/^vmap allocation/.test(last.reading.notice ?? "")) return;
  if (place.first - last.reading.place.last <= BESIDE_LINES) session.drafts.pop();
}

/** The cache that got no page, right behind the line that says so: mm/slub.c slab_out_of_memory(). */
const slabCache: LineReader = (line, session) => {
  if (!line.text.startsWith("cache: ")) return null;
  const found = /^cache: (\S{1,100}), object size: (\d{1,9}).{0,80}?\b(?:min )?order: (\d{1,2})$/.exec(
    line.text,
  );
  if (!found)
    return /^cache: \S.{0,80}(?:object|buffer) size/.test(line.text) ? "note beside a report" : null;
  const last = session.drafts.at(-1);
  if (last?.reading.kind === "notice" && line.place.first - last.reading.place.last <= 2) {
    last.reading.slabCache ??= found[1]!;
    last.reading.order ??= Number(found[3]);
    extend(last, line.place);
  }
  return "note beside a report";
};

export const NOTICES: readonly LineReader[] = [slabCache, notice];
