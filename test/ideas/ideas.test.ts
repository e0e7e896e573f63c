/** Ideas of research: each runs, does what it says on a machine that can be counted by hand, and is documented. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { isCodeAllowed } from "../../lib/change/allowed";
import { installChange } from "../../lib/change/install";
import { run } from "../../lib/experiment/run";
import { compareKernels } from "../../lib/fluent/compare-kernels";
import { machine } from "../../lib/fluent/machine";
import { ideas, ideaVariants } from "../../lib/ideas";
import { freePages } from "../../lib/mm/allocation/page-alloc";
import { largestFreeRange } from "../../lib/mm/reports/largest-free";
import { validate } from "../../lib/mm/reports/validate";
import type { Memory } from "../../lib/mm/state/memory";
import { MIGRATE_MOVABLE, MIGRATE_UNMOVABLE } from "../../lib/mm/state/migratetype";
import { parsePlan } from "../../lib/plan/run";
import { movable, tiny, unmovable } from "../change/tiny";
import { figureRows, type IdeaFigure, ideaFigures } from "../support/idea-figures";

const PAGE = readFileSync(join(__dirname, "../../docs/ideas.md"), "utf8");

/** The small machine of test/change with the change of an idea. */
function withIdea(name: string, release: "6.1" | "6.19" = "6.19"): Memory {
  const m = tiny(release, {});
  installChange(m, ideas.find((one) => one.name === name)!.machine.change!);
  return m;
}

for (const idea of ideas)
  test(`${idea.name}: a used machine serves requests, and its laws hold`, () => {
    const outcome = run(
      parsePlan({
        machine: { board: "pc-x86-64", memory: "384MiB", kernel: "6.19", ...idea.machine },
        workload: { kind: "uptime", duration: "2 hours", profile: "server" },
        strategy: idea.strategy ?? "buddy",
        request: { size: "2MiB", times: 2 },
      } as never),
    );
    assert.deepEqual(outcome.requests.granted, [1, 1]);
    const { change } = idea.machine;
    assert.equal(idea.kind === "change", change !== undefined);
    assert.equal(idea.kind === "strategy", idea.strategy !== null);
    if (change === undefined) return;
    assert.ok(isCodeAllowed(change.sha256));
    assert.ok(outcome.remarks.some((remark) => remark.includes(`change "${idea.name}"`)));
  });

test("every idea has a file, and the page has a place for each", () => {
  const files = readdirSync(join(__dirname, "../../lib/ideas")).filter(
    (name) => name !== "idea.ts" && name !== "index.ts",
  );
  assert.equal(files.length, ideas.length);
  assert.equal(new Set(ideas.map(({ name }) => name)).size, ideas.length);
  for (const { name } of ideas) assert.ok(PAGE.includes(name), name);
});

test("ideas that are no strategies are variants of a comparison", () => {
  const [first, ...others] = ideaVariants();
  const builder = others.reduce((all, one) => all.and(one), compareKernels({ label: "as it is" }, first!));
  const plan = builder
    .on(machine("pc-x86-64").memory("512MiB").kernel("6.19"))
    .request({ size: "2MiB" })
    .plan();
  assert.deepEqual(
    plan.variants.map(({ label }) => label),
    ["as it is", ...ideas.filter(({ strategy }) => strategy === null).map(({ name }) => name)],
  );
});

test("contiguitas: unmovable pages fill the lowest block, and movable ones take no single page of it", () => {
  for (const release of ["6.1", "6.19"] as const) {
    const m = withIdea("contiguitas", release);
    // Frames 1024 to 3071. The kernel's own choice is free to differ; the idea takes the lowest block.
    assert.equal(movable(m, 9), 1024, release);
    freePages(m, 1024, 9);
    const page = unmovable(m);
    assert.ok(page >= 1024 && page < 1536, `${release}: ${page}`);
    assert.equal(m.blockType(1024), MIGRATE_UNMOVABLE);
    assert.equal(m.blockType(2560), MIGRATE_MOVABLE);
    const pages: number[] = [];
    for (let p = movable(m, 4); p >= 0; p = movable(m, 4)) pages.push(p);
    const region = pages.filter((p) => m.blockType(p) === MIGRATE_UNMOVABLE);
    assert.deepEqual(region, [], "no movable page in the region");
    validate(m, "everything", { ownersKnown: true });
  }
});

test("ca-paging: a request goes on behind the last one, past a page that was freed", () => {
  const next = (m: Memory) => {
    const pages = [movable(m, 4), movable(m, 4)];
    freePages(m, 1024, 4);
    return [...pages, movable(m, 4)];
  };
  assert.deepEqual(next(tiny("6.19", {})), [1024, 1040, 1024], "the kernel takes the page that was freed");
  assert.deepEqual(next(withIdea("ca-paging")), [1024, 1040, 1056]);
});

test("llfree: a request stays in its tree, though a smaller page is free in another", () => {
  // Frames 1024 to 5119: the first tree ends at 4096. Pages of order 9 fill it; two of order 4 are taken behind it.
  const next = (m: Memory) => {
    const low = Array.from({ length: 6 }, () => movable(m, 9));
    assert.deepEqual(low, [1024, 1536, 2048, 2560, 3072, 3584]);
    assert.deepEqual([movable(m, 4), movable(m, 4)], [4096, 4112]);
    freePages(m, 1024, 9);
    freePages(m, 4096, 4);
    const [small] = [movable(m, 4), freePages(m, 4112, 4)];
    return [small, movable(m, 9)];
  };
  assert.deepEqual(
    next(tiny("6.19", {}, { pages: 4096 })),
    [4096, 1024],
    "the kernel: the page that fits exactly",
  );
  const m = tiny("6.19", {}, { pages: 4096 });
  installChange(m, ideas.find(({ name }) => name === "llfree")!.machine.change!);
  assert.deepEqual(next(m), [4096, 4608], "the tree of the last request, by splitting a larger page");
  validate(m, "everything", { ownersKnown: true });
});

test("the largest free range spans pages that do not merge", () => {
  const m = tiny("6.1", {});
  assert.equal(largestFreeRange(m), 2048);
  // A page of order 4 in use at the start: what remains is one range, 1040 to 3071, in pages of many orders.
  assert.equal(movable(m, 4), 1024);
  assert.equal(largestFreeRange(m), 2048 - 16);
});

test("the page has the rows that are measured", () => {
  const [, table] = /<!-- figures[^>]*-->\n([\s\S]*?)<!-- end/.exec(PAGE)!;
  const rows = table!.trim().split("\n").slice(2);
  const small: IdeaFigure[] = ideaFigures(1);
  assert.deepEqual(
    rows.map((row) => row.split(" | ").slice(0, 2).join(" | ")),
    figureRows(small).map((row) => row.split(" | ").slice(0, 2).join(" | ")),
  );
  assert.equal(rows.at(-1), figureRows(small).at(-1), "without seeds, so the same");
});
