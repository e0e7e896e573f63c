/** The end of every write-up: what is needed to run it again and to see whether the same comes out. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { canonicalJson } from "../base/canonical-json";
import { kernelsOf } from "./kernels";
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
  const kernels = kernelsOf(writeUp.runs);
  return {
    facts: [
      ["pageblock", packageVersion()],
      ["Node.js", process.version],
      ...(writeUp.language === "" ? [] : [["language of the cells", writeUp.language] as [string, string]]),
      ["kernel profiles", kernels.length > 0 ? kernels.join(", ") : "none: no kernel is run in these plans"],
      ["seeds", seeds ?? "none: nothing in these plans is random"],
      ["plans", String(writeUp.runs.length)],
      ["SHA-256 of the cells", writeUp.sourceSha256],
      ["SHA-256 of the results", writeUp.resultsSha256],
    ],
    plans: writeUp.runs.map((run) => ({ plan: canonicalJson(run.plan), sha256: run.sha256 })),
  };
}
