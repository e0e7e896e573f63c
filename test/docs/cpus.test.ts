/**
 * What docs/fidelity.md says several CPUs change for the findings of the notebooks is what the stored runs say. After a change
 * of the engine: `node --require ./test/support/register.cjs test/support/cpus.ts` runs them again. With CHECK_ROBUST=1 this
 * test runs one of them too, and compares.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { robustPoints } from "../../lib/experiment/robust-points";
import { shortStatement } from "../../lib/plan/statement";
import {
  CPUS,
  cpusPlan,
  cpusSentence,
  cpusTable,
  FIDELITY,
  storedFindings,
  turning,
  withTable,
} from "../support/cpus";
import { ROBUST_NAMES, robustPlan } from "../support/robustness";

const page = readFileSync(FIDELITY, "utf8");
const findings = storedFindings();

test("every stored finding is of a plan in docs/robustness, with 1, 4 and 16 CPUs and seeds enough to judge", () => {
  assert.ok(findings.length > 0);
  for (const { name, statement, points, seeds } of findings) {
    assert.ok(ROBUST_NAMES.includes(name), name);
    assert.equal(statement, shortStatement(robustPlan(name).statement));
    const has = points.map(({ cpus }) => cpus);
    assert.deepEqual(
      has,
      CPUS.slice(CPUS.length - has.length),
      `${name}: at most one CPU is too few for its nodes`,
    );
    assert.ok(has.length >= 2, name);
    assert.ok(seeds >= 8, `${name}: with fewer than 8 seeds no point is sure`);
  }
});

test("the page has the table and the sentence of the stored findings", () => {
  assert.equal(withTable(page, findings), page);
  assert.ok(page.includes(cpusSentence(findings)), cpusSentence(findings));
  assert.ok(page.includes(cpusTable(findings)));
});

test("a table that no run says is noticed", () => {
  const forged = page.replace(" of 16 | ", " of 17 | ");
  if (forged !== page) assert.equal(withTable(forged, findings), page);
  const turned = findings.map((f) => ({ ...f, points: f.points.map((p, i) => ({ ...p, held: i === 0 })) }));
  assert.equal(turning(turned).length, findings.length);
  assert.notEqual(cpusSentence(turned), cpusSentence(findings));
});

test("the plans turn the number of CPUs and nothing else; only nodes that one CPU is too few for rule a number out", () => {
  for (const name of ROBUST_NAMES) {
    const { points } = robustPoints(cpusPlan(name, 8));
    assert.equal(points.length, CPUS.length);
    for (const { plan, values, reason } of points) {
      if (plan === null) {
        assert.equal(values.cpus, 1, name);
        assert.match(reason!, /each of 2 nodes has at least one/);
        continue;
      }
      assert.equal(plan.machine.cpus, values.cpus);
      assert.equal(plan.system?.smp, true);
    }
  }
});
