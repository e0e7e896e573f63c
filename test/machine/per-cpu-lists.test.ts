/** What a boot says of CPUs is what /proc/zoneinfo of the started machine prints for each of them. */
import assert from "node:assert/strict";
import test from "node:test";
import { machine } from "../../lib";
import { zoneinfoText } from "../../lib/mm/reports/zoneinfo";
import { pageblock } from "../support/cli";

/** The blocks `cpu:` of each zone in a text of zoneinfo: label → number, in order. */
function cpuBlocks(text: string): Record<string, number>[][] {
  return text
    .split(/^Node /m)
    .filter((zone) => zone.includes("  pagesets"))
    .map((zone) =>
      zone
        .split(/^ {4}cpu: /m)
        .slice(1)
        .map((block, cpu) => {
          assert.match(block, new RegExp(`^${cpu}\n`), "CPUs come in their order");
          return Object.fromEntries(
            [...block.matchAll(/^ +(high|batch|high_min|high_max|vm stats threshold): +(\d+)$/gm)].map(
              (m) => [m[1]!, Number(m[2])],
            ),
          );
        }),
    );
}

const pc = (cpus: number, kernel: string) => machine("pc-x86-64").memory("512MiB").cpus(cpus).kernel(kernel);
const twoNodes = machine("qemu-virt")
  .kernel("7.3")
  .nodes([
    { memory: "512MiB", cpus: 6 },
    { memory: "512MiB", cpus: 2 },
  ]);
for (const [name, described] of Object.entries({
  "one CPU, 6.1": pc(1, "6.1"),
  "two CPUs, 4.17": pc(2, "4.17"),
  "four CPUs, 6.1": pc(4, "6.1"),
  "four CPUs, 6.12": pc(4, "6.12"),
  "16 CPUs, 7.3": pc(16, "7.3"),
  "four CPUs, lists that tune themselves turned off": pc(4, "7.3").with({ pcpAutoTune: false }),
  "a sysctl for the size of lists": pc(4, "7.3").sysctl({ percpuPagelistHighFraction: 64 }),
  "a sysctl for the watermarks": pc(4, "6.1").sysctl({ minFreeKbytes: 20_000 }),
  "two nodes, whose zones divide among six and two CPUs": twoNodes,
}))
  test(`${name}: high, batch and threshold of each CPU`, () => {
    const booted = described.boot();
    const { cpus, zones } = booted.toJSON();
    const blocks = cpuBlocks(zoneinfoText(booted.start().memory, undefined, { release: "7.3" }));
    assert.deepEqual(
      blocks,
      zones.map(({ perCpu: { high, batch, highMin, highMax, statThreshold } }) =>
        Array.from({ length: cpus }, () => ({
          ...{ high, batch, high_min: highMin, high_max: highMax },
          "vm stats threshold": statThreshold,
        })),
      ),
    );
  });

test("the lists of a zone are divided among the CPUs of its node", () => {
  // zone_highsize(): an eighth of the zone over the CPUs of the node, at least four batches.
  const { zones, perCpuLists } = twoNodes.boot();
  const most = zones.map((z) => Math.floor(z.managedAtBoot / 8));
  assert.deepEqual(
    perCpuLists.map(({ highMax }) => highMax),
    [Math.floor(most[0]! / 6), Math.floor(most[1]! / 2)],
  );
});

test("pageblock boot shows how many CPUs there are, and their lists as zoneinfo names them", () => {
  const text = (kernel: string) => {
    const run = pageblock([
      "boot",
      ..."--board pc-x86-64 --memory 512MiB --cpus 4 --kernel".split(" "),
      kernel,
    ]);
    assert.equal(run.status, 0, run.stderr);
    return run.stdout;
  };
  assert.match(text("6.1"), /^CPUs +4$/m);
  // DMA: a low watermark of 27 pages over four CPUs; the threshold is 2 × fls(4) × 1.
  assert.match(text("6.1"), /^each CPU +high +batch +vm stats threshold\nDMA +6 +1 +6$/m);
  assert.match(text("7.3"), /^each CPU +high +batch +high_min +high_max +vm stats threshold$/m);
});
