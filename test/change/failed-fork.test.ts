/** A change that refuses requests by turns makes fork() fail while memory is free: the workload goes on. */
import assert from "node:assert/strict";
import test from "node:test";
import { change } from "../../lib/change/change";
import { run } from "../../lib/experiment/run";
import { parsePlan } from "../../lib/plan/run";

test("watermarks that are met by chance stop no engine", () => {
  const chance = change({
    name: "chance",
    watermark: () => {
      const state = globalThis as { s?: number };
      state.s = ((state.s ?? 1) * 1103515245 + 12345) % 2147483648;
      return Math.floor(state.s / 65536) % 2 === 0;
    },
  });
  const outcome = run(
    parsePlan({
      machine: { board: "qemu-virt", memory: "256MiB", kernel: "6.12", change: chance.toJSON() },
      workload: {
        sequence: [
          { kind: "mix", movable: 0.5, unmovable: 0.15, reclaimable: 0.1, polluted: 0.5 },
          { kind: "uptime", duration: "5 minutes", profile: "server" },
        ],
      },
      request: { size: "2MiB", times: 3 },
      strategy: "buddy",
      seed: 1,
    } as never),
  );
  assert.equal(outcome.requests.granted.length, 3);
});
