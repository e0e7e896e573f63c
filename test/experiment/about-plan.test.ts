/** What a result says of itself above its table, what a design can decide, and looks that the store remembers. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { sha256Of } from "../../lib/base/canonical-json";
import { durationText } from "../../lib/base/duration";
import { Random } from "../../lib/base/random";
import { change } from "../../lib/change/change";
import { sha256OfSource } from "../../lib/change/code";
import { aboutKernels, aboutRobust, aboutSweeps } from "../../lib/experiment/about-plan";
import { runKernels } from "../../lib/experiment/compare-kernels";
import { designNote, leastP, reachNote, robustDesignNote } from "../../lib/experiment/design";
import { judged, measured } from "../../lib/experiment/kernel-verdict";
import { KernelsTable } from "../../lib/experiment/kernels";
import { kernelCells, methodNotes, pairNotes } from "../../lib/experiment/kernels-text";
import { lookNotes, lookOf } from "../../lib/experiment/looks";
import { wilcoxonSignedRank } from "../../lib/experiment/paired-statistics";
import { leastSeeds } from "../../lib/experiment/statistics";
import { Store } from "../../lib/experiment/store";
import { aboutHtml } from "../../lib/fluent/result-table";
import { parseKernels } from "../../lib/plan/compare-kernels";
import { parseRobust } from "../../lib/plan/robust";
import { parsePlan } from "../../lib/plan/run";
import { outcomeText } from "../support/outcome-text";

const folder = mkdtempSync(join(tmpdir(), "pageblock-about-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const tail = change({ name: "all to the tail", about: "freed pages rest longer", listEnd: () => "tail" });
const kernels = (more: object = {}) =>
  parseKernels({
    machine: { board: "pc-x86-64", memory: "256MiB" },
    variants: ["6.1", { kernel: "6.12", change: tail.toJSON() }],
    workload: {
      sequence: [
        { kind: "uptime", duration: "90 minutes", profile: "pi" },
        { kind: "camera" },
        { kind: "network-server", duration: "endless" },
      ],
    },
    request: { size: "2MiB", times: 4, gap: "5s" },
    seeds: 8,
    ...more,
  } as never);

test("a comparison says its machine, releases, workload, age, request, plan, and the change with what it is about", () => {
  const spec = kernels();
  assert.deepEqual(aboutKernels(spec), [
    "pc-x86-64, 256 MiB, pages of 4 KiB, Linux 6.1 and 6.12",
    "workload: uptime pi 1.5 hours, then camera 1 hour (age 2.5 hours); network-server during the requests; asked 4 × 2 MiB, 5 s apart",
    `plan compare-kernels ${sha256Of({ kind: "compare-kernels", ...spec })}`,
    `change "all to the tail", SHA-256 ${tail.sha256}: freed pages rest longer; decides listEnd`,
  ]);
  const fresh = aboutKernels(
    kernels({ workload: undefined, variants: ["6.1", "6.12"], request: { size: "1MiB" } }),
  );
  assert.equal(fresh[1], "no workload: fresh from boot; asked 1 × 1 MiB");
  assert.equal(fresh.length, 3);
});

test("code that may not run here is named, and not run to be described", () => {
  const source = 'export default change({ name: "strange", about: "never read", listEnd: () => "head" });\n';
  const strange = { name: "strange", sha256: sha256OfSource(source), source };
  const [line] = aboutKernels(kernels({ variants: ["6.1", { kernel: "6.1", change: strange }] })).slice(-1);
  assert.equal(line, `change "strange", SHA-256 ${strange.sha256}`);
});

test("a workload of many parts is cut, and parts side by side are told as such", () => {
  const parts = Array.from({ length: 9 }, () => ({ kind: "mix" }));
  const [, many] = aboutKernels(kernels({ workload: { sequence: parts } }));
  assert.match(
    many!,
    /^workload: (mix 1 s, then ){6}3 more \(age 9 s\); nothing goes on during the requests; asked/,
  );
  const [, side] = aboutKernels(kernels({ workload: { together: [{ kind: "camera" }, { kind: "mix" }] } }));
  assert.match(side!, /^workload: camera 1 hour beside mix 1 s \(age 1 hour\);/);
});

test("a robustness run says which knobs are turned and its variants' changes; sweeps each name their plan", () => {
  const robust = parseRobust({
    plan: {
      machine: { board: "qemu-virt", memory: "512MiB" },
      strategies: ["buddy"],
      request: { size: "4MiB" },
      seeds: 4,
    },
    variants: ["6.1", { label: "B", kernel: "6.1", change: tail.toJSON() }],
    statement: "B > 6.1",
    over: { memory: ["512MiB", "1GiB"], minFreeKbytes: [4096] },
  } as never);
  const lines = aboutRobust(robust);
  assert.equal(lines[0], "qemu-virt, 512 MiB, pages of 4 KiB, Linux 6.1; varied: memory, min_free_kbytes");
  assert.match(lines[2]!, /^plan robust [0-9a-f]{64}$/);
  assert.match(lines[3]!, /^change "all to the tail", SHA-256 .*: freed pages rest longer; decides listEnd$/);
  const plan = parsePlan({
    machine: { board: "qemu-virt", memory: "512MiB" },
    strategy: "buddy",
    request: { size: "4MiB" },
  });
  const sweeps = [1, 2].map((times) => ({
    plan: { ...plan, request: { ...plan.request, times } },
    over: { seed: [1] },
  }));
  assert.match(aboutSweeps(sweeps as never)[2]!, /^plans sweep [0-9a-f]{64}, sweep [0-9a-f]{64}$/);
});

test("times in words", () => {
  const words = [0, 500, 1500, 60_000, 90_000, 3_600_000, 86_400_000, 9e10, Number.POSITIVE_INFINITY].map(
    durationText,
  );
  assert.deepEqual(words, [
    "0 ms",
    "500 ms",
    "1.5 s",
    "1 minute",
    "1.5 minutes",
    "1 hour",
    "1 day",
    "1041.67 days",
    "endless",
  ]);
});

test("a design that can decide nothing says so, with the seeds that could; the least p is that of the test itself", () => {
  for (const n of [1, 3, 8])
    assert.equal(leastP(n, 1), wilcoxonSignedRank(Array.from({ length: n }, (_, i) => i + 1)));
  // 7 × 2^−7 = 5.5 % with 8 seeds, 7 × 2^−8 = 2.7 % with 9.
  assert.deepEqual([leastSeeds(7), leastSeeds(1)], [9, 6]);
  const metrics = [
    "success",
    "fallbacks",
    "freeBytes",
    "othersFailed",
    "mixedBlocksEnd",
    "unusableIndex",
    "thpShare",
  ];
  assert.equal(
    designNote(kernels({ metrics })),
    "if all 7 metrics differ, none can be decided: the smallest p that 8 seeds can give is 0.0078, and 0.055 after the correction for 7 tests; 9 seeds could, or fewer metrics",
  );
  assert.equal(designNote(kernels({ metrics, seeds: 9 })), null);
  assert.match(
    designNote(kernels({ metrics, seeds: 1 }))!,
    /^no metric can be decided: the smallest p that a single seed can give is 1; 6 seeds could decide one metric, 9 each of 7$/,
  );
  const ablate = designNote(kernels({ metrics: ["success"], ablate: true }));
  assert.match(ablate!, /^if all \d+ differences differ, none can be shown to carry the effect: /);
  assert.match(
    reachNote(8, 7)!,
    /^No verdict was possible: .* 0\.0078, and 0\.055 after the correction for 7 tests\. 9 seeds could decide\.$/,
  );
  assert.equal(reachNote(9, 7), null);
  const robust = (more: object) =>
    parseRobust({
      plan: { machine: { board: "qemu-virt" }, strategies: ["buddy"], request: { size: "4MiB" }, seeds: 4 },
      statement: "buddy >= 0.5",
      over: { memory: ["512MiB"], ...more },
    } as never);
  assert.equal(robustDesignNote(robust({})), "no point can be sure with 4 seeds: 8 are needed");
  assert.equal(robustDesignNote(robust({ seeds: [2, 8] })), null);
});

test("a time that no seed changes is a constant of the cost table: it is shown, and no test compares it", () => {
  const of = (metric: string, a: number[], b: number[]) => {
    const raw = measured(metric, a, b, new Random(1));
    return { ...judged(raw, raw.p, 1, ["old", "new"]), constant: raw.constant };
  };
  const eight = (n: number) => Array.from({ length: 8 }, () => n);
  const { verdict, words, constant } = of("latencyNs", eight(12_800), eight(51_200));
  assert.deepEqual([verdict, constant], ["untested", true]);
  assert.match(
    words,
    /^not tested: a constant of the cost table in every run, 12800 in old and 51200 in new/,
  );
  assert.equal(of("latencyNs", eight(12_800), [...eight(1).slice(1), 2]).constant, false);
  assert.equal(of("cpuReclaimNs", eight(0), eight(0)).constant, false, "nothing was reclaimed");
  assert.equal(of("fallbacks", eight(3), eight(4)).constant, false, "a count is none");
});

const outcome = (latencyNs: number, fallbacks: number) => outcomeText({ fallbacks }, { latencyNs });

test("below the tables one short line: the effect by its name, the tests that there were, and never tests that were not", () => {
  const result = (more: number) => {
    const table = new KernelsTable(
      kernels({ variants: ["6.1", "6.9"], metrics: ["latencyNs", "fallbacks"], seeds: 4 }),
    );
    for (let i = 0; i < 4; i++) {
      table.take(outcome(12_800, 5));
      table.take(outcome(51_200, 5 + more * i));
    }
    return table.result("");
  };
  const same = result(0);
  assert.deepEqual(
    [same.family, methodNotes(same)],
    [0, ["No metric differs in any seed, so nothing is tested."]],
  );
  const differing = result(1);
  // The constant differs too, and is no test.
  assert.equal(differing.family, 1);
  assert.match(kernelCells(differing.pairs[0]!.metrics[0]!).at(-1)!, /^not tested: a constant$/);
  const [reach, last] = methodNotes(differing);
  assert.match(reach!, /^No verdict was possible: the smallest p that 4 seeds can give is 0\.13/);
  assert.match(
    last!,
    /^d_z: mean difference over standard deviation of the differences\. p: .* for 1 test\. /,
  );
  for (const note of [...methodNotes(differing), ...pairNotes(differing, differing.pairs[0]!)])
    assert.ok(note.length <= 200, note);
});

test("the store remembers with how many seeds a comparison was seen; more seeds later are told so, fewer are not", async () => {
  const store = join(folder, "looks.duckdb");
  const small = (seeds: number, more: object = {}) =>
    kernels({ variants: ["6.1", "6.9"], workload: undefined, request: { size: "1MiB" }, seeds, ...more });
  const looks = async (spec: ReturnType<typeof small>) => {
    const { earlierLooks } = await runKernels(spec, { workers: 1, store });
    return earlierLooks;
  };
  assert.deepEqual(await looks(small(2)), []);
  assert.deepEqual(await looks(small(2)), [], "the same look again");
  assert.deepEqual(await looks(small(3)), [2]);
  assert.deepEqual(await looks(small(4, { metrics: ["success"] })), [2, 3], "whatever is shown");
  assert.deepEqual(await looks(small(2)), [], "fewer seeds come from none");
  assert.deepEqual(await looks(small(4, { firstSeed: 9 })), [], "other seeds are another comparison");
  assert.deepEqual(await looks(small(4, { variants: ["6.1", "6.8"] })), []);
  assert.equal(lookOf(small(2)).comparison, lookOf(small(9)).comparison);
  assert.deepEqual(lookNotes([]), []);
  assert.match(
    lookNotes([8, 16])[0]!,
    /^Seen before with 8, 16 seeds .* after 3 looks a p below 0\.017 is as sure/,
  );
  const open = await Store.open(store);
  assert.ok((await open.counts()).runs > 0, "looks are no runs");
  await open.close();
  const none = await runKernels(small(2), { workers: 1, store: "none" });
  assert.deepEqual(none.earlierLooks, []);
});

test("what a result says of itself folds the names of its plans, and names the parameters that vary in words", () => {
  const plan = parsePlan({
    machine: { board: "qemu-virt", memory: "512MiB" },
    strategy: "buddy",
    request: { size: "4MiB" },
  });
  const lines = aboutSweeps([{ plan, over: { "scatter-unmovable.share": [0.01], seed: [1] } }] as never);
  assert.match(lines[0]!, /; varied: share of scatter-unmovable, seed$/);
  const html = aboutHtml(lines);
  const [open, folded] = html.split("<details><summary>Names of the plans</summary>");
  assert.doesNotMatch(open!, /[0-9a-f]{64}/);
  assert.match(folded!, /^<p>plan sweep [0-9a-f]{64}<\/p><\/details>$/);
});
