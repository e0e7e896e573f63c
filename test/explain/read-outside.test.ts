/** Folders and archives of a machine's files, hostile texts, and what they cost. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { after } from "node:test";
import * as zlib from "node:zlib";
import { gzipSync } from "node:zlib";
import { InputError } from "../../lib/base/errors";
import { readOutsideTexts, readTexts } from "../../lib/explain";
import { readAnySnapshot } from "../../lib/trace/any-snapshot";

const TMP = mkdtempSync(join(tmpdir(), "explain-"));
after(() => rmSync(TMP, { recursive: true }));

function put(root: string, files: Readonly<Record<string, string | Buffer>>): string {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), content);
  }
  return root;
}

/** A small copy of what sosreport collects. */
const SOS: Readonly<Record<string, string | Buffer>> = {
  "sos-host/proc/buddyinfo":
    "Node 0, zone      DMA      1      0      2\nNode 0, zone   Normal      5      0      0\n",
  "sos-host/proc/meminfo": "MemTotal:         747864 kB\nMemFree:            7000 kB\n",
  "sos-host/proc/zoneinfo":
    "Node 0, zone      DMA\n  pages free     9\n        min      3\n        low      4\n        high     5\n        present  100\n  start_pfn:           1\n",
  "sos-host/proc/cmdline": "root=/dev/vda1 cma=64M\n",
  "sos-host/proc/1234/cmdline": "secret command\n",
  "sos-host/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "512\n",
  "sos-host/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages": "500\n",
  "sos-host/uname": "Linux host 5.14.0-70.el9.x86_64 #1 SMP x86_64 GNU/Linux\n",
  "sos-host/var/log/messages.gz": gzipSync(
    "Nov 30 05:33:49 host kernel: x: page allocation failure: order:4, mode:0xcc0(GFP_KERNEL)\n",
  ),
  "sos-host/var/log/wtmp": Buffer.from([0, 1, 2, 3]),
};

function check(paths: readonly string[]): void {
  const { readings } = readTexts(readOutsideTexts(paths).inputs);
  const state = readings.find((r) => r.kind === "memory-state")!;
  assert.equal(readings.filter((r) => r.kind === "memory-state").length, 1);
  assert.deepEqual(state.zones[0]!.counts, [1, 0, 2]);
  // 9 pages of 4 KiB, of zoneinfo; the zone without one has its lists' 5 pages.
  assert.deepEqual(
    state.zones.map((z) => [z.name, z.freeBytes, z.minBytes]),
    [
      ["DMA", 9 * 4096, 3 * 4096],
      ["Normal", 5 * 4096, null],
    ],
  );
  assert.equal(state.totals.MemTotal, 747864 * 1024);
  assert.deepEqual(
    state.hugetlb.map((p) => [p.pageBytes, p.total, p.free]),
    [[2 * 1024 * 1024, 512, 500]],
  );
  assert.deepEqual(
    [state.release, state.pageBytes, state.boot.commandLine],
    ["5.14.0-70.el9.x86_64", 4096, "root=/dev/vda1 cma=64M"],
  );
}

test("a folder of a machine's files is one state", () => {
  const root = put(join(TMP, "folder"), SOS);
  check([root]);
  const { inputs, skipped } = readOutsideTexts([root]);
  assert.ok(inputs.every((i) => !i.name.includes("1234")));
  assert.ok(inputs.some((i) => i.name.endsWith("messages.gz") && i.text.includes("page allocation failure")));
  assert.deepEqual(skipped, [{ name: "sos-host/var/log/wtmp", why: "holds binary data" }]);
});

test("an archive of the same, packed or not, is the same, and nothing is written", () => {
  const root = put(join(TMP, "packed"), SOS);
  execFileSync("tar", ["-cf", join(TMP, "sos.tar"), "-C", root, "sos-host"]);
  execFileSync("tar", ["-czf", join(TMP, "sos.tgz"), "--format=pax", "-C", root, "sos-host"]);
  const before = readdirSync(TMP);
  check([join(TMP, "sos.tar")]);
  check([join(TMP, "sos.tgz")]);
  assert.deepEqual(readdirSync(TMP), before);
});

