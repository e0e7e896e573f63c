/**
 * The ten stories of `pageblock case`. What is expected is what the reports say (test/fixtures/explain/cases) and what their threads
 * ended with: the errors and sizes are read from the logs here, by expressions of their own.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { CASES } from "../../lib/explain/cases";
import { FIELD_CASES, type FieldCase, fieldCase } from "../../lib/fluent/field-case";
import { machine } from "../../lib/fluent/machine";
import { pageblock } from "../support/cli";

const LOGS = join(__dirname, "../fixtures/explain/cases");
const MiB = 2 ** 20;
const ENOMEM = -12;
const EBUSY = -16;

interface Expected {
  file: string;
  /** Reasons of the failure in the log, from the known answer. */
  reasons: string[];
  /** The failing machine's error. A boot and a write to nr_hugepages have none in the log: nothing could be had. */
  errno: number;
  /** What the failing machine's reason must say. */
  says: RegExp;
}

const EXPECTED: Record<string, Expected> = {
  "pi-4-cma-512": {
    file: "01-rpi4-haos-cma512",
    reasons: ["cma-not-reserved"],
    errno: ENOMEM,
    says: /512 MiB/,
  },
  "zcu106-2048-mib": {
    file: "09-zcu106-2048m",
    reasons: ["cma-not-reserved"],
    errno: ENOMEM,
    says: /no free 2 GiB.*below 0x100000000/,
  },
  "pi-4-32-bit": {
    file: "05-rpi4-32bit-cma512-panic",
    reasons: ["watermark", "cma-only"],
    errno: ENOMEM,
    says: /zone DMA: .* CMA pages that it may not use, not above the min watermark 16384/,
  },
  "cm4-cma-64": {
    file: "02-yellow-cma64-exhausted",
    reasons: ["cma-area-full"],
    errno: ENOMEM,
    says: /4 pages.*16384 of 16384 pages are taken/,
  },
  "orin-246-mib": {
    file: "11-orin-62864-pages",
    reasons: ["cma-area-full"],
    errno: ENOMEM,
    says: /62864 pages.*has 16384 pages in all/,
  },
  "pi-4-cma-torn": {
    file: "04-rpi4-6170-cma-fragmented",
    reasons: ["cma-area-full"],
    errno: ENOMEM,
    says: /no free run of 1024 pages.* of 131072 pages/,
  },
  "zynqmp-2-gib": {
    file: "08-zynqmp-2g-ebusy",
    reasons: ["cma-busy"],
    errno: EBUSY,
    says: /524288 pages.*In the way/s,
  },
  "docker-order-5": {
    file: "14-docker-veth-order5",
    reasons: [],
    errno: ENOMEM,
    says: /order 5, unmovable: .*the largest free page is of order 4/,
  },
  "router-order-10": {
    file: "16-mt7621-128mb-router",
    reasons: ["watermark", "no-block"],
    errno: ENOMEM,
    says: /order 10, unmovable: .*less the 1023 of the request, not above the min watermark 4096/,
  },
  "spdk-4096": {
    file: "17-spdk-3738-of-4096",
    reasons: ["hugetlb-pool"],
    errno: ENOMEM,
    says: /of 4096 pages/,
  },
};

const stories = new Map<string, FieldCase>();
const story = (name: string): FieldCase => {
  const known = stories.get(name) ?? fieldCase(name);
  stories.set(name, known);
  return known;
};

test("there are ten cases, and each is expected", () => {
  assert.deepEqual([...FIELD_CASES].sort(), Object.keys(EXPECTED).sort());
  assert.equal(FIELD_CASES.length, 10);
});

for (const [name, { file, reasons, errno, says }] of Object.entries(EXPECTED))
  test(`${name}: the log's reason, a machine that fails alike, and one in which the remedy works`, () => {
    const { log, explanation, failing, remedied, notShown, why } = story(name);
    assert.equal(log, readFileSync(join(LOGS, `${file}.txt`), "utf8"));
    const found = new Set(explanation.reports.flatMap((report) => report.reasons));
    for (const reason of reasons) assert.ok(found.has(reason as never), `${reason} in ${[...found]}`);
    for (const [, ret] of log.matchAll(/ret: (-\d+)/g)) assert.equal(failing.errno, Number(ret));
    assert.deepEqual([failing.ok, failing.errno], [false, errno]);
    assert.match(failing.reason!, says);
    assert.deepEqual([remedied.ok, remedied.errno, remedied.reason], [true, 0, null]);
    assert.ok(notShown.length > 0 && why.length > 0);
    assert.ok(failing.askedBytes > 0 && failing.freeBytes > 0);
  });

