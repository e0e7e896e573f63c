/** The site of a folder of write-ups: questions, computed answers, pictures, how sure; and the notebooks it is made of. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { after } from "node:test";
import { pathToFileURL } from "node:url";
import { answerOf, findingsOf, keyChart } from "../../lib/report/atlas/findings";
import { robustnessOf, storedRobustness } from "../../lib/report/atlas/how-sure";
import { exportNotebook } from "../../lib/report/export";
import { writeIndexPage } from "../../lib/report/index-page";
import { serveFolder } from "../../lib/report/static-server";
import type { Block, WriteUp } from "../../lib/report/write-up";
import { launch, noChromium } from "../support/browser";
import { claimRows, namedIn } from "../support/robustness";
import { executedNotebook } from "../support/tampered";

const ROOT = join(__dirname, "../..");
const scratch = mkdtempSync(join(tmpdir(), "pageblock-atlas-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

const prose = (markdown: string, runs?: number[], tags?: string[]): Block => ({
  ...{ kind: "prose", markdown, attachments: {} },
  ...(runs && { runs }),
  ...(tags && { tags }),
});
const chart = (title: string, tags?: string[]): Block => ({
  ...{ kind: "chart", figure: { data: [], layout: { title: { text: title } } } as never },
  ...(tags && { tags }),
});
const of = (...blocks: Block[]) => ({ blocks }) as WriteUp;

test("findings: the computed lists of the last section that has any, or of the cells tagged answer", () => {
  const early = prose("- early", [0]);
  const last = [
    prose("## Found"),
    prose("\n- **A: holds.** 3 of 4.\n  More.\n\nno item\n- b", [0]),
    prose("- c", [1]),
  ];
  const end = [prose("## Try this\n\n- not computed")];
  assert.deepEqual(findingsOf(of(prose("# T"), early, ...last, ...end)), [
    "**A: holds.** 3 of 4. More.",
    "b",
    "c",
  ]);
  assert.deepEqual(findingsOf(of(prose("- tagged", [0], ["answer"]), ...last)), ["tagged"]);
  assert.deepEqual(findingsOf(of(prose("# T\n- by hand"), chart("x"))), []);
});

test("the answer: a verdict with the sentence behind it, or the first sentence of each", () => {
  const findings = [
    "**It holds: in part.** 3 of 4 with 6.1 GiB. Not more.",
    "Plain, with 0.5 GiB. And more.",
    "**Bold**: holds. Then more.",
  ];
  assert.equal(answerOf(findings), "**It holds: in part.** 3 of 4 with 6.1 GiB.");
  assert.equal(answerOf(findings, [2]), "Plain, with 0.5 GiB.");
  assert.equal(answerOf(findings, [1, 2]), "**It holds: in part.** Plain, with 0.5 GiB.");
  assert.equal(answerOf(findings, [3]), "**Bold**: holds. Then more.");
  assert.equal(answerOf(findings, [4]), "");
  assert.equal(answerOf([]), "");
  const started = performance.now();
  answerOf([`${"**a".repeat(100_000)} `, "*".repeat(300_000)], [1, 2]);
  assert.ok(performance.now() - started < 2000);
});

test("the picture: the chart of the cell tagged picture, or the last one", () => {
  const title = (writeUp: WriteUp) => keyChart(writeUp)?.layout.title?.text;
  assert.equal(title(of(chart("a"), chart("b", ["picture"]), chart("c", ["picture"]))), "b");
  assert.equal(title(of(chart("a"), chart("b"))), "b");
  assert.equal(title(of(prose("a"))), undefined);
});

test("how sure: the counts of a result of robustness; unknown names are refused", () => {
  const { plan, result } = JSON.parse(
    readFileSync(join(ROOT, "docs/robustness/hugetlb-boot-2g.json"), "utf8"),
  );
  const { what, counts, range } = robustnessOf(plan, result)!;
  const { held, judged, points, sure } = result;
  assert.deepEqual(storedRobustness(["hugetlb-boot-2g"], "n.ipynb"), [
    { what: "Are gigantic pages taken at boot always there?", counts, range, judged: what },
  ]);
  // 8 granted of 8 leave a share of 67 % open: no point of a limit of 85 % can be sure.
  assert.deepEqual([held, judged, points, sure, plan.plan.seeds], [10, 10, 64, 0, 8]);
  assert.equal(
    counts,
    "true at 10 of 10 points tried, with 8 machines at each (64 points were planned; the others were not run); no point has machines enough to rule out chance, so only the points together count",
  );
  const all = { ...result, points: 10, sure: 10 };
  assert.equal(
    robustnessOf(plan, all)!.counts,
    "true at 10 of 10 points tried, with 8 machines at each; the answer is more than chance at all 10",
  );
  assert.match(
    robustnessOf(plan, { ...all, held: 4, sure: 7 })!.counts,
    /^true at 4 of 10 .*; the answer, yes or no, is more than chance at 7 of these 10$/,
  );
  const metric = { ...result, statement: "probeThpShare of small is less than that of large" };
  assert.equal(
    robustnessOf(plan, metric)!.what,
    "the share of huge pages still to be had of small is less than that of large",
  );
  assert.equal(range, result.range);
  // A question that no yes answers stands beside what was tried.
  const [stated] = storedRobustness(["large-ranges-fail"], "n.ipynb");
  assert.match(stated!.what, /^After how long/);
  assert.match(stated!.judged!, /alloc-contig-pages is at most 0\.5$/);
  assert.equal(robustnessOf({ kind: "run" }, { held: 1 }), undefined);
  for (const name of ["nowhere", "../performance", "a".repeat(100)])
    assert.throws(() => storedRobustness([name], "n.ipynb"), /^InputError: n\.ipynb: .*must name results/);
});

test("the site: relative links only, no script in the index, one in the playground", async () => {
  const file = join(scratch, "a & b.ipynb");
  const content = executedNotebook() as { metadata: object };
  content.metadata = { ...content.metadata, pageblock: { question: "Is <b>it</b> so?" } };
  writeFileSync(file, JSON.stringify(content));
  await exportNotebook(file, "html", scratch);
  writeIndexPage(scratch);
  const index = readFileSync(join(scratch, "index.html"), "utf8");
  const playground = readFileSync(join(scratch, "playground.html"), "utf8");
  assert.match(index, /<h2>Is &#60;b&#62;it&#60;\/b&#62; so\?<\/h2>/);
  assert.match(index, /href="a%20&(?:amp;)?%20b\.html"/);
  assert.match(index, /<img [^>]*alt="Chart[^"]*" src="data:image\/svg\+xml;base64,/);
  assert.doesNotMatch(index, /<script/);
  assert.match(index, /content="default-src 'none'; style-src/);
  assert.match(
    playground,
    /content="default-src 'none'; script-src 'sha256-[^']*'; worker-src blob:; style-src/,
  );
  assert.equal(playground.match(/<script>/g)!.length, 1);
  for (const page of [index, playground])
    for (const [, target] of page.matchAll(/ (?:href|src)="([^"]*)"/g))
      assert.match(target!, /^(?:#|data:|[^/:]+$)/);
  assert.equal(readFileSync(writeIndexPage(scratch), "utf8"), index, "made twice it is the same");
});

test("in a browser: from a file and served, the index leads to its pages, and fits 390 px", {
  skip: noChromium(),
}, async () => {
  const folder = mkdtempSync(join(scratch, "seen-"));
  const file = join(folder, "n.ipynb");
  writeFileSync(file, JSON.stringify(executedNotebook()));
  await exportNotebook(file, "html", folder);
  writeIndexPage(folder);
  const served = await serveFolder(folder, 0);
  const browser = await launch();
  try {
    for (const home of [pathToFileURL(join(folder, "index.html")).href, served.url]) {
      const page = await browser.newPage({ viewport: { width: 390, height: 800 } });
      const complaints: string[] = [];
      page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));
      await page.goto(home);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
      await page.getByRole("link", { name: "Read: Two boards" }).click();
      await page.getByRole("button", { name: "Verify this page" }).click();
      await page.waitForSelector(".pageblock-live[data-state=verified]", { timeout: 60_000 });
      await page.goBack();
      await page.getByRole("link", { name: /^Playground/ }).click();
      await page.locator("#boot-verdict", { hasText: "No CMA area" }).waitFor({ timeout: 60_000 });
      await page.getByRole("link", { name: "All questions" }).click();
      await page.getByRole("heading", { name: /^Large contiguous memory/ }).waitFor();
      assert.deepEqual(complaints, []);
      await page.close();
    }
  } finally {
    await browser.close();
    await served.close();
  }
});

test("a notebook with other results than its page says nothing beside it", async () => {
  const folder = mkdtempSync(join(scratch, "other-"));
  const file = join(folder, "n.ipynb");
  writeFileSync(file, JSON.stringify(executedNotebook()));
  await exportNotebook(file, "html", folder);
  const other = executedNotebook() as { cells: { source: string }[]; metadata: object };
  other.cells[0]!.source = "# Another\n";
  other.metadata = { ...other.metadata, pageblock: { question: "Another?" } };
  writeFileSync(file, JSON.stringify(other));
  const index = readFileSync(writeIndexPage(folder), "utf8");
  assert.doesNotMatch(index, /Another/);
  assert.doesNotMatch(index, /<img/);
});

test("every notebook states the question of the README, its findings, and the results of claims.md on its range", () => {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const rows = claimRows(readFileSync(join(ROOT, "docs/claims.md"), "utf8"));
  const findings = readFileSync(join(ROOT, "docs/findings.md"), "utf8");
  for (const name of readdirSync(join(ROOT, "notebooks")).filter((file) => file.endsWith(".ipynb"))) {
    const { metadata, cells } = JSON.parse(readFileSync(join(ROOT, "notebooks", name), "utf8"));
    const { question, answer = [1], robustness = [] } = metadata.pageblock;
    assert.ok(readme.includes(`(notebooks/${name}) | ${question} |`), name);
    const claimed = rows
      .filter(({ cells: [, where] }) => where!.replace("[", "").startsWith(name.slice(0, 2)))
      .flatMap(({ cells: all }) => namedIn(all.at(-1)!));
    assert.deepEqual(robustness, [...new Set(claimed)], name);
    const section = findings.split(/^## /m).find((part) => part.includes(`(../notebooks/${name})`))!;
    const count = section.split("\n").filter((line) => line.startsWith("- ")).length;
    assert.ok(Math.max(...answer) <= count, `${name}: ${count} findings`);
    const pictures = cells.filter((cell: { metadata: { tags?: string[] } }) =>
      cell.metadata.tags?.includes("picture"),
    );
    assert.ok(pictures.length <= 1, name);
  }
});
