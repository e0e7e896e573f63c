/** The kernels that a page says it ran, counted by hand for each form of plan. */
import assert from "node:assert/strict";
import test from "node:test";
import { kernelsOf } from "../../lib/report/kernels";

const pi = { board: "raspberry-pi-4" };
const newer = { board: "qemu-virt", kernel: "6.19" };
const of = (...plans: object[]) => kernelsOf(plans.map((plan) => ({ plan }) as never));

test("a machine that names no kernel runs the default, beside one that names another", () => {
  assert.deepEqual(of({ kind: "comparison", machine: pi, seeds: 2 }), ["6.1"]);
  assert.deepEqual(
    of({ machine: newer, strategy: { name: "cma" } }, { kind: "sweep", plan: { machine: pi } }),
    ["6.19", "6.1"],
  );
  assert.deepEqual(of(newer), ["6.19"], "a machine alone");
});

test("kernels that a plan turns stand for that of its machine", () => {
  assert.deepEqual(of({ plan: { machine: pi }, over: { "machine.kernel": ["6.12", "7.3"] } }), [
    "6.12",
    "7.3",
  ]);
  assert.deepEqual(of({ plan: { machine: pi }, over: { memory: ["1GiB"] } }), ["6.1"]);
  const variants = ["4.17", { label: "as it is" }, { label: "new", machine: { kernel: "7.3" } }];
  assert.deepEqual(of({ kind: "compare-kernels", machine: newer, variants }), ["4.17", "6.19", "7.3"]);
});

test("recordings are told by the release in their path; a curve runs no kernel", () => {
  const recording = (path: string) => ({ kind: "recording", path, sha256: "0" });
  assert.deepEqual(
    of(
      recording("x86-6.1/w4-thp"),
      recording("x86-6.12.107/w4-thp"),
      recording("arm64-cma/c2-4k-cmaalloc"),
      newer,
    ),
    ["6.19", "recordings of 6.1, 6.12.107"],
  );
  assert.deepEqual(of({ kind: "tlb-curve", cpu: "haswell", seed: 1 }), []);
});
