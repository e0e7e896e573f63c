// biome-ignore-all lint/suspicious/noThenProperty: "this, then that" is how one says it; awaited, it is the plain spec
/**
 * Workloads in a script: `workload.kernelBuild({ jobs: 4 })`, composed with then, after, with and during. They build
 * the plain spec of a plan; nothing runs here.
 */

import { InputError } from "../base/errors";
import { camel, inBothSpellings } from "../base/spelling";
import { isObject } from "../schema/check";
import type { Field, Fields } from "../schema/field";
import type { ParametersIn } from "../schema/parameters";
import { shown } from "../schema/place";
import { durationMs, type KnownWorkloads, resolveParameters, WORKLOADS } from "../workload";
import { isSequence, isTogether, type LeafWorkload, type WorkloadSpec } from "../workload/workload";
import { onlyOne, parametersOf } from "./given";

/** A workload, or its plain spec. */
export type AnyWorkload = WorkloadBuilder | WorkloadSpec;

/** The plain spec of a workload. */
export function workloadSpec(given: AnyWorkload): WorkloadSpec {
  if (given instanceof WorkloadBuilder) return given.toJSON();
  mustBeWorkload(given, 0);
  return given;
}

/** Deeper than any plan allows; what holds itself ends here. */
const DEPTH_MAX = 64;

/** Checks only what a composition rests on: kinds and parameters are checked with the plan. */
function mustBeWorkload(given: unknown, depth: number): void {
  const refuse = () =>
    new InputError(
      `workload: must be a workload such as workload.uptime("1 day"), or its plain spec: got ${shown(given)}`,
    );
  if (!isObject(given) || depth > DEPTH_MAX) throw refuse();
  const parts = given.sequence ?? given.together;
  if (parts === undefined && typeof given.kind !== "string") throw refuse();
  if (parts === undefined) return;
  if (!Array.isArray(parts)) throw refuse();
  for (const part of parts) mustBeWorkload(part, depth + 1);
}

/** A workload under construction. Immutable: every step returns a new one. */
export class WorkloadBuilder {
  private readonly spec: WorkloadSpec;

  /** Use {@link workload}. */
  constructor(spec: WorkloadSpec) {
    this.spec = spec;
    Object.freeze(this);
  }

  /** First this, then `next`. */
  then(next: AnyWorkload): WorkloadBuilder;
  /** Called by `await`: an awaited workload is its plain spec. */
  then<T, U>(resolve: (spec: WorkloadSpec) => T, reject?: ((error: unknown) => U) | null): Promise<T | U>;
  then(
    next: AnyWorkload | ((spec: WorkloadSpec) => unknown),
    reject?: ((error: unknown) => unknown) | null,
  ): unknown {
    if (typeof next === "function") return Promise.resolve(this.toJSON()).then(next, reject);
    return inTurn(this.spec, workloadSpec(next));
  }

  /**
   * First `before`, then this: `workload.camera("endless").after(workload.uptime("30 days"))`. Only an endless last part goes on
   * during the requests. Without a duration a workload has that of its table, here as in a plan file, and ends before them.
   */
  after(before: AnyWorkload): WorkloadBuilder {
    return inTurn(workloadSpec(before), this.spec);
  }

  /** This and `other` side by side. */
  with(other: AnyWorkload): WorkloadBuilder {
    return sideBySide(this.spec, workloadSpec(other));
  }

  /** Runs this while `other` goes on: both side by side, with `other` started first. */
  during(other: AnyWorkload): WorkloadBuilder {
    return sideBySide(workloadSpec(other), this.spec);
  }

  /** Its simulated duration in milliseconds; Infinity if a part runs until it is stopped. */
  get lastsMs(): number {
    return durationMs(this.spec);
  }

  /** The plain spec, as a plan holds it. */
  toJSON(): WorkloadSpec {
    return structuredClone(this.spec);
  }
}

/** One list of parts however the calls nest, as one writes it in a plan file: one experiment has one plan. */
function inTurn(...parts: readonly WorkloadSpec[]): WorkloadBuilder {
  return new WorkloadBuilder({
    sequence: parts.flatMap((part) => (isSequence(part) ? part.sequence : [part])),
  });
}

function sideBySide(...parts: readonly WorkloadSpec[]): WorkloadBuilder {
  return new WorkloadBuilder({
    together: parts.flatMap((part) => (isTogether(part) ? part.together : [part])),
  });
}

/** Makes a workload from its parameters, or from its duration alone if given text. */
export type WorkloadMaker<P extends Fields> =
  Record<never, never> extends ParametersIn<P>
    ? (parameters?: ParametersIn<P> | (P extends { duration: Field } ? string : never)) => WorkloadBuilder
    : (parameters: ParametersIn<P>) => WorkloadBuilder;

/** Every workload by its name in camelCase: `workload.kernelBuild("2h")`. */
export type Workloads = {
  readonly [K in keyof KnownWorkloads]: WorkloadMaker<KnownWorkloads[K]["parameters"]>;
};

function maker(kind: string) {
  return (parameters: Record<string, string | number | boolean> | string = {}, ...more: unknown[]) => {
    onlyOne(`workload ${kind}`, more, "one object of parameters, or a duration alone");
    const given = typeof parameters === "string" ? { duration: parameters } : parameters;
    const leaf: LeafWorkload = { kind, ...parametersOf(`workload ${kind}`, "kind", given) };
    resolveParameters(leaf);
    durationMs(leaf);
    return new WorkloadBuilder(leaf);
  };
}

/**
 * Workloads by name, in camelCase; `workload["kernel-build"]`, the name in plans, works too.
 * @throws InputError for an unknown parameter or an invalid value; the message lists the parameters or states the limit
 * @example
 * ```ts
 * import { workload } from "pageblock";
 *
 * const day = workload.camera().after(workload.uptime("1 day"));
 * day.toJSON(); // => { sequence: [{ kind: "uptime", duration: "1 day" }, { kind: "camera" }] }
 * ```
 */
export const workload: Workloads = inBothSpellings(
  Object.fromEntries([...WORKLOADS.keys()].map((kind) => [camel(kind), maker(kind)])),
) as unknown as Workloads;
