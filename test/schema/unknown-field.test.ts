/** What is said of a field that is not known: a sysctl's own name, bare, dotted or within vm, leads to its field. */
import assert from "node:assert/strict";
import test from "node:test";
import { fieldCase } from "../../lib/fluent/field-case";
import { BOOT } from "../../lib/plan/kinds";
import { check } from "../../lib/schema/check";

const refused = (more: object, said: RegExp) =>
  assert.throws(() => check(BOOT, { kind: "boot", board: "qemu-virt", ...more } as never), said);

test("a sysctl's own name leads to its field", () => {
  refused({ vm: { min_free_kbytes: 4096 } }, /unknown field "vm"; did you mean minFreeKbytes\?/);
  refused(
    { "vm.watermark_scale_factor": 10 },
    /"vm\.watermark_scale_factor"; did you mean watermarkScaleFactor\?/,
  );
  refused({ lowmem_reserve_ratio: "256 256 32 0" }, /; did you mean lowmemReserveRatio\?/);
  refused({ vm: { swappiness: 60 } }, /unknown field "vm"/);
  refused({ vm: 1 }, /unknown field "vm"/);
});

test("a name that is only begun is told whole", () => {
  assert.throws(() => fieldCase("zcu106"), /unknown name "zcu106".*; did you mean zcu106-2048-mib\?$/);
  assert.throws(() => fieldCase("q"), /known are [^;]*$/);
});
