/**
 * What reaches the lists of other CPUs: drains of all of them, and every CPU's own refresh of its counters once a second.
 * A page that comes back is counted by the CPU that brings it back. Since 6.0 that is the one that asked for the drain,
 * which takes the lists' lock; before, every CPU drained its own lists when it was asked to.
 */
import type { Memory } from "../state/memory";
import { foldDiffs } from "../state/vmstat";
import type { Zone } from "../state/zone";
import { decayPcpHigh, drainPagesZone, freePcppagesBulk } from "./pcp-free";

/** Turns without a change of counters until a batch of another node's pages leaves a CPU's lists. */
const EXPIRE_TURNS = 3;

/** Does something as another CPU: what it counts stays in that CPU's differences. */
export function asCpu(m: Memory, cpu: number, act: () => void): void {
  const acting = m.cpu;
  if (cpu === acting) {
    act();
    return;
  }
  m.runOn(cpu);
  act();
  m.runOn(acting);
}

/** Acts as kswapd of node `nid`, on the last CPU of the node; on the acting CPU where CPUs are not told apart. */
export function asKswapd(m: Memory, nid: number, act: () => void): void {
  if (!m.smp) {
    act();
    return;
  }
  const nodes = [...new Set(m.zones.map((z) => z.nid))].sort((a, b) => a - b);
  const cpus = m.zones[0]!.pcps.length;
  const end = Math.ceil(((nodes.indexOf(nid) + 1) * cpus) / nodes.length);
  asCpu(m, Math.max(0, end - 1), act);
}

/** drain_pages_zone(): the lists of `cpu` for one zone. */
export function drainCpu(m: Memory, zone: Zone, cpu: number): void {
  const pcp = zone.pcps[cpu]!;
  if (pcp.count === 0) return;
  if (m.smp && !m.sw.pcpLock) asCpu(m, cpu, () => drainPagesZone(m, zone, pcp));
  else drainPagesZone(m, zone, pcp);
}

/** drain_all_pages(): every zone (or one) of every CPU that has pages there, CPU by CPU. */
export function drainAllPages(m: Memory, only?: Zone): void {
  const zones = only ? [only] : m.zones;
  const cpus = zones[0]?.pcps.length ?? 0;
  for (let cpu = 0; cpu < cpus; cpu++) for (const zone of zones) drainCpu(m, zone, cpu);
}

/** drain_zone_pages(): at most one batch of the acting CPU's lists for a zone of another node. */
export function drainZonePages(m: Memory, zone: Zone): void {
  const { pcp } = zone;
  const pages = Math.min(pcp.count, pcp.batch);
  if (pages > 0) freePcppagesBulk(m, zone, pages, pcp, 0);
}

/**
 * refresh_cpu_vm_stats(true) of the acting CPU, zone by zone: its differences join the zone's counters. Since 6.7 the limit of
 * its lists then decays. Lists of another node's zones empty a batch at a time, once the counters kept still for three turns.
 */
export function refreshCpuVmStats(m: Memory): void {
  const node = m.firstNode;
  for (const zone of m.zones) {
    const { pcp } = zone;
    if (pcp.diffNrFree !== 0 || pcp.diffNrFreeCma !== 0) pcp.expire = EXPIRE_TURNS;
    foldDiffs(zone, pcp);
    if (m.autoTune) decayPcpHigh(m, zone, pcp);
    if (pcp.expire === 0 || pcp.count === 0) continue;
    if (zone.nid === node) pcp.expire = 0;
    else if (--pcp.expire === 0) drainZonePages(m, zone);
  }
}
