/** The kernels that the plans of a write-up run: those they name, and the default where a machine names none. */
import type { Run } from "../chart/figure";
import { BOOT_DEFAULTS } from "../machine/boot-request";
import { kernelOfDistribution } from "../machine/own-board";
import { isObject } from "../schema/check";

/** Plans hold machines no deeper; a plan may be from an untrusted source. */
const DEPTH_MAX = 6;
const RECORDED = /(?:^|[/-])(\d{1,2}\.\d{1,3}(?:\.\d{1,4})?)(?=[/-])/;

/** `6.1`, `6.19`, `recordings of 6.12.107, 7.3.4`, in the order of their first use; empty if no plan runs a kernel. */
export function kernelsOf(runs: readonly Pick<Run, "plan">[]): string[] {
  const run = new Set<string>();
  const recorded = new Set<string>();
  for (const { plan } of runs) {
    collect(plan, run, 0);
    const release = isObject(plan) && plan.kind === "recording" ? RECORDED.exec(String(plan.path)) : null;
    if (release !== null) recorded.add(release[1]!);
  }
  return [...run, ...(recorded.size > 0 ? [`recordings of ${[...recorded].join(", ")}`] : [])];
}

function collect(value: unknown, found: Set<string>, depth: number): void {
  if (depth > DEPTH_MAX || typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const inner of value) collect(inner, found, depth + 1);
    return;
  }
  const given = value as Record<string, unknown>;
  const turned = isObject(given.over) ? (given.over["machine.kernel"] ?? given.over.kernel) : undefined;
  if (Array.isArray(turned)) {
    for (const kernel of turned) if (typeof kernel === "string") found.add(kernel);
  } else if (Array.isArray(given.variants) && isObject(given.machine)) {
    for (const variant of given.variants) found.add(kernelOf(mergedMachine(given.machine, variant)));
  } else if (typeof given.board === "string" || Array.isArray(given.ram)) found.add(kernelOf(given));
  else for (const inner of Object.values(given)) collect(inner, found, depth + 1);
}

/** A variant's fields in place of the machine's. */
function mergedMachine(machine: Record<string, unknown>, variant: unknown): Record<string, unknown> {
  if (typeof variant === "string") return { ...machine, kernel: variant };
  if (!isObject(variant)) return machine;
  return { ...machine, ...variant, ...(isObject(variant.machine) ? variant.machine : {}) };
}

function kernelOf(machine: Record<string, unknown>): string {
  if (typeof machine.kernel === "string") return machine.kernel;
  try {
    return kernelOfDistribution(machine as never) ?? BOOT_DEFAULTS.kernel;
  } catch {
    return BOOT_DEFAULTS.kernel;
  }
}
