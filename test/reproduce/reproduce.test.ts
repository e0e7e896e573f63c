/** The folder of a plan: its numbers by hand, what it leaves out, and that nothing of a plan gets into the shell but numbers. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import test, { after } from "node:test";
import { canonicalJson, sha256Of } from "../../lib/base/canonical-json";
import { change } from "../../lib/change/change";
import { run } from "../../lib/experiment/run";
import { parsePlan } from "../../lib/plan/run";
import { readReproduction, reproduce, reproductionText } from "../../lib/reproduce";
import { seenRun } from "../../lib/reproduce/scene";
import { pageblock } from "../support/cli";

const dir = mkdtempSync(join(tmpdir(), "pageblock-reproduction-"));
after(() => rmSync(dir, { recursive: true, force: true }));
const TEMPLATE = resolve(__dirname, "../../lib/reproduce/programs/run.sh");
const FIXTURE = resolve(__dirname, "../fixtures/reproduce/vm-6.18");

const MACHINE = { board: "qemu-virt", memory: "512MiB" };
const REST = { strategy: { name: "buddy" }, request: { size: "2MiB", times: 3 } };

test("shares are those of the mix", () => {
  const mix = { kind: "mix", movable: 0.5, pageCache: 0.5, unmovable: 0.2, reclaimable: 0.05, polluted: 0.4 };
  const { shares, settings } = reproduce({ machine: MACHINE, workload: mix, ...REST } as never);
  // The half that is movable is anonymous and page cache in equal parts; each draw is a page of some 60,000.
  assert.ok(Math.abs(shares.anon - 0.25) < 0.01, `${shares.anon}`);
  assert.ok(Math.abs(shares.file - 0.25) < 0.01, `${shares.file}`);
  // The booted kernel's own pages count in `unmovable`; the folder makes only what comes on top of them.
  assert.ok(shares.pipe > 0.1 && shares.pipe < 0.2, `${shares.pipe}`);
  assert.ok(Math.abs(shares.dentry - 0.05) < 0.005, `${shares.dentry}`);
  const all = Object.values(shares).reduce((a, b) => a + b, 0);
  assert.ok(Math.abs(all - 1) < 1e-9, `they are all of the memory: ${all}`);
  assert.equal(settings.MEMORY_KIB, 0, "a quarter of what is available there");
  assert.equal(settings.PPM_ANON, Math.floor(shares.anon * 1e6));
  assert.equal(settings.REQUEST_KIB, 2048);
});

test("a full machine is scaled down, so that a sixteenth is left to the request", () => {
  const { shares, files } = reproduce({
    machine: MACHINE,
    workload: { kind: "fragmenter", freed: 0.5 },
    ...REST,
  } as never);
  assert.ok(Math.abs(shares.left - 1 / 16) < 1e-9, `${shares.left}`);
  // The fragmenter frees half of what it takes, in single pages.
  assert.ok(Math.abs(shares.holes - shares.anon) < 0.05, `${shares.holes} ${shares.anon}`);
  assert.match(files["README.md"]!, /was scaled down to 9\d\.\d %/);
});

test("pins come out of anonymous memory", () => {
  const workload = {
    sequence: [
      { kind: "mix", movable: 0.6, pageCache: 0 },
      { kind: "pin-pages", share: 0.5, term: "long" },
    ],
  };
  const { shares } = reproduce({ machine: MACHINE, workload, ...REST } as never);
  assert.ok(Math.abs(shares.pins - 0.3) < 0.02, `${shares.pins}`);
  assert.ok(Math.abs(shares.anon - 0.3) < 0.02, `${shares.anon}`);
});

test("an endless workload has had its time before the request", () => {
  const workload = { kind: "file-server", duration: "endless" };
  const { shares } = reproduce({
    machine: MACHINE,
    workload,
    strategy: { name: "buddy" },
    request: { size: "2MiB", gap: "1 minute" },
  } as never);
  assert.ok(shares.file > 0, `${shares.file}`);
});

test("plan.json has the plan and its hash", () => {
  const made = reproduce({ machine: MACHINE, ...REST } as never);
  const { hash, plan } = JSON.parse(made.files["plan.json"]!);
  assert.equal(hash, sha256Of(plan));
  assert.equal(canonicalJson(plan), canonicalJson(made.plan));
  assert.ok(made.files["run.sh"]!.includes(`\nPLAN_HASH=${hash}\n`));
});

test("what is not reproduced is listed by name", () => {
  const made = reproduce({
    machine: { ...MACHINE, kernel: "6.12", cma: "32MiB", compactionProactiveness: 40, cpus: 2 },
    system: { reclaim: false },
    workload: { sequence: [{ kind: "mix" }, { kind: "pin-pages", term: "long" }] },
    strategy: { name: "cma", area: "32MiB" },
    request: { size: "4MiB", align: "4MiB", longtermPin: true, dmaBits: 32 },
  } as never);
  const parts = made.leftOut.map(({ part }) => part);
  const names = [
    ...["machine.board", "machine.kernel", "machine.cma", "machine.cpus", "system.reclaim", "workload.mix"],
    ...[
      "workload.pin-pages",
      "strategy.cma",
      "request.alignBytes",
      "request.longtermPin",
      "request.dmaBits",
      "seed",
    ],
  ];
  for (const part of names) {
    assert.ok(parts.includes(part), `${part} is not in ${parts}`);
    assert.ok(made.files["README.md"]!.includes(`- \`${part}\`: `), part);
  }
  // A sysctl that does not depend on the size of memory is set where that is allowed.
  assert.ok(!parts.includes("machine.compactionProactiveness"));
  assert.equal(made.settings.SYSCTL_COMPACTION_PROACTIVENESS, 40);
  assert.equal(made.settings.SYSCTL_DEFRAG_MODE, -1);
  assert.equal(made.settings.CMA, 1);
});

/** Texts that a shell would act on. */
const HOSTILE = "$(touch /tmp/hit); `id` ' \" \n rm -rf ~ #";

