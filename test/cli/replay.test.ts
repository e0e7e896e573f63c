import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { brotliDecompressSync, gzipSync } from "node:zlib";
import { FIXTURES, pageblock } from "../support/cli";

const BOOT = join(FIXTURES, "x86-6.1/boot-8G");

/** A copy of boot-8G whose trace is changed; the folder is removed after the test. */
function withTrace(t: { after(fn: () => void): void }, change: (lines: string[]) => string | Buffer): string {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-"));
  t.after(() => rmSync(dir, { recursive: true }));
  cpSync(BOOT, dir, { recursive: true });
  const lines = readFileSync(join(BOOT, "trace.txt"), "latin1").trimEnd().split("\n");
  writeFileSync(join(dir, "trace.txt"), change(lines));
  return dir;
}
const text = (lines: string[]) => `${lines.join("\n")}\n`;

test("replay --json prints one object and exits 0 when all is exact", () => {
  const run = pageblock(["replay", BOOT, "--json"]);
  assert.equal(run.status, 0, run.stderr);
  const json = JSON.parse(run.stdout);
  assert.deepEqual(Object.keys(json), [
    "dataset",
    "profile",
    "events",
    "allocations",
    "exact",
    "mismatches",
    "firstMismatch",
    "given",
    "finalStateIdentical",
    "finalDifferences",
    "seconds",
    "eventsPerSecond",
    "peakRssBytes",
  ]);
  assert.equal(json.dataset, "boot-8G");
  assert.equal(json.exact, 100);
  assert.ok(json.peakRssBytes > 1e7);
});

test("one changed frame is a mismatch: line, both frames, the lists around, exit 1", (t) => {
  let line = 0;
  let frame = 0;
  const dir = withTrace(t, (lines) => {
    line = lines.findIndex((l) => /^A \d+ 0 1 /.test(l));
    frame = Number(lines[line]!.split(" ")[1]);
    lines[line] = lines[line]!.replace(String(frame), String(frame - 7));
    return text(lines);
  });
  const run = pageblock(["replay", dir]);
  assert.equal(run.status, 1, run.stderr);
  assert.match(
    run.stdout,
    new RegExp(`trace\\.txt:${line + 1}: .*recorded ${frame - 7}, predicted ${frame}`),
  );
  assert.match(run.stdout, /pcplist 1: \d+/);
  const json = JSON.parse(pageblock(["replay", dir, "--json"]).stdout);
  assert.equal(json.firstMismatch.line, line + 1);
  assert.equal(json.firstMismatch.expected, frame - 7);
  assert.equal(json.firstMismatch.predicted, frame);
});

const firstFree = (lines: string[]) => lines.findIndex((l) => l.startsWith("F "));