const ZIP = [
  "import os, sys, zipfile",
  "z = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)",
  "for path, _, files in sorted(os.walk(sys.argv[2])):",
  "  for f in sorted(files): z.write(os.path.join(path, f), os.path.relpath(os.path.join(path, f), sys.argv[2]))",
  "z.close()",
].join("\n");

test("a zip archive of the same is the same; a snapshot is taken of it, and of a packed one on standard input", () => {
  const zip = join(TMP, "sos.zip");
  execFileSync("python3", ["-c", ZIP, zip, put(join(TMP, "zipped"), SOS)]);
  check([zip]);
  assert.equal(readAnySnapshot(zip).texts.buddyinfo, SOS["sos-host/proc/buddyinfo"]);
  const within = put(join(TMP, "zip-in-folder"), {
    buddyinfo: "Node 0, zone DMA 7\n",
    "old.zip": readFileSync(zip),
  });
  assert.deepEqual(
    readOutsideTexts([within]).inputs.map((i) => i.name),
    ["buddyinfo"],
  );
});

test("standard input is unpacked and read as a file is", () => {
  const script = `const { readOutsideTexts } = require("./lib/explain"); console.log(JSON.stringify(readOutsideTexts(["-"]).inputs))`;
  const given = (input: Buffer) =>
    JSON.parse(
      execFileSync(process.execPath, ["--require", "./test/support/register.cjs", "-e", script], {
        input,
      }).toString(),
    ) as { name: string; text: string }[];
  const text = "Node 0, zone DMA 7\n";
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, "utf16le")]);
  for (const input of [Buffer.from(text), gzipSync(text), utf16, gzipSync(utf16)])
    assert.deepEqual(given(input), [{ name: "standard input", text }]);
  const archive = execFileSync("tar", [
    "-czf",
    "-",
    "-C",
    put(join(TMP, "input"), SOS),
    "sos-host/proc/buddyinfo",
  ]);
  assert.deepEqual(
    given(archive).map(({ name }) => name),
    ["standard input:sos-host/proc/buddyinfo"],
  );
});

test("files without a text in an archive cost no more than a limit", () => {
  // Each file of 60 MiB of NULs is 60 kB packed: after 9 of them, that is 540 MiB, no more is unpacked.
  const program = [
    "import sys, zipfile",
    "z = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)",
    "for i in range(12): z.writestr('%02d/buddyinfo' % i, bytes(60 * 2 ** 20))",
    "z.writestr('zoneinfo', 'Node 0, zone DMA\\n')",
    "z.close()",
  ].join("\n");
  const zip = join(TMP, "nothing.zip");
  execFileSync("python3", ["-c", program, zip]);
  const { inputs, skipped } = readOutsideTexts([zip]);
  assert.deepEqual(inputs, []);
  assert.equal(skipped.filter(({ why }) => why === "holds binary data").length, 9);
  assert.equal(
    skipped.filter(({ why }) => /^after 512 MiB that held no text no more is read$/.test(why)).length,
    4,
  );
});

test("a file with an endless line is left out of its folder, the others are read", () => {
  const root = put(join(TMP, "wide"), {
    buddyinfo: "Node 0, zone DMA 7\n",
    "class.txt": "a".repeat(2 ** 20 + 1),
  });
  const { inputs, skipped } = readOutsideTexts([root]);
  assert.deepEqual([inputs.map((i) => i.name), skipped.map((s) => s.name)], [["buddyinfo"], ["class.txt"]]);
});

test("a large folder is read by names, links are not followed", () => {
  const files: Record<string, string> = { "proc/buddyinfo": "Node 0, zone DMA 7\n" };
  for (let i = 0; i < 400; i++) files[`notes/${i}.txt`] = "Node 0, zone DMA 1\n";
  const root = put(join(TMP, "large"), files);
  symlinkSync(root, join(root, "loop"));
  symlinkSync("/etc/hostname", join(root, "proc/meminfo"));
  assert.deepEqual(
    readOutsideTexts([root]).inputs.map((i) => i.name),
    ["proc/buddyinfo"],
  );
});

