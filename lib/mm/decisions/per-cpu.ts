/** What a change decides about the per-CPU lists: how many pages they take, hold and give back. */
import type { PcpDrainGiven, PcpGiven, PcpSize } from "../state/decisions";
import type { Memory } from "../state/memory";
import type { Zone } from "../state/zone";

function givenOf(m: Memory, zone: Zone, order: number): PcpGiven {
  const { name, nid: node, belowHigh, reclaimActive: reclaiming } = zone;
  const { count, batch, high, highMin, highMax, freeFactor, allocFactor, freeCount } = zone.pcp;
  return {
    zone: name,
    node,
    order,
    count,
    batch,
    high,
    highMin,
    highMax,
    freeFactor,
    allocFactor,
    freeCount,
    belowHigh,
    reclaiming,
    autoTuned: m.autoTune,
    rule: m.sw.pcpFree,
  };
}

/** nr_pcp_alloc(): pages of the order that a refill asks for. */
export function refillOf(m: Memory, zone: Zone, order: number): number {
  return m.change!.pcpRefill!(givenOf(m, zone, order));
}

/** nr_pcp_high(): base pages at which the lists of the CPU drain. */
export function highOf(m: Memory, zone: Zone, order: number, drainsAll: boolean): number {
  return m.change!.pcpHigh!({ ...givenOf(m, zone, order), drainsAll });
}

/** nr_pcp_free(): base pages that go back to the buddy lists. */
export function drainOf(
  m: Memory,
  zone: Zone,
  { order, ...free }: Pick<PcpDrainGiven, "order" | "drainsAll" | "limit">,
): number {
  return m.change!.pcpDrain!({ ...givenOf(m, zone, order), ...free });
}

/** zone_batchsize() and zone_highsize(): the sizes of the lists of every CPU, as boot or a sysctl has set them. */
export function setPcpSizes(m: Memory): void {
  const ask = m.change?.pcpSize;
  if (ask === undefined) return;
  for (const zone of m.zones) {
    const { name, nid: node, managed: managedPages, pcps } = zone;
    const { batch, highMin: high } = pcps[0]!;
    const size: PcpSize = ask({ zone: name, node, managedPages, cpus: pcps.length, batch, high });
    for (const pcp of pcps) {
      pcp.batch = size.batch;
      if (size.high === pcp.highMin) continue;
      pcp.highMin = size.high;
      pcp.highMax = Math.max(size.high, m.autoTune ? pcp.highMax : 0);
      pcp.high = size.high;
    }
  }
}
