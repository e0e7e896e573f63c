/**
 * The places that every field of a plan must reach. Each takes a kind of plan and the plan as people write it, and throws where
 * the plan does not get through. None of them knows fields by name: a field that is forgotten is refused or lost on the way.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { stringify } from "yaml";
import { canonicalJson } from "../../lib/base/canonical-json";
import { allowCode } from "../../lib/change/allowed";
import { codeIn } from "../../lib/change/code";
import { statementOf } from "../../lib/cli/plan-flags";
import { compare } from "../../lib/fluent/compare";
import { compareKernels } from "../../lib/fluent/compare-kernels";
import { curves } from "../../lib/fluent/curves";
import { machine } from "../../lib/fluent/machine";
import { robust } from "../../lib/fluent/robust";
import { scorecard } from "../../lib/fluent/scorecard";
import { sweep } from "../../lib/fluent/sweep";
import { PLAN_KINDS, type PlanStatement } from "../../lib/plan/kinds";
import { check } from "../../lib/schema/check";
import type { Field } from "../../lib/schema/field";
import { flagsOf } from "../../lib/schema/flags";
import { jsonSchema } from "../../lib/schema/json-schema";
import { parsePlanText } from "../../lib/schema/plan-file";
import { PLAN_DOCS } from "./plan-docs";
import { variantsOf } from "./plan-walk";

type Plain = Record<string, never>;

/** What is shown of a checked plan: without format and kind, which builders need not say. */
export function bare(plan: unknown): string {
  const { format: _format, kind: _kind, ...rest } = plan as Record<string, unknown>;
  return canonicalJson(rest);
}

const machineOf = ({ board, ...fields }: Plain) => machine(board, fields);

/** What is left of a plan must be nothing: a part that the entry does not take would be lost without a word. */
function nothingLeft(rest: object): void {
  assert.deepEqual(Object.keys(rest), [], "the fluent surface has no entry for these fields");
}

