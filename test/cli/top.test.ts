/** `pageblock top` in a pseudo-terminal and in a pipe: it redraws, follows the size, and leaves the terminal as it was. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { FIXTURES, pageblock, ROOT } from "../support/cli";
import { LATER, SMALL_TEXTS, vmstat, writeProc } from "../support/small-machine";
import { inTerminal, lastScreen, noTerminal, type Step } from "../support/terminal";

const dir = mkdtempSync(join(tmpdir(), "pageblock-top-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const sys = join(dir, "sys");
mkdirSync(sys);
let machines = 0;
const small = (more: Readonly<Record<string, string | undefined>> = {}) =>
  writeProc(join(dir, `proc${machines++}`), { ...SMALL_TEXTS, ...more });
const of = (proc: string, ...args: string[]) => ["top", "--proc", proc, "--sys", sys, ...args];

const SNAPSHOT = join(FIXTURES, "live-machine/vm-6.18.snapshot.json.gz");
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const DRAWN = "q quits";
const pty = { skip: noTerminal };

/** Ends of the command after which the terminal must be as before. */
const ENDS: readonly (readonly [string, Step])[] = [
  ["q", { send: "q" }],
  ["Ctrl-C", { send: "\x03" }],
  ["SIGINT", { signal: "INT" }],
  ["SIGTERM", { signal: "TERM" }],
];
for (const [what, end] of ENDS)
  test(`${what} ends it: the terminal's mode, its cursor and its screen are as before`, pty, () => {
    const run = inTerminal({ args: of(small()), steps: [{ wait: DRAWN }, end] });
    assert.equal(run.status, 0, run.output);
    assert.equal(run.restored, true);
    assert.ok(run.output.startsWith(ENTER));
    assert.ok(run.output.endsWith(LEAVE));
  });

test("a change of size redraws at once: more rows, then orders as rows in a narrow one", pty, () => {
  const run = inTerminal({
    args: of(small(), "--every", "1h"),
    rows: 12,
    columns: 100,
    steps: [
      { wait: "lines 1 to 11 of" },
      { resize: [70, 100] },
      { wait: `\x1b\\[H.*Node 1 Movable.*\r\n${DRAWN}` },
      { resize: [80, 40] },
      { wait: "ord block Unmov.*q quits" },
      { send: "q" },
    ],
  });
  assert.equal(run.status, 0);
  const screen = lastScreen(run.output);
  assert.ok(screen.every((row) => row.length <= 40));
  assert.equal(screen.at(-1), DRAWN);
  assert.ok(screen.includes("     4   64K     0     3     1     4"));
});

test("keys move the page", pty, () => {
  const run = inTerminal({
    args: of(small(), "--every", "1h"),
    rows: 10,
    steps: [
      { wait: "lines 1 to 9 of.*a shows all" },
      { send: "a" },
      { wait: "lines 1 to 9 of.*a shortens" },
      { send: "\x1b[B" },
      { wait: "lines 2 to 10 of" },
      { send: "\x1b[6~" },
      { wait: "lines 10 to 18 of" },
      { send: "\x1b[F" },
      { wait: "unusable +1.00.*lines" },
      { send: "\x1b[H" },
      { wait: "lines 1 to 9 of" },
      { send: "a" },
      { wait: "lines 1 to 9 of.*a shows all" },
      { send: "q" },
    ],
  });
  assert.equal(run.status, 0);
  assert.match(lastScreen(run.output)[0]!, /^pageblock top/);
});

test("it refreshes: rates of the last seconds take the place of the mean since boot", pty, () => {
  const proc = small();
  const run = inTerminal({
    args: of(proc, "--every", "100ms"),
    rows: 60,
    steps: [
      { wait: "mean since boot.*direct runs 0.05" },
      { wait: "in the last.*direct runs 0," },
      { write: [join(proc, "vmstat"), vmstat(LATER)] },
      { wait: "direct runs [1-9]" },
      { send: "q" },
    ],
  });
  assert.equal(run.status, 0);
});

