/** What holds for every workload: laws after it, what it says it frees is freed, the same seed gives the same layout. */
import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { readPlanInputs, recordedTraceWorkload } from "../../lib/experiment/plan-inputs";
import { validate } from "../../lib/mm/reports/validate";
import { WORKLOADS } from "../../lib/workload/kinds";
import { pollution } from "../../lib/workload/pollution";
import { resolveParameters } from "../../lib/workload/scheduler";
import type { LeafWorkload } from "../../lib/workload/workload";
import { FIXTURES } from "../support/cli";
import { layoutHash, pagesByKind, pc, runOn } from "./small";

const trace = recordedTraceWorkload(join(FIXTURES, "x86-6.1/boot-8G"));
const inputs = readPlanInputs({ workload: trace });

/** Short runs; what is not here runs with its defaults. */
const SHORT: Record<string, LeafWorkload> = {
  kernelBuild: { kind: "kernelBuild", duration: "3s" },
  fileServer: { kind: "fileServer", duration: "2m" },
  networkServer: { kind: "networkServer", duration: "30s" },
  database: { kind: "database", duration: "10m", pinned: true },
  camera: { kind: "camera", duration: "1h" },
  desktop: { kind: "desktop", duration: "20m", tabs: 4 },
  containers: { kind: "containers", duration: "3m", containers: 5 },
  slabGrowth: { kind: "slabGrowth", duration: "1m" },
  uptime: { kind: "uptime", duration: "3 days" },
  age: { kind: "age", most: "10 days", untilOccupancy: 0.7 },
  recordedTrace: trace,
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
    for (const [parameter, p] of Object.entries(kind.parameters)) {
      const given = (value: string | number | boolean) => () =>
        resolveParameters({ ...spec, [parameter]: value });
      const named = new RegExp(`workload ${name}: ${parameter}`);
      assert.throws(
        given(
          p.unit === "size" || p.unit === "time"
            ? true
            : { number: "x", string: 7, boolean: 1 }[typeof p.default as "number"],
        ),
        named,
      );
      if (typeof p.default === "number") assert.throws(given(-1), named);
      if (p.most !== undefined) assert.throws(given(p.most + 1), named);
      if (p.oneOf !== undefined) assert.throws(given("zebra"), named);
    }
  });
}

test("a workload that does nothing would be noticed: each kind asks for memory or places pages", () => {
  for (const name of WORKLOADS.keys()) {
    if (name === "pinPages") continue;
    const s = pc();
    const before = layoutHash(s);
    assert.notEqual(layoutHash(runOn(s, SHORT[name] ?? { kind: name }, 1, inputs)), before, name);
  }
});
