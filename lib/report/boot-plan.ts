/** Plans of a boot: `BootRequest` in, the keys of `pageblock boot --json` out. */
import { boot } from "../machine/boot";
import { bootJson } from "../machine/boot-json";
import { MACHINE } from "../machine/boot-request";
import { check } from "../schema/check";
import { fieldPath, type Locate } from "../schema/place";
import type { PlanKind } from "./plan-kind";

/** A stored plan has no file and lines, so errors name its fields. */
const inPlan: Locate = (path, key) =>
  path.length === 0 && key === undefined ? "plan" : `plan: ${fieldPath(path, key)}`;

export const BOOT_PLAN: PlanKind = {
  name: "boot",
  matches: (plan) => Object.hasOwn(plan, "board") && !Object.hasOwn(plan, "machine"),
  run(plan) {
    const { kind: _kind, ...fields } = plan;
    const request = check(MACHINE, fields, inPlan);
    return bootJson(boot(request), request.switches);
  },
};
