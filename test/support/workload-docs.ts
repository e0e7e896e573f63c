/** The table of a workload's parameters as its doc page shows it. */
import type { WorkloadKind } from "../../lib/workload/workload";

export const TABLE_MARK =
  "<!-- parameters: generated from lib/workload, checked by test/docs/workloads.test.ts -->";

/** A Markdown table, one row a parameter. */
export function parameterTable({ parameters }: WorkloadKind): string {
  const rows = Object.entries(parameters).map(([name, p]) => {
    const limits =
      p.oneOf !== undefined
        ? p.oneOf.join(", ")
        : p.most !== undefined
          ? `${p.least ?? 0} to ${p.most}`
          : typeof p.default === "number"
            ? `${p.least ?? 0} or more`
            : "";
    const shown = p.default === "" ? "must be given" : `\`${JSON.stringify(p.default)}\``;
    return `| \`${name}\` | ${p.unit} | ${shown} | ${limits} | ${p.meaning} |`;
  });
  return ["| parameter | unit | default | limits | meaning |", "|---|---|---|---|---|", ...rows].join("\n");
}
