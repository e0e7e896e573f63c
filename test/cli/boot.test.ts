import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { machine } from "../../lib";
import { pageblock } from "../support/cli";

test("pageblock boot --json prints what the fluent surface gives", () => {
  const run = pageblock([
    ..."boot --board qemu-virt --page-size 64K --memory 2GiB --cma 64MiB --kernel 6.1 --json".split(" "),
  ]);
  assert.equal(run.status, 0, run.stderr);
  const printed = JSON.parse(run.stdout);
  const booted = machine("qemu-virt").pageSize("64K").memory("2GiB").cma("64MiB").kernel("6.1").boot();
  assert.deepEqual(printed, booted.toJSON());
  assert.deepEqual(printed.cma, {
    requestedBytes: 67108864,
    reservedBytes: 536870912,
    base: 0x80000000,
    alignmentBytes: 536870912,
    ok: true,
    reason: null,
  });
  assert.equal(printed.mobilityGrouping, false);
});

test("pageblock boot for people names page blocks, zones and the area", () => {
  const run = pageblock(["boot", "--board", "raspberry-pi-cm4-8gb", "--page-size", "64K"]);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /page block +order 13 = 512 MiB/);
  assert.match(run.stdout, /DMA32 +0x40000000/);
  assert.match(run.stdout, /CMA +none: see area linux,cma \(device tree\) and area reserved/);
  const once = run.stdout.replace(/\n {18}/g, " ");
  assert.equal(once.match(/incorrect alignment of CMA region;/g)?.length, 1, once);
  assert.match(once, /area +linux,cma \(device tree\): not reserved: Reserved memory: incorrect alignment/);
  assert.ok(run.stdout.split("\n").every((line) => line.length <= 110));
});

test("--huge off, --thp off and the range form of --cma", () => {
  const json = (...args: string[]) => JSON.parse(pageblock(["boot", "--json", ...args]).stdout);
  const small = json(..."--board qemu-virt --page-size 64K --huge off --kernel 4.17".split(" "));
  assert.equal(small.pageblockOrder, 10);
  assert.deepEqual(small.hugePageSizes, []);
  const noThp = json(..."--board qemu-virt --page-size 64K --thp off --kernel 4.17".split(" "));
  assert.deepEqual([noThp.pageblockOrder, noThp.largestBuddyOrder], [13, 10]);
  const range = json(..."--board qemu-virt --memory 4G --cma 64M@0-0x80000000".split(" "));
  assert.equal(range.cma.base, 0x7c000000);
  const fixed = json(..."--board qemu-virt --memory 4G --cma 64M@0x60000000".split(" "));
  assert.equal(fixed.cma.base, 0x60000000);
});

test("an error in a machine's own text names its file and line", () => {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-boot-"));
  const put = (name: string, text: string): string => {
    writeFileSync(join(dir, name), text);
    return join(dir, name);
  };
  const prose = put("prose.txt", "a machine\n");
  const backwards = put("io.txt", "00000000-3fffffff : System RAM\n50000000-40000000 : System RAM\n");
  const good = put("good.txt", "00000000-3fffffff : System RAM\n");
  const tree = put("t.dts", "/dts-v1/;\n/ {\n foo bar;\n};\n");
  const cases: [args: string[], begins: string][] = [
    [["--from-iomem", prose], `${prose}: no line such as`],
    [["--from-iomem", backwards], `${backwards}:2: a range must end`],
    [["--from-e820", prose], `${prose}: no usable entry`],
    [["--from-log", prose], `${prose}: no ranges of memory`],
    [["--dtb", tree], `${tree}:3: not understood: "bar"`],
    [["--from-iomem", good, "--dtb", tree], `${tree}:3: not understood: "bar"`],
  ];
  for (const [args, begins] of cases) {
    const run = pageblock(["boot", ...args]);
    assert.equal(run.status, 2, args.join(" "));
    assert.ok(run.stderr.startsWith(`pageblock: ${begins}`), run.stderr);
    assert.equal(run.stderr.trim().split("\n").length, 1);
  }
  rmSync(dir, { recursive: true });
});