/** The fluent entry of each kind of plan, part by part. A recording is made of files, not of fields. */
export const FLUENT: Readonly<Record<string, ((plan: Plain) => unknown) | null>> = {
  run: (plan) => sweep(plan as never).plan().plan,
  sweep({
    format: _f,
    kind: _k,
    plan,
    over = {} as never,
    sample = { kind: "grid" } as never,
    ...rest
  }: Plain) {
    nothingLeft(rest);
    const { kind, count, seed } = sample as { kind: string; count: number; seed?: number };
    const builder = sweep(plan).over(over);
    if (kind === "random") return builder.random(count, seed).plan();
    return (kind === "grid" ? builder : builder.latinHypercube(count, seed)).plan();
  },
  robust({
    format: _f,
    kind: _k,
    plan,
    over,
    statement,
    sample,
    count,
    seed,
    points,
    within,
    corners,
    variants,
    ...rest
  }: Plain) {
    nothingLeft(rest);
    let builder = robust(plan).over(over).statement(statement);
    assert.ok(sample === undefined || sample === (count === undefined ? "grid" : "latin-hypercube"));
    if (count !== undefined) builder = builder.latinHypercube(count, seed);
    if (seed !== undefined) builder = builder.seed(seed);
    if (variants !== undefined) builder = builder.variants(...(variants as never[]));
    if (corners !== undefined) builder = builder.corners(corners);
    if (points !== undefined) builder = builder.points(points);
    if (within !== undefined) builder = builder.within(within);
    return builder.plan();
  },
  comparison({
    format: _f,
    strategies,
    machine: m,
    system,
    workload,
    request,
    costs,
    record,
    seeds = 16 as never,
    firstSeed,
    ...rest
  }: Plain) {
    nothingLeft(rest);
    let builder = compare(...(strategies as never[]))
      .on(machineOf(m))
      .request(request)
      .seeds(seeds, firstSeed);
    if (system !== undefined) builder = builder.system(system);
    if (workload !== undefined) builder = builder.workload(workload);
    if (costs !== undefined) builder = builder.costs(costs);
    if (record !== undefined) builder = builder.record(record);
    return builder.plan();
  },
  "compare-kernels"({ format: _f, kind: _k, variants, machine: m, ...rest }: Plain) {
    const [a, b, ...more] = variants as never[];
    const known = "system workload strategy request costs record metrics ablate seeds firstSeed".split(" ");
    nothingLeft(Object.fromEntries(Object.entries(rest).filter(([name]) => !known.includes(name))));
    const { system, workload, strategy, request, costs, record, metrics, ablate, seeds, firstSeed } =
      rest as Plain;
    let builder = compareKernels(b === undefined ? ({ label: "as it is" } as never) : a!, b ?? a!).on(
      machineOf(m),
    );
    for (const variant of more) builder = builder.and(variant);
    builder = builder.request(request);
    if (seeds !== undefined || firstSeed !== undefined)
      builder = builder.seeds(seeds ?? (16 as never), firstSeed);
    if (system !== undefined) builder = builder.system(system);
    if (workload !== undefined) builder = builder.workload(workload);
    if (strategy !== undefined) builder = builder.strategy(strategy);
    if (costs !== undefined) builder = builder.costs(costs);
    if (record !== undefined) builder = builder.record(record);
    if (metrics !== undefined) builder = builder.metrics(...(metrics as never[]));
    if (ablate !== undefined) builder = builder.ablate(ablate);
    return builder.plan();
  },
  scorecard(plan: Plain) {
    const {
      format: _f,
      kind: _k,
      scenario,
      strategies,
      machine: m,
      system,
      workload,
      request,
      ...more
    } = plan;
    const { costs, record, seeds = 16 as never, firstSeed, adapter, cpu, pattern, ...rest } = more as Plain;
    nothingLeft(rest);
    // What an RDMA registration is stays unless it is said otherwise: here everything is said.
    const said = { who: "driver", longtermPin: false, ...(request as object) };
    let builder = scorecard(said as never)
      .of(...(strategies as never[]))
      .on(machineOf(m))
      .seeds(seeds, firstSeed);
    if (scenario !== undefined) builder = builder.called(scenario);
    if (system !== undefined) builder = builder.system(system);
    if (workload !== undefined) builder = builder.workload(workload);
    if (costs !== undefined) builder = builder.costs(costs);
    if (record !== undefined) builder = builder.record(record);
    if (adapter !== undefined) builder = builder.adapter(adapter);
    if (cpu !== undefined) builder = builder.cpu(cpu);
    if (pattern !== undefined) builder = builder.pattern(pattern);
    return builder.plan();
  },
  steps({ format: _f, kind: _k, machine: m, system, steps, ...rest }: Plain) {
    nothingLeft(rest);
    const running = machineOf(m).running(system);
    for (const step of steps as never[]) running.step(step);
    return running.plan;
  },
  boot: ({ kind: _k, ...plan }: Plain) => machineOf(plan as Plain).toJSON(),
  "tlb-curve": ({ kind: _k, ...plan }: Plain) => curves.tlb(plan as never).plan,
  "adapter-curve": ({ kind: _k, ...plan }: Plain) => curves.adapter(plan as never).plan,
  "locked-region-curve": ({ kind: _k, cache, ...rest }: Plain) => {
    nothingLeft(rest);
    return curves.lockedRegion(cache).plan;
  },
  recording: null,
};

/** What is in order but cannot be done on the machine of the example, or with its other fields. */
const NOT_NOW =
  /goes on until|must go on until|holds nothing|this machine has|alignment must be a power|there is no area|pages must be|an area of|an area must|need more than|a region of|do not fit beside|frames: character/;

