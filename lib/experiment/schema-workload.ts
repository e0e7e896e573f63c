/** What the workload of a plan may be: known kinds with known parameters, composed within limits. */
import { z } from "zod";
import { InputError } from "../base/errors";
import { durationMs, resolveParameters, workloadKind } from "../workload";
import { partsOf } from "../workload/scheduler";
import type { LeafWorkload, WorkloadSpec } from "../workload/workload";
import { attempt, PLAN_LIMITS, shown } from "./schema-fields";

/** Composition is checked by hand: zod's report on a recursive union names every branch instead of the mistake. */
export const workloadSchema = z.unknown().transform((given, context): WorkloadSpec => {
  let parts = 0;
  const issue = (path: PropertyKey[], message: string): never => {
    context.addIssue({ code: "custom", message, path });
    return z.NEVER;
  };
  const read = (value: unknown, path: PropertyKey[], depth: number): WorkloadSpec | undefined => {
    if (++parts > PLAN_LIMITS.workloadParts)
      return issue(path, `workload: must have at most ${PLAN_LIMITS.workloadParts} parts`);
    if (depth > PLAN_LIMITS.workloadDepth)
      return issue(path, `workload: may be nested ${PLAN_LIMITS.workloadDepth} deep`);
    if (typeof value !== "object" || value === null || Array.isArray(value))
      return issue(
        path,
        `workload: must be {kind, …}, {sequence: […]} or {together: […]}: got ${shown(value)}`,
      );
    const keys = Object.keys(value);
    for (const join of ["sequence", "together"] as const) {
      if (!keys.includes(join)) continue;
      const list = (value as Record<string, unknown>)[join];
      if (keys.length > 1 || !Array.isArray(list) || list.length === 0)
        return issue([...path, join], `workload: ${join} must be a list with parts and nothing beside it`);
      const read1 = list.map((part, i) => read(part, [...path, join, i], depth + 1)!);
      return (join === "sequence" ? { sequence: read1 } : { together: read1 }) as WorkloadSpec;
    }
    const leaf = value as LeafWorkload;
    if (typeof leaf.kind !== "string")
      return issue(path, `workload: must name its kind, or have sequence or together: got ${shown(value)}`);
    try {
      resolveParameters(leaf);
      durationMs(leaf);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const at =
        keys.find((k) => k !== "kind" && error.message.includes(`"${k}"`)) ??
        keys.find((k) => k !== "kind" && error.message.includes(`: ${k}:`));
      return issue(at === undefined ? [...path, "kind"] : [...path, at], error.message);
    }
    return { ...leaf, kind: workloadKind(leaf.kind).kind };
  };
  const spec = read(given, [], 0);
  if (context.issues.length > 0 || spec === undefined) return z.NEVER;
  return attempt(context, () => {
    const { before } = partsOf(spec);
    const ms = before.reduce((sum, part) => sum + durationMs(part), 0);
    if (ms > PLAN_LIMITS.durationMs)
      throw new InputError(
        `workload: must end within 3650 simulated days: got ${Math.round(ms / 86_400_000)}`,
      );
    return spec;
  });
});