test("bad input: one clear line on stderr, exit 2, nothing on stdout", () => {
  const cases: [string, RegExp][] = [
    ["--board raspberry-pi-9", /board: unknown name "raspberry-pi-9": known are .*did you mean/],
    ["--board qemu-virt --memory 0", /memory: size must be > 0/],
    ["--board qemu-virt --memory 0 --json", /memory: size must be > 0/],
    ["--board pc-x86-64 --page-size 64K", /page size: pc-x86-64 \(x86-64\) has 4 KiB: got 64 KiB/],
    [
      "--board qemu-virt --page-size 8K",
      /page size: qemu-virt \(arm64\) has 4 KiB, 16 KiB, 64 KiB: got 8 KiB/,
    ],
    ["--board qemu-virt --cma 0", /cma: size must be > 0/],
    ["--board qemu-virt --cma lots", /cma: size must be a number/],
    ["--board qemu-virt --cma 64M@here", /cma: base: size must be a number/],
    ["--board qemu-virt --cma 64M@0-1-2", /cma: must be a size/],
    ["--board qemu-virt --kernel 2.4", /kernel: 2.4 is older than .* modelled are 4.17/],
    ["--board qemu-virt --huge perhaps", /--huge/],
    ["--board qemu-virt --page-block-max-order 20 --kernel 6.19", /from 1 to 10: got 20/],
    ["--memory 1G", /--board/],
  ];
  for (const [args, message] of cases) {
    const run = pageblock(["boot", ...args.split(" ")]);
    assert.equal(run.status, 2, args);
    assert.match(run.stderr, message, args);
    assert.equal(run.stderr.trim().split("\n").length, 1, `${args}: ${run.stderr}`);
    assert.equal(run.stdout, "", args);
  }
});

test("a plan of another kind boots its machine; fields of the machine beside `machine` are refused", () => {
  const folder = mkdtempSync(join(tmpdir(), "boot-"));
  const boot = (name: string, text: string, ...more: string[]) => {
    writeFileSync(join(folder, name), text);
    return pageblock(["boot", join(folder, name), "--json", ...more]);
  };
  try {
    const fields = "{ board: qemu-virt, memory: 512MiB, kernel: '6.6' }";
    const own = boot("own.yaml", `board: qemu-virt\nmemory: 512MiB\nkernel: '6.6'\n`).stdout;
    const pages = (text: string) =>
      JSON.parse(text).zones.reduce((n: number, zone: { present: number }) => n + zone.present, 0);
    assert.equal(pages(own), 2 ** 29 / 4096);
    const run = `machine: ${fields}\nstrategy: buddy\nrequest: { size: 4MiB }\n`;
    assert.equal(boot("alone.yaml", `machine: ${fields}\n`).stdout, own);
    assert.equal(boot("run.yaml", run).stdout, own);
    assert.equal(
      boot("sweep.yaml", `plan:\n  ${run.trim().replaceAll("\n", "\n  ")}\nover: { seed: [1] }\n`).stdout,
      own,
    );
    assert.equal(pages(boot("flag.yaml", run, "--memory", "1GiB").stdout), 2 ** 30 / 4096);
    const both = boot("both.yaml", `machine: ${fields}\ncma: 64MiB\n`);
    assert.equal(both.status, 2);
    assert.match(both.stderr, /both\.yaml:2: cma: a field of the machine stands under machine or at the top/);
    const wrong = boot("wrong.yaml", `machine:\n  board: qemu-virt\n  memry: 1GiB\n`);
    assert.match(wrong.stderr, /wrong\.yaml:3: machine\.memry: unknown field "memry"; did you mean memory/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test("a log's machine has its name, and each area beside the one that its kernel printed", () => {
  const folder = mkdtempSync(join(tmpdir(), "boot-"));
  const log = (at: string) => `Linux version 5.5.0 (aarch64-linux-gnu-gcc)
OF: fdt: Machine model: ACME Board One
cma: Reserved 64 MiB at 0x${at}
  node   0: [mem 0x0000000040000000-0x000000007fffffff]
`;
  const boot = (at: string, ...more: string[]) => {
    writeFileSync(join(folder, "log.txt"), log(at));
    const run = pageblock(["boot", "--from-log", join(folder, "log.txt"), ...more]);
    assert.equal(run.status, 0, run.stderr);
    return run.stdout.replace(/\n {18}/g, " ");
  };
  try {
    // The highest free 64 MiB below the end of memory, 0x80000000: 5.5 takes the area before the memmap.
    const same = boot("000000007c000000");
    assert.match(same, /^ACME Board One \(blank-arm64\), 1 GiB/);
    assert.match(same, /the log has +reserved: 64 MiB at 0x7c000000: the same here\n/);
    const other = boot("0000000070000000");
    assert.match(
      other,
      /reserved: 64 MiB at 0x70000000; here 64 MiB at 0x7c000000: the log does not say all/,
    );
    assert.match(boot("0000000070000000", "--cma", "32M"), /; here 32 MiB at 0x7e000000: the flags change/);
    const { text } = JSON.parse(boot("000000007c000000", "--json"));
    assert.deepEqual(text, {
      model: "ACME Board One",
      areas: [{ name: "reserved", base: 0x7c000000, bytes: 64 * 2 ** 20 }],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
