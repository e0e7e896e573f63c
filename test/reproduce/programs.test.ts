/** The C programs: they compile without a warning, hold what they are told within their limits, and end when they are told. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test, { after, before } from "node:test";

const SOURCES = resolve(__dirname, "../../lib/reproduce/programs");
const names = readdirSync(SOURCES).filter((file) => file.endsWith(".c"));
const cc = spawnSync("cc", ["--version"]).status === 0 && existsSync("/proc/meminfo");
const needsCc = { skip: cc ? false : "needs cc and Linux" };
const dir = mkdtempSync(join(tmpdir(), "pageblock-programs-"));
const running: ChildProcess[] = [];

before(() => {
  for (const name of cc ? names : [])
    spawnSync("cc", ["-std=c11", "-O2", "-o", join(dir, name.slice(0, -2)), join(SOURCES, name)]);
});
after(() => {
  for (const child of running) child.kill("SIGKILL");
  rmSync(dir, { recursive: true, force: true });
});

for (const name of names)
  for (const standard of ["c99", "c11"])
    test(`${name} compiles as ${standard} without a warning`, needsCc, () => {
      const warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Werror"];
      const done = spawnSync(
        "cc",
        [`-std=${standard}`, "-O2", ...warnings, "-o", "/dev/null", join(SOURCES, name)],
        {
          encoding: "utf8",
        },
      );
      assert.equal(done.status, 0, done.stderr);
    });

test("ask: a product beyond 64 bits is refused, not taken for little memory", needsCc, () => {
  // 2^24 pages, 2^12 times, of 2^28 bytes are 2^64 bytes.
  const size = join(dir, "huge-size");
  writeFileSync(size, `${2 ** 28}\n`);
  const program = join(dir, "ask-of-large-pages");
  const define = `-DHUGE_SIZE_FILE="${size}"`;
  const built = spawnSync("cc", ["-std=c11", "-O2", define, "-o", program, join(SOURCES, "ask.c")]);
  assert.equal(built.status, 0, String(built.stderr));
  const limits = ["--kib", "1024", "--limit-kib", String(1024 * 64), "--floor-kib", "1024", "--seconds", "2"];
  const asked = (pages: number, held: number) =>
    spawnSync(program, [...limits, "--pages", String(pages), "--held", String(held)], {
      encoding: "utf8",
      timeout: 20_000,
    });
  for (const [pages, held] of [
    [2 ** 24, 4096],
    [2 ** 24, 4095],
    [1, 1],
  ] as const) {
    const { status, stderr } = asked(pages, held);
    assert.equal(status, 2, `${pages} ${held} ${stderr}`);
    assert.match(stderr, /--pages: times --held huge pages are more than --limit-kib/);
  }
});

const MIB = 1024;
let nth = 0;

interface Started {
  pid: number;
  report: Record<string, number | string>;
  ended: Promise<number | null>;
  stop(): Promise<number | null>;
  again(): Record<string, number | string>;
}

/** Starts a program and waits for its report. */
async function start(program: string, kib: number, more: string[] = []): Promise<Started> {
  const file = join(dir, `report-${nth++}`);
  const limits = ["--limit-kib", String(64 * MIB), "--floor-kib", "1024", "--seconds", "60"];
  const args = ["--kib", String(kib), ...limits, "--report", file, ...more];
  const child = spawn(join(dir, program), args, { stdio: "ignore" });
  running.push(child);
  const ended = new Promise<number | null>((done) => child.once("exit", (code) => done(code)));
  for (let i = 0; i < 1000 && !existsSync(file); i++) await new Promise((go) => setTimeout(go, 10));
  const read = () => JSON.parse(readFileSync(file, "utf8"));
  return {
    pid: child.pid!,
    report: read(),
    ended,
    stop: () => {
      child.kill("SIGTERM");
      return ended;
    },
    again: read,
  };
}

