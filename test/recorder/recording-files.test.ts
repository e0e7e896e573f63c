/** Rings become folders; what is lost, cut short or no ring is refused, and a missing event is found. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { gunzipSync } from "node:zlib";
import { checkCompleteness } from "../../lib/recorder/completeness";
import { convertRing, describeRecording, writeRecording } from "../../lib/recorder/recording-files";
import { needInput, readInput } from "../../lib/trace/input";
import { FIXTURES, pageblock } from "../support/cli";
import { recordBytes, ringFile, SMALL_START, textBytes, type Written } from "../support/ring";

/** CPU 0 takes 20 from its list; CPU 1 frees 50 to its own; 28 is isolated. */
const EVENTS: Written[] = [
  { kind: 1, args: [0, 0] },
  { kind: 20, args: [0xcc0, 0, 1], pid: 7 },
  { kind: 19, args: [0, 1], pid: 7 },
  { kind: 3, args: [20, 0, 1, 0xcc0], pid: 7 },
  { kind: 4, args: [50, 0], pid: 8, cpu: 1 },
  { kind: 19, args: [0, 1], pid: 8, cpu: 1 },
  { kind: 6, args: [50, 0], pid: 8, cpu: 1 },
  { kind: 13, args: [28, 0], pid: 9 },
  { kind: 14, args: [1], pid: 9 },
  { kind: 1, args: [1, 900] },
];
const TRACE = "S 0 0\nA 20 0 1 cc0 7\nc 1\nF 50 0 8\nc 0\nI 28 0 1\nS 1 900\n";
const END = SMALL_START.replace("slot=0", "slot=1")
  .replace("free 0 1 1 : 28\n", "")
  .replace("pcplist 1 2 : 20 21", "pcplist 1 1 : 21")
  .replace("pcplist 1 1 : 40", "pcplist 1 2 : 50 40");
const VERSION = "Linux version 6.1.0-57-amd64 (debian-kernel@lists.debian.org)\n";

function ring(events: readonly Written[] = EVENTS, more: { lost?: number; missed?: number } = {}): Buffer {
  const start = [textBytes("version", VERSION), textBytes("S0.txt", SMALL_START)];
  return ringFile([...start, ...events.map(recordBytes), textBytes("S1.txt", END)], more);
}

