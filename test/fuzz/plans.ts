/** Plans of every kind, drawn from their statements: each field within its limits, at its limits, or beyond. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { canonicalJson } from "../../lib/base/canonical-json";
import { PLAN_KINDS } from "../../lib/plan/kinds";
import { check } from "../../lib/schema/check";
import type { Field, Fields, Form } from "../../lib/schema/field";
import { parsePlanText } from "../../lib/schema/plan-file";
import { damagedJson, type JsonEdit, jsonEdits } from "./damage";
import { kindOf, unlessRefused } from "./kind";

/** Objects within objects: a workload contains workloads. */
const DEEPEST = 7;

const NAMES = [
  "6.1",
  "6.19",
  "4.17",
  "auto",
  "success",
  "50%",
  "1:2MiB",
  "0:1GiB",
  "256 128",
  "cma > buddy",
  "x",
];
const LEAVES: Partial<Record<Form["kind"], fc.Arbitrary<unknown>>> = {
  truth: fc.boolean(),
  size: fc.constantFrom("64MiB", "512MiB", "1GiB", "2MiB", "64KiB", "4KiB", 4096, 1, "1 byte"),
  time: fc.constantFrom("500ms", 5, "2 minutes", "1 day", "endless", 0),
  text: fc.oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 12 })),
};

function numberFrom(least: number, most: number): fc.Arbitrary<number> {
  const low = Math.ceil(Math.max(least, -(2 ** 31)));
  const high = Math.floor(Math.min(most, low + 20));
  return fc.oneof(fc.integer({ min: low, max: Math.max(low, high) }), fc.constantFrom(least, most));
}

export function drawnFrom(field: Field, depth = 0): fc.Arbitrary<unknown> {
  const { form } = field;
  const leaf = LEAVES[form.kind];
  if (leaf !== undefined) return leaf;
  switch (form.kind) {
    case "whole":
      return numberFrom(form.least, form.most);
    case "number":
      return fc.oneof(numberFrom(form.least, form.most), fc.constantFrom(0.25, 0.5, 1.5));
    case "name":
      return fc.constantFrom(...form.known());
    case "literal":
      return fc.constant(form.value);
    case "list":
      return fc.array(
        fc.constant(0).chain(() => drawnFrom(form.of, depth + 1)),
        { minLength: Math.min(form.least, 3), maxLength: Math.max(form.least, 3) },
      );
    case "record":
      return fc.dictionary(
        fc.constantFrom(...(form.keys?.() ?? ["seed", "request.times", "memory", "size", "strategy"])),
        fc.constant(0).chain(() => drawnFrom(form.of, depth + 1)),
        { maxKeys: 3 },
      );
    case "object":
      return objectOf(form.fields, depth + 1);
    case "either":
    case "parsed": {
      const of = form.kind === "either" ? form.of : form.written();
      const shallow = of.filter((one) => depth < DEEPEST || LEAVES[one.form.kind] !== undefined);
      return fc.oneof(
        ...(shallow.length > 0 ? shallow : of.slice(0, 1)).map((one) =>
          fc.constant(0).chain(() => drawnFrom(one, depth + 1)),
        ),
      );
    }
    default:
      return fc.constant(null);
  }
}

/** What must be there, and few of the others: most pairs of fields exclude each other. */
function objectOf(fields: Fields, depth: number): fc.Arbitrary<unknown> {
  const must = Object.keys(fields).filter((f) => !fields[f]!.optional && !fields[f]!.filled);
  const may = Object.keys(fields).filter((f) => !must.includes(f));
  const chosen = fc.subarray(may, { maxLength: Math.min(may.length, depth > 4 ? 1 : 3) });
  return chosen.chain((extra) =>
    fc.record(Object.fromEntries([...must, ...extra].map((f) => [f, drawnFrom(fields[f]!, depth)]))),
  );
}

interface PlanInput {
  kind: string;
  plan: unknown;
  edits: JsonEdit[];
}

/** A minimal plan of the kind with drawn fields over it: more of these pass than of those that are drawn whole. */
const inputs = fc.constantFrom(...PLAN_KINDS).chain(({ name, fields, example }) =>
  fc.record({
    kind: fc.constant(name),
    plan: fc
      .tuple(objectOf(fields, 0), fc.boolean())
      .map(([drawn, whole]) => (whole ? drawn : { ...(drawn as object), ...example })),
    edits: fc.oneof(
      { weight: 2, arbitrary: fc.constant<JsonEdit[]>([]) },
      { weight: 1, arbitrary: jsonEdits },
    ),
  }),
);

const textOf = ({ plan, edits }: PlanInput) => JSON.stringify(damagedJson(plan, edits)) ?? "null";

export const PLANS = kindOf<PlanInput>({
  name: "plans",
  inputs,
  text: (input) => `${textOf(input)}\n`,
  few: 400,
  holds: (input) => {
    const { statement } = PLAN_KINDS.find(({ name }) => name === input.kind)!;
    const text = textOf(input);
    const written = unlessRefused(() => parsePlanText(text, "plan.json"));
    if (written === undefined) return;
    if (!isDeepStrictEqual(written.value, JSON.parse(text)))
      throw new Error("the text is not read as it is written");
    const checked = unlessRefused(() => check(statement, written.value, written.locate));
    if (checked === undefined) return;
    const again = check(statement, checked);
    if (canonicalJson(again) !== canonicalJson(checked))
      throw new Error("a checked plan is changed by another check");
  },
});
