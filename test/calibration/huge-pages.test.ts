/**
 * Huge pages that a real machine gave, predicted from the classes of its pages just before: field recordings hp1 (as it was) and hp3
 * (after its caches were dropped).
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { GiB } from "../../lib/base/units";
import { parseHugeResults, RecordedMachine } from "../../lib/calibration/recorded-machine";
import { readSample } from "../../lib/calibration/sample";
import { FIXTURES } from "../support/cli";

/** Pages of 2 MiB come out within this part: compaction depends on the order of lists, which no class map tells. */
const WITHIN = 0.15;

for (const name of ["hp1", "hp3"]) {
  const folder = join(FIXTURES, "real-machine", name);
  const before = readSample(join(folder, "before"));
  const results = parseHugeResults(readFileSync(join(folder, "results.txt"), "utf8"), "results.txt");

  test(`${name}: pages of 1 GiB come out as recorded, request by request`, () => {
    const machine = new RecordedMachine(before, { release: "6.19", untouched: "absent" });
    const gigantic = results.filter(({ bytes }) => bytes === GiB);
    assert.ok(gigantic.length > 0);
    for (const { bytes, wanted, got } of gigantic) assert.equal(machine.hugePages(bytes, wanted), got);
  });

  test(`${name}: pages of 2 MiB come out within ${100 * WITHIN} %`, () => {
    const machine = new RecordedMachine(before, { release: "6.19", untouched: "free" });
    for (const { bytes, wanted, got } of results.filter((r) => r.bytes < GiB)) {
      const model = machine.hugePages(bytes, wanted);
      assert.ok(
        Math.abs(model - got) <= WITHIN * got,
        `${wanted} wanted: ${got} recorded, ${model} in the model`,
      );
    }
  });
}

test("one slab page in a clean GiB takes it away", () => {
  const before = readSample(join(FIXTURES, "real-machine/hp1/before"));
  const classes = Uint8Array.from(before.classes!);
  classes[262144 + 77] = 1;
  const machine = new RecordedMachine({ ...before, classes }, { release: "6.19", untouched: "absent" });
  assert.equal(machine.hugePages(GiB, 18), 1);
});

test("results.txt is read with the line of a mistake", () => {
  assert.throws(() => parseHugeResults("size_kb=2048 want=1 got=1\nfoo\n", "r"), /^InputError: r:2: /);
});
