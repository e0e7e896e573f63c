/** What cannot be run inside of a result of many runs is told as that, by the command line and by the engine of a page in the same words. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { sha256Of } from "../../lib/base/canonical-json";
import { runPlan } from "../../lib/report/plan-kinds";
import { withResults } from "../../lib/report/runs";
import { verdictOn } from "../../lib/report/verdict";
import { verifyFile } from "../../lib/report/verify";
import { code, notebook, shown } from "../support/notebooks";
import { workerOf } from "../support/page-engine";

const scratch = mkdtempSync(join(tmpdir(), "pageblock-cannot-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

/** More than the 4 GiB that a stranger's plan may take: 2^27 pages that all may be used. */
const heavy = {
  machine: { board: "qemu-virt", memory: "512GiB" },
  workload: { kind: "uptime", profile: "server", duration: "1 hour" },
};
/** HugeTLB's area needs 5.7 (mm/hugetlb.c: hugetlb_cma_reserve()). */
const old = { machine: { board: "qemu-virt", memory: "256MiB", pageSize: "64KiB", kernel: "4.17" } };
const asked = { request: { size: "4MiB" }, seeds: 2 };
const card = { kind: "scorecard", scenario: "s", adapter: "connectx-4", cpu: "haswell" };
const HEAVY = /^plan: may take up to 6 GiB of memory: at most 4 GiB may be taken here/;
const OLD = /^hugetlb_cma: needs hugetlb and kernel 5\.7 or newer: got kernel 4\.17/;

/** 2^32 pages of 4 KiB. */
const HUGE = { board: "blank-x86-64", ram: [{ base: 0, size: 2 ** 44 }] };

const PLANS: [what: string, plan: object, why: RegExp][] = [
  ["a comparison, memory", { kind: "comparison", ...heavy, ...asked, strategies: ["buddy"] }, HEAVY],
  [
    "a comparison, one of two strategies refused",
    { kind: "comparison", ...old, ...asked, strategies: ["buddy", "hugetlb-cma"] },
    OLD,
  ],
  ["a scorecard, memory", { ...card, ...heavy, ...asked, strategies: ["buddy"] }, HEAVY],
  ["a scorecard, refused", { ...card, ...old, ...asked, strategies: ["hugetlb-cma"] }, OLD],
  [
    "a sweep, refused at some points",
    {
      plan: { ...old, strategy: "buddy", request: { size: "4MiB" } },
      over: { strategy: ["buddy", "hugetlb-cma"] },
    },
    OLD,
  ],
  [
    "points of a robust statement, memory",
    {
      kind: "robust",
      plan: { ...heavy, ...asked, strategies: ["buddy"] },
      statement: "buddy >= 0.5",
      over: { memory: ["512GiB", "500GiB"] },
    },
    HEAVY,
  ],
  [
    "points of a robust statement that no machine has",
    {
      kind: "robust",
      plan: { machine: { board: "raspberry-pi-4" }, ...asked, strategies: ["buddy"] },
      statement: "buddy >= 0.5",
      over: { pageSize: ["16KiB", "4KiB"] },
    },
    /page size: raspberry-pi-4 .*got 16 KiB$/,
  ],
  [
    "16 TiB in a comparison",
    { kind: "comparison", machine: HUGE, ...asked, strategies: ["buddy"] },
    /^machine: its memory must end below page frame 2\^31/,
  ],
  [
    "more requests than a run may have",
    {
      kind: "comparison",
      machine: { board: "qemu-virt" },
      strategies: ["buddy"],
      request: { size: "4MiB", times: 1e15 },
    },
    /^request\.times: must be a whole number from 1 to 1000000/,
  ],
  ["a kind that is a name of the language", { kind: "constructor" }, /^plan: kind must be one of boot, run/],
];

/** The verdicts of both on one stored result. */
async function verdictsOn(plan: object, result: unknown) {
  const run = { plan, result, sha256: sha256Of({ plan, result }) };
  const file = join(scratch, "n.ipynb");
  writeFileSync(file, JSON.stringify(notebook(code("x", shown(withResults({ "text/plain": "x" }, [run]))))));
  const { results } = await verifyFile(file);
  const ask = workerOf("engine.gz.b64");
  const none = "0".repeat(64);
  const shownThere = { page: none, parts: [] };
  await ask("open", { text: JSON.stringify({ runs: [run], shown: shownThere, resultsSha256: none }) });
  const page = (await ask("verify", { index: 0, budgetMs: 1e9 })) as { verdict: string; why?: string };
  return { command: { verdict: results[0]!.verdict, why: results[0]!.why }, page };
}

for (const [what, plan, why] of PLANS)
  test(`${what}: cannot be run, for the same reason in both`, async () => {
    // A result that says that all was well: somebody else's computer, or a forger.
    const { command, page } = await verdictsOn(plan, { strategies: [], points: [], results: [] });
    assert.deepEqual([command.verdict, page.verdict], ["cannot be run", "cannot be run"], command.why);
    assert.match(command.why!, why);
    assert.equal(page.why, command.why);
  });

test("a refusal that is part of the stored result stays identical, and another changed number differs", async () => {
  const plan = { kind: "comparison", ...old, ...asked, strategies: ["buddy", "hugetlb-cma"] };
  const result = (await runPlan(plan)) as { strategies: { granted: number }[] };
  const same = await verdictsOn(plan, result);
  assert.deepEqual([same.command.verdict, same.page.verdict], ["identical", "identical"]);
  result.strategies[0]!.granted = 1;
  const other = await verdictsOn(plan, result);
  assert.deepEqual([other.command.verdict, other.page.verdict], ["differs", "differs"]);
  assert.match(other.command.why!, /^strategies\.0\.granted: stored 1, now \d$/);
});

test("a fault of ours inside of a result is the reason, in one line", () => {
  const run = { plan: { strategies: [] }, result: { granted: 2 }, sha256: "" };
  const unrun = { refused: [], broken: "internal error: free list is not empty (zone.ts:12)\nmore" };
  assert.deepEqual(verdictOn(run, { result: { granted: 0 }, unrun }), {
    verdict: "cannot be run",
    why: "internal error: free list is not empty (zone.ts:12)",
  });
  assert.equal(verdictOn(run, { result: { granted: 2 }, unrun }).verdict, "identical");
});
