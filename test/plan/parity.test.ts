/**
 * The parity law: every field of every kind of plan, found by walking the statements, is taken by the fluent surface and said by
 * its plan, read back from text as the same plan, reached by a flag, and told by JSON Schema, docs and types. A field added on
 * purpose and forgotten in one place breaks the law there.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import ts from "typescript";
import { expandSweep } from "../../lib/experiment/sweep";
import { compare } from "../../lib/fluent/compare";
import { machine } from "../../lib/fluent/machine";
import { strategies } from "../../lib/fluent/strategies";
import { MACHINE, MACHINE_FIELDS } from "../../lib/machine/boot-request";
import { SYSTEM_FIELDS } from "../../lib/machine/system-options";
import { PLAN_KINDS, type PlanStatement } from "../../lib/plan/kinds";
import { parsePlan, planHash } from "../../lib/plan/run";
import { STEP, STEPS_MAX } from "../../lib/plan/steps";
import { STRATEGY } from "../../lib/plan/strategy";
import { workloadFields } from "../../lib/plan/workload";
import { runPlan } from "../../lib/report/plan-kinds";
import { check, isObject } from "../../lib/schema/check";
import {
  either,
  type Field,
  isObjectField,
  list,
  literal,
  object,
  optional,
  parsed,
  whole,
} from "../../lib/schema/field";
import { REQUEST_FIELDS } from "../../lib/strategy/request";
import { PLAN_DOCS, planDocs } from "../support/plan-docs";
import { commandSays, docsHave, fluentSays, plansOf, schemaHas, textSays } from "../support/plan-laws";

/** What a run of a plan in order may say: a kernel that never was, a recording that is not there. */
const CANNOT_RUN = /^InputError: /;

/** The plan with a workload that ends soon; where the plan says how long, that stays. */
function quick(label: string, plan: unknown): object {
  const { workload, ...rest } = plan as { workload?: Record<string, unknown> };
  if (workload === undefined || !("kind" in workload)) return plan as object;
  const time = "duration" in workloadFields(String(workload.kind)) ? "duration" : "most";
  return label.endsWith(`.${time}`)
    ? (plan as object)
    : { ...rest, workload: { ...workload, [time]: "200ms" } };
}

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
  const ran = new Map<string, number>();
  const { plans } = plansOf(run);
  for (const { label, plan } of plans) {
    const [part] = /^\w+/.exec(label)!;
    const read = JSON.parse(JSON.stringify(parsePlan(quick(label, plan))));
    try {
      const outcome = (await runPlan(read)) as { plan: string };
      assert.equal(outcome.plan, planHash(parsePlan(read)), label);
      ran.set(part, (ran.get(part) ?? 0) + 1);
    } catch (error) {
      // In order, but not with the other fields of the example: told, and nothing else may go wrong.
      assert.match(String(error), CANNOT_RUN, `${label}: ${(error as Error).stack}`);
    }
  }
  for (const part of ["machine", "workload", "strategy", "system", "request", "costs"]) {
    // States of running machines are drawn in test/machine/settle.test.ts: no machine has the values that are tried here.
    const of = plans.filter(
      ({ label }) => label.startsWith(part) && !label.startsWith("machine.state"),
    ).length;
    assert.ok((ran.get(part) ?? 0) >= 0.8 * of, `${part}: ${ran.get(part)} of ${of} ran`);
  }
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
  const steps = { kind: "steps", machine: { board: "qemu-virt" }, system, steps: [] };
  await assert.rejects(async () => runPlan(steps), reason);
  for (const name of ["granuleOrder", "system.granuleOrder"])
    assert.throws(
      () => expandSweep({ plan: parsePlan({ ...plan, system: {} }), over: { [name]: [0, 2] } }),
      reason,
    );
});

