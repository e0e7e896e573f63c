/** What makes a page an article: its outline, its summary, folded code, numbered tables, lines without a width. */
import assert from "node:assert/strict";
import test from "node:test";
import { htmlPage } from "../../lib/report/html";
import { parseNotebook } from "../../lib/report/notebook-file";
import { outlined } from "../../lib/report/outline";
import { partsOf } from "../../lib/report/parts";
import { summaryOf } from "../../lib/report/summary";
import { captioned } from "../../lib/report/table-captions";
import { unwrapped } from "../../lib/report/unwrapped";
import { type Block, writeUpOf } from "../../lib/report/write-up";
import { ARTICLE, computed } from "../support/article";
import { code, markdown, notebook, shown, stream } from "../support/notebooks";

const writeUpFrom = (...cells: object[]) =>
  writeUpOf(parseNotebook(JSON.stringify(notebook(...cells)), "n.ipynb"), "n.ipynb");
const prose = (text: string, more: object = {}): Block => ({
  kind: "prose",
  markdown: text,
  attachments: {},
  ...more,
});

test("a page has one h1, no level is left out, and every heading has a name of its own", () => {
  const { pieces, headings } = outlined([
    "<h1>A <em>title</em></h1>",
    "<h3>Same &amp; more</h3><h5>x</h5>",
    "<h1>Same &amp; more</h1><h2>3</h2><h2>Größe</h2>",
  ]);
  assert.deepEqual(
    headings.map(({ level, id, text }) => [level, id, text]),
    [
      [1, "a-title", "A title"],
      [2, "same-more", "Same & more"],
      [3, "x", "x"],
      [2, "same-more-2", "Same & more"],
      [3, "section-3", "3"],
      [3, "größe", "Größe"],
    ],
  );
  assert.equal(pieces[0], '<h1 id="a-title">A <em>title</em></h1>');
});

test("names that a page uses itself are not given to headings", () => {
  const ids = outlined([
    "<h1>Text</h1><h2>Code</h2><h2>In short</h2><h2>Figure 1</h2><h2>ref 2</h2><h2>!</h2>",
  ]);
  assert.deepEqual(
    ids.headings.map(({ id }) => id),
    ["text-2", "code-2", "in-short-2", "section-figure-1", "section-ref-2", "section-"],
  );
});

test("a page whose blocks have no heading has the title of the write-up, above the sections at its end", () => {
  const page = htmlPage(writeUpFrom(code("1", stream("1"))), []);
  assert.equal(page.match(/<h1/g)!.length, 1);
  assert.match(page, /<h1>n<\/h1>/);
  assert.match(page, /<h2 id="to-run-this-again">/);
});

test("code follows its results and is one fold; with open code it stands before them", () => {
  const blocks: Block[] = [
    prose("# T"),
    { kind: "code", source: "a" },
    { kind: "text", text: "64 runs", stream: "value" },
    { kind: "code", source: "b" },
    prose("one", { computed: true }),
    prose("two", { computed: true }),
    { kind: "code", source: "c" },
    { kind: "text", text: "64 runs of it", stream: "value" },
    prose("next"),
    { kind: "code", source: "d" },
    prose("end"),
  ];
  const words = (first: boolean) =>
    partsOf(blocks, first).map((part) =>
      part.kind === "how"
        ? part.blocks.map((b) => ("source" in b ? b.source : "n")).join("")
        : "markdown" in part.block
          ? part.block.markdown
          : part.block.kind,
    );
  assert.deepEqual(words(false), ["# T", "one", "two", "anb", "text", "c", "next", "d", "end"]);
  assert.deepEqual(words(true), ["# T", "anb", "one", "two", "c", "text", "next", "d", "end"]);
});

test("the summary is the computed text of the section of findings, its first sentences", () => {
  const long = `It is so. ${"More and more words follow here. ".repeat(9)}`;
  const { blocks } = writeUpFrom(
    markdown("# T\n\n## Results on the way"),
    code("a", computed("Not this one.")),
    markdown("## What we found"),
    code(
      "b",
      computed(`- **A claim: holds.** ${long}\n- 3 of 4.\n\n\`\`\`text\ncode\n\`\`\`\n\n| a |\n|---|\n| 1 |`),
    ),
    markdown("## Try this"),
    code("c", computed("Nor this.")),
  );
  const summary = summaryOf(blocks)!;
  assert.equal(summary.section, "What we found");
  const items = summary.markdown[0]!.split("\n");
  assert.match(items[0]!, /^- \*\*A claim: holds\.\*\* It is so\. (?:More and more words follow here\. ?)+$/);
  assert.ok(items[0]!.length < 190, items[0]);
  assert.deepEqual(items.slice(1), ["- 3 of 4."]);
});

test("a sentence is not cut inside emphasis, code, brackets or a number; a headline alone says nothing", () => {
  const one = `**Of 1. What. Is it?** \`a. B\` (see 3.5 e.g. Here) ${"and on ".repeat(40)}.`;
  const { blocks } = writeUpFrom(markdown("# T"), code("a", computed(one)));
  assert.equal(summaryOf(blocks)!.markdown[0], `- ${one}`);
});

