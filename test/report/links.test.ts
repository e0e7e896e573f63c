/** Links of write-ups: to pages, to documentation that is carried along, or told in words. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import test from "node:test";
import { allDocs, docFiles } from "../../lib/report/docs-pages";
import { exportNotebook } from "../../lib/report/export";
import { docOf, hrefsOf, notebookOf, relinked, withLinks } from "../../lib/report/links";
import type { WriteUp } from "../../lib/report/write-up";

const prose = (markdown: string) =>
  ({ blocks: [{ kind: "prose", markdown, attachments: {} }] }) as unknown as WriteUp;
const after = (markdown: string, form: "html" | "md" | "pdf" | "slides") => {
  const [block] = relinked(prose(markdown), form, (path) => path === "strategies/README.md").blocks;
  return block!.kind === "prose" ? block!.markdown : "";
};

test("links to notebooks lead to their pages, with their part", () => {
  const text = "[notebook 21](21-arm64-64k-cma.ipynb) and [there](21-arm64-64k-cma.ipynb#the-way-out)";
  assert.equal(
    after(text, "html"),
    "[notebook 21](21-arm64-64k-cma.html) and [there](21-arm64-64k-cma.html#the-way-out)",
  );
  assert.equal(after("[n](a.ipynb)", "slides"), "[n](a.html)");
  assert.equal(after("[n](a.ipynb)", "md"), "[n](a.md)");
  assert.equal(after("[n](a.ipynb)", "pdf"), "n (a.ipynb)");
});

test("links to the documentation lead to what is carried along; what the package lacks stays", () => {
  const link = "[docs](../docs/strategies/README.md#cma)";
  assert.equal(after(link, "html"), "[docs](docs/strategies/README.html#cma)");
  assert.equal(after(link, "md"), "[docs](docs/strategies/README.md#cma)");
  assert.equal(after(link, "pdf"), "docs (docs/strategies/README.md of pageblock)");
  const other = "[x](../docs/none.md) [y](https://lwn.net/a.ipynb) [z](#here)";
  assert.equal(after(other, "html"), other.replace("https://lwn.net/a.ipynb", "https://lwn.net/a.ipynb"));
});

test("code and pictures are no links", () => {
  const text = "`[a](b.ipynb)` ![p](b.ipynb)";
  assert.deepEqual(hrefsOf(text), []);
  assert.equal(after(text, "html"), text);
  assert.equal(
    withLinks("![p](b.md) [q](b.md)", () => ({ href: "c" })),
    "![p](b.md) [q](c)",
  );
});

test("no link reaches outside of the documentation", () => {
  for (const href of [
    "../docs/../../etc/passwd.md",
    "../docs/a/../../b.md",
    "../docs/%2e%2e/b.md",
    "/docs/x.md",
  ])
    assert.equal(docOf(href), undefined, href);
  assert.equal(notebookOf("javascript:alert(1).ipynb"), undefined);
  const long = `[x](${"../".repeat(40_000)}.ipynb)`;
  const since = process.cpuUsage().user;
  after(long, "html");
  assert.ok(process.cpuUsage().user - since < 2_000_000);
});

test("every link between pages of the documentation leads to a page that is there, with its heading", () => {
  const files = docFiles(allDocs(), "html");
  for (const [name, html] of files)
    for (const [, href] of html.matchAll(/<a href="([^"]+)"/g)) {
      if (/^[a-z]+:/.test(href!)) continue;
      const [file = "", fragment] = href!.split("#");
      const target = file === "" ? name : posix.normalize(posix.join(posix.dirname(name), file));
      if (/^\d\d-[\w-]+\.html$/.test(target)) continue;
      assert.ok(files.has(target), `${name}: ${href}`);
      if (fragment !== undefined && !name.startsWith("docs/api"))
        assert.ok(files.get(target)!.includes(`id="${fragment}"`), `${name}: ${href}`);
    }
});

const NOTEBOOK = {
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {},
  cells: [
    {
      id: "a",
      cell_type: "markdown",
      metadata: {},
      source: ["# T\n", "See [ways](../docs/strategies/README.md)."],
    },
    {
      id: "b",
      cell_type: "code",
      metadata: {},
      execution_count: 1,
      source: ["1"],
      outputs: [{ output_type: "stream", name: "stdout", text: ["1\n"] }],
    },
  ],
};

test("an exported page comes with the documentation that it names, and nothing else of it", async () => {
  const folder = mkdtempSync(join(tmpdir(), "pageblock-links-"));
  try {
    const file = join(folder, "n.ipynb");
    writeFileSync(file, JSON.stringify(NOTEBOOK));
    for (const form of ["html", "md"] as const) {
      const { path } = await exportNotebook(file, form, join(folder, form));
      const link = new RegExp(`docs/strategies/README\\.${form}`).exec(readFileSync(path, "utf8"))?.[0];
      assert.ok(link && existsSync(join(dirname(path), link)), `${form}: ${link}`);
      assert.deepEqual(readdirSync(join(folder, form, "docs"), { recursive: true }).sort(), [
        "strategies",
        `strategies/README.${form}`,
      ]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
