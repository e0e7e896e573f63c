/** The check that nothing became slower, on entries that are made up. */
import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { spreadOf } from "../../lib/bench/measure";
import { checkPerformance, type Entry, type Figure, readPerformance } from "../../lib/bench/performance";
import { pageblock } from "../support/cli";

const folder = mkdtempSync(join(tmpdir(), "pageblock-bench-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const figure = (ratio: number, to: Figure["to"] = "calibration", hash = 7): Figure => ({
  ratio,
  to,
  cpuNsPerOp: 100,
  runs: 5,
  hash,
});
const entry = (machine: string, figures: Entry["figures"]): Entry => ({
  date: "2026-01-01",
  machine,
  engine: "x",
  figures,
});

test("a ratio 15 % up passes, one above fails, and it is named", () => {
  const before = [entry("A", { mu: figure(2), mg: figure(2) })];
  const verdict = checkPerformance(before, entry("A", { mu: figure(2.3), mg: figure(2.31) }));
  assert.deepEqual(verdict.slower, ["mg"]);
  assert.match(verdict.lines[0]!, /^mu: 2\.3 \(to calibration\), before 2: \+15\.0 %$/);
  assert.match(verdict.lines[1]!, /^mg: .*\+15\.5 %, SLOWER$/);
});

test("faster is never a failure", () => {
  assert.deepEqual(
    checkPerformance([entry("A", { mu: figure(2) })], entry("A", { mu: figure(0.1) })).slower,
    [],
  );
});

test("compared is the last entry of the same kind of machine, of the same kind of ratio, that has the figure", () => {
  const before = [
    entry("A", { mu: figure(9), mg: figure(1) }),
    entry("A", { mu: figure(1), c0: figure(1, "c") }),
    entry("B", { mu: figure(9), mg: figure(9), c0: figure(9) }),
  ];
  const now = entry("A", { mu: figure(1.2), mg: figure(1.2), c0: figure(5), init: figure(3) });
  const verdict = checkPerformance(before, now);
  assert.equal(verdict.against, before[1]);
  assert.deepEqual(verdict.slower, ["mu", "mg"]);
  assert.match(verdict.lines[2]!, /c0: 5 \(to calibration\), nothing to compare with/);
  assert.match(verdict.lines[3]!, /init: .*nothing to compare with/);
  const none = checkPerformance(before, entry("C", { mu: figure(99) }));
  assert.equal(none.against, null);
  assert.deepEqual(none.lines, [
    "no entry of this kind of machine (C)",
    "mu: 99 (to calibration), nothing to compare with",
  ]);
});

test("a figure of other settings is compared with its like alone", () => {
  const small = { ...figure(9), settings: "size small" };
  const before = [entry("A", { mu: figure(1) }), entry("A", { mu: small })];
  assert.deepEqual(checkPerformance(before, entry("A", { mu: figure(2) })).slower, ["mu"]);
  assert.deepEqual(checkPerformance(before, entry("A", { mu: { ...small, ratio: 11 } })).slower, ["mu"]);
  assert.deepEqual(checkPerformance(before, entry("A", { mu: { ...small, ratio: 10 } })).slower, []);
});

test("other work than then is told, and judged all the same", () => {
  const verdict = checkPerformance(
    [entry("A", { mu: figure(1) })],
    entry("A", { mu: figure(2, "calibration", 8) }),
  );
  assert.match(verdict.lines[0]!, /SLOWER, other work than then \(the hash differs\)$/);
});

test("spread: median, least, most and the first of the runs", () => {
  assert.deepEqual(spreadOf([5, 1, 3]), { median: 3, min: 1, max: 5, first: 5 });
  assert.deepEqual(spreadOf([4, 2]), { median: 3, min: 2, max: 4, first: 4 });
});

test("bench --record appends an entry, --check reads the last one and fails above it", () => {
  const path = join(folder, "performance.json");
  const small = ["bench", "--workload", "init", "--size", "small", "--runs", "1", "--performance", path];
  assert.equal(pageblock([...small, "--record"]).status, 0);
  const { entries } = readPerformance(path);
  assert.equal(entries.length, 1);
  assert.deepEqual(Object.keys(entries[0]!.figures), ["init"]);
  assert.equal(entries[0]!.figures.init!.settings, "size small");
  assert.equal(pageblock([...small, "--record"]).status, 0);
  assert.equal(readPerformance(path).entries.length, 2);
  const scaled = (factor: number) => {
    const changed = structuredClone(entries[0]!);
    changed.figures.init!.ratio *= factor;
    writeFileSync(path, JSON.stringify({ format: 1, entries: [changed] }));
    return pageblock([...small, "--check"]);
  };
  assert.equal(scaled(1e6).status, 0);
  const slower = scaled(1e-6);
  assert.equal(slower.status, 1);
  assert.match(slower.stderr, /slower by more than 15 %: init/);
  assert.equal(readPerformance(path).entries.length, 1, "a check alone records nothing");
});

test("a damaged docs/performance.json is bad input", () => {
  const path = join(folder, "bad.json");
  const noRatio = '{"format": 1, "entries": [{"machine": "A", "figures": {"init": {"ratio": 0}}}]}';
  for (const text of ["{", '{"format": 2, "entries": []}', "null", noRatio]) {
    writeFileSync(path, text);
    const run = pageblock([
      "bench",
      "--workload",
      "init",
      "--size",
      "small",
      "--runs",
      "1",
      "--performance",
      path,
      "--check",
    ]);
    assert.equal(run.status, 2, text);
    assert.match(run.stderr, /bad\.json: (is no JSON|must be|entries\[0\]: init: must have a ratio)/);
    assert.equal(readFileSync(path, "utf8"), text);
  }
});

test("bench --against runs the program in pairs and tells the ratio", {
  skip: process.platform === "win32",
}, () => {
  const program = join(folder, "opponent");
  const told = '{"mode":"mu","ns_per_op":50}';
  writeFileSync(program, `#!/bin/sh\necho "$*" >> "${join(folder, "asked")}"\necho '${told}'\n`);
  chmodSync(program, 0o755);
  const run = pageblock([
    "bench",
    "--workload",
    "mu",
    "--size",
    "small",
    "--runs",
    "3",
    "--against",
    program,
    "--json",
  ]);
  assert.equal(run.status, 0, run.stderr);
  const { against, cpuMs, ops } = JSON.parse(run.stdout);
  assert.deepEqual(against.cpuNsPerOp, { median: 50, min: 50, max: 50, first: 50 });
  assert.ok(Math.abs(against.ratio.median / ((cpuMs.median * 1e6) / ops / 50) - 1) < 0.01);
  assert.equal(readFileSync(join(folder, "asked"), "utf8"), "mu 20000 14\n".repeat(3));
  writeFileSync(program, "#!/bin/sh\necho nonsense\n");
  const bad = pageblock([
    "bench",
    "--workload",
    "mu",
    "--size",
    "small",
    "--runs",
    "1",
    "--against",
    program,
  ]);
  assert.equal(bad.status, 2);
  assert.match(bad.stderr, /--against: .*opponent mu 20000 14: told no time \(nonsense\)/);
});
