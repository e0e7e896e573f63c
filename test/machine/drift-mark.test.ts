/**
 * The mark of drift (percpu_drift_mark) of a booted machine is that of the recorded kernel on a machine of its memory and CPUs.
 * Up to 6.12 a large zone's is from the moment when the last CPU came online, when only a part of its pages was there.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { machine } from "../../lib";
import { firstDeferredPfn, pagesBelow } from "../../lib/machine/deferred-pages";
import { readInput } from "../../lib/trace/input";
import { openRecording } from "../../lib/trace/recording";
import { parseSnapshot } from "../../lib/trace/snapshot-parse";
import { FIXTURES } from "../support/cli";

for (const [name, memory, cpus] of [
  ["x86-6.1/s2-thp", "512MiB", 2],
  ["x86-6.1/s4-fork", "512MiB", 4],
  ["x86-6.1/s5-reclaim", "260MiB", 2],
  ["x86-7.3.4/s2-reclaim", "400MiB", 2],
] as const)
  test(`${name}: each zone has the recorded mark, and each CPU the recorded threshold`, () => {
    const { s0, release } = openRecording(join(FIXTURES, name));
    const recorded = parseSnapshot(readInput(s0), s0).zones;
    const { zones } = machine("pc-x86-64").memory(memory).cpus(cpus).kernel(release).boot().start().memory;
    assert.deepEqual(
      zones.map((z) => [z.name, z.percpuDriftMark, z.pcps.map((pcp) => pcp.statThreshold)]),
      recorded.map((z) => [
        z.name,
        Number(z.fields.get("percpu_drift_mark")),
        z.pcps.map(({ fields }) => Number(fields.get("stat_threshold"))),
      ]),
    );
  });

test("what is left for later begins at a section, behind as many frames as one holds, in a node's last zone", () => {
  const of = (startPfn: number, pages: number, isLast = true) =>
    firstDeferredPfn("x86-64", 32_768, { present: [{ startPfn, pages }], isLast });
  assert.equal(of(1_048_576, 262_144), 1_048_576 + 32_768, "a zone that begins with a section");
  // One frame is not enough: from 4096 on, 32,768 frames end at 36,864, and the next section begins at 65,536.
  assert.equal(of(4096, 126_944), 65_536);
  assert.equal(of(4096, 61_440), Number.POSITIVE_INFINITY, "the zone ends there");
  assert.equal(of(4096, 126_944, false), Number.POSITIVE_INFINITY);
  assert.equal(
    firstDeferredPfn("arm64", 32_768, { present: [{ startPfn: 0, pages: 262_144 }], isLast: true }),
    Number.POSITIVE_INFINITY,
  );
  // Frames of a hole do not count: 20,000 before it, 12,768 behind.
  const present = [
    { startPfn: 32_768, pages: 20_000 },
    { startPfn: 98_304, pages: 60_000 },
  ];
  assert.equal(firstDeferredPfn("x86-64", 32_768, { present, isLast: true }), 131_072);
  assert.equal(pagesBelow(present, 131_072), 20_000 + 32_768);
  assert.equal(pagesBelow(present, Number.POSITIVE_INFINITY), 80_000);
});