test("what cannot be read gives one line with the path", () => {
  put(TMP, {
    "cut.tar": Buffer.concat([tarHeader("proc/buddyinfo", 5000), Buffer.from("Node 0")]),
    "x.xz": "x",
  });
  const damaged = tarHeader("proc/buddyinfo", 0);
  damaged[0] = 1;
  put(TMP, { "damaged.tar": damaged, "binary.log": Buffer.from([65, 0, 66]), "empty/none": "" });
  mkdirSync(join(TMP, "hollow"));
  const refused = (path: string, why: RegExp) =>
    assert.throws(
      () => readOutsideTexts([join(TMP, path)]),
      (e) => e instanceof InputError && why.test(e.message) && !e.message.includes("\n"),
      path,
    );
  refused("cut.tar", /cut short inside "proc\/buddyinfo"/);
  // Without the sum of its header it is no archive.
  refused("damaged.tar", /binary data/);
  refused("x.xz", /unpack it/);
  refused("binary.log", /binary data/);
  refused("hollow", /no file of this folder/);
  refused("missing", /no such file/);
});

test("names in an archive are names only", () => {
  const text = "Node 0, zone DMA 1 2\n";
  const body = Buffer.alloc(512);
  body.write(text);
  put(TMP, { "evil.tar": Buffer.concat([tarHeader("../../etc/\u001b[31mbuddyinfo", text.length), body]) });
  const { inputs } = readOutsideTexts([join(TMP, "evil.tar")]);
  assert.equal(inputs.length, 1);
  assert.match(inputs[0]!.name, /^[\x20-\x7e]+$/);
});

