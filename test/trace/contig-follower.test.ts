/** Recorded CMA allocations and releases of a real arm64 6.1.192: the model runs its own and must do the same, event by event. */
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { brotliDecompressSync } from "node:zlib";
import { replay } from "../../lib/trace/replay";
import { FIXTURES } from "../support/cli";

const ARM64 = join(FIXTURES, "arm64-cma");

for (const [name, allocations, decisions, drained] of [
  ["c2-4k-cmaalloc", 95_222, 77_049, 48_702],
  ["c3d-4k-pinnedused", 29_734, 103_194, 109_844],
  ["c5-64k-mobility-on", 59_950, 77_404, 47_714],
] as const)
  test(`${name}: frames, half rule, drains and every event of the CMA requests are the recorded ones`, async () => {
    const { result } = await replay(join(ARM64, name));
    assert.equal(result.firstMismatch, null);
    assert.equal(result.exact, allocations);
    assert.deepEqual(result.halfRule, { decisions, wrong: 0 });
    assert.deepEqual(result.drains, { pages: drained, wrong: 0 });
    assert.ok(result.cmaEvents!.predicted > 30_000);
    assert.equal(result.cmaEvents!.firstWrong, null);
    assert.equal(result.cmaEvents!.wrong, 0);
    assert.deepEqual(result.finalDifferences, []);
  });

test("two CPUs: frames, drains and every event of the CMA requests are the recorded ones beside another CPU's load", async () => {
  const { result } = await replay(join(ARM64, "s2-cma"));
  assert.equal(result.exact, 48_864);
  assert.deepEqual(result.drains, { pages: 51_724, wrong: 0 });
  assert.deepEqual(result.cmaEvents, { predicted: 68_065, wrong: 0, firstWrong: null });
  // The recorder has no choices of the half rule, so none is wrong.
  assert.deepEqual(result.halfRule, { decisions: 0, wrong: 0 });
  const other = await replay(join(ARM64, "s2-cma"), { switches: { isolationUnit: "maxOrder" } });
  assert.ok(other.result.cmaEvents!.wrong > 0);
});

test("an omitted rule shows in the events: blocks of 4.17's isolation unit differ from the recorded ones", async () => {
  const { result } = await replay(join(ARM64, "c3d-4k-pinnedused"), {
    switches: { isolationUnit: "maxOrder" },
  });
  assert.ok(result.cmaEvents!.wrong > 0);
  assert.ok(result.cmaEvents!.firstWrong!.line > 0);
});

test("without the half rule its decisions are all wrong, and the frames with them", async () => {
  const { result } = await replay(join(ARM64, "c2-4k-cmaalloc"), { switches: { cmaBalance: false } });
  assert.ok(result.halfRule!.wrong > 1000);
  assert.ok(result.mismatches > 0);
});

/** The recording c3d with its trace changed, replayed. */
async function changed(edit: (lines: string[]) => void) {
  const dir = mkdtempSync(join(tmpdir(), "pageblock-contig-"));
  try {
    const from = join(ARM64, "c3d-4k-pinnedused");
    for (const name of ["S0.txt.br", "S1.txt.br", "version", "cmdline"])
      cpSync(join(from, name), join(dir, name));
    const lines = brotliDecompressSync(readFileSync(join(from, "trace.txt.br")))
      .toString("latin1")
      .split("\n");
    edit(lines);
    writeFileSync(join(dir, "trace.txt"), lines.join("\n"));
    return (await replay(dir)).result;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

test("an event that was not predicted: the request continues as recorded, its rest counts as wrong, the end is the same", async () => {
  let at = 0;
  const result = await changed((lines) => {
    at = lines.indexOf("M 738304 5", 30_000);
    lines.splice(at, 1);
  });
  assert.ok(at > 0);
  assert.ok(result.cmaEvents!.wrong > 0 && result.cmaEvents!.wrong < result.cmaEvents!.predicted / 2);
  assert.equal(result.cmaEvents!.firstWrong!.line, at + 1);
  assert.equal(result.mismatches, 0);
  assert.deepEqual(result.finalDifferences, []);
});

test("a request that no kernel makes is invalid input", async () => {
  await assert.rejects(
    changed((lines) => {
      const at = lines.findIndex((l) => l.includes("cma_alloc_start"));
      lines[at] = lines[at]!.replace(/count=\d+/, "count=0");
    }),
    /trace\.txt:\d+: cma_alloc of 0 pages, align 0: no such request is possible/,
  );
});
