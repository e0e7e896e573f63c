/**
 * Every workload on 1, 2, 4 and 16 CPUs: the laws hold, the same seed gives the same bytes, and a machine that is written as
 * the text of a snapshot and read again goes on as the one that was not.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import type { KernelRelease } from "../../lib/hardware/kernel-release";
import { parseCma } from "../../lib/machine/cma-request";
import { System } from "../../lib/machine/system";
import { allocPages, freePages } from "../../lib/mm/allocation/page-alloc";
import { validate } from "../../lib/mm/reports/validate";
import { GFP_ATOMIC, GFP_HIGHUSER_MOVABLE, GFP_KERNEL } from "../../lib/mm/state/gfp";
import type { Memory } from "../../lib/mm/state/memory";
import { kernelProfile } from "../../lib/mm/state/profile";
import { loadSnapshot } from "../../lib/trace/snapshot-load";
import { parseSnapshot } from "../../lib/trace/snapshot-parse";
import { writeSnapshot } from "../../lib/trace/snapshot-write";
import { WORKLOADS } from "../../lib/workload";
import { WorkloadRun } from "../../lib/workload/scheduler";
import type { LeafWorkload } from "../../lib/workload/workload";

/** Short ones of each kind. */
const SHORT: Record<string, object> = {
  "kernel-build": { duration: "5s" },
  "file-server": { duration: "20s" },
  "network-server": { duration: "5s" },
  database: { duration: "30s" },
  camera: { duration: "1m" },
  desktop: { duration: "1m" },
  containers: { duration: "30s" },
  "slab-growth": { duration: "20s" },
  zram: { duration: "20s" },
  uptime: { duration: "1h" },
  mix: { movable: 0.4, reclaimable: 0.05, unmovable: 0.1 },
  churn: { duration: "3s" },
  pressure: { duration: "5s" },
  "thp-challenge": { duration: "3s", warmup: "1s", threads: 2 },
  stutter: { duration: "1s", mapping: "2MiB" },
  "fault-latency": { memory: 0.1, faults: 20 },
  age: { most: "1h" },
  fragmenter: {},
  "scatter-unmovable": {},
  "pin-pages": {},
};

/** These need a recording of their own, or a sample of a machine. */
const APART = new Set(["like", "recorded-trace"]);

const CPUS: readonly [cpus: number, release: KernelRelease][] = [
  [1, "6.1"],
  [2, "7.3"],
  [4, "6.1"],
  [16, "7.3"],
];

function used(kind: string, cpus: number, kernel: KernelRelease): Memory {
  const system = System.boot(
    { board: "qemu-virt", memoryBytes: 2 ** 29, cpus, kernel, cma: parseCma("64MiB") },
    { smp: true },
  );
  new WorkloadRun(system, new Random(3)).toEnd({ kind, ...SHORT[kind] } as LeafWorkload);
  return system.memory;
}

/** What the text of a snapshot must not lose. */
const kept = (m: Memory) =>
  m.zones.map((z) => [
    z.cmaPages,
    z.nrFreeHighatomic,
    { ...z.compact, blockskipFlush: null },
    z.pcps.map((pcp) => [pcp.diffNrFree, pcp.diffNrFreeCma, pcp.flags, pcp.expire]),
  ]);

/** Requests and frees on any CPU, alike on both, which no reclaim helps; the number of the first that parts them, or −1. */
function partsAt(a: Memory, b: Memory, cpus: number): number {
  const random = new Random(9);
  const held: [pfn: number, order: number][] = [];
  a.help = null;
  for (let i = 0; i < 1500; i++) {
    const cpu = random.below(cpus);
    for (const m of [a, b]) m.runOn(cpu);
    if (held.length > 0 && random.chance(0.4)) {
      const [[pfn, order]] = held.splice(random.below(held.length), 1) as [[number, number]];
      for (const m of [a, b]) freePages(m, pfn, order);
      continue;
    }
    const gfp = [GFP_KERNEL, GFP_HIGHUSER_MOVABLE, GFP_ATOMIC][random.below(3)]!;
    const order = random.below(4);
    const pfn = allocPages(a, gfp, order);
    if (allocPages(b, gfp, order) !== pfn) return i;
    if (pfn >= 0) held.push([pfn, order]);
  }
  return writeSnapshot(a) === writeSnapshot(b) ? -1 : 1500;
}

for (const kind of WORKLOADS.keys())
  if (!APART.has(kind))
    test(`${kind} on 1, 2, 4 and 16 CPUs`, () => {
      for (const [cpus, release] of CPUS) {
        const m = used(kind, cpus, release);
        assert.equal(m.smp, cpus > 1);
        validate(m, "everything");
        const text = writeSnapshot(m);
        assert.equal(writeSnapshot(used(kind, cpus, release)), text, `${cpus} CPUs, the same seed`);
        const file = `${kind}.S0.txt`;
        const read = loadSnapshot(parseSnapshot(Buffer.from(text), file), kernelProfile(release));
        read.smp = m.smp;
        assert.equal(writeSnapshot(read), text);
        assert.deepEqual(kept(read), kept(m));
        assert.equal(partsAt(m, read, cpus), -1, `${cpus} CPUs`);
        validate(read, "everything");
      }
    });

test("every workload is among them", () => {
  assert.deepEqual(
    [...WORKLOADS.keys()].filter((kind) => !APART.has(kind)).sort(),
    Object.keys(SHORT).sort(),
  );
});
