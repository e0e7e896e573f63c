/**
 * Fallbacks to other types (mm_page_alloc_extfrag), by kind, and held against the model's rule. A fallback *takes a block* if the page is a
 * page block or more, *claims* if the block changes its type with it, and else *steals* the page alone.
 */
import { canStealFallback } from "../../mm/allocation/fallback-steal";
import { FALLBACKS } from "../../mm/state/migratetype";
import { Tally } from "./tally";
import type { TraceRecord } from "./trace-record";
import type { TypeNumbers } from "./type-numbers";

/** Counts of fallbacks. */
export interface FallbackCounts {
  records: number;
  /** By kind. */
  wholeBlocks: number;
  claims: number;
  homes: number;
  steals: number;
  /** `Unmovable from Movable`: how many. */
  byTypes: Record<string, number>;
  /** `order 0 from order 3`. */
  byOrders: Record<string, number>;
  /** By what the rule says of the page found: whether its block may be claimed, and whether it was. */
  rule: { mayClaim: { claimed: number; stolen: number }; mayNotClaim: { claimed: number; stolen: number } };
  /** What the model's rule would not do, in words: how many. */
  againstRule: Record<string, number>;
}

/** A fallback as recorded, types in the recording's numbers. */
interface Fallback {
  order: number;
  found: number;
  blockOrder: number;
  type: number;
  from: number;
  owned: boolean;
  fragmenting: number;
}

function fallbackOf({ fields }: TraceRecord): Fallback | null {
  const read: Fallback = {
    order: fields.order("alloc_order"),
    found: fields.order("fallback_order"),
    blockOrder: fields.order("pageblock_order"),
    type: fields.number("alloc_migratetype"),
    from: fields.number("fallback_migratetype"),
    owned: fields.number("change_ownership") === 1,
    fragmenting: fields.number("fragmenting"),
  };
  const { order, found, type, from } = read;
  return [order, found, type, from].some(Number.isNaN) ? null : read;
}

/** Follows the fallbacks of a trace. */
export class FallbackEvents {
  private readonly kept = new Map<string, { fallback: Fallback; count: number }>();
  private records = 0;

  /** False if the record lacks a field. */
  see(record: TraceRecord): boolean {
    const fallback = fallbackOf(record);
    if (fallback === null) return false;
    this.records++;
    const key = JSON.stringify(fallback);
    const known = this.kept.get(key);
    if (known !== undefined) known.count++;
    else if (this.kept.size < 65536) this.kept.set(key, { fallback, count: 1 });
    return true;
  }

  /** Types have names only at the end of a trace, when `numbers` has seen all of it. */
  result(numbers: TypeNumbers): FallbackCounts {
    const [types, orders, against] = [new Tally(), new Tally(), new Tally()];
    const counts = { wholeBlocks: 0, claims: 0, homes: 0, steals: 0 };
    const rule = { mayClaim: { claimed: 0, stolen: 0 }, mayNotClaim: { claimed: 0, stolen: 0 } };
    for (const { fallback, count } of this.kept.values()) {
      const { order, found, type, from, owned } = fallback;
      // Up to 3.x, the block of a claimed page has the new type by the time its old one is printed.
      types.add(
        `${numbers.name(type)} from ${type === from ? "a claimed block" : numbers.name(from)}`,
        count,
      );
      orders.add(`order ${order} from order ${found}`, count);
      const blockOrder = Number.isNaN(fallback.blockOrder) ? 9 : fallback.blockOrder;
      const may = canStealFallback(
        { pageblockOrder: blockOrder, mobilityDisabled: false },
        found,
        numbers.today(type),
      );
      if (found >= blockOrder) counts.wholeBlocks += count;
      else if (owned) counts[may ? "claims" : "homes"] += count;
      else counts.steals += count;
      rule[may ? "mayClaim" : "mayNotClaim"][owned ? "claimed" : "stolen"] += count;
      for (const why of whyNot(fallback, blockOrder, numbers)) against.add(why, count);
    }
    return {
      records: this.records,
      ...counts,
      byTypes: types.toJSON(),
      byOrders: orders.toJSON(),
      rule,
      againstRule: against.toJSON(),
    };
  }
}

function whyNot(f: Fallback, blockOrder: number, numbers: TypeNumbers): string[] {
  const found: string[] = [];
  if (f.found < f.order) found.push("the page found is smaller than the request");
  if (f.found >= blockOrder && !f.owned) found.push("a whole page block was taken and kept its type");
  if (!Number.isNaN(f.fragmenting) && (f.fragmenting === 1) !== f.found < blockOrder)
    found.push("fragmenting does not follow from the orders");
  const list = FALLBACKS[numbers.today(f.type)];
  const claimed = f.type === f.from && f.owned;
  if (!claimed && list !== undefined && !list.includes(numbers.today(f.from)))
    found.push("the type taken from is no fallback of the request's type");
  return found;
}
