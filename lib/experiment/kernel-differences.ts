/**
 * The differences between two variants of a machine, one by one: switches of the allocator that their releases or their plans
 * set differently, and fields of the machine. Each can be flipped alone. What two releases do differently and nothing can set
 * alone is named.
 */
import { canonicalJson } from "../base/canonical-json";
import { InputError } from "../base/errors";
import { pointsOf } from "../change/decide";
import { BOOT_RULES } from "../hardware/kernel-boot-rules";
import { bootRules } from "../hardware/kernel-release";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import { kernelProfile } from "../mm/state/profile";
import { type KernelsSpec, runOfParts, variantParts } from "../plan/compare-kernels";
import { parsePlan } from "../plan/run";
import { valueText } from "../plan/variant";

/** A machine and its system as a plan has them. */
export type Parts = ReturnType<typeof variantParts>;

/** One difference, with its value in the first and in the second variant, in words. `change`: one decision point of a change. */
export interface KernelDifference {
  of: "switch" | "machine" | "system" | "change";
  name: string;
  a: string;
  b: string;
}

/** What fields and switches set; a decision point is a part of the field `change`. */
type Settable = Exclude<KernelDifference["of"], "change">;

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
  const take = (flip: Flip) => {
    const reason = refusalOf(spec, flip.forward) ?? refusalOf(spec, flip.back);
    if (reason === null) flips.push(flip);
    else fixed.push({ name: flip.name, reason });
  };
  const offer = (of: Settable, name: string, values: readonly [unknown, unknown]) =>
    take({
      of,
      name,
      a: valueText(values[0]),
      b: valueText(values[1]),
      forward: withValue(a, of, name, values[1]),
      back: withValue(b, of, name, values[0]),
    });
  for (const name of Object.keys(sa!))
    if (sa![name] !== sb![name]) offer("switch", name, [sa![name], sb![name]]);
  for (const of of ["machine", "system"] as const) {
    const [x, y] = [fieldsOf(a, of), fieldsOf(b, of)];
    for (const name of new Set([...Object.keys(x), ...Object.keys(y)])) {
      if (textOf(x[name]) === textOf(y[name])) continue;
      const points = name === "change" ? pointFlips(a, b) : [];
      if (points.length < 2) offer(of, name, [x[name], y[name]]);
      else points.forEach(take);
    }
  }
  const all = flips.reduce(
    (parts, { of, name }) =>
      of === "change"
        ? withValue(parts, "machine", of, b.machine.change)
        : withValue(parts, of, name, valueIn(b, of, name)),
    a,
  );
  return { flips, fixed, all };
}

/**
 * The decision points of a change that one of the variants has: each alone in the first, and left out of the second; or, if the
 * first has the change, the other way round. None if both have one: their points have no common stock rule.
 */
function pointFlips(a: Parts, b: Parts): Flip[] {
  const [first, second] = [a.machine.change, b.machine.change];
  const code = first ?? second;
  if (code === undefined || (first !== undefined && second !== undefined)) return [];
  const points = code.points ?? pointsOf(code);
  return points.map((point) => {
    const alone = { ...code, points: [point] };
    const without = { ...code, points: points.filter((one) => one !== point) };
    const [forward, back] = first === undefined ? [alone, without] : [without, alone];
    const words = [first, second].map((one) => (one === undefined ? "stock" : code.name)) as [string, string];
    return {
      of: "change",
      name: point,
      a: words[0],
      b: words[1],
      forward: withValue(a, "machine", "change", forward),
      back: withValue(b, "machine", "change", back),
    };
  });
}

const textOf = (value: unknown) => (value === undefined ? "" : canonicalJson(value));

/** Fields beside the release and its switches, which are taken apart switch by switch. */
function fieldsOf({ machine, system = {} }: Parts, of: "machine" | "system"): Record<string, unknown> {
  const { kernel: _kernel, switches: _switches, ...rest } = machine;
  return { ...(of === "machine" ? rest : system) };
}

function valueIn(parts: Parts, of: Settable, name: string): unknown {
  if (of !== "switch") return fieldsOf(parts, of)[name];
  return (switchesOf(parts.machine) as unknown as Record<string, unknown>)[name];
}

/** The same with one field or switch set; undefined takes it away. */
function withValue({ machine, system }: Parts, of: Settable, name: string, value: unknown): Parts {
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
