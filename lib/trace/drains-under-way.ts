/**
 * What a CPU has not counted yet when another one acts. The model drains all pages of a per-CPU list at once; the kernel
 * counts one after the other, under the zone's lock, and another CPU reads the zone's counter meanwhile. The recorded pages
 * (`D`) show how far a drain had come: while another CPU acts, the rest is not counted.
 */

import type { Memory } from "../mm/state/memory";
import type { Zone } from "../mm/state/zone";
import { hearDrains } from "./hear-drains";
import { REC } from "./trace-reader";

/** Records that begin something else: no drain of that CPU is under way. */
const ELSEWHERE: ReadonlySet<number> = new Set([REC.A, REC.BULK_ENTER, REC.F, REC.FREE_GROUP]);

/** Records that stand before the kernel counts. */
const LATE: ReadonlySet<number> = new Set([REC.A, REC.BULK_PAGE, REC.FOLD]);

/** What a page of a drain, or the rest of a drain, adds to the counter of a zone. */
interface Counted {
  zone: Zone;
  pages: number;
}

export class DrainsUnderWay {
  /** By CPU: pages that the model has drained and the recording has not shown. */
  private readonly ahead: Counted[][] = [];
  /** By CPU: what is not counted while another CPU acts. */
  private readonly hidden: Counted[][] = [];
  /** Every zone's counter before the page that is drained next. */
  private counters: number[] = [];
  /** By CPU: what its last record changed, if it is counted behind the record: the pages of a request, or a fold. */
  private readonly taken: Counted[][] = [];
  private last: { late: boolean; counters: number[] } = { late: false, counters: [] };

  constructor(private readonly m: Memory) {
    hearDrains(m, (pfn) => this.drains(m.zoneOf(pfn)!));
  }

  private drains(zone: Zone): void {
    const { m, ahead } = this;
    const i = m.zones.indexOf(zone);
    ahead[m.cpu] ??= [];
    ahead[m.cpu]!.push({ zone, pages: zone.nrFreePages - this.counters[i]! });
    this.counters[i] = zone.nrFreePages;
  }

  /** Called before a record is applied to the model. */
  before(kind: number): void {
    const { m, ahead } = this;
    this.counters = m.zones.map((zone) => zone.nrFreePages);
    if (kind !== REC.CPU) this.last = { late: LATE.has(kind), counters: [...this.counters] };
    if (ELSEWHERE.has(kind)) ahead[m.cpu] = [];
    if (kind === REC.S) for (let cpu = 0; cpu < this.hidden.length; cpu++) this.returns(cpu);
  }

  /** A `D` of the acting CPU. */
  drained(): void {
    this.ahead[this.m.cpu]?.shift();
  }

  /** The acting CPU gives way to another one. */
  leaves(): void {
    const { m, hidden } = this;
    hidden[m.cpu] = [...(this.ahead[m.cpu] ?? [])];
    const { late, counters } = this.last;
    const changed = (zone: Zone, i: number) => ({ zone, pages: counters[i]! - zone.nrFreePages });
    this.taken[m.cpu] = late ? m.zones.map(changed).filter(({ pages }) => pages !== 0) : [];
    for (const { zone, pages } of hidden[m.cpu]!) zone.nrFreePages -= pages;
  }

  /**
   * By how much the counter of a zone may differ for a CPU that reads it: the next page of another CPU's drain is counted
   * before its `D`, and what another CPU has just taken behind its last page.
   */
  open(zone: Zone): number[] {
    const next = this.hidden.flatMap((pages) => pages?.[0] ?? []);
    return [...next, ...this.taken.flat()].filter((c) => c?.zone === zone).map(({ pages }) => pages);
  }

  /** The CPU acts again. */
  returns(cpu: number): void {
    for (const { zone, pages } of this.hidden[cpu] ?? []) zone.nrFreePages += pages;
    this.hidden[cpu] = [];
    this.taken[cpu] = [];
  }
}