/** Where the statement of each kind is, for types. */
const STATED: Readonly<Record<string, readonly [module: string, name: string]>> = {
  run: ["plan/run", "RUN"],
  comparison: ["plan/comparison", "COMPARISON"],
  "compare-kernels": ["plan/compare-kernels", "COMPARE_KERNELS"],
  sweep: ["plan/sweep", "SWEEP"],
  robust: ["plan/robust", "ROBUST"],
  scorecard: ["plan/scorecard", "SCORECARD"],
  steps: ["plan/steps", "STEPS"],
  boot: ["plan/kinds", "BOOT"],
  "tlb-curve": ["hardware/curve-plans", "TLB_CURVE"],
  "adapter-curve": ["hardware/curve-plans", "ADAPTER_CURVE"],
  "locked-region-curve": ["hardware/curve-plans", "LOCKED_REGION"],
  recording: ["trace/recording-statement", "RECORDING"],
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

const forgotten = () => optional(whole("a field that was forgotten", "", { most: 9 }));

/** A kind of plan with other fields, which are nowhere but here. */
function changed(
  name: string,
  change: (fields: PlanStatement["fields"]) => PlanStatement["fields"],
): PlanStatement {
  const real = PLAN_KINDS.find((kind) => kind.name === name)!;
  const fields = change(real.fields);
  return { ...real, fields, statement: object(real.doc, fields) };
}

/** One field more of a part, of a strategy's parameters, of a step. Each: the kind, and the field's label. */
const FORGOTTEN: readonly [what: string, kind: () => PlanStatement, label: RegExp][] = [
  [
    "a field of the machine",
    () =>
      changed("run", (fields) => ({
        ...fields,
        machine: object("the machine", { ...MACHINE.fields, forgotten: forgotten() }),
      })),
    /^machine\.forgotten$/,
  ],
  [
    "a parameter of a strategy",
    () =>
      changed("run", (fields) => ({
        ...fields,
        strategy: parsed(
          STRATEGY.facts.doc,
          (given: unknown) => {
            if (!isObject(given)) return check(STRATEGY, given);
            const { forgotten: more, ...known } = given;
            return { ...check(STRATEGY, known), ...(more !== undefined && { forgotten: more }) };
          },
          () => [object("cma", { name: literal("cma"), forgotten: forgotten() })],
        ),
      })),
    /^strategy.*\.forgotten$/,
  ],
  [
    "a field of a step",
    () =>
      changed("steps", (fields) => {
        const { form } = STEP as Field;
        assert.equal(form.kind, "either");
        const of = form.kind === "either" ? form.of.filter(isObjectField) : [];
        const steps = of.map((step) =>
          "kind" in step.form.fields
            ? object("a step", { ...step.form.fields, forgotten: forgotten() })
            : step,
        );
        return {
          ...fields,
          steps: list("steps", either("a step", "be a step", steps), { most: STEPS_MAX, flag: "step" }),
        };
      }),
    /^steps.*\.forgotten$/,
  ],
];

for (const [what, made, label] of FORGOTTEN)
  test(`${what} that is forgotten is found: in the fluent surface, text, flags, schema, docs and types`, async () => {
    const kind = made();
    const found = plansOf(kind).plans.find((one) => label.test(one.label));
    assert.ok(found !== undefined);
    const { plan } = found;
    assert.match(JSON.stringify(plan), /forgotten/);
    assert.throws(() => fluentSays(kind, plan), /forgotten/);
    assert.throws(() => textSays(kind, plan), /unknown (field|name) "forgotten"/);
    await assert.rejects(commandSays(kind, plan), /forgotten/);
    assert.throws(() => schemaHas(kind), /JSON Schema lacks forgotten/);
    // Parameters of strategies and fields of steps have tables of their own, written from the same statements.
    if (kind.name === "run" && what.includes("machine")) {
      assert.throws(() => docsHave(kind), /docs\/plan-fields\.md lacks forgotten/);
      assert.match(typeErrors([{ kind: kind.name, label: kind.name, plan }]).join("\n"), /forgotten/);
    }
    if (kind.name === "steps")
      assert.match(typeErrors([{ kind: kind.name, label: kind.name, plan }]).join("\n"), /forgotten/);
  });

test("a part that a builder does not take is not lost without a word", () => {
  const real = PLAN_KINDS.find(({ name }) => name === "comparison")!;
  const fields = { ...real.fields, forgotten: forgotten() };
  const kind = { ...real, fields, statement: object(real.doc, fields) };
  assert.throws(() => fluentSays(kind, { ...real.example, forgotten: 3 }), /no entry/);
});

/** Code of lib without comments, and without the lines that state the field `own`; by file. */
function usesOf(own: string): string[] {
  const states = new RegExp(
    `^\\s*${own}: (?:optional|filled|size|time|whole|number|share|truth|text|name|list|object|either|parsed|[A-Z_]+\\b).*$`,
    "gm",
  );
  const used = new RegExp(`\\b${own}\\b`);
  return SOURCES.filter(({ text }) => used.test(text.replace(states, ""))).map(({ file }) => file);
}

const LIB = join(__dirname, "../../lib");
/** The surface hands fields on, and the statements' own rooms state them: neither is a use. */
const SOURCES = (readdirSync(LIB, { recursive: true }) as string[])
  .filter((file) => file.endsWith(".ts") && !/^(?:plan|schema|fluent|cli|index\.ts)/.test(file))
  .map((file) => ({
    file,
    text: readFileSync(join(LIB, file), "utf8").replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, ""),
  }));

test("every field of a run's machine, system and request is used by the code below the surface", () => {
  for (const fields of [MACHINE_FIELDS, SYSTEM_FIELDS, REQUEST_FIELDS])
    for (const own of Object.keys(fields)) assert.notDeepEqual(usesOf(own), [], `nothing uses ${own}`);
  assert.deepEqual(usesOf("aFieldThatNobodyUses"), []);
});
