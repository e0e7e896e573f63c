/**
 * Migrate types by number. Up to 4.3, reclaimable was 1 and movable 2 (enum migratetype of include/linux/mmzone.h); 4.4 exchanged them. The
 * records tell which: a request whose flags have a word for movable or reclaimable pages says its number beside it.
 */
import { MIGRATE_NAMES } from "../../mm/state/migratetype";
import type { TraceRecord } from "./trace-record";

const MOVABLE_WORD = /MOVABLE|GFP_TRANSHUGE/;
const RECLAIMABLE_WORD = /RECLAIMABLE|GFP_TEMPORARY/;
/** Names of events that ended with 3.2. */
const OLD_EVENTS = ["mm_page_free_direct", "mm_pagevec_free"];
/** What the old number is in today's numbering; 3 was the reserve, 4 CMA. */
const TODAY = [0, 2, 1];

/** Finds out how a trace numbers its types. */
export class TypeNumbers {
  private oldVotes = 0;
  private newVotes = 0;

  see({ event, fields }: TraceRecord): void {
    if (OLD_EVENTS.includes(event)) this.oldVotes++;
    if (event !== "mm_page_alloc") return;
    const flags = fields.word("gfp_flags");
    const type = fields.number("migratetype");
    const movable = MOVABLE_WORD.test(flags);
    if (movable === RECLAIMABLE_WORD.test(flags)) return;
    if (type === (movable ? 1 : 2)) this.newVotes++;
    else if (type === (movable ? 2 : 1)) this.oldVotes++;
  }

  /** `known` is false if no record tells, and today's numbers are assumed. */
  get known(): boolean {
    return this.oldVotes + this.newVotes > 0;
  }

  /** True if the trace numbers types as up to 4.3. */
  get old(): boolean {
    return this.oldVotes > this.newVotes;
  }

  /** The model's number of a recorded one. */
  today(type: number): number {
    return this.old ? (TODAY[type] ?? type) : type;
  }

  /** The kernel's name of a recorded number. */
  name(type: number): string {
    if (this.old && type === 3) return "Reserve";
    return MIGRATE_NAMES[this.today(type)] ?? `type ${type}`;
  }
}