for (const [what, change, message] of [
  [
    "a frame outside every zone",
    (l: string[]) => text(l.map((x) => (x.startsWith("A ") ? x.replace(/^A \d+/, "A 99999999") : x))),
    /trace\.txt:\d+: frame 99999999 \(order \d\) is outside every zone/,
  ],
  [
    "a double free",
    (l: string[]) => text([...l.slice(0, firstFree(l) + 1), l[firstFree(l)]!, ...l.slice(firstFree(l) + 1)]),
    /trace\.txt:\d+: frame \d+ is freed but it is free already \(on a per-CPU list/,
  ],
  [
    "a free of a free page",
    (l: string[]) => text([l[0]!, "F 1025 0 1", ...l.slice(1)]),
    /trace\.txt:2: frame 1025 is freed but it is free already \(in the buddy lists, page 1024 of order 10\)/,
  ],
  [
    "an unknown record",
    (l: string[]) => text([...l.slice(0, 5), "zebra 1 2", ...l.slice(5)]),
    /trace\.txt:6: unknown record "zebra 1 2"/,
  ],
  [
    "a malformed number",
    (l: string[]) => text([...l.slice(0, 5), "A 12x 0 0 dc0 1", ...l.slice(5)]),
    /trace\.txt:6: malformed record/,
  ],
  [
    "too few fields",
    (l: string[]) => text([...l.slice(0, 5), "A 12", ...l.slice(5)]),
    /trace\.txt:6: malformed record/,
  ],
  [
    "a trace cut at a line",
    (l: string[]) => text(l.slice(0, 20)),
    /trace\.txt:20: the trace is cut short: the marker "S 1"/,
  ],
  ["a trace cut inside a record", (l: string[]) => text(l).slice(0, -3), /cut short inside a record/],
  ["an empty trace", () => "", /trace\.txt: is empty/],
] as const)
  test(`bad input: ${what}: one line, exit 2`, (t) => {
    const run = pageblock(["replay", withTrace(t, change), "--json"]);
    assert.equal(run.status, 2, run.stdout);
    assert.equal(run.stdout, "");
    assert.match(run.stderr, message);
    assert.equal(run.stderr.trimEnd().split("\n").length, 1);
  });

test("bad input: a gzip cut short names the file", (t) => {
  const dir = withTrace(t, text);
  const whole = gzipSync(readFileSync(join(dir, "trace.txt")));
  rmSync(join(dir, "trace.txt"));
  writeFileSync(join(dir, "trace.txt.gz"), whole.subarray(0, whole.length - 40));
  const run = pageblock(["replay", dir]);
  assert.equal(run.status, 2);
  assert.match(run.stderr, /trace\.txt\.gz: the compressed file is cut short/);
  assert.equal(run.stderr.trimEnd().split("\n").length, 1);
});

test("bad input: a truncated snapshot names file and line", (t) => {
  const dir = withTrace(t, text);
  const whole = pageblockText(join(FIXTURES, "x86-6.1/boot-8G/S0.txt.br"));
  rmSync(join(dir, "S0.txt.br"));
  writeFileSync(join(dir, "S0.txt"), whole.slice(0, whole.length / 2));
  const run = pageblock(["replay", dir]);
  assert.equal(run.status, 2);
  assert.match(run.stderr, /S0\.txt:\d+: .*cut short/);
});

test("bad input: no such folder, no recording, an unknown profile", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-"));
  t.after(() => rmSync(dir, { recursive: true }));
  assert.match(pageblock(["replay", join(dir, "nowhere")]).stderr, /nowhere: no such folder/);
  assert.match(pageblock(["replay", dir]).stderr, /holds no S0\.txt/);
  const unknown = pageblock(["replay", BOOT, "--kernel", "7.4"]);
  assert.equal(unknown.status, 2);
  assert.match(unknown.stderr, /7\.4 is newer than .*modelled are 4\.17, 6\.1, 6\.12, 6\.19, 7\.3/);
  assert.deepEqual(readdirSync(dir), []);
});

function pageblockText(path: string): string {
  const { readInput } = require("../../lib/trace/input") as typeof import("../../lib/trace/input");
  return readInput(path).toString("latin1");
}

for (const [record, complaint] of [
  ["A 300 -1 0 cc0 1", /order -1 is below 0/],
  ["F 300 -1 1", /order -1 is below 0/],
  ["A -5 0 0 cc0 1", /frame -5 \(order 0\) is outside every zone/],
  ["A 300 0 9 cc0 1", /migratetype 9 must be from 0 to 5/],
  ["P 300 0 77", /migratetype 77 must be from 0 to 5/],
  [`A ${"9".repeat(2_000_000)}`, /a record is longer than 65,536 bytes/],
] as const)
  test(`bad record "${record.slice(0, 20)}": one line naming its place, exit 2`, (t) => {
    const dir = withTrace(t, (lines) => text([...lines.slice(0, 9), record, ...lines.slice(9)]));
    const run = pageblock(["replay", dir]);
    assert.equal(run.status, 2);
    assert.match(run.stderr, /^pageblock: .*trace\.txt:10: .*\n$/);
    assert.match(run.stderr, complaint);
    assert.equal(run.stdout, "");
  });

test("a recording with CR LF at the ends of its lines replays as the plain one", (t) => {
  const dir = withTrace(t, (lines) => `${lines.join("\r\n")}\r\n`);
  for (const name of ["S0.txt", "S1.txt"]) {
    const plain = brotliDecompressSync(readFileSync(join(dir, `${name}.br`))).toString("latin1");
    rmSync(join(dir, `${name}.br`));
    writeFileSync(join(dir, name), plain.replaceAll("\n", "\r\n"), "latin1");
  }
  const run = pageblock(["replay", dir]);
  assert.equal(run.status, 0, run.stderr);
});

test("a word that is no command is named, also one that every object knows", () => {
  const run = pageblock(["constructor"]);
  assert.equal(run.status, 2);
  assert.match(run.stderr, /unknown command 'constructor'/);
});

test("bad input: a profile that does not fit the recording, and a bad --give-up", () => {
  const profile = pageblock(["replay", BOOT, "--kernel", "7.3"]);
  assert.equal(profile.status, 2);
  assert.match(
    profile.stderr,
    /S0\.txt\.br:\d+: the profile does not fit: its per-CPU lists tune themselves/,
  );
  const giveUp = pageblock(["replay", BOOT, "--give-up", "abc"]);
  assert.equal(giveUp.status, 2);
  assert.match(giveUp.stderr, /--give-up: must be a whole number of mismatches >= 0: got "abc"/);
});
