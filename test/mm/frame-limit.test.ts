/** Frames are numbered with 31 bits; memory beyond them is refused, and not cut to what is left of the number. */
import assert from "node:assert/strict";
import test from "node:test";
import { run } from "../../lib/experiment/run";
import { parsePlan } from "../../lib/plan/run";

test("memory of 2^32 frames is refused with the limit", () => {
  const plan = parsePlan({
    machine: { board: "blank-x86-64", ram: [{ base: 0, size: 2 ** 44 }] },
    ...{ strategy: "buddy", request: { size: "4MiB" } },
  });
  assert.throws(() => run(plan), /must end below page frame 2\^31, .*: it ends at 4294967296$/);
});
