/** Command-line flags from statements: one per field, with its unit and default in the help. */

import { type Command, InvalidArgumentError, Option } from "commander";
import { parse as parseYaml } from "yaml";
import { errorOf, InputError } from "../base/errors";
import { kebab } from "../base/spelling";
import { isObject } from "./check";
import type { Field, Fields } from "./field";
import { defaultText, valueText } from "./table";

/** One flag, and the place of the field that it sets. */
export interface Flag {
  /** `memory`, without dashes. */
  name: string;
  path: readonly string[];
  field: Field;
}

/** Every flag of `fields`, including those of parts. A field with `flag: false` has none, nor have the fields in it. */
export function flagsOf(fields: Fields, path: readonly string[] = []): Flag[] {
  const found = Object.entries(fields).flatMap(([own, field]): Flag[] => {
    const { flag, word } = field.facts;
    if (flag === false || field.form.kind === "literal") return [];
    const here = [...path, own];
    if (field.form.kind === "object" && flag === undefined) return flagsOf(field.form.fields, here);
    return [{ name: flag ?? kebab(word ?? own), path: here, field }];
  });
  const twin = found.find((a, i) => found.findIndex((b) => b.name === a.name) !== i);
  if (twin !== undefined)
    throw new Error(`internal error: two fields have the flag --${twin.name}: give one a flag of its own`);
  return found;
}

/** Adds the flags to `command`, except those in `except`, which the command reads itself. */
export function addFlags(command: Command, flags: readonly Flag[], except: readonly string[] = []): Command {
  for (const { name, field } of flags) {
    if (except.includes(name)) continue;
    const { doc, default: given } = field.facts;
    const facts = [valueText(field.form), ...(given === undefined ? [] : [`default: ${defaultText(field)}`])];
    const option = new Option(`--${name} <value>`, `${doc} (${facts.join("; ")})`);
    const read = (text: string, before: unknown) => fromText(field, text, before);
    command.addOption(option.argParser(read));
    for (const former of formerNames({ name, field }))
      command.addOption(new Option(`--${former} <value>`).hideHelp().argParser(read));
  }
  return command;
}

/** `value` with the values of the given flags in place; missing parts on their paths are created. */
export function withFlags(
  value: Readonly<Record<string, unknown>>,
  flags: readonly Flag[],
  given: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const out = structuredClone(value) as Record<string, unknown>;
  for (const { name, path, field } of flags) {
    const told = [name, ...formerNames({ name, field })]
      .map((one) => given[optionKey(one)])
      .find((v) => v !== undefined);
    if (told === undefined) continue;
    let at = out;
    for (const step of path.slice(0, -1)) {
      if (!isObject(at[step])) at[step] = {};
      at = at[step] as Record<string, unknown>;
    }
    const own = path.at(-1)!;
    for (const spelling of [field.facts.word, ...(field.facts.was ?? [])])
      if (spelling !== undefined) delete at[spelling];
    at[own] = told;
  }
  return out;
}

/** Flags that set a field in earlier versions. */
function formerNames({ name, field }: Pick<Flag, "name" | "field">): string[] {
  return (field.facts.was ?? []).map(kebab).filter((former) => former !== name);
}

/** Commander's key for a flag: `page-size` → `pageSize`. */
export function optionKey(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, c: string) => c.toUpperCase());
}

const SWITCHES: Readonly<Record<string, boolean>> = { on: true, off: false, true: true, false: false };

/** The value of a field from command-line text: lists and objects as YAML, or as repeated `name=value`. */
export function fromText(field: Field, text: string, before?: unknown): unknown {
  const { form } = field;
  switch (form.kind) {
    case "whole":
    case "number":
      if (!/^[+-]?(\d+(?:\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text))
        throw new InvalidArgumentError("must be a number.");
      return Number(text);
    case "truth":
      if (!Object.hasOwn(SWITCHES, text)) throw new InvalidArgumentError("must be on or off.");
      return SWITCHES[text];
    case "size":
    case "time":
    case "text":
    case "name":
      return text;
    case "literal":
      return typeof form.value === "number" ? Number(text) : text;
    case "list":
      return added(
        /^\s*[[{]/.test(text) ? yaml(text) : text.split(",").map((part) => fromText(form.of, part.trim())),
        before,
      );
    case "record":
    case "object":
      return { ...(isObject(before) && before), ...pairs(text) };
    case "either":
    case "parsed":
      return ofSeveral(form.kind === "either" ? form.of : form.written(), text, before);
  }
}

/** A repeated list flag appends; a single entry is a list of one. */
function added(read: unknown, before: unknown): unknown[] {
  const entries = Array.isArray(read) ? read : [read];
  return Array.isArray(before) ? [...before, ...entries] : entries;
}

/** `{ a: 1 }`, or `a=1`. */
function pairs(text: string): Record<string, unknown> {
  const [, key, value] = /^\s*([\w-]+)=(.*)$/s.exec(text) ?? [];
  const read = key === undefined ? yaml(text) : { [key]: yaml(value!) };
  if (!isObject(read)) throw new InvalidArgumentError("must be name=value, or an object such as { a: 1 }.");
  return read;
}

/**
 * A field with several notations: text that looks like an object is one; otherwise it is text if allowed, entries of a
 * list between commas, or a YAML scalar.
 */
function ofSeveral(of: readonly Field[], text: string, before: unknown): unknown {
  if (/^\s*[[{]/.test(text)) return yaml(text);
  if (/^\s*[\w-]+=/.test(text)) return { ...(isObject(before) && before), ...pairs(text) };
  if (/^\s*\d+\s*$/.test(text) && of.some(({ form }) => form.kind === "whole")) return Number(text);
  const textual = of.some(({ form }) => ["size", "time", "text", "name"].includes(form.kind));
  const many = of.find(({ form }) => form.kind === "list");
  return textual ? text : many === undefined ? yaml(text) : fromText(many, text, before);
}

function yaml(text: string): unknown {
  try {
    return parseYaml(text, { version: "1.2", logLevel: "error", stringKeys: true, maxAliasCount: 100 });
  } catch (error) {
    throw new InputError(`${text.slice(0, 60)}: is not YAML: ${errorOf(error).message.split("\n")[0]}`);
  }
}
