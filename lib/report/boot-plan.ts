/** Plans of a boot: `BootRequest` in, the keys of `pageblock boot --json` out. */
import { z } from "zod";
import { InputError } from "../base/errors";
import { boot } from "../machine/boot";
import { bootJson } from "../machine/boot-json";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import { kernelProfile } from "../mm/profile";
import type { PlanKind, StoredPlan } from "./plan-kind";

const bytes = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

const cma = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("configured") }),
  z.strictObject({ kind: z.literal("off") }),
  z.strictObject({
    kind: z.literal("area"),
    bytes: bytes.min(1),
    base: bytes,
    limit: bytes,
    fixed: z.boolean(),
  }),
]);

const request = z.strictObject({
  kind: z.literal("boot").optional(),
  board: z.string(),
  pageSize: bytes.optional(),
  memoryBytes: bytes.optional(),
  cma: cma.optional(),
  kernel: z.string().optional(),
  thp: z.boolean().optional(),
  thpEnabled: z.boolean().optional(),
  hugetlb: z.boolean().optional(),
  hugePages: z
    .strictObject({ pools: z.array(z.strictObject({ bytes, count: bytes })).max(16), cmaBytes: bytes })
    .optional(),
  pageBlockMaxOrder: z.number().int().optional(),
  switches: z.record(z.string(), z.unknown()).optional(),
});

export const BOOT_PLAN: PlanKind = {
  name: "boot",
  matches: (plan) => Object.hasOwn(plan, "board") && !Object.hasOwn(plan, "machine"),
  run(plan) {
    const checked = checkedRequest(plan);
    if (checked.switches !== undefined) kernelProfile(resolveBoot(checked).release, checked.switches);
    return bootJson(boot(checked));
  },
};

function checkedRequest(plan: StoredPlan): BootRequest {
  const parsed = request.safeParse(plan);
  if (parsed.success) return parsed.data as BootRequest;
  const issue = parsed.error.issues[0]!;
  throw new InputError(`plan: ${issue.path.map(String).join(".") || "top level"}: ${issue.message}`);
}
