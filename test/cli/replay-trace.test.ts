/** `pageblock replay` of traces of ftrace, trace-cmd and perf. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { FIXTURES, pageblock } from "../support/cli";

const TRACES = join(FIXTURES, "field-traces");

test("a text, packed or not, prints a page and exits 0; --json one object", (t) => {
  const text = join(TRACES, "two-cpus.txt");
  const run = pageblock(["replay", text]);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^two-cpus\.txt: 38 events of memory on 2 CPUs in 400\.00 ms/);
  assert.match(run.stdout, /\nmissing for an exact replay:\n {2}events are lost: 123 events at 1 place\n/);
  const dir = mkdtempSync(join(tmpdir(), "pageblock-"));
  t.after(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, "packed.gz"), gzipSync(readFileSync(text)));
  const { trace, replay } = JSON.parse(pageblock(["replay", join(dir, "packed.gz"), "--json"]).stdout);
  assert.deepEqual([trace.pages.allocated.pages, replay], [526, null]);
});

test("a folder with counts of /proc is replayed; files can be named as well", (t) => {
  const folder = join(TRACES, "counted");
  const run = pageblock(["replay", folder, "--json"]);
  assert.equal(run.status, 0, run.stderr);
  const { trace, replay } = JSON.parse(run.stdout);
  // 100 records A, all served, and 100 F are in the recording that the text was made of.
  assert.deepEqual([trace.pages.allocated.requests, trace.pages.freed.records], [100, 100]);
  assert.deepEqual([replay.profile, replay.served], ["6.1", { model: 100, recorded: 100 }]);
  assert.ok(replay.agreement > 0.99);
  const dir = mkdtempSync(join(tmpdir(), "pageblock-"));
  t.after(() => rmSync(dir, { recursive: true }));
  cpSync(join(folder, "trace.txt"), join(dir, "mine.log"));
  const beside = (name: string) => join(folder, name);
  const named = pageblock([
    ...["replay", join(dir, "mine.log"), "--kernel", "6.1", "--json"],
    ...["--before", beside("pagetypeinfo.s0"), beside("zoneinfo.s0"), "--after", beside("pagetypeinfo.s1")],
  ]);
  assert.deepEqual(JSON.parse(named.stdout).replay, replay);
});

test("bad input is one line and exit 2", (t) => {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const prose = join(dir, "prose.txt");
  writeFileSync(prose, "\u001b[31mnothing\n");
  const text = join(TRACES, "two-cpus.txt");
  const refusals: [string[], RegExp][] = [
    [
      [prose],
      /prose\.txt: no event of kmem, compaction, cma or vmscan is in its 1 lines; line 1 is "\?\[31mnothing"/,
    ],
    [[text, "--save", join(dir, "x")], /--save: only for a folder with S0\.txt/],
    [[text, "--seed", "-1"], /--seed: must be a whole number/],
    [[text, "--after", prose], /need counts from before it/],
    [[text, "--before", prose], /prose\.txt:1: a line of buddyinfo is/],
    [[TRACES, text], /one folder, or the files of one trace/],
    [[join(FIXTURES, "x86-6.1/boot-8G"), "--before", prose], /--before: only for a trace/],
    [["/dev/zero"], /is a character device/],
  ];
  for (const [args, message] of refusals) {
    const run = pageblock(["replay", ...args]);
    assert.equal(run.status, 2, `${args}: ${run.stdout}`);
    assert.match(run.stderr, message);
    assert.equal(run.stderr.trimEnd().split("\n").length, 1, run.stderr);
  }
});
