/** A change that refuses memory at any moment: processes get less than they ask for, or no stack, and the run goes on. */
import assert from "node:assert/strict";
import test from "node:test";
import { change } from "../../lib/change/change";
import { run } from "../../lib/experiment/run";
import { parsePlan } from "../../lib/plan/run";

test("a watermark that refuses half of the requests at random ends no run", () => {
  const half = change({
    name: "half refused",
    watermark: () => {
      const global = globalThis as unknown as { state?: number };
      global.state = ((global.state ?? 1) * 1103515245 + 12345) % 2147483648;
      return global.state % 7 < 3;
    },
  });
  const plan = parsePlan({
    machine: { board: "qemu-virt", memory: "256MiB", kernel: "6.12", change: half.toJSON() },
    workload: { kind: "uptime", duration: "1 hour", profile: "server" },
    strategy: "buddy",
    request: { size: "64KiB", times: 4 },
    seed: 1,
  } as never);
  const outcome = run(plan);
  assert.equal(outcome.requests.granted.length, 4);
});
