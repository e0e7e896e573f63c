import assert from "node:assert/strict";
import { join } from "node:path";
import test from "node:test";
import { recording } from "../../lib";
import { runPlan } from "../../lib/report/plan-kinds";

const FIXTURES = join(__dirname, "../fixtures");

test("a recording of the repository is checked, and its plan runs again", async () => {
  const checked = await recording(join(FIXTURES, "x86-6.1/boot-8G"));
  assert.equal(checked.name, "x86-6.1/boot-8G");
  assert.deepEqual([checked.outcome.exact, checked.outcome.allocations, checked.agrees], [100, 100, true]);
  assert.deepEqual(await runPlan(checked.plan), JSON.parse(JSON.stringify(checked)));
});

test("a plan reads nothing but the recordings, and only as they were", async () => {
  const { plan } = await recording(join(FIXTURES, "x86-6.1/boot-8G"));
  await assert.rejects(runPlan({ ...plan, sha256: "0" }), /another content/);
  for (const path of ["../../package.json", "/etc/passwd", "x86-6.1/../../../package.json", 7])
    await assert.rejects(runPlan({ ...plan, path }), /must name a recording below test\/fixtures/);
  await assert.rejects(runPlan({ ...plan, path: "x86-6.1/nothing" }), /is not here/);
  await assert.rejects(recording("/etc"), /must be in test\/fixtures/);
});
