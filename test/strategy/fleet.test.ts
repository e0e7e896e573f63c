/** A fleet under one build or two: who gets an area, what it wastes, what has to be shipped. */
import assert from "node:assert/strict";
import test from "node:test";
import { GiB, KiB, MiB } from "../../lib/base/units";
import { type FleetBoard, type FleetBuild, fleet } from "../../lib/strategy/fleet";

const K4: FleetBuild = { name: "kernel", pageSize: 4 * KiB };
const K64: FleetBuild = { name: "kernel-64k", pageSize: 64 * KiB };
const SMALL: FleetBuild = {
  name: "kernel-64k, small blocks",
  pageSize: 64 * KiB,
  config: { kernel: "6.19", pageblockMaxOrder: 5 },
};
const BOARDS: FleetBoard[] = [
  { machine: { board: "raspberry-pi-3" }, count: 10, cmaBytes: 64 * MiB },
  { machine: { board: "raspberry-pi-4", memoryBytes: 2 * GiB }, count: 5, cmaBytes: 64 * MiB },
  { machine: { board: "raspberry-pi-5" }, count: 4, cmaBytes: 64 * MiB },
  { machine: { board: "server-arm64", memoryBytes: 64 * GiB }, count: 1, cmaBytes: 512 * MiB },
];

test("one 64K build: the Pis do without CMA, the Pi 5 does not boot, the server is served", () => {
  const one = fleet(BOARDS, [K64]);
  assert.deepEqual([one.served, one.withoutCma, one.unbootable], [1, 15, 4]);
  assert.deepEqual(one.shipped, ["kernel-64k"]);
  const pi3 = one.boards[0]!.choices[0]!;
  assert.equal(pi3.cma, false);
  assert.match(pi3.reason!, /rounded up to 512 MiB/);
  assert.match(one.boards[2]!.choices[0]!.reason!, /page size: raspberry-pi-5/);
});

test("two builds serve everybody; each board boots the larger page that does not waste its memory", () => {
  const two = fleet(BOARDS, [K64, K4]);
  assert.deepEqual([two.served, two.withoutCma, two.unbootable, two.wastedBytes], [20, 0, 0, 0]);
  assert.deepEqual(
    two.boards.map((b) => b.boots),
    ["kernel", "kernel", "kernel", "kernel-64k"],
  );
  assert.deepEqual(two.shipped, ["kernel-64k", "kernel"]);
});

test("smaller page blocks serve the Pi 3 and 4 with one 64K build", () => {
  const small = fleet(BOARDS.slice(0, 2), [SMALL]);
  assert.deepEqual([small.served, small.wastedBytes], [15, 0]);
});

test("an empty fleet and an unknown board are refused", () => {
  assert.throws(() => fleet([], [K4]), /needs at least one board and one build: got 0 boards, 1 builds/);
  assert.throws(
    () => fleet([{ machine: { board: "raspberry-pi-6" }, cmaBytes: MiB }], [K4]),
    /did you mean raspberry-pi-/,
  );
});