test("a cell with the tag summary is the summary, and stands nowhere else; nothing computed, no summary", () => {
  const tagged = { ...markdown("All is **well**."), metadata: { tags: ["summary"] } };
  const writeUp = writeUpFrom(markdown("# T"), code("a", computed("- Not this.")), tagged);
  const page = htmlPage(writeUp, []);
  assert.equal(page.split("All is <strong>well</strong>.").length, 2);
  assert.ok(page.indexOf("All is <strong>") < page.indexOf("Not this"));
  assert.equal(page.split("Not this.").length, 2);
  assert.doesNotMatch(htmlPage(writeUpFrom(markdown("# T\n\nx"), code("1", stream("1"))), []), /In short/);
  const odd = { ...markdown("# T"), metadata: { tags: "summary" } };
  assert.equal(summaryOf(writeUpFrom(odd, code("1", stream("1"))).blocks), undefined);
});

test("the page: title, who and what, summary, text, in this order; figures and tables have numbers", () => {
  const page = htmlPage(writeUpOf(parseNotebook(JSON.stringify(ARTICLE), "n.ipynb"), "n.ipynb"), []);
  const order = [
    "<main",
    "<h1",
    'class="byline"',
    'id="in-short"',
    "A question",
    'id="charts"',
    "Figure 1.",
    "Table 2.",
  ];
  const places = order.map((text) => page.indexOf(text));
  assert.ok(
    places.every((place, i) => place > 0 && (i === 0 || place > places[i - 1]!)),
    String(places),
  );
  assert.match(page, /<figcaption><b>Figure 1\.<\/b> Bars<span class="note">two series, logarithmic<\/span>/);
  assert.match(page, /<b>Table 1\.<\/b> Charts<\/figcaption>/, "the heading of its section");
  assert.match(page, /<b>Table 2\.<\/b> sizes<\/figcaption>/, "its own caption");
  assert.match(page, /<a href="#what-we-found">What we found<\/a>, at length/);
  assert.match(page, /<td><\/td><th>MiB/, "a heading without words is none");
  assert.doesNotMatch(page, /64 runs(?![\s\S]*<\/details>)/);
});

test("paper has the code at its end, or in its place", () => {
  const writeUp = writeUpFrom(markdown("# T"), code("one()", stream("1")), markdown("## End"));
  const folded = htmlPage(writeUp, [], { still: true });
  assert.match(folded, /<h2 id="end">[\s\S]*<h2 id="how-this-was-computed">[\s\S]*hljs/);
  assert.doesNotMatch(folded, /<details class="how"|<button/);
  const open = htmlPage(writeUp, [], { still: true, code: "open" });
  assert.match(open, /one<[\s\S]*<h2 id="end">/);
  assert.doesNotMatch(open, /how-this-was-computed/);
});

test("a table in a table stays as it is", () => {
  const nested = "<table><tr><td><table><tr><td>1</td></tr></table></td></tr></table>";
  assert.deepEqual(captioned([nested]), [nested]);
  const row = (tag: string, cells: string[]) =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join("")}</tr>`;
  const wide = (columns: string[]) =>
    captioned([
      `<table><thead>${row("th", columns)}</thead><tbody>${row("td", columns)}${row("td", columns)}</tbody></table>`,
    ])[0]!;
  const stacked = wide(["way", 'a "b"', "<em>c</em>", "d", "e"]);
  assert.match(stacked, /class="names stacks"|class="stacks"/);
  for (const label of ["a &quot;b&quot;", "c", "d", "e"])
    assert.equal(stacked.split(`<td data-label="${label}">`).length, 3, label);
  assert.equal(stacked.split("<td>way</td>").length, 3, "the first cell names its row");
  assert.doesNotMatch(wide(["a", "b", "c", "d"]), /data-label|stacks/);
});

test("lines that a terminal's width has broken are joined; lists, columns and short lines are not", () => {
  const full = "a line that is full, or nearly full, at sixty letters wide";
  assert.deepEqual(unwrapped(`${full}\n  goes on\n  and on\nNext\n`), [
    `${full} goes on`,
    "  and on",
    "Next",
  ]);
  assert.deepEqual(unwrapped(`${full}\n  name    value`), [full, "  name    value"]);
  assert.deepEqual(unwrapped("short\n  item\n  item"), ["short", "  item", "  item"]);
  assert.deepEqual(unwrapped(`${full}\nsame depth`), [full, "same depth"]);
  assert.deepEqual(unwrapped(`${full}\n\n  after a gap`), [full, "", "  after a gap"]);
});

test("text in columns keeps them and can be scrolled by keys; other text is lines", () => {
  const page = htmlPage(
    writeUpFrom(
      code("1", stream("a    b    c\n1    2    3\n4    5    6\n"), shown({ "text/plain": "x\ny" })),
    ),
    [],
  );
  assert.match(page, /<pre class="output stdout columns" tabindex="0">a {4}b {4}c\n/);
  assert.match(page, /<pre class="output value lines"><span>x\n<\/span><span>y\n<\/span><\/pre>/);
});