function tarHeader(path: string, size: number): Buffer {
  const header = Buffer.alloc(512);
  header.write(path, 0);
  header.write("0000644\0", 100);
  header.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  header.write("        0", 148);
  header.write("ustar\x0000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

test("a line of 100 MB is refused with its place, the limit and the value", () => {
  assert.throws(
    () => readTexts([{ name: "big.log", text: `hello\n${"a".repeat(100e6)}` }]),
    (e) =>
      e instanceof InputError &&
      e.message === "big.log:2: a line may have at most 1048576 characters: got 100000000",
  );
});

const times = (n: number, line: (i: number) => string): string =>
  Array.from({ length: n }, (_, i) => line(i)).join("\n");

/** Texts that would cost more than their length if a search, a list or an expression were not bounded. */
const HOSTILE: Readonly<Record<string, (n: number) => string>> = {
  prose: (n) => times(n, (i) => `this is line ${i} of something that nobody understands at all, really`),
  reports: (n) => times(n, (i) => `p${i}: page allocation failure: order:4, mode:0x20`),
  boots: (n) => times(n, (i) => `Linux version 5.4.${i} (x)\nMachine model: x`),
  zones: (n) => times(n, (i) => `Node ${i % 10000} DMA free:4kB min:1kB low:2kB high:3kB`),
  "piece by piece": (n) => `[ 1.000] Node 0 DMA:\n${times(n, () => "[ 1.000] 1*4kB")}`,
  "numbers piece by piece": (n) =>
    `[ 1.000] DMA free:1kB\n[ 1.000] lowmem_reserve[]:\n${times(n, () => "[ 1.000] 5")}`,
  rests: (n) => `[ 1.000] Node 0 DMA free:1kB\n${times(n, () => "x".repeat(70))}`,
  "failures of CMA": (n) =>
    times(n, (i) => `cma: cma_alloc: linux,cma: alloc failed, req-size: ${i % 3} pages, ret: -12`),
  "maps of memblock": (n) =>
    times(n, (i) =>
      i % 2
        ? "MEMBLOCK configuration:"
        : " reserved[0x0]   [0x0000000000303000-0x0000000000307fff], 0x5000 bytes",
    ),
  "files of huge pages": (n) => times(n, (i) => `/sys/kernel/mm/hugepages/hugepages-${i}kB/nr_hugepages:1`),
  quotes: (n) => times(n, () => "> > > > > > > > > > > > > > > > > > > > > [ 1.000] <4> x"),
  "long words": (n) => times(Math.ceil(n / 5000), () => `Node 0 DMA free:${"1".repeat(300000)}`),
  "long runs": (n) =>
    times(
      Math.ceil(n / 5000),
      () => `number of available pages: ${"1@1+".repeat(75000)}=> 1 free of 2 total pages`,
    ),
  "long quotes": (n) => times(Math.ceil(n / 5000), () => ">".repeat(300000)),
  "long entities": (n) => times(Math.ceil(n / 5000), () => `&gt;${"&amp;".repeat(60000)}`),
};

function cpuMs(run: () => unknown): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

for (const [what, text] of Object.entries(HOSTILE))
  test(`tens of thousands of lines cost linear time: ${what}`, () => {
    const ms = cpuMs(() => readTexts([{ name: "log", text: text(what === "prose" ? 200_000 : 40_000) }]));
    // 7 to 40 µs a line were measured; a quadratic reader takes minutes.
    assert.ok(ms < 15_000, `${Math.round(ms)} ms`);
  });

/** What zlib of Node.js 22.15 and later adds. */
const { zstdCompressSync } = zlib as { zstdCompressSync?: (text: string) => Buffer };
/** What zstd and xz files begin with. */
const ZSTD = Buffer.from("28b52ffd20", "hex");
const XZ = Buffer.from("fd377a585a000004", "hex");

test("packed files in a tar are unpacked within the limits; what cannot be is named with its command", () => {
  const log = "Node 0, zone   Normal      7      0      0\n";
  const root = put(join(TMP, "packed"), {
    "logs/buddyinfo.gz": gzipSync(log),
    "logs/bomb.log.gz": gzipSync(Buffer.alloc(65 * 2 ** 20, "a\n")),
    "logs/cut.log.gz": gzipSync(log).subarray(0, 20),
    "logs/messages.xz": XZ,
    "logs/kern.log.zst": zstdCompressSync?.(log) ?? ZSTD,
  });
  execFileSync("tar", ["-cf", join(TMP, "packed.tar"), "-C", root, "logs"]);
  for (const path of [root, join(TMP, "packed.tar")]) {
    const { inputs, skipped } = readOutsideTexts([path]);
    assert.ok(inputs.some(({ name, text }) => name.endsWith("buddyinfo.gz") && text === log));
    const why = (name: string) => skipped.find((file) => file.name.endsWith(name))?.why ?? "";
    assert.match(why("bomb.log.gz"), /may unpack to at most 64 MiB/);
    assert.match(why("cut.log.gz"), /cut short/);
    assert.match(why("messages.xz"), /packed with xz, which is not read: unpack it first with xz -d$/);
    if (zstdCompressSync === undefined) assert.match(why("kern.log.zst"), /22\.15 or later.*with zstd -d$/);
    else assert.ok(inputs.some(({ name, text }) => name.endsWith("kern.log.zst") && text === log));
  }
});

test("a folder of files that unpack to too much is given up after some", () => {
  const bomb = gzipSync(Buffer.alloc(65 * 2 ** 20));
  const names = Array.from({ length: 20 }, (_, i) => `b${String(i).padStart(2, "0")}.gz`);
  const files = Object.fromEntries(names.map((name) => [name, bomb]));
  const { inputs, skipped } = readOutsideTexts([
    put(join(TMP, "bombs"), { ...files, meminfo: "MemFree: 1 kB\n" }),
  ]);
  assert.equal(inputs.length, 1);
  assert.deepEqual(
    skipped.map(({ why }) => /at most 64 MiB/.test(why)),
    names.map((_, i) => i < 16),
  );
});
