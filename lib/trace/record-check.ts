/** Checks that a record is possible on the machine that its snapshot describes; if not, the input is invalid. */
import { at, InputError } from "../base/errors";
import type { Memory } from "../mm/state/memory";
import type { Zone } from "../mm/state/zone";

export class RecordCheck {
  constructor(
    private readonly m: Memory,
    private readonly file: string,
  ) {}

  fail(line: number, message: string): never {
    throw new InputError(`${at(this.file, line)}: ${message}`);
  }

  /** The zone with number `idx`. */
  zone(idx: number, line: number): Zone {
    const zone = this.m.zones.find((z) => z.idx === idx);
    if (zone === undefined) this.fail(line, `zone ${idx} is not in the snapshot`);
    return zone;
  }

  cpu(cpu: number, line: number): void {
    const cpus = this.m.zones[0]!.pcps.length;
    if (cpu < 0 || cpu >= cpus)
      this.fail(line, `CPU ${cpu} is not in the snapshot, which has ${cpus} (0 to ${cpus - 1})`);
  }

  order(order: number, line: number): void {
    if (order > this.m.maxOrder) this.fail(line, `order ${order} is above the largest, ${this.m.maxOrder}`);
    if (order < 0) this.fail(line, `order ${order} is below 0`);
  }

  /** Every kernel counts at most six migratetypes. */
  type(mt: number, line: number): void {
    if (mt < 0 || mt > 5) this.fail(line, `migratetype ${mt} must be from 0 to 5`);
  }

  frame(pfn: number, order: number, line: number): void {
    this.order(order, line);
    const zone = this.m.zoneOf(pfn);
    if (zone === undefined || pfn + 2 ** order > zone.endPfn)
      this.fail(line, `frame ${pfn} (order ${order}) is outside every zone`);
    if (pfn % 2 ** order !== 0) this.fail(line, `frame ${pfn} is not aligned to its order ${order}`);
  }
}
