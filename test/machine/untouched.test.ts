/** Untouched memory is kept in runs, which makes large machines cheap and must change nothing. */
import assert from "node:assert/strict";
import test from "node:test";
import { Random } from "../../lib/base/random";
import { MiB } from "../../lib/base/units";
import type { BootRequest } from "../../lib/machine/boot-request";
import { System } from "../../lib/machine/system";
import { allocPages } from "../../lib/mm/allocation/page-alloc";
import { validate } from "../../lib/mm/reports/validate";
import { GFP_KERNEL } from "../../lib/mm/state/gfp";
import { materialiseRange } from "../../lib/mm/state/materialise-range";
import { WorkloadRun } from "../../lib/workload/scheduler";
import type { WorkloadSpec } from "../../lib/workload/workload";

const PC: BootRequest = { board: "pc-x86-64", memoryBytes: 512 * MiB };
const PI: BootRequest = { board: "raspberry-pi-4", memoryBytes: 1024 * MiB };

const everyFrame = ({ memory: m }: System) => {
  for (const zone of m.zones) materialiseRange(m, zone.startPfn, zone.endPfn);
};

test("untouched memory in runs or block by block: the same machine, frame by frame, under any operations", () => {
  const uses: [BootRequest, WorkloadSpec][] = [
    [PC, { kind: "uptime", duration: "4 hours" }],
    [PC, { kind: "scatterUnmovable", share: 0.3 }],
    [PI, { kind: "kernelBuild", duration: "20s", jobs: 4, rss: "8MiB" }],
    [
      { ...PC, memoryBytes: 4096 * MiB },
      { kind: "kernelBuild", duration: "5s", jobs: 2, rss: "8MiB" },
    ],
  ];
  for (const [machine, use] of uses)
    for (const seed of [1, 2]) {
      const [inRuns, inBlocks] = [false, true].map((blocks) => {
        const system = System.boot(machine);
        const before = system.memory.state.slice();
        if (blocks) everyFrame(system);
        assert.equal(
          Buffer.compare(before, system.memory.state) !== 0,
          blocks,
          "there is memory in runs at boot",
        );
        new WorkloadRun(system, new Random(seed)).toEnd(use);
        const contig = system.contig.allocContigPages(4096, GFP_KERNEL, {
          world: system.world,
          owner: "driver",
        });
        return {
          system,
          contig: { ok: contig.ok, pfn: contig.ok ? contig.pfn : -1, migrated: contig.migrated },
        };
      }) as [{ system: System; contig: object }, { system: System; contig: object }];
      const what = `${machine.board}, ${"kind" in use ? use.kind : ""}, seed ${seed}`;
      assert.deepEqual(inRuns.contig, inBlocks.contig, what);
      assert.deepEqual({ ...inRuns.system.memory.counters }, { ...inBlocks.system.memory.counters }, what);
      assert.equal(inRuns.system.allocator.buddyinfo(), inBlocks.system.allocator.buddyinfo(), what);
      // Materialise what is still untouched: states, types and owners of every frame agree.
      everyFrame(inRuns.system);
      const [a, b] = [inRuns.system.memory, inBlocks.system.memory];
      assert.deepEqual(a.state, b.state, what);
      assert.deepEqual(a.blocks, b.blocks, what);
      assert.deepEqual(a.owner, b.owner, what);
      // And the lists are in the same order: the next pages come from the same frames.
      const next = (m: typeof a) => Array.from({ length: 3000 }, (_, i) => allocPages(m, GFP_KERNEL, i % 4));
      assert.deepEqual(next(a), next(b), what);
    }
});

test("the laws hold while ranges of an aged machine are emptied: isolated pages are not moved after reclaim took them", () => {
  const system = System.boot({ ...PC, memoryBytes: 1024 * MiB });
  new WorkloadRun(system, new Random(4).fork("workload")).toEnd({ kind: "uptime", duration: "3 days" });
  validate(system.memory, "everything");
  for (let i = 0; i < 20; i++) {
    system.contig.allocContigPages(4096, GFP_KERNEL, { world: system.world, owner: "driver" });
    validate(system.memory, "everything");
  }
});
