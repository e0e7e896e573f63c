/** Parameters as the documentation shows them: a Markdown table, one row per field. */
import { formatSize } from "../../lib/base/units";
import type { Field, Fields } from "../../lib/schema/field";

const cell = (text: string) => text.replaceAll("|", "\\|");

/** Unit, default, limits and meaning of every field, with the source where it says one. */
export function parameterTable(fields: Fields): string {
  const rows = Object.entries(fields).map(([name, field]) => {
    const { facts } = field;
    const shown = facts.default === undefined ? "must be given" : `\`${JSON.stringify(facts.default)}\``;
    const source = facts.source === undefined ? "" : ` (${facts.source})`;
    return `| \`${name}\` | ${unitOf(field)} | ${shown} | ${cell(limits(field))} | ${cell(facts.doc + source)} |`;
  });
  return ["| parameter | unit | default | limits | meaning |", "|---|---|---|---|---|", ...rows].join("\n");
}

function unitOf({ form, facts }: Field): string {
  if (facts.unit !== undefined) return facts.unit;
  if (form.kind === "either") return form.of.map((f) => f.facts.unit).find((u) => u !== undefined) ?? "";
  return { truth: "yes/no", name: "name" }[form.kind as string] ?? "text";
}

function limits({ form }: Field): string {
  switch (form.kind) {
    case "size":
      return form.least > 0 ? `at least ${form.least === 1 ? "1 byte" : formatSize(form.least)}` : "";
    case "time":
      return `at most ${form.most / 86_400_000} days${form.endless ? ', or "endless"' : ""}`;
    case "whole":
    case "number":
      return form.most < 2 ** 31 ? `${form.least} to ${form.most}` : `${form.least} or more`;
    case "name":
      return form.known().join(", ");
    case "either":
      return form.must.replace(/^must be /, "");
    case "text":
      return `at most ${form.longest} characters`;
    default:
      return "";
  }
}
