/**
 * The parity law: every field of every kind of plan, found by walking the statements, is taken by the fluent surface and said by
 * its plan, read back from text as the same plan, reached by a flag, and told by JSON Schema, docs and types. A field added on
 * purpose and forgotten in one place breaks the law there.
 */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import ts from "typescript";
import { compare } from "../../lib/fluent/compare";
import { machine } from "../../lib/fluent/machine";
import { strategies } from "../../lib/fluent/strategies";
import { MACHINE } from "../../lib/machine/boot-request";
import { PLAN_KINDS, type PlanStatement } from "../../lib/plan/kinds";
import { parsePlan, planHash, RUN_FIELDS } from "../../lib/plan/run";
import { runPlan } from "../../lib/report/plan-kinds";
import { object, optional, whole } from "../../lib/schema/field";
import { PLAN_DOCS, planDocs } from "../support/plan-docs";
import { commandSays, docsHave, fluentSays, plansOf, schemaHas, textSays } from "../support/plan-laws";

/** A switch of the kernel flipped alone may make a kernel that never was; an area may be asked for where no memory is. */
const FLIPPED = /switches|cmaAreas\[\]\.base/;

for (const kind of PLAN_KINDS)
  test(`every field of a plan of ${kind.title}: fluent surface, text and command line give the same plan`, async () => {
    const { plans, none } = plansOf(kind);
    assert.deepEqual(none, [], "fields for which no value was found that the check takes");
    assert.ok(plans.length >= Object.keys(kind.fields).length);
    for (const { label, plan } of plans) {
      const told = (law: string) => (error: unknown) => {
        throw new Error(
          `${law}: ${label}: ${JSON.stringify(plan).slice(0, 300)}: ${(error as Error).message}`,
        );
      };
      const steps = kind.name === "steps" && FLIPPED.test(label);
      if (!steps)
        await Promise.resolve()
          .then(() => fluentSays(kind, plan))
          .catch(told("fluent surface"));
      await Promise.resolve()
        .then(() => textSays(kind, plan))
        .catch(told("text"));
      await commandSays(kind, plan).catch(told("command line"));
    }
    schemaHas(kind);
    docsHave(kind);
  });

test("a plan read back from text runs, and its outcome has its hash", async () => {
  const run = PLAN_KINDS.find(({ name }) => name === "run")!;
  let ran = 0;
  for (const { label, plan } of plansOf(run).plans) {
    // Parameters of strategies and workloads have tests of their own, with machines on which they take seconds.
    if (FLIPPED.test(label) || /^(strategy|workload)/.test(label)) continue;
    const read = JSON.parse(JSON.stringify(parsePlan({ ...(plan as object), strategy: "buddy" })));
    const outcome = (await runPlan(read)) as { plan: string };
    assert.equal(outcome.plan, planHash(parsePlan(read)), label);
    ran++;
  }
  assert.ok(ran > 50, `${ran} plans`);
  for (const { name, example } of PLAN_KINDS)
    if (name !== "recording") assert.ok(await runPlan({ kind: name, ...example }), name);
});

test("docs/plan-fields.md is what the statements say", () => {
  assert.equal(
    readFileSync(PLAN_DOCS, "utf8"),
    planDocs(),
    "node --require ./test/support/register.cjs test/support/plan-docs.ts",
  );
});

test("mirrored memory and options of a running machine are said by plans, the faults that this law was made for", async () => {
  const lagging = machine("qemu-virt").memory("512MiB").running({ kswapdLag: 2 });
  lagging.fill("anon", "16MiB");
  assert.equal(lagging.plan.system.kswapdLag, 2);
  assert.deepEqual(
    JSON.parse(JSON.stringify(await runPlan(lagging.plan))),
    JSON.parse(JSON.stringify(lagging)),
  );
  const mirror = machine("qemu-virt").memory("512MiB").kernelcore("mirror").boot();
  assert.deepEqual(mirror.plan.movable, { mirror: true });
  assert.deepEqual(await runPlan(mirror.plan), JSON.parse(JSON.stringify(mirror)));
  const compared = compare(strategies.buddy())
    .on(machine("qemu-virt"))
    .system({ kswapdLag: 2 })
    .request({ size: "1MiB" })
    .plan();
  assert.deepEqual(compared.system, { kswapdLag: 2 });
});

test("granules are refused with the reason through every door", async () => {
  const system = { granuleOrder: 2 } as object;
  const reason = /granuleOrder: machines of every size work page by page now/;
  assert.throws(() => machine("qemu-virt").running(system), reason);
  assert.throws(
    () =>
      compare(strategies.buddy()).on(machine("qemu-virt")).system(system).request({ size: "1MiB" }).plan(),
    reason,
  );
  const plan = {
    format: 1,
    machine: { board: "qemu-virt" },
    system,
    strategy: { name: "buddy" },
    request: { bytes: 65536 },
    seed: 1,
  };
  await assert.rejects(async () => runPlan(plan), reason);
});