/** The fluent surface takes the plan, and its plan says it. */
export function fluentSays(kind: PlanStatement, plan: unknown): void {
  const entry = FLUENT[kind.name];
  assert.notEqual(entry, undefined, `${kind.name}: has no fluent entry`);
  if (entry === null || entry === undefined) return;
  let told: unknown;
  // Machines that are started at once run the code of their change: here it is known.
  allowCode(...codeIn(plan).map(({ sha256 }) => sha256));
  try {
    told = entry(structuredClone(plan) as Plain);
  } catch (error) {
    // Steps and curves are done at once: what cannot be done is said so, but not for a field that is not taken.
    if (NOT_NOW.test((error as Error).message)) return;
    throw error;
  }
  assert.equal(sayingAll(kind, bare(told), plan), bare(check(kind.statement, plan)));
}

/** Scorecards say who asks, and what an RDMA registration asks for, where the plan does not. */
function sayingAll(kind: PlanStatement, told: string, plan: unknown): string {
  if (kind.name !== "scorecard") return told;
  const { request, ...rest } = JSON.parse(told);
  const asked = (plan as { request: object }).request;
  for (const [key, word] of [
    ["who", "who"],
    ["longtermPin", "longtermPin"],
    ["cpuMapBytes", "cpuMap"],
  ] as const)
    if (!(key in asked) && !(word in asked)) delete request[key];
  return canonicalJson({ ...rest, request });
}

/** Text as JSON and as YAML is read as the same plan. */
export function textSays(kind: PlanStatement, plan: unknown): void {
  const real = statementOf(kind.name).statement;
  const wanted = bare(check(kind.statement, plan));
  for (const text of [JSON.stringify(plan), stringify(plan)]) {
    const { value, locate } = parsePlanText(text, "plan.yaml");
    const read = check(real, value, locate);
    assert.equal(bare(read), wanted);
    assert.equal(
      bare(check(real, JSON.parse(JSON.stringify(read)))),
      wanted,
      "a plan read twice is the same plan",
    );
  }
}

/** What a flag says for a value: text as it is, on and off, and the rest as JSON. */
function flagText(value: unknown): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

const COMMANDS: Readonly<Record<string, string>> = { comparison: "compare" };

/** The command of the kind, with flags alone, makes the same plan: what `--print-plan` prints. */
export async function commandSays(kind: PlanStatement, plan: unknown): Promise<void> {
  const argv = flagsOf(kind.fields).flatMap(({ name, path, field }) => {
    const value = valueAt(plan, path, kind.fields, field);
    return value === undefined ? [] : [`--${name}`, flagText(value)];
  });
  const allowed = codeIn(plan).flatMap(({ sha256 }) => ["--allow-code", sha256]);
  const printed = await printedBy(COMMANDS[kind.name] ?? kind.name, [...argv, ...allowed, "--print-plan"]);
  assert.equal(bare(JSON.parse(printed)), bare(check(kind.statement, plan)));
}

/** The value that a plan has at a path of its statement, under whatever name it stands there. */
function valueAt(
  plan: unknown,
  path: readonly string[],
  fields: PlanStatement["fields"],
  field: Field,
): unknown {
  let at = plan as Record<string, unknown> | undefined;
  let of: PlanStatement["fields"] | undefined = fields;
  for (const step of path) {
    const stated: Field | undefined = of?.[step];
    const word = step === path.at(-1) ? field.facts.word : stated?.facts.word;
    at = (at?.[step] ?? (word === undefined ? undefined : at?.[word])) as typeof at;
    of = stated?.form.kind === "object" ? stated.form.fields : undefined;
  }
  return at;
}

const MODULES: Readonly<Record<string, string>> = {
  run: "run",
  compare: "compare",
  "compare-kernels": "compare-kernels",
  scorecard: "compare",
  sweep: "sweep",
  robust: "robust",
  boot: "boot",
};

async function printedBy(command: string, argv: readonly string[]): Promise<string> {
  const { register } = require(`../../lib/cli/${MODULES[command] ?? "plans"}`) as {
    register(p: Command): void;
  };
  const program = new Command().exitOverride();
  register(program);
  let printed = "";
  const { write } = process.stdout;
  for (const one of program.commands) one.exitOverride().configureOutput({ writeErr: () => {} });
  process.stdout.write = ((text: string) => {
    printed += text;
    return true;
  }) as typeof write;
  try {
    await program.parseAsync([command, ...argv], { from: "user" });
  } finally {
    process.stdout.write = write;
  }
  return printed;
}

