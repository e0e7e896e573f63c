/**
 * Requests that no kernel or device could serve, through every door: a plan, a comparison of a script, a plan file, a scenario. Each strategy of the
 * RDMA session refuses them with the reason that the kernel or the device would have.
 */
import assert from "node:assert/strict";
import test from "node:test";
import { GiB, MiB } from "../../lib/base/units";
import { run } from "../../lib/experiment/run";
import { scenario } from "../../lib/experiment/scenarios";
import { compare, compareScenario } from "../../lib/fluent/compare";
import { machine } from "../../lib/fluent/machine";
import { parsePlan } from "../../lib/plan/run";
import { parsePlanText } from "../../lib/schema/plan-file";
import { rdmaDebate } from "../../lib/strategy";
import { refusedField } from "../../lib/strategy/request-check";

/** Two nodes of 8 GiB, the first with ZONE_DMA to 16 MiB. */
const SERVER = { board: "server-x86-64", memoryBytes: 16 * GiB };
const RDMA = { who: "user", longtermPin: true, cpuMapBytes: 2 * MiB } as const;
const DEBATE = rdmaDebate();
/** Memory in pieces may lie on two nodes; more than all memory is refused to them too. */
const IN_PIECES = new Set(["adjacent-thp", "iommu"]);

const outcome = (name: string, request: { bytes: number; dmaBits?: number }) =>
  run({
    format: 2,
    machine: SERVER,
    strategy: { name },
    request: { ...RDMA, ...request },
    seed: 1,
  });

for (const { spec } of DEBATE) {
  const pieces = IN_PIECES.has(spec.name);

  test(`${spec.name}: more than a node has, no whole pages and a mask below the zones are refused`, () => {
    const larger = outcome(spec.name, { bytes: 12 * GiB });
    if (pieces) {
      assert.equal(larger.requests.granted[0], 1);
      assert.equal(larger.constraints.find((c) => c.name === "one-node")!.ok, false);
    } else {
      assert.equal(larger.requests.errno[0], -12);
      assert.match(larger.failures[0]!.text, /^12 GiB are more than the largest node has, 8 GiB/);
      const field = refusedField(larger.failures[0]!.data)!;
      assert.deepEqual([field.field, field.asked], ["bytes", 12 * GiB]);
      assert.ok(field.limit <= 8 * GiB && field.limit > 7 * GiB);
    }

    const all = outcome(spec.name, { bytes: 32 * GiB });
    assert.equal(all.requests.errno[0], -12);
    assert.match(
      all.failures[0]!.text,
      /^32 GiB are more than (the largest node has|all memory of the machine)/,
    );

    const odd = outcome(spec.name, { bytes: 64 * MiB + 1 });
    assert.equal(odd.requests.errno[0], -22);
    assert.match(odd.failures[0]!.text, /^67108865 bytes are no whole number of pages of 4 KiB/);

    const mask = outcome(spec.name, { bytes: 64 * MiB, dmaBits: 20 });
    assert.equal(refusedField(mask.failures[0]!.data)!.field, "dmaBits");
    if (spec.name === "iommu") {
      assert.equal(mask.requests.errno[0], -12);
      assert.match(mask.failures[0]!.text, /1 MiB of bus addresses have no room for 64 MiB/);
    } else {
      assert.equal(mask.requests.errno[0], -5);
      assert.match(mask.failures[0]!.text, /the lowest zone, DMA, ends at 16 MiB: no zone promises memory/);
    }
  });
}

test("what a driver asks for is rounded up where dma_alloc_coherent() does it, and is not where the call takes pages", () => {
  const asked = (name: string) =>
    run({ format: 2, machine: SERVER, strategy: { name }, request: { bytes: MiB + 1 }, seed: 1 }).requests;
  assert.equal(asked("cma").granted[0], 1);
  assert.equal(asked("buddy").granted[0], 1);
  assert.equal(asked("alloc-contig-pages").errno[0], -22);
});

test("a script's comparison says for every strategy why it refused", async () => {
  const result = await compare(DEBATE)
    .on(machine("pc-x86-64").memory("512MiB"))
    .asking({ size: "1GiB", who: "user", longtermPin: true })
    .seeds(1)
    .workers(1)
    .store("none")
    .watched({ onProgress: () => undefined })
    .run();
  for (const { label } of DEBATE) {
    const why = /1 GiB are more than (the largest node has|all memory of the machine), 511\.\d+ MiB/;
    assert.match(result.explain(label), why, label);
  }
  assert.throws(
    () => compareScenario("rdma-2gb", { size: "2 gigabyte" }).plan(),
    /rdma-2gb: size: size must be/,
  );
  assert.throws(
    () => compareScenario("rdma-2gb", { dmaBits: 65 }).plan(),
    /dmaBits: must be .* from 1 to 64: got 65/,
  );
  assert.throws(
    () => compare(DEBATE).on(machine("pc-x86-64")).asking({ size: "1GiB", align: "3MiB" }).plan(),
    /request\.alignBytes: alignBytes: must be a power of two/,
  );
  assert.equal(scenario("rdma-2gb", { size: "1GiB", dmaBits: 32 }).request.bytes, GiB);
  assert.equal(scenario("rdma-2gb", { size: "1GiB", dmaBits: 32 }).request.dmaBits, 32);
});

test("a plan file's mistake is told with the line and the name of the field as it was written", () => {
  const complaint = (request: string[]) => {
    const text = [
      "machine: { board: pc-x86-64, memory: 1GiB }",
      "strategy: { name: map-contig }",
      "request:",
    ];
    const { value, locate } = parsePlanText(
      [...text, ...request.map((r) => `  ${r}`)].join("\n"),
      "plan.yaml",
    );
    try {
      parsePlan(value, locate);
    } catch (error) {
      return (error as Error).message;
    }
    return "none";
  };
  assert.match(complaint(["who: user", "size: 0"]), /^plan\.yaml:5: request\.size: bytes: must be from 1/);
  assert.match(complaint(["size: 1MiB", "align: 3MiB"]), /^plan\.yaml:5: request\.align: .* a power of two$/);
  assert.match(
    complaint(["bytes: 1MiB", "dmaBits: 65"]),
    /^plan\.yaml:5: request\.dmaBits: .* from 1 to 64: got 65$/,
  );
  assert.match(complaint(["bytes: much"]), /^plan\.yaml:4: request\.bytes: /);
  assert.match(
    complaint(["size: 1MiB", "sise: 1MiB"]),
    /^plan\.yaml:5: request\.sise: .* did you mean size\?$/,
  );
});