/** Where the statement of each kind is, for types. */
const STATED: Readonly<Record<string, readonly [module: string, name: string]>> = {
  run: ["plan/run", "RUN"],
  comparison: ["plan/comparison", "COMPARISON"],
  sweep: ["plan/sweep", "SWEEP"],
  scorecard: ["plan/scorecard", "SCORECARD"],
  steps: ["plan/steps", "STEPS"],
  boot: ["plan/kinds", "BOOT"],
  "tlb-curve": ["hardware/curve-plans", "TLB_CURVE"],
  "adapter-curve": ["hardware/curve-plans", "ADAPTER_CURVE"],
  "locked-region-curve": ["hardware/curve-plans", "LOCKED_REGION"],
  recording: ["trace/recording-check", "RECORDING"],
};

/** What the compiler says of plans as literals of the type that people write; each line is one plan. */
function typeErrors(plans: readonly { kind: string; label: string; plan: unknown }[]): string[] {
  const kinds = [...new Set(plans.map(({ kind }) => kind))];
  const lines = [
    'import type { In } from "../../lib/schema/field";',
    ...kinds.map(
      (kind, i) => `import type { ${STATED[kind]![1]} as K${i} } from "../../lib/${STATED[kind]![0]}";`,
    ),
  ];
  const head = lines.length;
  for (const [i, { kind, plan }] of plans.entries())
    lines.push(`export const v${i}: In<typeof K${kinds.indexOf(kind)}> = ${JSON.stringify(plan)};`);
  const file = join(__dirname, "literals.generated.ts");
  writeFileSync(file, lines.join("\n"));
  try {
    const options: ts.CompilerOptions = {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.CommonJS,
      moduleResolution: ts.ModuleResolutionKind.Node10,
      esModuleInterop: true,
      exactOptionalPropertyTypes: true,
    };
    const program = ts.createProgram([file], options);
    const source = program.getSourceFile(file);
    return program.getSemanticDiagnostics(source).map(({ start, messageText }) => {
      const { line } = source!.getLineAndCharacterOfPosition(start ?? 0);
      return `${plans[line - head]?.label ?? line}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });
  } finally {
    rmSync(file);
  }
}

test("types take every field", () => {
  assert.deepEqual(
    Object.keys(STATED),
    PLAN_KINDS.map(({ name }) => name),
  );
  const plans = PLAN_KINDS.flatMap((kind) =>
    plansOf(kind)
      .plans // Names that are made at run time (switches of kernels) have no type of their own yet.
      .filter(({ label }) => !FLIPPED.test(label))
      .map(({ label, plan }) => ({ kind: kind.name, label: `${kind.name}: ${label}`, plan })),
  );
  assert.deepEqual(typeErrors(plans), []);
});

/** A copy of the run in which a field was added to the machine, and nowhere else. */
function withForgottenField(): PlanStatement {
  const real = PLAN_KINDS.find(({ name }) => name === "run")!;
  const forgotten = optional(whole("a field that was forgotten", "", { most: 9 }));
  const fields = { ...RUN_FIELDS, machine: object("the machine", { ...MACHINE.fields, forgotten }) };
  const statement = object(real.doc, fields);
  return { ...real, statement, fields };
}

test("a field that is forgotten in a place is found there: in the fluent surface, text, flags, schema, docs and types", async () => {
  const kind = withForgottenField();
  const found = plansOf(kind).plans.find(({ label }) => label === "machine.forgotten");
  assert.ok(found !== undefined);
  const { plan } = found;
  assert.throws(() => fluentSays(kind, plan), /forgotten/);
  assert.throws(() => textSays(kind, plan), /unknown field "forgotten"/);
  await assert.rejects(commandSays(kind, plan), /forgotten/);
  assert.throws(() => schemaHas(kind), /JSON Schema lacks forgotten/);
  assert.throws(() => docsHave(kind), /docs\/plan-fields\.md lacks forgotten/);
  assert.match(typeErrors([{ kind: "run", label: "run", plan }]).join("\n"), /forgotten/);
});

test("a part that a builder does not take is not lost without a word", () => {
  const real = PLAN_KINDS.find(({ name }) => name === "comparison")!;
  const forgotten = optional(whole("a field that was forgotten", "", { most: 9 }));
  const fields = { ...real.fields, forgotten };
  const kind = { ...real, fields, statement: object(real.doc, fields) };
  assert.throws(() => fluentSays(kind, { ...real.example, forgotten: 3 }), /no entry/);
});
