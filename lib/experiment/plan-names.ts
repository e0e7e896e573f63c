/** Names of many plans that have most of their parts in common. */
import { createHash } from "node:crypto";
import { canonicalJson } from "../base/canonical-json";
import type { Plan } from "./plan";

export interface PlanName {
  /** SHA-256 of the plan. */
  hash: string;
  /** The canonical JSON of its fields, without the seed. */
  unseeded: string;
}

/**
 * Names plans as sha256Of() does. Parts that plans have in common (the same objects) are written as canonical JSON
 * once, so nobody may change a plan that was named.
 */
export class PlanNames {
  private readonly written = new WeakMap<object, string>();

  nameOf(plan: Plan): PlanName {
    const fields = Object.entries(plan).filter(([, value]) => value !== undefined);
    fields.sort(([a], [b]) => (a < b ? -1 : 1));
    const texts = fields.map(([key, value]) => `${JSON.stringify(key)}:${this.textOf(value)}`);
    const hash = createHash("sha256")
      .update(`{${texts.join(",")}}`)
      .digest("hex");
    return { hash, unseeded: texts.filter((_, i) => fields[i]![0] !== "seed").join(",") };
  }

  private textOf(value: unknown): string {
    if (typeof value !== "object" || value === null) return canonicalJson(value);
    let text = this.written.get(value);
    if (text === undefined) {
      text = canonicalJson(value);
      this.written.set(value, text);
    }
    return text;
  }
}