/** kB in lines "name: 12 kB" of a file of the process, added up. */
function kibOf(pid: number, file: string, name: string): number {
  const found = readFileSync(`/proc/${pid}/${file}`, "utf8").matchAll(
    new RegExp(`^${name}:\\s+(\\d+) kB`, "gm"),
  );
  return [...found].reduce((sum, m) => sum + Number(m[1]), 0);
}

function within(value: number, low: number, high: number, what: string): void {
  assert.ok(value >= low && value <= high, `${what}: ${value} is not from ${low} to ${high}`);
}

test("anon holds what it is told: the kernel's own count of the process says so", needsCc, async () => {
  const one = await start("anon", 16 * MIB, ["--holes-kib", String(4 * MIB)]);
  // Beside the memory asked for, a process has some hundred KiB of its own.
  within(kibOf(one.pid, "smaps", "Anonymous"), 16 * MIB, 16 * MIB + 512, "Anonymous");
  assert.equal(kibOf(one.pid, "smaps", "AnonHugePages"), 0, "holes need base pages");
  const mapped = kibOf(one.pid, "status", "VmSize");
  assert.ok(mapped > 20 * MIB, `the holes stay mapped: ${mapped}`);
  assert.equal(await one.stop(), 0);
  assert.ok(!existsSync(`/proc/${one.pid}`));
});

test("anon replaces as much as it is told, and holds as much as before", needsCc, async () => {
  const turning = ["--holes-kib", "1024", "--turnover-kib", "4096", "--hold", "1", "--seed", "7"];
  const one = await start("anon", 4 * MIB, turning);
  await new Promise((go) => setTimeout(go, 2000));
  within(kibOf(one.pid, "smaps", "Anonymous"), 4 * MIB, 4 * MIB + 512, "Anonymous");
  assert.equal(await one.stop(), 0);
  within(Number(one.again().turnedKib), 4096, 4096 + 64, "turnedKib");
});

