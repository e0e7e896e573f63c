import assert from "node:assert/strict";
import { resolve } from "node:path";
import test from "node:test";
import { parseSize } from "../../lib/base/units";
import { boot } from "../../lib/machine/boot";
import { parseCma } from "../../lib/machine/cma-request";
import { bootTable } from "../../lib/trace/boot-table";
import { readCsvTable } from "../../lib/trace/csv-table";

const TABLE = resolve(__dirname, "../fixtures/arm64-cma/boot-table.csv");

test("every recorded boot is predicted: result, size, base, page block, mobility grouping, min_free_kbytes", async () => {
  const { report } = await bootTable.check(TABLE);
  assert.equal(report.rows, 163);
  const different = report.results.filter((r) => !r.agrees);
  assert.deepEqual(different, []);
  for (const { recorded, predicted } of report.results)
    assert.equal(predicted.minFreeKbytes, recorded!.minFreeKbytes, "equal, not only within tolerance");
});

test("zones of every recorded boot: watermarks, spans and present pages equal, managed within 8 kB of 4 KB pages", () => {
  for (const { line, values } of readCsvTable(TABLE).rows) {
    const booted = boot({
      board: "qemu-virt",
      pageSize: parseSize(values.page!, "page"),
      memoryBytes: parseSize(values.ram!, "ram"),
      cma: values.cma_arg === "0" ? { kind: "off" } : parseCma(values.cma_arg!),
      thp: values.variant === "huge",
      hugetlb: values.variant === "huge",
    });
    assert.equal(booted.vmTotalPages, Number(values.vm_total_pages), `line ${line}`);
    for (const text of values.zones!.split(";")) {
      const [name, fields] = text.split(":");
      const recorded = Object.fromEntries(fields!.split(",").map((f) => f.split("=")));
      const zone = booted.zones.find((z) => z.name === name)!;
      const { min, low, high } = zone.watermarks;
      const mine = { min, low, high, spanned: zone.spanned, present: zone.present };
      for (const [key, pages] of Object.entries(mine))
        assert.equal(pages, Number(recorded[key]), `line ${line}: ${name} ${key}`);
      const difference = Math.abs(zone.managed - Number(recorded.managed));
      assert.ok(
        difference <= (booted.pageSize === 4096 ? 2 : 0),
        `line ${line}: ${name} managed by ${difference}`,
      );
    }
  }
});

test("the kernel's own words in every recorded failure", () => {
  for (const { line, values } of readCsvTable(TABLE).rows) {
    if (values.fail_line === "") continue;
    const booted = boot({
      board: "qemu-virt",
      pageSize: parseSize(values.page!, "page"),
      memoryBytes: parseSize(values.ram!, "ram"),
      cma: parseCma(values.cma_arg!),
      thp: values.variant === "huge",
      hugetlb: values.variant === "huge",
    });
    assert.equal(booted.messages.join(" | "), values.fail_line, `line ${line}`);
  }
});
