/** The end of every write-up: what is needed to run it again and to see whether the same comes out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../base/canonical-json";
import type { WriteUp } from "./write-up";

/** Facts as name and value, and the plans as lines of canonical JSON with the SHA-256 of their results. */
export interface Rerun {
  facts: [name: string, value: string][];
  plans: { plan: string; sha256: string }[];
}

export function rerunOf(writeUp: WriteUp): Rerun {
  const { version } = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8"));
  const seeds = valuesOf(writeUp, "seed");
  const kernels = valuesOf(writeUp, "kernel");
  return {
    facts: [
      ["pageblock", version],
      ["Node.js", process.version],
      ...(writeUp.language === "" ? [] : [["language of the cells", writeUp.language] as [string, string]]),
      ["kernel profiles", kernels.length > 0 ? kernels.join(", ") : "none in the plans"],
      ["seeds", seeds.length > 0 ? seeds.join(", ") : "none: nothing in these plans is random"],
      ["plans", String(writeUp.runs.length)],
      ["SHA-256 of the cells", writeUp.sourceSha256],
      ["SHA-256 of the results", writeUp.resultsSha256],
    ],
    plans: writeUp.runs.map((run) => ({ plan: canonicalJson(run.plan), sha256: run.sha256 })),
  };
}

/** The different values of one key of the plans, in order of appearance. */
function valuesOf(writeUp: WriteUp, key: string): string[] {
  const values = writeUp.runs.map((run) => (run.plan as Record<string, unknown> | null)?.[key]);
  return [...new Set(values.filter((v) => typeof v === "string" || typeof v === "number").map(String))];
}
