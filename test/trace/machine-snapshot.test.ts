/** Snapshots of machines: taken from /proc, from copies or an archive; given back byte for byte; hostile ones refused. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { brotliDecompressSync, gunzipSync, gzipSync } from "node:zlib";
import { readSample, readSeries } from "../../lib/calibration/sample";
import { advise, machine } from "../../lib/index";
import { codeClasses, decodeClasses, FRAME_CLASS } from "../../lib/machine/frame-map";
import { memoryParameters, ramRanges, snapshotFrom, snapshotOf } from "../../lib/trace/collect-snapshot";
import { frameClass } from "../../lib/trace/frame-classes";
import {
  type MachineSnapshot,
  readMachineSnapshot,
  SNAPSHOT_TEXTS,
  writeMachineSnapshot,
} from "../../lib/trace/machine-snapshot";
import { FIXTURES, pageblock, ROOT } from "../support/cli";

const dir = mkdtempSync(join(tmpdir(), "pageblock-snapshot-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const SERIES = join(FIXTURES, "real-machine/series");
const CASES = join(FIXTURES, "live-machine/22-proc-files");
let files = 0;
const fresh = (name: string) => join(dir, `${files++}-${name}`);

function written(snapshot: MachineSnapshot): string {
  const file = fresh("m.snapshot.json.gz");
  writeMachineSnapshot(file, snapshot);
  return file;
}

test("show prints the very text that /proc gave: the samples of a real machine", () => {
  const sample = join(SERIES, "s008");
  const file = written(snapshotFrom([sample]));
  for (const name of ["buddyinfo", "pagetypeinfo", "zoneinfo", "meminfo", "vmstat", "slabinfo", "uptime"]) {
    const run = pageblock(["show", file, "--as", name]);
    assert.equal(run.status, 0, run.stderr);
    assert.equal(
      run.stdout,
      brotliDecompressSync(readFileSync(join(sample, `${name}.br`))).toString("latin1"),
    );
  }
  assert.match(pageblock(["show", file, "--as", "unusable_index"]).stdout, /^Node 0, zone +DMA +\d\.\d{3}/);
});

test("show prints the very text that /proc gave: texts that people posted", () => {
  const texts = [
    ["coreos489-buddyinfo.txt", "buddyinfo"],
    ["splat15-as-buddyinfo.txt", "buddyinfo"],
    ["memstrack4-zoneinfo.txt", "zoneinfo"],
  ] as const;
  for (const [name, kind] of texts) {
    const file = written(snapshotFrom([join(CASES, name)]));
    assert.equal(
      pageblock(["show", file, "--as", kind]).stdout,
      readFileSync(join(CASES, name), "utf8"),
      name,
    );
  }
  const both = [join(CASES, "coreos489-buddyinfo.txt"), join(CASES, "netdata6802-pagetypeinfo.txt")];
  assert.equal(snapshotFrom(both).texts.pagetypeinfo, readFileSync(both[1]!, "utf8"));
});

test("show prints the very text that /proc gave: this machine", () => {
  const proc = join(fresh("copy"), "proc");
  mkdirSync(proc, { recursive: true });
  const readable = SNAPSHOT_TEXTS.flatMap((name) => {
    try {
      const text = readFileSync(`/proc/${name}`, "utf8");
      if (text !== "") writeFileSync(join(proc, name), text);
      return text === "" || name === "cmdline" || name === "iomem" ? [] : [[name, text] as const];
    } catch {
      return [];
    }
  });
  const file = written(snapshotFrom([join(proc, "..")]));
  for (const [name, text] of readable)
    assert.equal(pageblock(["show", file, "--as", name]).stdout, text, name);
  const own = snapshotOf();
  assert.match(own.texts.buddyinfo!, /^Node +0, zone/);
  assert.equal(own.pageSize, Number(execFileSync("getconf", ["PAGESIZE"])));
  assert.equal(own.kernel, execFileSync("uname", ["-r"]).toString().trim());
  assert.equal(own.cpus, Number(execFileSync("getconf", ["_NPROCESSORS_ONLN"])));
  assert.ok(own.sysctls.min_free_kbytes !== undefined && own.sysctls.watermark_scale_factor !== undefined);
  for (const name of ["pagetypeinfo", "slabinfo", "iomem"] as const)
    if (own.texts[name] === undefined)
      assert.ok(
        own.unread.some((u) => u.what === `/proc/${name}`),
        `${name} is missing without a word`,
      );
});

test("what cannot be read is noted, and the rest is taken", () => {
  const copy = fresh("not-root");
  mkdirSync(join(copy, "proc"), { recursive: true });
  writeFileSync(join(copy, "proc/buddyinfo"), "Node 0, zone   Normal 1 2\n");
  writeFileSync(join(copy, "proc/pagetypeinfo"), "");
  writeFileSync(join(copy, "proc/iomem"), "00000000-00000000 : System RAM\n00000000-00000000 : Reserved\n");
  mkdirSync(join(copy, "proc/vmstat"));
  const { texts, unread } = snapshotFrom([copy]);
  assert.deepEqual(Object.keys(texts), ["buddyinfo"]);
  assert.deepEqual(unread, [
    { what: "/proc/pagetypeinfo", why: "empty: it could not be read, or says nothing" },
    { what: "/proc/vmstat", why: "is a folder, a regular file was expected" },
    { what: "/proc/iomem", why: "addresses are hidden from all but root" },
  ]);
  const out = fresh("x.snapshot.json.gz");
  const run = pageblock(["snapshot", "--from", copy, "--out", out]);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /not read: \/proc\/pagetypeinfo: empty/);
  const show = pageblock(["show", out, "--as", "pagetypeinfo"]);
  assert.equal(show.status, 2);
  assert.match(show.stderr, /holds no pagetypeinfo: empty: it could not be read/);
  assert.throws(() => snapshotFrom([fresh("none")]), /cannot be read: no such file/);
  assert.throws(() => snapshotFrom([dir]), /none of buddyinfo, zoneinfo and meminfo can be read/);
});

test("only what concerns memory is kept: parameters of the kernel, ranges of RAM", () => {
  assert.equal(
    memoryParameters(
      "ro root=UUID=1-2 cma=64M hugepagesz=1G  hugepages=4 ip=10.0.0.1 nokaslr -- --token mem=5 secret",
    ),
    "cma=64M hugepagesz=1G hugepages=4 nokaslr",
  );
  const iomem =
    "00001000-0009ffff : System RAM\n  00002000-00002fff : Kernel code\n000f0000-000fffff : Reserved\nc0000000-c0000fff : 0000:00:01.0\n";
  assert.equal(ramRanges(iomem), "00001000-0009ffff : System RAM\n000f0000-000fffff : Reserved\n");
  const named = JSON.stringify(snapshotOf());
  assert.doesNotMatch(named, /Kernel code|[0-9a-f]{2}(?::[0-9a-f]{2}){5}/);
});

test("the one line of the documentation collects what the command does", () => {
  const page = readFileSync(join(ROOT, "docs/live-machine.md"), "utf8");
  const line = /<!-- one line -->\n\n```text\n([^\n]+)\n```/.exec(page)![1]!;
  const folder = fresh("shell");
  mkdirSync(folder);
  execFileSync("sh", ["-c", line], { cwd: folder });
  const tar = join(folder, readdirSync(folder).find((name) => name.endsWith(".tar.gz"))!);
  const fromTar = snapshotFrom([tar]);
  const unpacked = fresh("unpacked");
  mkdirSync(unpacked);
  execFileSync("tar", ["-C", unpacked, "-xzf", tar]);
  assert.deepEqual(snapshotFrom([unpacked]), fromTar);
  const own = snapshotOf();
  for (const key of ["kernel", "pageSize", "cpus"] as const) assert.equal(fromTar[key], own[key], key);
  assert.deepEqual(Object.keys(fromTar.texts), Object.keys(own.texts));
  assert.deepEqual(fromTar.hugepages, own.hugepages);
  assert.deepEqual(Object.keys(fromTar.sysctls).sort(), Object.keys(own.sysctls).sort());
  assert.equal(fromTar.texts.cmdline, own.texts.cmdline);
});

test("a class of a frame by its flags, and classes as text and back", () => {
  const lru = 1 << 5;
  // Bits of include/uapi/linux/kernel-page-flags.h; RESERVED is bit 32.
  const known: [number, number, keyof typeof FRAME_CLASS][] = [
    [0, 0, "unknown"],
    [1 << 7, 0, "slab"],
    [lru | (1 << 3), 0, "file"],
    [lru | (1 << 12) | (1 << 2), 0, "anon"],
    [1 << 26, 0, "pageTable"],
    [0, 1, "reserved"],
    [1 << 17, 0, "hugetlb"],
    [1 << 10, 0, "free"],
    [1 << 20, 0, "hole"],
    [lru | (1 << 12) | (1 << 18), 0, "unevictable"],
    [lru | (1 << 12) | (1 << 22), 0, "anonHuge"],
    [lru | (1 << 22), 0, "fileLarge"],
  ];
  for (const [low, high, name] of known) assert.equal(frameClass(low, high), FRAME_CLASS[name], name);
  assert.equal(codeClasses(Uint8Array.from([7, 7, 7, 1, 0, 0])), "b3s1?2");
  assert.deepEqual([...decodeClasses("b3s1?2", "f")], [7, 7, 7, 1, 0, 0]);
  assert.throws(() => decodeClasses("b3x1", "f"), /f: frames: character 2: a letter of/);
  assert.throws(() => decodeClasses("b9999999999", "f"), /the limit is 1073741824 page frames/);
});

test("a snapshot is a sample, and the snapshots of a folder are a series", () => {
  const series = fresh("series");
  for (const name of ["s000", "s002"])
    writeMachineSnapshot(join(series, `${name}.snapshot.json.gz`), snapshotFrom([join(SERIES, name)]));
  const read = readSeries(series);
  const { name: _name, classes, ...first } = readSample(join(SERIES, "s000"));
  const { name: _other, classes: own, ...taken } = read[0]!;
  assert.equal(read.length, 2);
  assert.deepEqual(taken, first);
  assert.ok(Buffer.compare(classes!, own!) === 0);
});

const PLAIN: MachineSnapshot = snapshotFrom([join(CASES, "coreos489-buddyinfo.txt")]);
const bad = (change: object) => Buffer.from(JSON.stringify({ ...PLAIN, ...change }));

for (const [what, content, message] of [
  ["a later version", bad({ version: 2 }), /snapshots up to version 1 can be read: got 2/],
  ["a cut file", bad({}).subarray(0, 60), /is no snapshot: it must be JSON/],
  ["a text that is a number", bad({ texts: { buddyinfo: 5 } }), /texts\.buddyinfo: must be text/],
  ["an unknown field", bad({ processes: [] }), /processes/],
  ["pages of 3 bytes", bad({ pageSize: 3 }), /pageSize: must be a whole number from 1024/],
  ["10^9 CPUs", bad({ cpus: 1e9 }), /cpus: must be a whole number from 1 to 65536/],
] as const)
  test(`a hostile snapshot: ${what}: one line, exit 2`, () => {
    const file = fresh("bad.snapshot.json.gz");
    writeFileSync(file, gzipSync(content));
    const run = pageblock(["show", file]);
    assert.equal(run.status, 2, run.stdout);
    assert.match(run.stderr, message);
    assert.equal(run.stderr.trimEnd().split("\n").length, 1);
    assert.ok(run.stderr.length < 500);
  });

test("control characters of a snapshot do not reach the terminal", () => {
  const file = written({ ...PLAIN, texts: { buddyinfo: "Node 0, zone \u001b[31mDMA 1 2\n" } });
  assert.equal(pageblock(["show", file, "--as", "buddyinfo"]).stdout, "Node 0, zone \\x1b[31mDMA 1 2\n");
});

test("a snapshot is written whole, packed, and the same each time", () => {
  const [a, b] = [written(PLAIN), written(PLAIN)];
  assert.deepEqual(readFileSync(a), readFileSync(b));
  assert.deepEqual(readMachineSnapshot(a), PLAIN);
  assert.match(
    gunzipSync(readFileSync(a)).toString(),
    /^\{\n "format": "pageblock-snapshot",\n "version": 1,/,
  );
  assert.equal(pageblock(["snapshot", "--from", a, "--out", "/proc/nothing/here"]).status, 2);
  cpSync(a, fresh("copy"));
});

test("a path by itself is a path; a folder and a tar of one make machines and advice; errors are printable", () => {
  const sample = join(SERIES, "s008");
  assert.deepEqual(snapshotFrom(sample), snapshotFrom([sample]));
  const folder = fresh("copies");
  mkdirSync(folder);
  const row = join(FIXTURES, "live-machine/2m-occ80-unm0-holes0-comp0");
  for (const name of ["buddyinfo", "pagetypeinfo"]) cpSync(join(row, `${name}.s0`), join(folder, name));
  const tar = fresh("machine.tar");
  execFileSync("tar", ["-C", folder, "-cf", tar, "."]);
  assert.deepEqual(machine.fromSnapshot(tar).toJSON(), machine.fromSnapshot(folder).toJSON());
  const texts = advise(tar).dayOf([]).by("buddy").seeds(1).wanting("order 0").text();
  assert.equal(advise(folder).dayOf([]).by("buddy").seeds(1).wanting("order 0").text(), texts);
  const zeros = fresh("zeros");
  writeFileSync(zeros, Buffer.concat([Buffer.from("ab"), Buffer.alloc(60)]));
  assert.throws(
    () => readMachineSnapshot(zeros),
    (error: Error) => /begins with "ab\?"$/.test(error.message),
  );
});
