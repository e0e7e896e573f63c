import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import test from "node:test";
import { formatSize, hex } from "../../lib/base/units";
import { BOARDS } from "../../lib/hardware/boards";

const page = readFileSync(resolve(__dirname, "../../docs/boards.md"), "utf8");

for (const board of BOARDS)
  test(`docs/boards.md says what the data of ${board.name} say`, () => {
    const row = page.split("\n").find((line) => line.startsWith(`| \`${board.name}\` `));
    assert.ok(row, "a row in the table");
    for (const size of board.pageSizes) assert.ok(row.includes(formatSize(size)));
    assert.ok(row.includes(`(${formatSize(board.memory.default)})`));
    for (const window of board.windows) assert.ok(row.includes(hex(window.start)));
    assert.ok(row.includes(`at ${hex(board.build.imageStart)} |`));
    const unwrapped = page.replace(/\n +/g, " ");
    for (const source of board.sources) assert.ok(unwrapped.includes(`- ${source}`), source);
  });
