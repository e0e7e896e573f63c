/**
 * Fallbacks by kind, as the trace point mm_page_alloc_extfrag tells them: how large the request was and of what type, how
 * large the free page that was found and of what type, and whether its block went over to the request's type. The table
 * has at most as many rows as there are orders and types, so its size does not depend on the length of the run.
 */
import {
  MIGRATE_MOVABLE,
  MIGRATE_NAMES,
  MIGRATE_RECLAIMABLE,
  MIGRATE_UNMOVABLE,
} from "../mm/state/migratetype";
import type { ExtfragEvent } from "../mm/state/trace-points";

/** One entry per kind of fallback in every column, ordered by request and find. */
export interface FallbackColumns {
  /** Order of the request, and of the free page that was found. */
  order: number[];
  fallbackOrder: number[];
  /** Type of the request, and of the list that served it: names as in /proc/pagetypeinfo. */
  type: string[];
  fallbackType: string[];
  /** 1: the page block went over to the request's type (`change_ownership`), 0: pages of a block that stays as it is. */
  claimed: number[];
  count: number[];
}

type Kind = Pick<ExtfragEvent, "order" | "fallbackOrder" | "mt" | "fallbackMt"> & { claimed: number };

export class FallbackTable {
  total: number;
  claimed: number;
  private readonly rows: Map<number, Kind & { count: number }>;

  constructor(private readonly pageblockOrder: number) {
    this.total = 0;
    this.claimed = 0;
    this.rows = new Map();
  }

  add({ order, fallbackOrder, mt, fallbackMt, changedOwnership }: ExtfragEvent): void {
    const claimed = changedOwnership ? 1 : 0;
    this.total++;
    this.claimed += claimed;
    const key = (((order * 32 + fallbackOrder) * 8 + mt) * 8 + fallbackMt) * 2 + claimed;
    const row = this.rows.get(key);
    if (row === undefined) this.rows.set(key, { order, fallbackOrder, mt, fallbackMt, claimed, count: 1 });
    else row.count++;
  }

  /** `fragmenting` as the trace point has it: a page smaller than a page block was found. */
  metrics(): Record<string, number> {
    const rows = [...this.rows.values()];
    const sum = (of: (row: Kind) => boolean) => rows.reduce((n, row) => n + (of(row) ? row.count : 0), 0);
    return {
      fallbacksFragmenting: sum((row) => row.fallbackOrder < this.pageblockOrder),
      fallbacksByUnmovable: sum((row) => row.mt === MIGRATE_UNMOVABLE),
      fallbacksByReclaimable: sum((row) => row.mt === MIGRATE_RECLAIMABLE),
      fallbacksByMovable: sum((row) => row.mt === MIGRATE_MOVABLE),
    };
  }

  columns(): FallbackColumns {
    const rows = [...this.rows.entries()].sort(([a], [b]) => a - b).map(([, row]) => row);
    return {
      order: rows.map((row) => row.order),
      fallbackOrder: rows.map((row) => row.fallbackOrder),
      type: rows.map((row) => MIGRATE_NAMES[row.mt]!),
      fallbackType: rows.map((row) => MIGRATE_NAMES[row.fallbackMt]!),
      claimed: rows.map((row) => row.claimed),
      count: rows.map((row) => row.count),
    };
  }
}