test("pipes hold as many bytes as reported: they are read out of them", needsCc, async () => {
  const one = await start("pipes", 3 * MIB);
  assert.equal(one.report.heldKib, 3 * MIB);
  const seen = new Set<string>();
  let bytes = 0;
  let pipes = 0;
  for (const fd of readdirSync(`/proc/${one.pid}/fd`)) {
    const target = readlinkSync(`/proc/${one.pid}/fd/${fd}`);
    if (!target.startsWith("pipe:") || seen.has(target)) continue;
    seen.add(target);
    const pipe = openSync(`/proc/${one.pid}/fd/${fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
    const block = Buffer.alloc(65536);
    const former = bytes;
    try {
      for (let n = 1; n > 0; bytes += n) n = readSync(pipe, block);
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, "EAGAIN");
    }
    closeSync(pipe);
    // One that the process was born with holds nothing.
    if (bytes > former) pipes++;
  }
  assert.equal(bytes, 3 * MIB * 1024);
  assert.equal(pipes, one.report.pipes);
  assert.equal(await one.stop(), 0);
});

test("tables hold page tables and no memory beside them", needsCc, async () => {
  const one = await start("tables", 2 * MIB);
  within(kibOf(one.pid, "status", "VmPTE"), 2 * MIB, 2 * MIB + 256, "VmPTE");
  within(kibOf(one.pid, "smaps", "Anonymous"), 0, 512, "Anonymous");
  assert.equal(await one.stop(), 0);
});

test("files are in memory, and are gone at the end", needsCc, async () => {
  const folder = join(dir, "cache");
  mkdirSync(folder);
  const one = await start("files", 10 * MIB, ["--dir", folder]);
  assert.equal(readdirSync(folder).length, 2, "files of 8 MiB");
  within(Number(one.report.heldKib), 9 * MIB, 10 * MIB + 8, "heldKib");
  assert.equal(await one.stop(), 0);
  assert.deepEqual(readdirSync(folder), []);
});

test("dentries make names or files in a folder of their own, and leave nothing", needsCc, async () => {
  const folder = join(dir, "names");
  mkdirSync(folder);
  const one = await start("dentries", 1024, ["--dir", folder]);
  // 1 MiB / 192 bytes of a dentry.
  if (one.report.files === 0) assert.equal(one.report.names, Math.floor((1024 * 1024) / 192));
  assert.ok(Number(one.report.heldKib) > 900);
  assert.equal(await one.stop(), 0);
  assert.deepEqual(readdirSync(folder), []);
});

test("pins say through what they pin, or what was refused", needsCc, async () => {
  const one = await start("pins", 2 * MIB);
  if (one.report.through === "io_uring") assert.equal(kibOf(one.pid, "status", "VmPin"), 2 * MIB);
  else assert.match(String(one.report.refused), /^io_uring\S* .*refused: \S/);
  assert.equal(await one.stop(), 0);
});

test("sockets hold bytes", needsCc, async () => {
  const one = await start("sockets", 1024);
  assert.equal(one.report.heldKib, 1024);
  assert.equal(await one.stop(), 0);
});

test("ask gets huge pages where the kernel has them: smaps says how many", needsCc, async () => {
  const one = await start("ask", 8 * MIB, ["--pages", "2", "--times", "3", "--held", "2"]);
  const { hugeKib, asked, hugeAsked } = one.report;
  if (asked !== 0) {
    assert.deepEqual([asked, hugeAsked], [3, 6]);
    const huge = kibOf(one.pid, "smaps", "AnonHugePages");
    assert.equal(huge, one.report.heldKib);
    // Four of the six are still held; a page that was not granted is not among them.
    assert.ok(huge <= 4 * Number(hugeKib));
    assert.ok(Number(one.report.hugeGranted) >= huge / Number(hugeKib));
  }
  assert.equal(await one.stop(), 0);
});

test(
  "every program ends on SIGTERM while it fills, and with the process that started it",
  needsCc,
  async () => {
    const script = `"${join(dir, "anon")}" --kib 4096 --limit-kib 65536 --floor-kib 1 --seconds 60 --parent $$ --report "${join(dir, "orphan")}" & echo $!; wait`;
    const shell = spawn("sh", ["-c", script], { stdio: ["ignore", "pipe", "ignore"] });
    running.push(shell);
    const pid = Number(
      await new Promise<string>((done) => shell.stdout.once("data", (data) => done(String(data)))),
    );
    for (let i = 0; i < 1000 && !existsSync(join(dir, "orphan")); i++)
      await new Promise((go) => setTimeout(go, 10));
    assert.ok(pid > 1 && !gone(pid), "it runs");
    shell.kill("SIGKILL");
    for (let i = 0; i < 1000 && !gone(pid); i++) await new Promise((go) => setTimeout(go, 10));
    assert.ok(gone(pid), "a killed script leaves no program behind");
  },
);

/** Ended, whether somebody has waited for it or not. */
function gone(pid: number): boolean {
  try {
    return /\) Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return true;
  }
}

for (const [what, args, message] of [
  ["more than its limit", ["--kib", "2048", "--limit-kib", "1024"], /--kib: is more than --limit-kib/],
  [
    "more than half of what is available",
    ["--kib", String(2 ** 40), "--limit-kib", String(2 ** 40)],
    /--kib: is more than half of MemAvailable/,
  ],
  [
    "a floor that is not there",
    ["--kib", "1", "--limit-kib", "1", "--floor-kib", String(2 ** 40)],
    /below the floor/,
  ],
  ["a number with words", ["--kib", "1;id"], /--kib: must be a whole number/],
  ["a negative number", ["--kib", "-1"], /--kib: must be a whole number/],
  ["a number beyond 64 bits", ["--kib", "99999999999999999999"], /--kib: is too large/],
  ["an option that is not known", ["--size", "1"], /--size: is not known/],
  ["an option without a value", ["--kib"], /--kib: must have a value/],
] as const)
  test(`a program refuses ${what}: one line, exit 2`, needsCc, () => {
    const run = spawnSync(join(dir, "anon"), args, { encoding: "utf8", timeout: 10_000 });
    assert.equal(run.status, 2, run.stderr);
    assert.match(run.stderr, message);
    assert.equal(run.stderr.trimEnd().split("\n").length, 1);
  });