test("sizes that the logs name are those that the machines ask for", () => {
  const pages = (log: string) => [...log.matchAll(/req-size: (\d+) pages/g)].map(([, n]) => Number(n));
  for (const name of ["orin-246-mib", "pi-4-cma-torn", "zynqmp-2-gib"])
    assert.equal(story(name).failing.askedBytes, pages(story(name).log)[0]! * 4096, name);
  const yellow = story("cm4-cma-64");
  assert.equal(
    yellow.failing.askedBytes,
    pages(yellow.log).reduce((sum, n) => sum + n * 4096, 0),
  );
  const order = (log: string) => Number(/order:(\d+)/.exec(log)![1]);
  for (const name of ["docker-order-5", "router-order-10"]) {
    assert.equal(story(name).failing.askedBytes, 2 ** order(story(name).log) * 4096, name);
    assert.ok(story(name).remedied.askedBytes >= story(name).failing.askedBytes, name);
  }
  const [, wanted] = /requested (\d+) hugepages/.exec(story("spdk-4096").log)!;
  assert.equal(story("spdk-4096").failing.askedBytes, Number(wanted) * 2 * MiB);
  assert.equal(story("pi-4-cma-512").failing.askedBytes, 512 * MiB);
  assert.equal(story("zcu106-2048-mib").remedied.askedBytes, 1900 * MiB);
});

test("what the kernels printed at boot, the machines print", () => {
  const printed = /cma: Reserved \d+ MiB at \w+|OF: reserved mem: failed.*|.*created CMA memory pool.*/g;
  for (const name of ["pi-4-cma-512", "cm4-cma-64"]) {
    const { log, failing } = story(name);
    const lines = [...log.matchAll(printed)].map(([line]) => line.replace(/^\[[^\]]*\] /, ""));
    assert.ok(lines.length > 0, name);
    for (const line of lines) assert.ok(failing.messages.includes(line), `${name}: ${line}`);
  }
});

test("the machine of 32 bits has the watermark of the log, and high memory has none of min_free_kbytes", () => {
  const { log, failing } = story("pi-4-32-bit");
  const [, min] = /DMA free:\d+kB boost:0kB min:(\d+)kB/.exec(log)!;
  const { zones } = machine({ ...(failing.plan.machine as object) } as never).boot();
  const [dma, high] = zones;
  assert.equal(dma!.watermarks.min * 4, Number(min));
  // is_highmem(): a thousandth of the managed pages, from 32 to 128.
  assert.equal(high!.watermarks.min, 128);
});

test("spdk-4096: dropping the caches and compacting brings more pages, but not all, as the case says", () => {
  const { failing } = fieldCase("spdk-4096");
  const before = failing.machine.hugePages("2MiB", 4096).count;
  failing.machine.hugePages("2MiB", 0);
  const after = failing.machine.dropCaches().compact().hugePages("2MiB", 4096).count;
  assert.ok(before < after && after < 4096, `${before}, ${after}`);
});

test("the words name no size that the plan does not have", () => {
  for (const { name, failing, remedied } of CASES)
    for (const { words, plan } of [failing, remedied])
      for (const [, cma] of words.matchAll(/\bcma[=-](\d+)/g))
        assert.match(JSON.stringify(plan.machine), new RegExp(`${cma}\\b|${cma}MiB`), name);
});

test("pageblock case lists the cases, tells one, and refuses an unknown one in one line", () => {
  const listed = pageblock(["case"]);
  assert.equal(listed.status, 0);
  assert.deepEqual(
    listed.stdout
      .trim()
      .split("\n")
      .map((line) => line.split(" ")[0]),
    [...FIELD_CASES],
  );
  assert.equal(JSON.parse(pageblock(["case", "--json"]).stdout).cases.length, 10);
  const told = pageblock(["case", "zcu106-2048-mib"]);
  assert.equal(told.stdout, story("zcu106-2048-mib").text());
  assert.match(told.stdout, /cma: Failed to reserve 2048 MiB\n {2}Refused: -12 \(ENOMEM\)/);
  for (const line of told.stdout.split("\n")) assert.ok(line.length <= 100, line);
  const json = JSON.parse(pageblock(["case", "zcu106-2048-mib", "--json"]).stdout);
  assert.deepEqual([json.format, json.failing.errno, json.remedied.ok], [1, ENOMEM, true]);
  const unknown = pageblock(["case", "zcu106"]);
  assert.deepEqual([unknown.status, unknown.stdout], [2, ""]);
  assert.match(unknown.stderr, /^pageblock: case: unknown name "zcu106": known are [^\n]*\n$/);
});