test("nothing of a plan gets into the script but numbers", () => {
  const reserved = [{ name: HOSTILE, base: "0x50000000", size: "1MiB" }];
  const plain = reproduce({ machine: { ...MACHINE, reserved }, ...REST, seed: 4_294_967_295 } as never);
  assert.ok(plain.files["plan.json"]!.includes("touch /tmp/hit"), "the plan has it");
  const template = readFileSync(TEMPLATE, "utf8").split("\n");
  const lines = plain.files["run.sh"]!.split("\n");
  const mark = template.indexOf("#SETTINGS");
  const added = lines.length - template.length + 1;
  const rest = [...lines.slice(0, mark), ...lines.slice(mark + added)];
  assert.deepEqual(rest, [...template.slice(0, mark), ...template.slice(mark + 1)]);
  for (const line of lines.slice(mark, mark + added)) assert.match(line, /^[A-Z_]+=(?:-?\d+|[0-9a-f]{64})$/);
  for (const [name, text] of Object.entries(plain.files))
    if (name !== "plan.json") assert.ok(!text.includes("touch /tmp/hit"), name);
});

const good = join(dir, "plan.json");
writeFileSync(good, JSON.stringify({ machine: MACHINE, ...REST }));

/** Words of a change that a shell would act on. */
const WORDS = "it's $(touch /tmp/hit); `id` \" \\ # é";

test("a plan with a change: the script, its README and the folder name it; the words do nothing", () => {
  const mine = change({ name: "tail's end $(id)", about: HOSTILE, listEnd: () => "tail" });
  const made = reproduce({ machine: { ...MACHINE, change: mine.toJSON() }, ...REST } as never);
  assert.deepEqual(made.change?.points, ["listEnd"]);
  assert.equal(made.change?.sha256, mine.sha256);
  assert.equal(made.files["change.ts"], mine.source);
  const [first] = made.leftOut;
  assert.equal(first!.part, "machine.change");
  assert.match(first!.why, /must be built with the change "tail's end \$\(id\)"/);
  const script = made.files["run.sh"]!;
  const from = script.indexOf("\nCHANGE_NAME='");
  const lines = script.slice(from).split("\n", 5).join("\n");
  const told = spawnSync(
    "/bin/sh",
    ["-c", `${lines}\nprintf '%s\\n' "$CHANGE_NAME" "$CHANGE_ABOUT" "$CHANGE_POINTS" "$CHANGE_SHA256"`],
    { encoding: "utf8", env: { PATH: "/nonexistent" } },
  );
  assert.equal(told.stderr, "", "no command was looked for");
  const about = HOSTILE.replaceAll(/\s+/g, " ");
  assert.equal(told.stdout, `tail's end $(id)\n${about}\nlistEnd\n${mine.sha256}\n`);
});