/** The JSON Schema that is printed, and the tables in docs, have the field. */
export function schemaHas(kind: PlanStatement): void {
  const real = JSON.stringify(jsonSchema(statementOf(kind.name).statement, kind.title));
  for (const name of namesIn(kind.statement))
    assert.ok(real.includes(`"${name}"`), `the JSON Schema lacks ${name}`);
}

export function docsHave(kind: PlanStatement, docs = readFileSync(PLAN_DOCS, "utf8")): void {
  for (const name of namesIn(kind.statement, false))
    assert.match(docs, new RegExp(`[\`.]${name}\``), `docs/plan-fields.md lacks ${name}`);
}

/** Names of fields at every depth; `notations`: also those within notations of their own. */
function namesIn(field: Field, notations = true, seen = new Set<unknown>()): string[] {
  const { form } = field;
  if (seen.has(form)) return [];
  seen.add(form);
  switch (form.kind) {
    case "object":
      return Object.entries(form.fields).flatMap(([name, one]) => [name, ...namesIn(one, notations, seen)]);
    case "list":
    case "record":
      return namesIn(form.of, notations, seen);
    case "either":
      return notations ? form.of.flatMap((one) => namesIn(one, notations, seen)) : [];
    case "parsed":
      return notations ? form.written().flatMap((one) => namesIn(one, notations, seen)) : [];
    default:
      return [];
  }
}

/** For every field of a kind a plan that has it, as people write it; and the fields for which none was found. */
export function plansOf(kind: PlanStatement): { plans: { label: string; plan: unknown }[]; none: string[] } {
  const plans: { label: string; plan: unknown }[] = [];
  const none: string[] = [];
  for (const [own, field] of Object.entries(kind.fields))
    for (const { label, values } of variantsOf(field, own)) {
      // Led by hand, a machine does each step at once: of the workloads, which runs try, one short one.
      if (kind.name === "steps" && /workload\/(?!0\.duration)/.test(label)) continue;
      const plan = [kind.example, onPi(kind.example)]
        .flatMap((example) => values.map((value) => within(example, own, field, value)))
        .find((one) => accepted(kind, one));
      if (plan === undefined) none.push(label);
      else plans.push({ label, plan });
    }
  return { plans, none };
}

/** The example on a board whose firmware has settings. */
function onPi(example: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const moved = example.board === "qemu-virt" ? { board: "raspberry-pi-4", memory: "2GiB" } : {};
  const parts = Object.entries(example).map(([own, part]) => [own, isPlain(part) ? onPi(part) : part]);
  return { ...Object.fromEntries(parts), ...moved };
}

/** The example with the field in it: what the example says of a part stays where the value does not say it. */
function within(
  example: Readonly<Record<string, unknown>>,
  own: string,
  field: Field,
  value: unknown,
): Record<string, unknown> {
  const { [field.facts.word ?? own]: worded, ...rest } = example;
  const part = example[own] ?? worded;
  if (field.form.kind !== "object" || !isPlain(part) || !isPlain(value)) return { ...rest, [own]: value };
  const { fields } = field.form;
  let merged: Record<string, unknown> = part;
  // What must be there is in every value: where the example says it too, the example is the better one.
  const only = Object.keys(value).length === 1;
  for (const [inner, one] of Object.entries(value)) {
    const stated = fields[inner]!;
    const spelled = inner in part || (stated.facts.word ?? inner) in part;
    const required = !stated.optional && !stated.filled;
    const last = inner === Object.keys(value).at(-1);
    if (spelled && required && !only && !last && !isPlain(one)) continue;
    merged = within(merged, inner, stated, one);
  }
  return { ...rest, [own]: merged };
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function accepted(kind: PlanStatement, plan: unknown): boolean {
  try {
    check(kind.statement, plan);
    return true;
  } catch {
    return false;
  }
}

export const KINDS = PLAN_KINDS;