test("JSON: a line for each refresh, rates that make up the difference", pty, () => {
  const proc = small();
  const run = inTerminal({
    args: of(proc, "--json", "--every", "100ms"),
    steps: [
      { wait: '"unread":\\[[^\\]]*\\]\\}\r\n' },
      { write: [join(proc, "vmstat"), vmstat(LATER)] },
      { wait: '"compact_stall":[1-9][^\n]*\n' },
      { send: "\x03" },
    ],
  });
  assert.equal(run.status, 0);
  assert.ok(!run.output.includes("\x1b"), "no screen");
  const lines = run.output.split("\r\n").filter((line) => line.startsWith("{"));
  const rates = lines.map((line) => JSON.parse(line).rates);
  assert.equal(rates[0].since, "boot");
  const [first] = rates.filter((r) => r.since === "last" && r.perSecond.compact_stall > 0);
  assert.ok(Math.abs(first.perSecond.compact_stall * first.seconds - 8) < 1e-6);
  assert.ok(Math.abs(first.perSecond.pgalloc * first.seconds - 440) < 1e-6);
});

test("a file that becomes unreadable ends it with one line; the terminal is as before", pty, () => {
  const proc = small();
  const run = inTerminal({
    args: of(proc, "--every", "100ms"),
    steps: [{ wait: DRAWN }, { write: [join(proc, "zoneinfo"), "nonsense\n"] }],
  });
  assert.equal(run.status, 2);
  assert.equal(run.restored, true);
  const said = run.output.slice(run.output.lastIndexOf(LEAVE) + LEAVE.length);
  assert.match(said, /^pageblock: \S+: zoneinfo:1: zoneinfo begins with [^\r\n]*\r\n$/);
});

test("Ctrl-Z gives the shell its terminal; fg brings the page back", {
  skip: noTerminal || (existsSync("/bin/bash") ? false : "needs bash"),
}, () => {
  const top = [process.execPath, join(ROOT, "dist/cli/main.js"), ...of(small(), "--every", "1h")].join(" ");
  const run = inTerminal({
    command: ["/bin/bash", "--norc", "-i"],
    env: { PS1: "shell> " },
    steps: [
      { wait: "shell> " },
      { send: `${top}\n` },
      { wait: DRAWN },
      { send: "\x1a" },
      { wait: "1049l.*Stopped.*shell> " },
      { send: "echo a$((1+1))b\n" },
      { wait: "a2b.*shell> " },
      { send: "fg\n" },
      { wait: `1049h.*${DRAWN}` },
      { send: "q" },
      { wait: "1049l.*shell> " },
      { send: "exit\n" },
    ],
  });
  assert.equal(run.status, 0, run.output);
  assert.equal(run.restored, true);
});

test("Ctrl-Z where no shell would continue it: the page comes back", pty, () => {
  const steps = [{ wait: DRAWN }, { send: "\x1a" }, { wait: `1049l.*1049h.*${DRAWN}` }, { send: "q" }];
  const run = inTerminal({ args: of(small(), "--every", "1h"), steps });
  assert.equal(run.status, 0);
  assert.equal(run.restored, true);
});

test("a terminal that is closed ends it by SIGHUP, without a word", pty, () => {
  const run = inTerminal({ args: of(small()), steps: [{ wait: DRAWN }, { hangUp: true }] });
  assert.equal(run.status, -1);
});

test("colours, unless NO_COLOR says otherwise; TERM=dumb gets text", pty, () => {
  const session = { args: of(small(), "--every", "1h"), rows: 60, steps: [{ wait: DRAWN }, { send: "q" }] };
  const alarm = "\x1b[1;31mNode 0 Normal";
  assert.ok(inTerminal(session).output.includes(alarm));
  const bare = inTerminal({ ...session, env: { NO_COLOR: "1" } }).output;
  assert.ok(!bare.includes("\x1b[1") && bare.includes("\x1b[Hpageblock top"));
  const dumb = inTerminal({ ...session, env: { TERM: "dumb" }, steps: [] });
  assert.equal(dumb.status, 0);
  assert.ok(!dumb.output.includes("\x1b"));
});