test("reproduce on the command line: a change must be allowed, and is named on the terminal", () => {
  const source = `export default change({ name: "mine", about: ${JSON.stringify(WORDS)}, listEnd: () => "tail" });\n`;
  writeFileSync(join(dir, "mine.ts"), source);
  const plan = join(dir, "changed.json");
  writeFileSync(plan, JSON.stringify({ machine: { ...MACHINE, change: { file: "./mine.ts" } }, ...REST }));
  const sha256 = createHash("sha256").update(source).digest("hex");
  const out = join(dir, "changed");
  const refused = pageblock(["reproduce", plan, "--out", out]);
  assert.equal(refused.status, 2);
  assert.match(refused.stderr, new RegExp(`it is not run; .*--allow-code ${sha256}`));
  assert.ok(!existsSync(out));
  const done = pageblock(["reproduce", plan, "--out", out, "--allow-code", sha256]);
  assert.equal(done.status, 0, done.stderr);
  assert.match(
    done.stdout,
    new RegExp(`must be built with the change "mine" .* decides listEnd; SHA-256 ${sha256}`),
  );
  assert.match(
    readFileSync(join(out, "README.md"), "utf8"),
    /`machine\.change`: the real kernel must be built/,
  );
  assert.equal(readFileSync(join(out, "change.ts"), "utf8"), source);
});

test("memory is said to be too little before anything runs", () => {
  const out = join(dir, "small");
  const { stdout } = pageblock(["reproduce", good, "--out", out, "--memory", "64MiB"]);
  // A fifth of 320 MiB is 64 MiB.
  assert.match(
    stdout,
    /Below a fifth .* nothing about fragmentation can be compared.*\n?.*more than 320 MiB/,
  );
  assert.match(readFileSync(join(out, "run.sh"), "utf8"), /\nPPM_SHOWS=200000\n/);
});

test("the model counts what the machine counts: no row of a folder is without the model's figure", () => {
  const plan = {
    machine: { board: "pc-x86-64", memory: "256MiB" },
    workload: {
      sequence: [
        { kind: "uptime", duration: "1 hour" },
        { kind: "pressure", duration: "endless" },
      ],
    },
    strategy: { name: "buddy" },
    request: { size: "2MiB", times: 4, gap: "10s" },
  };
  const made = reproduce(plan as never);
  const folder = join(dir, "counted");
  cpSync(FIXTURE, folder, { recursive: true });
  const { planHash } = readReproduction(FIXTURE);
  const model = { format: "pageblock-model", version: 1, plan: planHash, ...made.model };
  writeFileSync(join(folder, "model.json"), JSON.stringify(model));
  const { rows } = readReproduction(folder);
  for (const row of rows) assert.ok(row.model !== null, row.what);
  const reclaimed = rows.find(({ what }) => what === "pages scanned by reclaim")!;
  assert.ok(reclaimed.model! > 0, "ten seconds of pressure reclaim something");
  // The same counts by another way: what a recorded run has at its end is what it had at its first request, and the growth.
  const { recorded, metrics } = run(parsePlan({ ...plan, record: {} } as never));
  const series = recorded!.requestSeries!.values;
  for (const [name, n] of Object.entries(made.model.counts))
    assert.equal(series[name]![0]! + n, metrics[name], name);
  assert.deepEqual(Object.keys(made.model.counts).length, 9);
});

test("the run that is looked at has the outcome of one that is not", () => {
  const plan = parsePlan({
    machine: MACHINE,
    workload: {
      sequence: [
        { kind: "uptime", duration: "20 minutes" },
        { kind: "file-server", duration: "endless" },
      ],
    },
    ...REST,
  } as never);
  const { scene, outcome } = seenRun(plan);
  const alone = run({ ...plan, record: { metrics: ["fallbacks", "compaction", "hugePages", "reclaim"] } });
  assert.equal(canonicalJson(outcome), canonicalJson(alone));
  assert.ok(scene.freedPages > 0 && scene.polluted > 0);
});

for (const [what, field] of [
  ["a kernel", { machine: { ...MACHINE, kernel: HOSTILE }, ...REST }],
  ["a strategy", { machine: MACHINE, ...REST, strategy: { name: HOSTILE } }],
  ["a workload", { machine: MACHINE, ...REST, workload: { kind: HOSTILE } }],
  ["a size", { machine: MACHINE, ...REST, request: { size: HOSTILE } }],
  ["a field", { machine: { ...MACHINE, [HOSTILE.replaceAll("\n", " ")]: 1 }, ...REST }],
] as const)
  test(`${what} with a command in its name: one line, exit 2, nothing written`, () => {
    const plan = join(dir, "hostile.json");
    const out = join(dir, `hostile-${what.replaceAll(" ", "-")}`);
    writeFileSync(plan, JSON.stringify(field));
    const run = pageblock(["reproduce", plan, "--out", out]);
    assert.equal(run.status, 2, run.stdout);
    assert.equal(run.stderr.trimEnd().split("\n").length, 1, run.stderr);
    assert.ok(!existsSync(out));
  });

