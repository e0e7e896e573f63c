/** What holds for every workload: laws after it, what it says it frees is freed, the same seed gives the same layout. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { readPlanInputs, recordedTraceWorkload } from "../../lib/experiment/plan-inputs";
import { validate } from "../../lib/mm/reports/validate";
import type { Field } from "../../lib/schema/field";
import { resolveParameters, WORKLOADS } from "../../lib/workload";
import { pollution } from "../../lib/workload/pollution";
import type { LeafWorkload } from "../../lib/workload/workload";
import { FIXTURES } from "../support/cli";
import { layoutHash, pagesByKind, pc, runOn } from "./small";

const trace = recordedTraceWorkload(join(FIXTURES, "x86-6.1/boot-8G"));
const inputs = readPlanInputs({ workload: trace });

/** Short runs; what is not here runs with its defaults. */
const SHORT: Record<string, LeafWorkload> = {
  "kernel-build": { kind: "kernel-build", duration: "3s" },
  "file-server": { kind: "file-server", duration: "2m" },
  "network-server": { kind: "network-server", duration: "30s" },
  database: { kind: "database", duration: "10m", pinned: true },
  camera: { kind: "camera", duration: "1h" },
  desktop: { kind: "desktop", duration: "20m", tabs: 4 },
  containers: { kind: "containers", duration: "3m", containers: 5 },
  "slab-growth": { kind: "slab-growth", duration: "1m" },
  zram: { kind: "zram", duration: "1m", memory: 0.5, resident: 0.1, faults: 1500 },
  uptime: { kind: "uptime", duration: "3 days" },
  age: { kind: "age", most: "10 days", untilOccupancy: 0.7 },
  churn: { kind: "churn", duration: "20s" },
  pressure: { kind: "pressure", duration: "20s" },
  "thp-challenge": { kind: "thp-challenge", duration: "20s", warmup: "5s", threads: 3 },
  stutter: { kind: "stutter", duration: "3s", mapping: "4MiB" },
  "fault-latency": { kind: "fault-latency", duration: "10s", threads: 3 },
  "recorded-trace": trace,
  like: {
    kind: "like",
    duration: "10m",
    settled: "5m",
    jobTime: "1m",
    peak: 0.02,
    turnover: 1,
    largeFolios: 0.3,
    huge: 0.2,
  },
};

for (const [name, kind] of WORKLOADS) {
  const spec = SHORT[name] ?? { kind: name };

  test(`${name}: every law holds after it, and only what it says stays`, () => {
    const s = pc();
    const before = pagesByKind(s);
    const managed = s.managedPages;
    runOn(s, spec, 1, inputs);
    validate(s.memory, "everything", { ownersKnown: true });
    assert.equal(s.managedPages, managed);
    for (const [owner, pages] of pagesByKind(s)) {
      const stays = (kind.leaves as readonly string[]).includes(owner);
      if (!stays) assert.equal(pages, before.get(owner) ?? 0, `pages of ${owner} after ${name}`);
    }
    const { movable, unmovable, reclaimable, free } = pollution(s.memory);
    const fresh = pollution(pc().memory);
    assert.equal(
      movable + unmovable + reclaimable + free,
      fresh.movable + fresh.unmovable + fresh.reclaimable + fresh.free,
      "no frame is lost",
    );
  });

  test(`${name}: the same seed gives the same layout`, () => {
    const first = layoutHash(runOn(pc(256), spec, 5, inputs));
    assert.equal(layoutHash(runOn(pc(256), spec, 5, inputs)), first);
  });

  test(`${name}: bad values are refused with the name of the parameter`, () => {
    assert.throws(() => resolveParameters({ kind: name, durration: "1h" }), /unknown name "durration"/);
    for (const [parameter, field] of Object.entries(kind.parameters))
      for (const value of badValues(field))
        assert.throws(
          () => resolveParameters({ ...spec, [parameter]: value }),
          new RegExp(`workload ${name}: ${parameter}: `),
        );
  });
}

/** Values that a field must refuse: of another type, and beyond its limits. */
function badValues({ form }: Field): (string | number | boolean)[] {
  switch (form.kind) {
    case "size":
      return [true, "much", -1, ...(form.least > 0 ? [form.least - 1] : [])];
    case "time":
      return [true, "soon", -1, form.most + 1, ...(form.endless ? [] : ["endless"])];
    case "whole":
      return ["x", form.least - 1, form.most + 1, 1.5];
    case "number":
      return ["x", form.least - 1, form.most * 2];
    case "truth":
      return [1, "yes"];
    case "name":
      return ["zebra", 7];
    default:
      return [7, "x".repeat(10_000)];
  }
}

test("a workload that does nothing would be noticed: each kind asks for memory or places pages", () => {
  for (const name of WORKLOADS.keys()) {
    if (name === "pin-pages") continue;
    const s = pc();
    const before = layoutHash(s);
    assert.notEqual(layoutHash(runOn(s, SHORT[name] ?? { kind: name }, 1, inputs)), before, name);
  }
});
