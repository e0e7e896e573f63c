/**
 * The differences between two variants of a machine, one by one: switches of the allocator that their releases or their plans
 * set differently, and fields of the machine. Each can be flipped alone. What two releases do differently and nothing can set
 * alone is named.
 */
import { canonicalJson } from "../base/canonical-json";
import { InputError } from "../base/errors";
import { BOOT_RULES } from "../hardware/kernel-boot-rules";
import { bootRules } from "../hardware/kernel-release";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import { kernelProfile } from "../mm/state/profile";
import { type KernelsSpec, runOfParts, variantParts } from "../plan/compare-kernels";
import { parsePlan } from "../plan/run";
import { valueText } from "../plan/variant";

/** A machine and its system as a plan has them. */
export type Parts = ReturnType<typeof variantParts>;

/** One difference, with its value in the first and in the second variant, in words. */
export interface KernelDifference {
  of: "switch" | "machine" | "system";
  name: string;
  a: string;
  b: string;
}

/** A difference that can be flipped alone: each variant with the other's value of it. */
export interface Flip extends KernelDifference {
  /** The first variant with this difference set as in the second, and the second with it set back. */
  forward: Parts;
  back: Parts;
}

/** A difference that nothing sets alone, and why. */
export interface FixedDifference {
  name: string;
  reason: string;
}

export interface Differences {
  flips: Flip[];
  fixed: FixedDifference[];
  /** The first variant with every flip. */
  all: Parts;
}

const releaseOf = (machine: BootRequest) => resolveBoot(machine).release;
const switchesOf = (machine: BootRequest) => kernelProfile(releaseOf(machine), machine.switches);

/** The differences of the two variants of a plan. */
export function differencesOf(spec: KernelsSpec): Differences {
  const [a, b] = [variantParts(spec, spec.variants[0]!), variantParts(spec, spec.variants[1]!)];
  const [sa, sb] = [switchesOf(a.machine), switchesOf(b.machine)] as unknown as Record<string, unknown>[];
  const flips: Flip[] = [];
  const fixed = fixedRules(a.machine, b.machine);
  const offer = (of: Flip["of"], name: string, values: readonly [unknown, unknown]) => {
    const told = { of, name, a: valueText(values[0]), b: valueText(values[1]) };
    const forward = withValue(a, of, name, values[1]);
    const back = withValue(b, of, name, values[0]);
    const reason = refusalOf(spec, forward) ?? refusalOf(spec, back);
    if (reason === null) flips.push({ ...told, forward, back });
    else fixed.push({ name, reason });
  };
  for (const name of Object.keys(sa!))
    if (sa![name] !== sb![name]) offer("switch", name, [sa![name], sb![name]]);
  for (const of of ["machine", "system"] as const) {
    const [x, y] = [fieldsOf(a, of), fieldsOf(b, of)];
    for (const name of new Set([...Object.keys(x), ...Object.keys(y)]))
      if (textOf(x[name]) !== textOf(y[name])) offer(of, name, [x[name], y[name]]);
  }
  const all = flips.reduce((parts, { of, name }) => withValue(parts, of, name, valueIn(b, of, name)), a);
  return { flips, fixed, all };
}

const textOf = (value: unknown) => (value === undefined ? "" : canonicalJson(value));

/** Fields beside the release and its switches, which are taken apart switch by switch. */
function fieldsOf({ machine, system = {} }: Parts, of: "machine" | "system"): Record<string, unknown> {
  const { kernel: _kernel, switches: _switches, ...rest } = machine;
  return { ...(of === "machine" ? rest : system) };
}

function valueIn(parts: Parts, of: Flip["of"], name: string): unknown {
  if (of !== "switch") return fieldsOf(parts, of)[name];
  return (switchesOf(parts.machine) as unknown as Record<string, unknown>)[name];
}

/** The same with one field or switch set; undefined takes it away. */
function withValue({ machine, system }: Parts, of: Flip["of"], name: string, value: unknown): Parts {
  if (of === "switch")
    return {
      machine: { ...machine, switches: { ...machine.switches, [name]: value } },
      ...(system !== undefined && { system }),
    };
  const changed: Record<string, unknown> = { ...(of === "machine" ? machine : system), [name]: value };
  if (value === undefined) delete changed[name];
  if (of === "system") return { machine, system: changed };
  return { machine: changed as unknown as BootRequest, ...(system !== undefined && { system }) };
}

/** Why no machine has these parts, or null. */
function refusalOf(spec: KernelsSpec, parts: Parts): string | null {
  try {
    parsePlan(runOfParts(spec, parts, spec.firstSeed));
    return null;
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

/** Rules of boot, set-up and reports that belong to a release as a whole. */
function fixedRules(a: BootRequest, b: BootRequest): FixedDifference[] {
  const [x, y] = [bootRules(releaseOf(a)), bootRules(releaseOf(b))] as unknown as Record<string, unknown>[];
  return Object.keys(x!)
    .filter((name) => x![name] !== y![name])
    .map((name) => ({
      name,
      reason: `a rule of the release at boot or in reports, which no field sets: ${BOOT_RULES[name as keyof typeof BOOT_RULES].concerns}`,
    }));
}