test("a ring becomes the files of a recording, and is complete", () => {
  const made = convertRing(ring(), "ring");
  assert.deepEqual(made.completeness.gaps, []);
  const { events, allocations, failed, frees } = made.completeness;
  assert.deepEqual(
    { events, allocations, failed, frees },
    { events: 5, allocations: 1, failed: 0, frees: 1 },
  );
  const dir = mkdtempSync(join(tmpdir(), "pageblock-recorder-"));
  try {
    writeRecording(made, dir);
    assert.deepEqual(readdirSync(dir).sort(), ["S0.txt.gz", "S1.txt.gz", "trace.txt.gz", "version"]);
    assert.equal(gunzipSync(readFileSync(join(dir, "trace.txt.gz"))).toString(), TRACE);
    assert.equal(readFileSync(join(dir, "version"), "utf8"), VERSION);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("every single event that is left out is found, with its frame", () => {
  const lines = TRACE.trimEnd().split("\n");
  for (const [event, frame] of [
    ["A 20", 20],
    ["F 50", 50],
    ["I 28", 28],
  ] as const) {
    const without = lines.filter((line) => !line.startsWith(event));
    assert.equal(without.length, lines.length - 1);
    const { gaps, framesWrong } = checkCompleteness(SMALL_START, [`${without.join("\n")}\n`], END);
    assert.equal(framesWrong, 1, event);
    assert.equal(gaps[0]!.pfn, frame);
  }
});

test("an event too many, a wrong type of a block and a frame of no zone are found", () => {
  const gap = (trace: string, end = SMALL_START) => checkCompleteness(SMALL_START, [trace], end).gaps[0];
  assert.deepEqual(gap("S 0 0\nF 21 0 5\n"), {
    line: 2,
    pfn: 21,
    what: "is freed but is free since the first snapshot",
  });
  assert.deepEqual(gap("A 24 1 1 cc0 5\nA 25 0 1 cc0 5\n"), {
    line: 2,
    pfn: 25,
    what: "is allocated but is in use since line 1",
  });
  assert.equal(gap("F 64 0 5\n")?.what, "is in no zone");
  assert.deepEqual(gap("M 17 2\n"), {
    line: 0,
    pfn: 16,
    what: "its block has type 2, the last snapshot says 1",
  });
  assert.deepEqual(gap("V 32 0 1\n")?.pfn, 32);
  assert.equal(gap("V 32 0\n"), undefined, "6.1: the type has a line of its own");
});

for (const [name, allocations] of [
  ["x86-6.1/w6-compact", 3363],
  ["x86-7.3.4/w4-thp", 70_214],
] as const)
  test(`${name}, which another recorder made, is complete too`, () => {
    const text = (file: string) => readInput(needInput(join(FIXTURES, name), file)).toString("latin1");
    const checked = checkCompleteness(text("S0.txt"), [text("trace.txt")], text("S1.txt"));
    assert.deepEqual(checked.gaps, []);
    assert.equal(checked.allocations, allocations);
  });

test("what is not complete is said, with the frame", () => {
  const made = convertRing(ring(EVENTS.filter((e) => e.kind !== 6)), "ring");
  const text = describeRecording(made);
  assert.match(text, /^NOT complete: 1 frames and 0 page blocks are not as in the last snapshot$/m);
  assert.match(
    text,
    /^ {2}at the end: frame 50 is in use since the first snapshot, the last snapshot has it free$/m,
  );
});

test("rings that are none, cut short, full or unended are refused", () => {
  const whole = ring();
  const refused = (bytes: Buffer, message: RegExp) =>
    assert.throws(() => convertRing(bytes, "ring"), message);
  refused(Buffer.alloc(100), /^InputError: ring: is no ring of the recorder/);
  refused(Buffer.alloc(8192), /^InputError: ring: is no ring of the recorder/);
  refused(
    whole.subarray(0, whole.length - 8),
    /^InputError: ring: is cut short: its first page announces \d+ bytes/,
  );
  refused(ring(EVENTS, { lost: 3 }), /^InputError: ring: 3 records did not fit/);
  refused(
    ringFile(EVENTS.map(recordBytes)),
    /^InputError: ring: holds no S0\.txt: the recording did not end/,
  );
  refused(
    ringFile([recordBytes({ kind: 99, args: [] })]),
    /^InputError: ring: byte 4096: a record of kind 1 to 37 was expected: got 99 with 0 arguments/,
  );
  const short = ringFile([recordBytes({ kind: 4, args: [1, 0] }).subarray(0, 16)]);
  refused(short, /^InputError: ring: byte 4096: the ring ends inside a record/);
  refused(ringFile([textBytes("../S0.txt", "x")]), /^InputError: ring: byte 4112: a text has no name/);
});

test("pageblock record --ring converts, and refuses with one line", () => {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-recorder-"));
  try {
    const file = join(dir, "ring");
    writeFileSync(file, ring(EVENTS, { missed: 2 }));
    const good = pageblock(["record", "--ring", file, "--out", join(dir, "out")]);
    assert.equal(good.status, 0, good.stderr);
    assert.match(good.stdout, /5 events on 2 CPUs: 1 allocations \(0 failed\), 1 frees/);
    assert.match(good.stdout, /^probes that could not run: 2$/m);
    writeFileSync(file, ring(EVENTS.filter((e) => e.kind !== 3)));
    assert.equal(pageblock(["record", "--ring", file, "--out", join(dir, "out")]).status, 1);
    const stale = join(dir, "stale");
    mkdirSync(stale);
    writeFileSync(join(stale, "S0.txt"), SMALL_START);
    for (const [args, message] of [
      [["--ring", file], "--ring takes the folder"],
      [["--ring", join(dir, "none"), "--out", dir], "none"],
      [["--kernel", "5.10"], "--kernel: must be one of 6.1, 6.12, 7.3: got"],
      [["--arch", "arm64", "--kernel", "7.3"], "--arch: must be x86-64 for Linux 7.3: got"],
      [["--arch", "m68k"], "--arch: must be x86-64 or arm64 for Linux 6.1: got"],
      [["--workload", "x"], "--workload: must be one of files"],
      [["--cpus", "0"], "--cpus: must be a whole number from 1 to 16"],
      [["--append", 'a"b'], "--append: may hold"],
      [["--append", "boost=1 mem=1G"], '--append: "mem=1G" is set by the recorder itself'],
      [["--append", "rcutree.use-softirq=1"], "is set by the recorder itself"],
      [["--out", file], `--out: ${file}: is not a folder`],
      [["--out", join(file, "below")], `--out: ${file}: is not a folder`],
      [["--out", stale], `--out: ${stale}: holds S0.txt, beside which S0.txt.gz would be written`],
      [["--ring", file, "--out", stale], "holds S0.txt, beside which"],
    ] as const) {
      const bad = pageblock(["record", ...args, "--cache", join(dir, "cache")]);
      assert.equal(bad.status, 2, message);
      assert.ok(bad.stderr.includes(message), bad.stderr);
      assert.equal(bad.stderr.trimEnd().split("\n").length, 1, bad.stderr);
    }
    assert.deepEqual(readdirSync(stale), ["S0.txt"], "nothing was written beside it");
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test("a replay does not choose between two forms of one file", () => {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-recorder-"));
  try {
    writeRecording(convertRing(ring(), "ring"), dir);
    writeFileSync(join(dir, "S0.txt"), SMALL_START);
    const bad = pageblock(["replay", dir]);
    assert.equal(bad.status, 2, bad.stderr);
    assert.ok(
      bad.stderr.includes("holds S0.txt and S0.txt.gz: remove all but the one that is meant"),
      bad.stderr,
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
});
