/** Huge pages that a real 6.1.192 got at boot and at run time: the model's own boot and pools get as many. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { boot } from "../../lib/machine/boot";
import { parseHugePages } from "../../lib/machine/huge-pages";
import { readCsvTable } from "../../lib/trace/csv-table";
import { hugetlbTable } from "../../lib/trace/hugetlb-table";
import { FIXTURES } from "../support/cli";

const TABLE = join(FIXTURES, "arm64-cma", "hugetlb-table.csv");
const SIZES_4K = { sizes: [2 ** 16, 2 ** 21, 2 ** 25, 2 ** 30], defaultBytes: 2 ** 21 };

test("every row of the fixture: as many huge pages as recorded", async () => {
  assert.ok(hugetlbTable.recognises(TABLE));
  const { report } = await hugetlbTable.check(TABLE);
  assert.equal(report.rows, 59);
  for (const { row, recorded, predicted } of report.results)
    assert.deepEqual(predicted, recorded, `row ${row}`);
});

test("the model prints the kernel's recorded boot messages word for word", () => {
  let compared = 0;
  for (const { values } of readCsvTable(TABLE).rows.filter((r) => r.values.page === "4K")) {
    const { ram, cmdline, msgs } = values;
    const words = cmdline!.split(" ");
    const asked = parseHugePages(words, SIZES_4K);
    const { messages } = boot({
      board: "qemu-virt",
      memoryBytes: Number(ram!.replace("G", "")) * 2 ** 30,
      cma: words.includes("cma=0") ? { kind: "off" } : { kind: "configured" },
      hugePages: asked,
    });
    for (const message of msgs!.split(" | ")) {
      if (!/Reserved|reserve|allocating|unsupported|activated/.test(message)) continue;
      assert.ok([...asked.messages, ...messages].includes(message), `${cmdline}: ${message}`);
      compared++;
    }
  }
  assert.ok(compared > 30, `${compared} messages compared`);
});

test("an unreadable row is invalid input, with file and line; an open outcome is only predicted", async () => {
  const scratch = mkdtempSync(join(tmpdir(), "pageblock-hugetlb-"));
  try {
    const path = join(scratch, "any.csv");
    const table = (row: string) => writeFileSync(path, `page,ram,cmdline,phase,size_kb,want,got\n${row}\n`);
    table("4K,2G,rt=2048kB:4,runtime-fresh,2048,4,");
    const { report } = await hugetlbTable.check(path);
    assert.deepEqual(report.results, [{ row: 0, recorded: null, predicted: { got: 4 }, agrees: null }]);
    table("4K,2G,,sometime,2048,4,4");
    assert.throws(() => hugetlbTable.check(path), /any\.csv:2: phase: must be one of boot, /);
    table("4K,2G,,boot,4096,,0");
    assert.throws(
      () => hugetlbTable.check(path),
      /any\.csv:2: size_kb: huge pages of this machine have 64, /,
    );
    table("5K,2G,,boot,2048,,0");
    assert.throws(() => hugetlbTable.check(path), /any\.csv:2: page: /);
  } finally {
    rmSync(scratch, { recursive: true });
  }
});
