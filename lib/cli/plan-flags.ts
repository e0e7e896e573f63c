/** Plans from the command line: a file, flags for every field of the plan, or both; flags override the file. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { InputError } from "../base/errors";
import { parseHugetlbCma } from "../machine/huge-pages";
import { PLAN_KINDS, type PlanStatement } from "../plan/kinds";
import { isObject } from "../schema/check";
import type { Field } from "../schema/field";
import { addFlags, type Flag, flagsOf, fromText, optionKey, withFlags } from "../schema/flags";
import { fieldPath, type Locate } from "../schema/place";
import { readPlanFile, type Written } from "../schema/plan-file";
import { type CodeFlags, withCode } from "./plan-code";

/** The flags as commander parsed them. */
export type GivenFlags = Readonly<Record<string, unknown>>;

/** The statement of a kind of plan. */
export function statementOf(kind: string): PlanStatement {
  return PLAN_KINDS.find(({ name }) => name === kind)!;
}

/** Flags of machines that set several fields at once, as the kernel command line does. */
const MACHINE_WORDS = ["thp", "kernelcore", "hugetlb-cma"];

/**
 * Adds a flag for every field of the kind, and `--print-plan`; except those in `except`, which the command reads
 * itself.
 */
export function withPlanFlags(command: Command, kind: string, except: readonly string[] = []): Command {
  const flags = flagsOf(statementOf(kind).fields);
  const words = flags.filter(({ name }) => MACHINE_WORDS.includes(name));
  addFlags(command, flags, [...except, ...words.map(({ name }) => name)]);
  for (const { name, field } of words)
    command.addOption(
      new Option(`--${name} <value>`, `${field.facts.doc}${MORE[name] ?? ""}`).argParser((text) =>
        WORDS[name]!(text, field),
      ),
    );
  if (words.length > 0)
    command.addOption(
      new Option("--huge <state>", "off: built without THP and without hugetlb").choices(["on", "off"]),
    );
  return withCodeFlag(command).option("--print-plan", "print the plan as JSON and run nothing");
}

/** Adds the flag that allows the code of a change. */
export function withCodeFlag(command: Command): Command {
  return command.option(
    "--allow-code <sha256>",
    "run the code of the plan's change with this SHA-256; may be repeated",
    (value: string, before: string[]) => [...before, value],
    [] as string[],
  );
}

const MORE: Readonly<Record<string, string>> = {
  thp: ": on, off, or never (transparent_hugepage=never)",
  kernelcore: " (2GiB, 50% or mirror)",
  "hugetlb-cma": " (2GiB, or by node 0:1GiB,1:1GiB)",
};

const WORDS: Readonly<Record<string, (text: string, field: Field) => unknown>> = {
  thp(text) {
    if (!["on", "off", "true", "false", "never"].includes(text))
      throw new InvalidArgumentError("must be on, off or never.");
    return text;
  },
  kernelcore: (text, field) => (text === "mirror" ? text : fromText(field, text)),
  "hugetlb-cma": (text) => text,
};

/** Converts the flags of machines to the fields that they set. */
function inFields(given: GivenFlags): GivenFlags {
  const { huge, thp, kernelcore, hugetlbCma, ...rest } = given;
  const told: Record<string, unknown> = { ...rest };
  if (huge !== undefined) told.thp = told.hugetlb = huge === "on";
  if (thp !== undefined) told.thp = thp !== "off" && thp !== "false";
  if (thp === "never") told.thpEnabled = false;
  else if (told.thp === true && thp !== undefined && told.thpEnabled === undefined) told.thpEnabled = true;
  if (kernelcore === "mirror") told.mirror = true;
  else if (kernelcore !== undefined) told.kernelcore = kernelcore;
  if (typeof hugetlbCma === "string" && hugetlbCma.includes(":")) {
    const { cmaBytes, cmaByNode } = parseHugetlbCma(hugetlbCma);
    told.hugetlbCma = cmaBytes;
    told.hugetlbCmaByNode = cmaByNode;
  } else if (hugetlbCma !== undefined) told.hugetlbCma = hugetlbCma;
  return told;
}

/** The unchecked plan of file and flags together; an error in a flag names the flag. */
export function writtenWith(kind: string, file: string | undefined, given: GivenFlags): Written {
  const written = file === undefined ? { file: "plan", value: {}, locate: fieldPath } : readPlanFile(file);
  if (kind === "run" && file !== undefined) refuseOtherKinds(file, written.value);
  return flagsIn(kind, written, given);
}

/** Fields that only plans of another kind have, and the command for it. */
const OTHER_KINDS: readonly (readonly [field: string, what: string, command: string])[] = [
  ["statement", "a run for robustness", "robust"],
  ["adapter", "a scorecard", "scorecard"],
  ["variants", "a comparison of variants", "compare-kernels"],
  ["strategies", "a comparison", "compare"],
  ["over", "a sweep", "sweep"],
  ["steps", "a machine led step by step", "steps"],
];

/** A plan for another command is told so, instead of the first field that a single run does not have. */
function refuseOtherKinds(file: string, value: unknown): void {
  if (!isObject(value)) return;
  const other = OTHER_KINDS.find(([field]) => Object.hasOwn(value, field));
  if (other !== undefined)
    throw new InputError(
      `${file}: is the plan of ${other[1]}, not of one run: use pageblock ${other[2]} ${file}`,
    );
}

/** The same for a plan that was already read or made. */
export function flagsIn(kind: string, written: Written, given: GivenFlags): Written {
  const flags = flagsOf(statementOf(kind).fields);
  const told = inFields(given);
  const value = withCode(
    withFlags(isObject(written.value) ? written.value : {}, flags, told),
    written.file,
    given as CodeFlags,
  );
  return { ...written, value, locate: naming(flags, told, written) };
}

/** Names the flag that set a field or, if there is no file, the flag that would set a missing field. */
function naming(flags: readonly Flag[], given: GivenFlags, written: Written): Locate {
  const inFile = isObject(written.value) && Object.keys(written.value).length > 0;
  return (path, key) => {
    const at = flags.find((flag) => flag.path.every((step, i) => spelledAs(flag, step, path[i], i)));
    if (at === undefined || (inFile && given[optionKey(at.name)] === undefined))
      return written.locate(path, key);
    const within = path.slice(at.path.length);
    return within.length === 0 && key === undefined
      ? `--${at.name}`
      : `--${at.name}: ${fieldPath(within, key)}`;
  };
}

function spelledAs(flag: Flag, step: string, given: PropertyKey | undefined, i: number): boolean {
  return (
    step === given || (i === flag.path.length - 1 && given !== undefined && flag.field.facts.word === given)
  );
}
