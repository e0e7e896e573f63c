/**
 * CMA requests: cma_alloc_start, cma_alloc_busy_retry and cma_alloc_finish (5.12 on), cma_alloc alone before, and cma_release. A finish
 * says its error since 6.10 or so (`errorno`); before, a failed one has frame 0 and no page, or frame −1.
 */
import { addDuration, type Durations, noDurations, OpenSpans } from "./open-spans";
import { shortWord, Tally } from "./tally";
import type { TraceRecord } from "./trace-record";

/** One finished request. */
export interface CmaRequest {
  area: string;
  pages: number;
  alignOrder: number | null;
  /** First frame; null if the request failed. */
  pfn: number | null;
  /** The kernel's error where the trace says it. */
  errno: number | null;
  busyRetries: number;
  /** Seconds from start to finish; null without a start. */
  latencySeconds: number | null;
  by: string;
}

/** Counts of one area. */
export interface CmaAreaCounts {
  area: string;
  granted: number;
  grantedPages: number;
  failed: number;
  failedPages: number;
  busyRetries: number;
  released: number;
  releasedPages: number;
  /** Begun without an end in the trace. */
  unfinished: number;
  durations: Durations;
  errors: Record<string, number>;
  /** Pages free and in all, as the last start says (6.17 on); null: it does not. */
  availablePages: number | null;
  totalPages: number | null;
}

/** CMA in a trace. */
export interface CmaCounts {
  areas: CmaAreaCounts[];
  /** The first finished requests, and how many there were. */
  requests: CmaRequest[];
  finished: number;
}

const REQUESTS_KEPT = 1000;
const AREAS_MOST = 256;

interface Area extends Omit<CmaAreaCounts, "errors"> {
  errors: Tally;
}

interface Started {
  area: string;
  retries: number;
  /** Who began it, where its start has a call chain. */
  by: string;
}

/** Follows CMA in a trace. */
export class CmaEvents {
  private readonly areas = new Map<string, Area>();
  private readonly open = new OpenSpans<Started>();
  private readonly requests: CmaRequest[] = [];
  private finished = 0;

  /** Takes a record; false if it lacks a field, undefined if it is no event of CMA. `by`: who asks. */
  see(record: TraceRecord, by: string): boolean | undefined {
    switch (record.event) {
      case "cma_alloc_start":
        return this.start(record, by);
      case "cma_alloc_busy_retry":
        return this.retry(record);
      case "cma_alloc_finish":
      case "cma_alloc":
      case "cma_alloc_class":
        return this.finish(record, by);
      case "cma_release":
        return this.release(record);
      default:
        return undefined;
    }
  }

  private area(name: string): Area {
    const key = shortWord(name || "(not named)");
    const known = this.areas.get(key);
    if (known !== undefined) return known;
    if (this.areas.size >= AREAS_MOST && key !== "(others)") return this.area("(others)");
    const fresh: Area = {
      area: key,
      ...{ granted: 0, grantedPages: 0, failed: 0, failedPages: 0, busyRetries: 0 },
      ...{ released: 0, releasedPages: 0, unfinished: 0, durations: noDurations(), errors: new Tally() },
      ...{ availablePages: null, totalPages: null },
    };
    this.areas.set(key, fresh);
    return fresh;
  }

  private start(record: TraceRecord, by: string): boolean {
    const { fields } = record;
    if (Number.isNaN(pagesOf(record))) return false;
    const area = this.area(fields.word("name"));
    const [available, total] = [fields.number("available_count"), fields.number("total_count")];
    if (!Number.isNaN(available)) area.availablePages = available;
    if (!Number.isNaN(total)) area.totalPages = total;
    area.unfinished++;
    this.open.begin(record, { area: area.area, retries: 0, by: record.chain.length > 0 ? by : "" });
    return true;
  }

  private retry(record: TraceRecord): boolean {
    const started = this.open.current(record);
    if (started !== undefined) started.retries++;
    this.area(record.fields.word("name")).busyRetries++;
    return record.fields.has("pfn");
  }

  private finish(record: TraceRecord, by: string): boolean {
    const { fields } = record;
    const pages = pagesOf(record);
    const pfn = fields.hex("pfn");
    if (Number.isNaN(pages) || Number.isNaN(pfn)) return false;
    const began = this.open.end(record);
    const area = this.area(fields.word("name") || (began?.value.area ?? ""));
    if (began !== undefined) this.area(began.value.area).unfinished--;
    const errno = fields.number("errorno");
    const nowhere = pfn >= 2 ** 52 || ((pfn === 0 || pfn === 0xffffffff) && noPage(fields.word("page")));
    const ok = Number.isNaN(errno) ? !nowhere : errno === 0 && !nowhere;
    if (ok) {
      area.granted++;
      area.grantedPages += pages;
    } else {
      area.failed++;
      area.failedPages += pages;
      area.errors.add(Number.isNaN(errno) ? "error not said" : `errno ${errno}`);
    }
    const latency = began?.seconds ?? Number.NaN;
    addDuration(area.durations, latency);
    this.finished++;
    const align = fields.number("align");
    if (this.requests.length < REQUESTS_KEPT)
      this.requests.push({
        area: area.area,
        pages,
        alignOrder: Number.isNaN(align) ? null : align,
        pfn: ok ? pfn : null,
        errno: Number.isNaN(errno) ? null : errno,
        busyRetries: began?.value.retries ?? 0,
        latencySeconds: Number.isNaN(latency) ? null : latency,
        by: began?.value.by || by,
      });
    return true;
  }

  private release(record: TraceRecord): boolean {
    const pages = pagesOf(record);
    if (Number.isNaN(pages)) return false;
    const area = this.area(record.fields.word("name"));
    area.released++;
    area.releasedPages += pages;
    return true;
  }

  result(): CmaCounts {
    const areas = [...this.areas.values()].map((a) => ({ ...a, errors: a.errors.toJSON() }));
    areas.sort((a, b) => (a.area < b.area ? -1 : a.area > b.area ? 1 : 0));
    return { areas, requests: this.requests, finished: this.finished };
  }
}

/** As kernels and libtraceevent print a null pointer. */
const noPage = (text: string) => !/^(?:0x)?0{0,16}[1-9a-f]/i.test(text);

/** `count`, or `request_count` since 6.17. */
function pagesOf({ fields }: TraceRecord): number {
  const pages = fields.number(fields.has("request_count") ? "request_count" : "count");
  return pages >= 0 && pages < 2 ** 36 ? pages : Number.NaN;
}
