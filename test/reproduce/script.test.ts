/** run.sh on this machine, in small: 32 MiB for two seconds. What it makes is there, what it measures is read, all is gone at the end. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { after } from "node:test";
import { change } from "../../lib/change/change";
import { readReproduction, reproduce, writeReproduction } from "../../lib/reproduce";
import { pageblock } from "../support/cli";

const cc = spawnSync("cc", ["--version"]).status === 0 && existsSync("/proc/buddyinfo");
const needsCc = { skip: cc ? false : "needs cc and Linux" };
const dir = mkdtempSync(join(tmpdir(), "pageblock-reproduce-"));
after(() => rmSync(dir, { recursive: true, force: true }));

const PLAN = {
  machine: { board: "qemu-virt", memory: "512MiB" },
  workload: {
    sequence: [
      { kind: "mix", movable: 0.6, reclaimable: 0.04, unmovable: 0.12, pageCache: 0.4 },
      { kind: "pin-pages", share: 0.05, term: "long" },
    ],
  },
  strategy: { name: "buddy" },
  request: { size: "2MiB", times: 2 },
};
const made = reproduce(PLAN as never, { memory: "32MiB", seconds: 2 });

function folder(name: string): string {
  const out = join(dir, name);
  writeReproduction(out, made);
  return out;
}

const script = (out: string, args: string[] = []) =>
  spawnSync("sh", [join(out, "run.sh"), ...args], { encoding: "utf8", timeout: 120_000 });

/** Process ids in the lines of holders.txt. */
function pidsOf(out: string, step: string): number[] {
  const lines = readFileSync(join(out, "results/steps", step, "holders.txt"), "utf8")
    .trim()
    .split("\n");
  return lines.map((line) => Number(line.split(" ")[1]));
}

/** Ended, whether somebody has waited for it or not. */
function gone(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}

async function until(what: () => boolean): Promise<void> {
  for (let i = 0; i < 3000 && !what(); i++) await new Promise((go) => setTimeout(go, 10));
}

test("the whole script, and --read", needsCc, () => {
  const out = folder("whole");
  const run = script(out);
  assert.equal(run.status, 0, run.stderr + run.stdout);
  assert.deepEqual(
    readdirSync(out).sort(),
    [...Object.keys(made.files), "results"].sort(),
    "the scratch is gone",
  );
  const pids = pidsOf(out, "03-asked");
  assert.ok(pids.length >= 6, `${pids}`);
  for (const pid of pids) assert.ok(gone(pid), `${pid} has ended`);
  // Line of holders.txt: name, pid, then resident KiB. 32 MiB × the share, which the process and its library exceed.
  const anon = readFileSync(join(out, "results/steps/01-filled/holders.txt"), "utf8")
    .split("\n")[0]!
    .split(" ");
  const wanted = 32 * 1024 * made.shares.anon;
  assert.equal(anon[0], "anon");
  assert.ok(Number(anon[2]) >= wanted && Number(anon[2]) < wanted + 4096, `${anon[2]} for ${wanted}`);

  const reading = readReproduction(out);
  for (const { what, model, machine } of reading.rows.filter(({ unit }) => unit === "KiB"))
    if (!/pins|dentries/.test(what))
      assert.ok(machine! >= model! * 0.95 && machine! <= model! + 1024, `${what}: ${machine} for ${model}`);
  const printed = pageblock(["reproduce", "--read", out]);
  assert.equal(printed.status, 0, printed.stderr);
  assert.match(printed.stdout, /^held by anon .* yes /m);
  const step = join(out, "results/steps/02-during");
  const shown = pageblock(["show", step, "--as", "buddyinfo"]);
  assert.equal(shown.stdout, readFileSync(join(step, "proc/buddyinfo"), "utf8"));
  assert.equal(pageblock(["snapshot", "--from", step, "--out", join(dir, "step.json.gz")]).status, 0);
  assert.equal(pageblock(["explain", step]).status, 0);

  const again = script(out);
  assert.equal(again.status, 2);
  assert.match(again.stderr, /the results exist already/);
});

