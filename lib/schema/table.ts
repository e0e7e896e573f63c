/** Markdown tables of statements for docs: one row per field, nested fields by their path. */
import { formatSize } from "../base/units";
import type { Field, Fields, Form } from "./field";

const cell = (text: string) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

/** The table of `fields`; `prefix` precedes every path. */
export function fieldTable(fields: Fields, prefix = ""): string {
  return [
    "| field | value | default | meaning |",
    "|---|---|---|---|",
    ...rows(fields, prefix).map((row) => `| ${row.join(" | ")} |`),
  ].join("\n");
}

function rows(fields: Fields, prefix: string): string[][] {
  return Object.entries(fields).flatMap(([own, field]) => {
    const path = `${prefix}${own}`;
    const { facts, form } = field;
    const spelled = facts.word === undefined ? `\`${path}\`` : `\`${path}\`, \`${facts.word}\``;
    const from = facts.source === undefined ? "" : ` (${facts.source})`;
    return [
      [spelled, cell(valueText(form)), cell(defaultText(field)), cell(`${facts.doc}${from}`)],
      ...(form.kind === "object" ? rows(form.fields, `${path}.`) : []),
      ...(form.kind === "list" && form.of.form.kind === "object"
        ? rows(form.of.form.fields, `${path}[].`)
        : []),
    ];
  });
}

/** `size, 1 B to 1 PiB`; `one of a, b`. */
export function valueText(form: Form): string {
  switch (form.kind) {
    case "size":
      return form.most >= 2 ** 50 ? "size" : `size, at most ${formatSize(form.most)}`;
    case "time":
      return form.endless ? 'time, or "endless"' : "time";
    case "whole":
      return `whole number from ${form.least} to ${form.most}`;
    case "number":
      return form.most < Number.MAX_SAFE_INTEGER
        ? `number ${form.above ? "above" : "from"} ${form.least} to ${form.most}`
        : `number ${form.above ? "above" : "from"} ${form.least}`;
    case "truth":
      return "true or false";
    case "text":
      return "text";
    case "name": {
      const known = form.known();
      return known.length > 12 ? `one of ${known.length} names` : `one of ${known.join(", ")}`;
    }
    case "literal":
      return String(form.value);
    case "list":
      return `list of ${form.of.form.kind === "object" ? "objects" : valueText(form.of.form)}`;
    case "record":
      return `names with ${valueText(form.of.form)}`;
    case "object":
      return "object";
    case "either":
      return form.must.replace(/^(must )?be /, "");
    case "parsed":
      return form
        .written()
        .map((one) => valueText(one.form))
        .join(", or ");
  }
}

/** The default as people write it; a dash if the field is required. */
export function defaultText({ facts, form, optional, filled }: Field): string {
  if (form.kind === "literal") return String(form.value);
  if (facts.default === undefined) return optional || filled ? "none" : "–";
  const { default: given } = facts;
  if (typeof given !== "number") return typeof given === "object" ? JSON.stringify(given) : String(given);
  if (form.kind === "size") return formatSize(given);
  return form.kind === "time" ? timeText(given) : String(given);
}

function timeText(ms: number): string {
  for (const [unit, length] of [
    ["days", 86_400_000],
    ["h", 3_600_000],
    ["s", 1000],
  ] as const)
    if (ms >= length && ms % length === 0) return `${ms / length} ${unit}`;
  return `${ms} ms`;
}
