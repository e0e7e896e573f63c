/** The notebooks as they are stored: without outputs, with cell ids, for our kernel, in short cells, with prose between. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";

const FOLDER = join(__dirname, "../../notebooks");
const LINES_MAX = 8;
const COLUMNS_MAX = 110;

/** Computed prose without a plan of its own, and why. */
const WITHOUT_PLAN: Readonly<Record<string, string>> = {
  "00 mistake": "an error message",
  "31 cast-table": "facts of the library, no results",
  "32 why-two-run": "a rule of the adapter, computed in the cell",
  "32 same-place-shown": "the same rule",
  "32 tlb-table": "facts of the library, multiplied",
  "60 ideas-table": "facts of the library, no results",
  "61 broken-shown": "an error message",
  "90 wrong-shown": "replays with a wrong rule, which are no plan that anybody should run",
};

/** What a cell may be marked as: parameters, or what the page that links all write-ups shows. */
const CELL_TAGS = ["parameters", "answer", "picture"];

interface StoredCell {
  id: string;
  cell_type: string;
  source: string[];
  outputs?: unknown[];
  execution_count?: number | null;
  metadata: object;
}

for (const name of readdirSync(FOLDER).filter((f) => f.endsWith(".ipynb"))) {
  const text = readFileSync(join(FOLDER, name), "utf8");
  const notebook = JSON.parse(text);
  const cells: StoredCell[] = notebook.cells;

  test(`${name}: format 4.5, our kernel, tidy JSON`, () => {
    assert.deepEqual([notebook.nbformat, notebook.nbformat_minor], [4, 5]);
    assert.equal(notebook.metadata.kernelspec.name, "pageblock");
    assert.equal(notebook.metadata.kernelspec.language, "typescript");
    assert.equal(text, `${JSON.stringify(notebook, null, 1)}\n`);
  });

  test(`${name}: computed prose says from which plans its numbers are`, () => {
    for (const cell of cells.filter((c) => c.cell_type === "code")) {
      const source = cell.source.join("");
      if (!/\bmarkdown\(/.test(source)) continue;
      const without = `${name.slice(0, 2)} ${cell.id}` in WITHOUT_PLAN;
      assert.equal(/\bfrom: /.test(source), !without, cell.id);
    }
  });

  test(`${name}: a finding reads no machine, which has gone on since the moment that it speaks of`, () => {
    for (const cell of cells.filter((c) => c.cell_type === "code")) {
      const source = cell.source.join("");
      if (!/show\(markdown\(`\n- /.test(source)) continue;
      assert.doesNotMatch(
        source,
        /\.(?:freeBytes|freeBlocks|holders|snapshot|spoiled|cleanRanges)\b/,
        cell.id,
      );
    }
  });

  test(`${name}: no outputs, no counts, every cell with an id of its own`, () => {
    for (const cell of cells) {
      assert.match(cell.id, /^[a-zA-Z0-9_-]{1,64}$/);
      const { tags } = cell.metadata as { tags?: string[] };
      assert.deepEqual(cell.metadata, tags === undefined ? {} : { tags }, cell.id);
      assert.ok(tags === undefined || (tags.length === 1 && CELL_TAGS.includes(tags[0]!)), cell.id);
      if (cell.cell_type === "code")
        assert.deepEqual([cell.outputs, cell.execution_count], [[], null], cell.id);
    }
    assert.equal(new Set(cells.map((c) => c.id)).size, cells.length);
  });

  test(`${name}: cells of at most ${LINES_MAX} short lines; begins with a title, ends with something to try`, () => {
    for (const cell of cells.filter((c) => c.cell_type === "code")) {
      assert.ok(cell.source.length <= LINES_MAX, `${cell.id}: ${cell.source.length} lines`);
      // Lines of prose inside a cell (a list item) may be as long as prose is.
      for (const line of cell.source.filter((l) => !l.startsWith("- ")))
        assert.ok(line.length <= COLUMNS_MAX, `${cell.id}: ${line.length} columns`);
    }
    assert.match(cells[0]!.source[0]!, /^# /);
    assert.match(cells.at(-1)!.source[0]!, /^## Try this/);
    const prose = cells.filter((c) => c.cell_type === "markdown").length;
    assert.ok(prose * 3 >= cells.length, "at least a third of the cells are prose");
  });
}
