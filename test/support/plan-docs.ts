/**
 * Writes docs/plan-fields.md from the statements of plans. A test compares; after a change of a statement:
 * `node --require ./test/support/register.cjs test/support/plan-docs.ts`.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { COST_FIELDS } from "../../lib/hardware/costs";
import { MACHINE_FIELDS } from "../../lib/machine/boot-request";
import { SYSTEM_FIELDS } from "../../lib/machine/system-options";
import { PLAN_KINDS } from "../../lib/plan/kinds";
import { STEP } from "../../lib/plan/steps";
import { type Fields, isObjectField } from "../../lib/schema/field";
import { fieldTable } from "../../lib/schema/table";
import { REQUEST_FIELDS } from "../../lib/strategy/request";

export const PLAN_DOCS = join(__dirname, "../../docs/plan-fields.md");

/** Parts that several kinds have: told once. */
const PARTS: readonly [name: string, title: string, fields: Fields][] = [
  ["machine", "The machine", MACHINE_FIELDS],
  ["system", "Mechanisms and swap", SYSTEM_FIELDS],
  ["request", "The request", REQUEST_FIELDS],
  ["costs", "Costs", COST_FIELDS],
];

/** The fields of a kind, without what is told of its parts. */
function ownTable(fields: Fields): string {
  const shared = new Set<Fields>(PARTS.map(([, , part]) => part));
  const flat = Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [
      name,
      isObjectField(field) && shared.has(field.form.fields)
        ? {
            ...field,
            form: { kind: "text" as const, longest: 0 },
            facts: { ...field.facts, doc: `${field.facts.doc}: see below` },
          }
        : field,
    ]),
  );
  return fieldTable(flat);
}

export function planDocs(): string {
  const kinds = PLAN_KINDS.filter(({ name }) => name !== "boot").map(
    ({ name, title, doc, fields, example }) =>
      `## \`${name}\`: ${title}\n\n${doc[0]!.toUpperCase()}${doc.slice(1)}.\n\n${ownTable(fields)}\n\n\`\`\`\n${JSON.stringify(example)}\n\`\`\``,
  );
  const parts = PARTS.map(([name, title, fields]) => `## ${title}: \`${name}\`\n\n${fieldTable(fields)}`);
  const steps =
    STEP.form.kind === "either"
      ? STEP.form.of.flatMap((one) =>
          isObjectField(one) ? [`### ${one.facts.doc}\n\n${fieldTable(one.form.fields)}`] : [],
        )
      : [];
  return `# Fields of plans

Made from the statements in the library; do not edit. Sizes are text such as \`64MiB\`, or bytes; times are text such as
\`30 days\`, or milliseconds. A field with two names may be written under either. \`pageblock schema KIND --out
plan.schema.json\` writes the JSON Schema of a kind. If a plan begins with the line
\`# yaml-language-server: $schema=plan.schema.json\`, editors that know YAML schemas check it and complete its fields.
Every field has a flag of the same name in kebab-case: \`pageblock run --help\`.

A boot is a machine alone. Parameters of [strategies](strategies/README.md) and [workloads](workloads/README.md) are
listed with them.

${[...kinds, ...parts, "## Steps", ...steps].join("\n\n")}
`;
}

if (require.main === module) writeFileSync(PLAN_DOCS, planDocs());