for (const [what, args, message] of [
  ["no folder", [good], /--out must name the folder/],
  ["no plan", ["--out", join(dir, "x")], /a plan must be given/],
  [
    "too little memory",
    [good, "--out", join(dir, "x"), "--memory", "1MiB"],
    /memory: must be 16 MiB or more.*: got 1 MiB/,
  ],
  [
    "too much memory",
    [good, "--out", join(dir, "x"), "--memory", "2TiB"],
    /memory: must be at most 1 TiB|memory: must be at most 1024 GiB/,
  ],
  [
    "too little time",
    [good, "--out", join(dir, "x"), "--seconds", "1"],
    /seconds: must be a whole number from 2 to 86400: got 1/,
  ],
  ["a folder that is there", [good, "--out", dir], /exists already/],
  ["a plan to read", [good, "--read", dir], /--read: takes no plan/],
  ["a folder of something else", ["--read", dir], /has no model\.json/],
] as const)
  test(`reproduce: ${what}: one line, exit 2, nothing written`, () => {
    const run = pageblock(["reproduce", ...args]);
    assert.equal(run.status, 2, run.stdout);
    assert.match(run.stderr, message);
    assert.equal(run.stderr.trimEnd().split("\n").length, 1);
    assert.ok(!existsSync(join(dir, "x")));
  });

test("the command writes what reproduce() gives", () => {
  const out = join(dir, "written");
  const run = pageblock(["reproduce", good, "--out", out, "--memory", "64MiB", "--seconds", "5"]);
  assert.equal(run.status, 0, run.stderr);
  assert.match(run.stdout, /^not reproduced:\n {2}machine\.board: /m);
  const { files } = reproduce({ machine: MACHINE, ...REST } as never, { memory: "64MiB", seconds: 5 });
  assert.deepEqual(readdirSync(out).sort(), Object.keys(files).sort());
  for (const [name, text] of Object.entries(files))
    if (name !== "model.json") assert.equal(readFileSync(join(out, name), "utf8"), text, name);
});

test("recorded results are read: figures counted by hand from the texts", () => {
  const reading = readReproduction(FIXTURE);
  const row = (what: string) => reading.rows.find((one) => one.what === what)!;
  const run = JSON.parse(readFileSync(join(FIXTURE, "results/run.json"), "utf8"));
  assert.equal(reading.limitBytes, run.limitKib * 1024);
  const ask = JSON.parse(readFileSync(join(FIXTURE, "results/holders/ask.json"), "utf8"));
  assert.equal(row("huge pages granted").machine, ask.hugeGranted / ask.hugeAsked);
  assert.equal(row("huge page faults that got one").machine, 8);
  assert.equal(
    row("free memory below a page block, with the state").comparable,
    "no",
    "64 MiB of 24 GiB show in nothing",
  );
  assert.equal(row("fallbacks to other types (mm_page_alloc_extfrag)").machine, null);
  const text = reproductionText(reading);
  assert.ok(text.split("\n").length > reading.rows.length + 2);
});

/** Changes a copy of the recorded results, and reads it. */
function changed(name: string, change: (folder: string) => void): string {
  const folder = join(dir, name);
  cpSync(FIXTURE, folder, { recursive: true });
  change(folder);
  const run = pageblock(["reproduce", "--read", folder]);
  assert.equal(run.status, 2, run.stdout);
  assert.equal(run.stderr.trimEnd().split("\n").length, 1, run.stderr);
  return run.stderr;
}

test("results of another plan, and broken ones, are refused in one line", () => {
  const runJson = (folder: string, edit: (run: Record<string, unknown>) => void) => {
    const file = join(folder, "results/run.json");
    const run = JSON.parse(readFileSync(file, "utf8"));
    edit(run);
    writeFileSync(file, JSON.stringify(run));
  };
  assert.match(
    changed("other", (f) => runJson(f, (run) => Object.assign(run, { plan: "0".repeat(64) }))),
    /results must be of the plan in model\.json/,
  );
  assert.match(
    changed("outside", (f) => runJson(f, (run) => Object.assign(run, { steps: ["../../etc"] }))),
    /run\.json: .*steps/,
  );
  assert.match(
    changed("none", (f) => writeFileSync(join(f, "results/holders/anon.json"), "\u001b[31mno")),
    /anon\.json: must be JSON: begins with/,
  );
  assert.match(
    changed("unknown", (f) => rmSync(join(f, "model.json"))),
    /has no model\.json/,
  );
  assert.match(
    changed("step", (f) => rmSync(join(f, "results/steps/02-during"), { recursive: true })),
    /02-during/,
  );
});
