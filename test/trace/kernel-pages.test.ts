/**
 * Pages the kernel takes for itself: the page blocks of each type soon after boot equal those of the recorded boots.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { parseSize } from "../../lib/base/units";
import { boot } from "../../lib/machine/boot";
import { parseCma } from "../../lib/machine/cma-request";
import type { Memory } from "../../lib/mm/state/memory";
import { type CsvRow, readCsvTable } from "../../lib/trace/csv-table";
import { LoadedMachine } from "../../lib/trace/loaded-machine";
import { FIXTURES } from "../support/cli";

/** The table's format: "DMA:0/4/1/0/1/0;Normal:1/1/0/0/0/0", blocks by type. */
function blocksByType(m: Memory): string {
  return [...m.zones]
    .sort((a, b) => a.idx - b.idx)
    .map((zone) => {
      const count = [0, 0, 0, 0, 0, 0];
      const first = zone.startPfn - (zone.startPfn % m.pageblockPages);
      for (let p = first; p < zone.endPfn; p += m.pageblockPages)
        if (!m.blockIsHole(p)) count[m.blockType(p)]!++;
      return `${zone.name}:${count.join("/")}`;
    })
    .join(";");
}

function startedAs({ values }: CsvRow): LoadedMachine {
  const { page, ram, cma_arg, variant } = values as Record<string, string>;
  const huge = variant === "huge";
  return new LoadedMachine(
    boot({
      board: "qemu-virt",
      kernel: "6.1",
      pageSize: parseSize(page!, "page"),
      memoryBytes: parseSize(ram!, "ram"),
      cma: cma_arg === "0" ? { kind: "off" } : parseCma(cma_arg!),
      thp: huge,
      hugetlb: huge,
    }),
  );
}

test("page blocks by type are as recorded, one boot of each machine and outcome", () => {
  const seen = new Set<string>();
  let compared = 0;
  for (const row of readCsvTable(join(FIXTURES, "arm64-cma", "boot-table.csv")).rows) {
    const { page, variant, ram, result, blocks_U_M_R_H_C_I: recorded, mobility_grouping } = row.values;
    const key = `${page} ${variant} ${ram} ${result}`;
    // Without mobility grouping, boots of one machine differ among themselves here.
    if (recorded === "" || mobility_grouping !== "on" || ram === "16G" || seen.has(key)) continue;
    seen.add(key);
    assert.equal(blocksByType(startedAs(row).memory), recorded, key);
    compared++;
  }
  assert.ok(compared > 30, `${compared} boots compared`);
});
