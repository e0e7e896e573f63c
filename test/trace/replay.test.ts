/** Recordings of a real 6.1.192: the frames in them are the kernel's, not ours. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { replay } from "../../lib/trace/replay";
import { FIXTURES } from "../support/cli";

const X86 = join(FIXTURES, "x86-6.1");

for (const [name, events, allocations] of [
  ["boot-8G", 295, 100],
  ["w1-files", 404_200, 141_585],
  ["w4-thp", 342_215, 98_901],
  ["w6-compact", 138_370, 3_363],
] as const)
  test(`${name}: every frame and the final state are the recorded ones`, async () => {
    const { result } = await replay(join(X86, name));
    assert.equal(result.profile, "6.1");
    assert.equal(result.events, events);
    assert.equal(result.allocations, allocations);
    assert.equal(result.firstMismatch, null);
    assert.equal(result.exact, allocations);
    assert.deepEqual(result.finalDifferences, []);
  });

test("an omitted rule shows: the recording distinguishes a kernel without free_factor from the real one", async () => {
  const { result } = await replay(join(X86, "w1-files"), { switches: { pcpFree: "fixed" } });
  assert.ok(result.mismatches > 0);
  assert.ok(result.firstMismatch!.line > 0);
  assert.ok(result.firstMismatch!.lists.length > 0);
});