test("--count ends by itself and leaves the last page; --once is text", pty, () => {
  const counted = inTerminal({ args: of(small(), "--every", "100ms", "--count", "2"), steps: [] });
  assert.equal(counted.status, 0);
  const left = counted.output.slice(counted.output.lastIndexOf(LEAVE) + LEAVE.length);
  assert.match(left, /^pageblock top[\s\S]*in the last[\s\S]*unusable +1\.00/);
  const once = inTerminal({ args: of(small(), "--once"), columns: 60, steps: [] });
  assert.ok(!once.output.includes("\x1b"));
  assert.ok(once.output.includes("Movable      >100000       0       1       0       3\r\n"));
});

test("without a terminal: one page of text; with --count more of them", () => {
  const one = pageblock(of(small()));
  assert.equal(one.status, 0, one.stderr);
  assert.match(one.stdout, /^pageblock top {3}/);
  assert.match(one.stdout, /Per second, mean since boot \(3 min\)\n/);
  const two = pageblock(of(small(), "--count", "2", "--every", "100ms"));
  assert.equal(two.stdout.match(/^pageblock top/gm)!.length, 2);
  assert.match(two.stdout, /Per second, in the last/);
});

test("what may not be read is said in one line, and the rest is shown", () => {
  const run = pageblock(of(small({ pagetypeinfo: undefined }), "--once"));
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^Not read +\/proc\/pagetypeinfo \(cannot be read: no such file\)/m);
  assert.match(run.stdout, /^all types +3 +2 +1 +0 +4$/m);
  assert.doesNotMatch(run.stdout, /^Movable|^Page blocks/m);
  const left = pageblock(of(small(), "--once", "--no-types")).stdout;
  assert.match(left, /^Not read +\/proc\/pagetypeinfo \(left out by --no-types\)/m);
});

test("a snapshot, a folder, and texts: shown once", () => {
  const file = pageblock(["top", "--from", SNAPSHOT]);
  assert.match(file.stdout, /^pageblock top +Linux 6\.18, pages of 4K, up 53 min\n/);
  assert.match(file.stdout, /^all types +174 +1573 +817 20271 12063 +6184 +2286 +654 +187 +89 +189$/m);
  assert.doesNotMatch(pageblock(["top", "--from", SNAPSHOT, "--no-types"]).stdout, /^Movable|^Page blocks/m);
  const folder = pageblock(["top", "--from", small()]);
  assert.match(folder.stdout, /^CMA +total 1M, free 64K$/m);
  const given = join(FIXTURES, "live-machine/22-proc-files/coreos489-buddyinfo.txt");
  const json = JSON.parse(pageblock(["top", "--from", given, "--json"]).stdout);
  assert.equal(json.rates, null);
  assert.equal(json.zones.length, 2);
});

test("this machine", { skip: existsSync("/proc/buddyinfo") ? false : "no /proc" }, () => {
  const run = pageblock(["top", "--json", "--once"]);
  assert.equal(run.status, 0, run.stderr);
  assert.ok(JSON.parse(run.stdout).memory.totalBytes > 2 ** 20);
});

for (const [what, args, message] of [
  ["no time", ["--every", "soon"], /--every: must be a time/],
  ["too often", ["--every", "10ms"], /--every: must be from 100ms to 24h: got 10ms/],
  ["no number", ["--count", "none"], /--count: must be a whole number from 1 to 1000000: got none/],
  ["twice", ["--count", "2", "--once"], /--once: is --count 1: give one of them/],
  ["no machine", ["--proc", "/nowhere"], /none of buddyinfo, zoneinfo and meminfo can be read/],
  ["no file", ["--from", "/nowhere"], /\/nowhere: cannot be read: no such file/],
  ["no snapshot", ["--from", join(ROOT, "LICENSE")], /LICENSE: is none of meminfo/],
  ["a file again and again", ["--from", SNAPSHOT, "--every", "2s"], /--from: shows what was taken once/],
] as const)
  test(`top: ${what}: one line, exit 2`, () => {
    const run = pageblock(["top", ...args]);
    assert.equal(run.status, 2, run.stdout);
    assert.match(run.stderr, message);
    assert.equal(run.stderr.trimEnd().split("\n").length, 1);
    assert.equal(run.stdout, "");
  });
