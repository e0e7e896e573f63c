/**
 * Names of the fields that a sweep varies. None is listed here: a name is a path into the plan, a word or a name from the statements
 * of a plan's fields, or a parameter of a kind of workload that the plan has once.
 */
import { InputError, unknownName } from "../base/errors";
import { HARMFUL_KEYS } from "../base/harmful-keys";
import { camel } from "../base/spelling";
import { SYSTEM_GONE } from "../machine/system-options";
import { type Plan, RUN_FIELDS } from "../plan/run";
import type { SweepValue } from "../plan/sweep";
import { workloadFields } from "../plan/workload";
import { spelled, spellings } from "../schema/check";
import { type Flag, flagsOf } from "../schema/flags";
import { findStrategy } from "../strategy";
import { WORKLOADS } from "../workload";
import { type LeafWorkload, leavesOf } from "../workload/workload";

/** How a parameter changes a plan. */
export type Setter = (draft: Plan, value: SweepValue) => void;

/** The name of the strategy is what people mean by a strategy that varies: its parameters stay where it has them. */
const STRATEGY_PATH: readonly string[] = ["strategy", "name"];

/** Every word that names one field of a plan, with the field's path. */
let shortNames: ReadonlyMap<string, readonly string[]> | undefined;

function shortPaths(): ReadonlyMap<string, readonly string[]> {
  if (shortNames !== undefined) return shortNames;
  const found = new Map<string, readonly string[]>();
  const twice = new Set<string>();
  const flags = flagsOf(RUN_FIELDS);
  // A flag is the only one of its name; the name of a field may be that of another one.
  for (const { name, path } of flags) found.set(camel(name), pathOf(path));
  for (const { name, path, field } of flags)
    for (const own of otherNames({ path, field })) {
      if (own === camel(name)) continue;
      if (found.has(own)) twice.add(own);
      else found.set(own, pathOf(path));
    }
  for (const own of twice) if (!flags.some(({ name }) => camel(name) === own)) found.delete(own);
  shortNames = found;
  return found;
}

const pathOf = (path: readonly string[]) => (path.join(".") === "strategy" ? STRATEGY_PATH : path);

function otherNames({ path, field }: Pick<Flag, "path" | "field">): string[] {
  const { word, was = [] } = field.facts;
  return [path.at(-1)!, ...(word === undefined ? [] : [word]), ...was];
}

/** How the parameter called `name` changes `plan`. Throws InputError at `where` for a name that no field has. */
export function setter(name: string, plan: Plan, where: string): Setter {
  const ofWorkload = workloadSetter(name, plan, where);
  if (ofWorkload !== undefined) return ofWorkload;
  if (Object.hasOwn(SYSTEM_GONE, name)) throw new InputError(`${where}: ${SYSTEM_GONE[name]}`);
  const path = shortPaths().get(name) ?? ownPath(name.split(/\.|\[(\d+)\]\.?/).filter((p) => p));
  if (!Object.hasOwn(RUN_FIELDS, path[0] ?? ""))
    throw new InputError(
      `${where}: ${unknownName("parameter", name, [...shortPaths().keys(), ...Object.keys(RUN_FIELDS)]).message}`,
    );
  if (path.some((p) => HARMFUL_KEYS.has(p))) throw new InputError(`${where}: is no field of a plan`);
  const namesStrategy = path.join(".") === STRATEGY_PATH.join(".");
  return (draft, value) => {
    // The plan is checked again when it is changed: until then it may be anything.
    let at = draft as unknown as Record<string, unknown>;
    for (const step of path.slice(0, -1)) {
      const next = at[step];
      if (next === undefined) at = at[step] = {};
      else if (typeof next === "object" && next !== null) at = next as Record<string, unknown>;
      else throw new InputError(`${where}: ${step} of the plan has no fields`);
    }
    setOrLeaveOut(at, path.at(-1)!, value);
    if (namesStrategy) dropForeign(draft);
  };
}

/** null: the field is as if nobody had stated it. */
function setOrLeaveOut(at: Record<string, unknown>, field: string, value: SweepValue): void {
  if (value === null) delete at[field];
  else at[field] = value;
}

/** A path with the fields under their own names: `request.size` is `request.bytes`. */
function ownPath(written: readonly string[]): readonly string[] {
  let fields = RUN_FIELDS as Parameters<typeof spellings>[0] | undefined;
  const path = written.map((step) => {
    const own: string = (fields && spellings(fields).get(step)) ?? step;
    const form = fields?.[own]?.form;
    fields = form?.kind === "object" ? form.fields : undefined;
    return own;
  });
  return pathOf(path);
}

/** Another strategy does not take over parameters that it does not have. */
function dropForeign(draft: Plan): void {
  const strategy = findStrategy(draft.strategy.name);
  for (const key of Object.keys(draft.strategy))
    if (key !== "name" && !Object.hasOwn(strategy.parameters, key)) delete draft.strategy[key];
}

/** `scatter-unmovable.share`: a parameter of the one part of the workload that is of this kind. */
function workloadSetter(name: string, plan: Plan, where: string): Setter | undefined {
  const [first, parameter, ...rest] = name.split(".");
  const kind = spelled(first!, [...WORKLOADS.keys()]);
  if (kind === undefined || parameter === undefined || rest.length > 0) return undefined;
  const fields = workloadFields(kind);
  const own = spellings(fields).get(parameter);
  if (own === undefined)
    throw new InputError(
      `${where}: ${unknownName(`parameter of workload ${kind}`, parameter, Object.keys(fields)).message}`,
    );
  const isIt = (leaf: LeafWorkload) => leaf.kind === kind;
  const parts = leavesOf(plan.workload).filter(isIt).length;
  if (parts !== 1)
    throw new InputError(
      `${where}: the plan's workload must have one part of kind ${kind}, which is varied: got ${parts}`,
    );
  return (draft, value) => {
    setOrLeaveOut(leavesOf(draft.workload).find(isIt)! as Record<string, unknown>, own, value);
  };
}
