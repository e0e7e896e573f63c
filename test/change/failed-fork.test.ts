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
