/** The end of every write-up: what is needed to run it again and to see whether the same comes out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../base/canonical-json";
import { seedsOf } from "./seeds";
import type { WriteUp } from "./write-up";

/** Facts as name and value, and the plans as lines of canonical JSON with the SHA-256 of their results. */
export interface Rerun {
  facts: [name: string, value: string][];
  plans: { plan: string; sha256: string }[];
}

/** The version of this package. */
export function packageVersion(): string {
  return JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8")).version;
}

export function rerunOf(writeUp: WriteUp): Rerun {
  const seeds = seedsOf(writeUp.runs.map((run) => run.plan));
  const kernels = valuesOf(writeUp, "kernel");
  return {
    facts: [
      ["pageblock", packageVersion()],
      ["Node.js", process.version],
      ...(writeUp.language === "" ? [] : [["language of the cells", writeUp.language] as [string, string]]),
      ["kernel profiles", kernels.length > 0 ? kernels.join(", ") : "none in the plans"],
      ["seeds", seeds ?? "none: nothing in these plans is random"],
      ["plans", String(writeUp.runs.length)],
      ["SHA-256 of the cells", writeUp.sourceSha256],
      ["SHA-256 of the results", writeUp.resultsSha256],
    ],
    plans: writeUp.runs.map((run) => ({ plan: canonicalJson(run.plan), sha256: run.sha256 })),
  };
}

/** The different values of one key of the plans, also of what a plan holds (its machine), in order of appearance. */
function valuesOf(writeUp: WriteUp, key: string): string[] {
  const found = new Set<string>();
  const look = (value: unknown, depth: number) => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    for (const [name, inner] of Object.entries(value))
      if (name !== key) {
        if (depth < 2) look(inner, depth + 1);
      } else if (typeof inner === "string" || typeof inner === "number") found.add(String(inner));
  };
  for (const run of writeUp.runs) look(run.plan, 0);
  return [...found];
}