for (const [signal, status] of [
  ["SIGTERM", 143],
  ["SIGINT", 130],
] as const)
  test(`${signal} ends every program and removes the scratch`, needsCc, async () => {
    const out = folder(signal);
    const run = spawn("sh", [join(out, "run.sh"), "--seconds", "600"], { stdio: "ignore" });
    const ended = new Promise<number | null>((done) => run.once("exit", (code) => done(code)));
    await until(() => existsSync(join(out, "results/steps/01-filled/holders.txt")));
    await until(() => pidsOf(out, "01-filled").length >= 5);
    const pids = pidsOf(out, "01-filled");
    assert.ok(pids.every((pid) => !gone(pid)));
    run.kill(signal);
    assert.equal(await ended, status);
    for (const pid of pids) assert.ok(gone(pid), `${pid} has ended`);
    assert.deepEqual(readdirSync(out).sort(), [...Object.keys(made.files), "results"].sort());
    const read = pageblock(["reproduce", "--read", out]);
    assert.equal(read.status, 2);
    assert.match(
      read.stderr,
      /^pageblock: .*run\.json: not found; run\.sh writes it when it has come to its end, which it has not here\n$/,
    );
  });

test("SIGKILL of the script ends every process that it started", needsCc, async () => {
  const out = folder("SIGKILL");
  const run = spawn("sh", [join(out, "run.sh"), "--seconds", "600"], { stdio: "ignore" });
  const ended = new Promise((done) => run.once("exit", done));
  await until(() => existsSync(join(out, "results/steps/01-filled/holders.txt")));
  const children = () =>
    readFileSync(`/proc/${run.pid}/task/${run.pid}/children`, "utf8").trim().split(" ").map(Number);
  // The programs that hold memory, and the wait of half the time between two steps.
  const waits = (pid: number) =>
    !gone(pid) && /--seconds 300 /.test(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
  await until(() => children().some(waits));
  const pids = children();
  assert.ok(pids.length >= 5, `${pids}`);
  run.kill("SIGKILL");
  await ended;
  await until(() => pids.every(gone));
  for (const pid of pids) assert.ok(gone(pid), `${pid} has ended`);
});

test("too little memory and a change are told before the first program runs", needsCc, () => {
  const mine = change({ name: "it's mine", about: "for a test", listEnd: () => "tail" });
  const plan = { ...PLAN, machine: { ...PLAN.machine, change: mine.toJSON() } };
  const out = join(dir, "told");
  writeReproduction(out, reproduce(plan as never, { memory: "32MiB", seconds: 2 }));
  const { status, stdout, stderr } = script(out);
  assert.equal(status, 0, stderr);
  const begun = stdout.indexOf("measured: before");
  assert.ok(begun > 0);
  const told = stdout.slice(0, begun);
  assert.match(told, new RegExp(`note: the plan's kernel has the change it's mine, SHA-256 ${mine.sha256}`));
  assert.match(told, /note: the change: for a test\n {2}note: the change decides: listEnd\n/);
  const totalKib = Number(/^MemTotal:\s+(\d+)/m.exec(readFileSync("/proc/meminfo", "utf8"))![1]);
  const small = 32 * 1024 < totalKib / 5;
  assert.equal(/nothing about fragmentation can be compared/.test(told), small);
  const text = pageblock(["reproduce", "--read", out]).stdout;
  assert.match(text, /note: this machine's kernel must be built with that change/);
  assert.equal(/^Below a fifth of the machine's memory nothing/m.test(text), small);
  const counters = text
    .split("\n")
    .filter((line) => /^(pages|compactions|direct|huge page faults)/.test(line));
  assert.equal(counters.length, 9);
  for (const line of counters) assert.doesNotMatch(line, / - {2}.* - {2}|^\S.*? {2,}- /, line);
});

for (const [what, where] of [
  ["the end of the run", "run.json.part"],
  ["a file of a step", "steps/05-after/proc/meminfo"],
  ["a note", "notes.txt"],
] as const)
  test(`a full disk at ${what} is an error, and leaves no run that looks whole`, needsCc, async () => {
    const out = folder(`full-${where.replaceAll("/", "-")}`);
    const run = spawn("sh", [join(out, "run.sh"), "--seconds", "4"]);
    let [stdout, stderr] = ["", ""];
    run.stdout.on("data", (text) => {
      stdout += text;
    });
    run.stderr.on("data", (text) => {
      stderr += text;
    });
    const ended = new Promise<number | null>((done) => run.once("close", (code) => done(code)));
    await until(() => existsSync(join(out, "results/notes.txt")));
    // The first notes come before the programs are compiled: what is tried here are later ones.
    const scratch = () => readdirSync(out).find((name) => name.startsWith("pageblock."));
    await until(() => existsSync(join(out, scratch() ?? "none", "bin/anon")));
    const before = stdout;
    const full = join(out, "results", where);
    mkdirSync(dirname(full), { recursive: true });
    rmSync(full, { force: true });
    // Every write to it fails as on a full disk.
    symlinkSync("/dev/full", full);
    const code = await ended;
    // Whether the script has anything to note depends on the machine.
    if (where === "notes.txt" && !stdout.slice(before.length).includes("note:") && code === 0) return;
    assert.equal(code, 2, stderr);
    assert.match(stderr, /run\.sh: .* cannot be written: is the disk full\?\n$/);
    assert.doesNotMatch(stdout, /^done/m);
    assert.ok(!existsSync(join(out, "results/run.json")));
    assert.equal(pageblock(["reproduce", "--read", out]).status, 2);
  });

test("numbers with leading zeros are decimal", needsCc, () => {
  const out = folder("zeros");
  const run = script(out, ["--memory", "016", "--seconds", "02", "--floor", "08"]);
  assert.equal(run.status, 0, run.stderr);
  const { limitKib, seconds, floorKib } = JSON.parse(readFileSync(join(out, "results/run.json"), "utf8"));
  assert.deepEqual([limitKib, seconds, floorKib], [16 * 1024, 2, 8 * 1024]);
  assert.match(script(folder("zero"), ["--seconds", "00"]).stderr, /--seconds must be 2 or more/);
});

for (const [what, args, message] of [
  [
    "more than half of what is available",
    ["--memory", "99999999"],
    /--memory must be at most half of MemAvailable/,
  ],
  ["a floor above it", ["--floor", "99999999"], /would fall below the floor/],
  ["words for a number", ["--memory", "1;touch x"], /--memory must be a whole number/],
  ["an exponent", ["--seconds", "1e3"], /--seconds must be a whole number/],
  ["no time", ["--seconds", "1"], /--seconds must be 2 or more/],
  [
    "a scratch that is not there",
    ["--scratch", "/nowhere/at/all"],
    /--scratch: the folder cannot be entered/,
  ],
  ["an option of its own", ["--fast"], /--fast is not known/],
] as const)
  test(`run.sh refuses ${what}: one line, exit 2, nothing made`, needsCc, () => {
    const out = folder(`refused-${what.replaceAll(" ", "-")}`);
    const run = script(out, [...args]);
    assert.equal(run.status, 2, run.stdout);
    assert.match(run.stderr.split("\n").at(-2)!, message);
    assert.deepEqual(readdirSync(out).sort(), Object.keys(made.files).sort());
  });

test("a folder whose name is hostile is only a name", needsCc, () => {
  const out = folder("a b';$(touch hit) &c");
  const run = script(out, ["--results", join(dir, "r $(touch hit)")]);
  assert.equal(run.status, 0, run.stderr);
  assert.deepEqual(readdirSync(out).sort(), Object.keys(made.files).sort());
  assert.ok(!existsSync(join(dir, "hit")) && !existsSync("hit"));
});

const shellcheck = spawnSync("shellcheck", ["--version"]).status === 0;
test("run.sh is clean for shellcheck", { skip: shellcheck ? false : "needs shellcheck" }, () => {
  const file = join(folder("checked"), "run.sh");
  const done = spawnSync("shellcheck", ["-s", "sh", file], { encoding: "utf8" });
  assert.equal(done.status, 0, done.stdout);
  copyFileSync(file, join(dir, "checked.sh"));
});

test("run.sh parses in every shell of this machine", needsCc, () => {
  const file = join(folder("parsed"), "run.sh");
  for (const shell of ["sh", "dash", "bash", "busybox"]) {
    if (spawnSync("sh", ["-c", `command -v ${shell}`]).status !== 0) continue;
    const args = shell === "busybox" ? ["sh", "-n", file] : ["-n", file];
    assert.equal(spawnSync(shell, args).status, 0, shell);
  }
});

test("run.sh reads no sysctl byte by byte: dash's read would get its first digit only", () => {
  assert.doesNotMatch(made.files["run.sh"]!, /\bread -r[^\n]*<"?\/(?:proc\/sys|sys)\//);
  assert.match(made.files["run.sh"]!, /former=\$\(cat "\$1"\)/);
});
