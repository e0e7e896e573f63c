/**
 * Events between the frames: every page taken under the zone lock, every drained page, every fallback and every
 * claimed block equals the recorded kernel's, in order, and so does every choice of the half rule if it was recorded.
 * Block claims are predicted, not read from the trace.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { FIXTURES } from "../support/cli";
import { checkEvents } from "../support/event-check";

for (const [name, fallbacks, claims] of [
  ["x86-6.1/w2d-fragdeep", 42_834, 2_054],
  ["x86-6.1/w2f-boost", 8, null],
  ["x86-6.12.107/w4-thp", 7, 0],
  ["x86-7.3.4/w7-cma", 11, null],
  ["x86-7.3.4/w8b-cmatight", 12, null],
  ["arm64-cma/c4-64k-mobility-off", 2, 2],
  ["arm64-cma/c5-64k-mobility-on", 11, 17],
] as const)
  test(`${name}: events of the trace are predicted one by one`, async () => {
    const { Z, D, X, V, H } = await checkEvents(join(FIXTURES, name));
    for (const [kind, count] of Object.entries(
      claims === null ? { Z, D, X } : { Z, D, X, V, ...(H.recorded > 0 && { H }) },
    )) {
      assert.equal(count.first, undefined, `${kind}: ${count.first}`);
      assert.equal(count.predicted, count.recorded, kind);
      assert.equal(count.equal, count.recorded, kind);
    }
    assert.equal(X.recorded, fallbacks);
    if (claims !== null) assert.equal(V.recorded, claims);
    assert.ok(Z.recorded > 19_000 && D.recorded > 15_000);
  });
