/**
 * A variant of a machine: what differs from the plan's machine, such as another release, a switch of the kernel, a sysctl,
 * the order of page blocks, the page size, a boot parameter. Whatever field a machine has, a variant can have.
 */
import { canonicalJson } from "../base/canonical-json";
import { InputError } from "../base/errors";
import { type BootRequest, MACHINE_FIELDS } from "../machine/boot-request";
import { SYSTEM, type SystemOptions } from "../machine/system-options";
import { isObject, mustBeFew, readField, spellings } from "../schema/check";
import {
  type Fields,
  type In,
  list,
  type ObjectField,
  object,
  optional,
  parsed,
  text,
} from "../schema/field";
import { FieldError, shown } from "../schema/place";

/** The fields in which variants may differ: variants of one plan are one board. */
const { board: _board, architecture: _architecture, ...DIFFERING } = MACHINE_FIELDS;

interface DifferenceField extends ObjectField<typeof DIFFERING> {}
const DIFFERENCE: DifferenceField = object("fields of the machine that differ", DIFFERING);

const WRITTEN = {
  label: optional(text("its name in the result", { longest: 80, default: "what differs" })),
  machine: optional(DIFFERENCE),
  system: optional(SYSTEM),
} satisfies Fields;

/** A checked variant. */
export interface Variant {
  label: string;
  machine?: Partial<BootRequest>;
  system?: SystemOptions;
}

interface Difference extends Partial<In<typeof DIFFERENCE>> {}

/** A variant as people write it: a release, or what differs; fields of the machine need not be under `machine`. */
export type VariantIn =
  | string
  | (Difference & {
      readonly label?: string;
      readonly machine?: Difference;
      readonly system?: In<typeof SYSTEM>;
    });

function readVariant(given: VariantIn): Omit<Variant, "label"> & { label: string | null } {
  if (typeof given === "string") return readVariant({ machine: { kernel: given } });
  if (!isObject(given))
    throw new InputError(`must be a kernel release, or an object with what differs: got ${shown(given)}`);
  mustBeFew(given, []);
  const { label, machine = {}, system, ...beside } = given as Record<string, unknown>;
  if (label !== undefined && (typeof label !== "string" || label.length > 80))
    throw new FieldError(["label"], `must be text of at most 80 characters: got ${shown(label)}`);
  if (!isObject(machine)) throw new FieldError(["machine"], `must be an object: got ${shown(machine)}`);
  const known = spellings(DIFFERING);
  for (const key of Object.keys(beside))
    if (known.has(key) && Object.hasOwn(machine, key))
      throw new FieldError([key], "is stated twice: also under machine");
  const differs = readField(DIFFERENCE, { ...beside, ...machine }, []) as Partial<BootRequest>;
  return {
    label: label ?? null,
    ...(Object.keys(differs).length > 0 && { machine: differs }),
    ...(system !== undefined && { system: readField(SYSTEM, system, ["system"]) }),
  };
}

const VARIANT = parsed("a variant of the machine", readVariant, [
  text("a kernel release"),
  object("what differs from the plan's machine", WRITTEN),
]);

const LIST = list("variants", VARIANT, { least: 1, most: 16 });

/** The variants; a single one is compared with the plan's machine as it is. */
export const VARIANTS = parsed(
  "variants of the machine, the first of which the others are compared with; a single one is compared with the machine itself",
  (given: readonly VariantIn[]): Variant[] => {
    const read = readField(LIST, given, []);
    return named(read.length === 1 ? [{ label: "as it is" }, ...read] : read);
  },
  [LIST],
);

function named(read: readonly ReturnType<typeof readVariant>[]): Variant[] {
  const labels = read.map(({ label, ...variant }) => label ?? labelOf(variant));
  const twin = read.find(({ label }, i) => label !== null && labels.indexOf(label) !== i);
  if (twin !== undefined)
    throw new InputError(`two variants are called ${shown(twin.label)}: give one a label of its own`);
  return read.map((variant, i) => {
    const before = labels.slice(0, i).filter((one) => one === labels[i]).length;
    return { ...variant, label: before === 0 ? labels[i]! : `${labels[i]} (${before + 1})` };
  });
}

/** `6.15`, `defragMode on`, `6.1, fallback claim`. */
function labelOf({ machine = {}, system = {} }: Omit<Variant, "label">): string {
  const { kernel, switches = {}, ...rest } = machine;
  const told = Object.entries({ ...rest, ...switches, ...system }).map(
    ([name, value]) => `${name} ${valueText(value)}`,
  );
  const words = [...(kernel === undefined ? [] : [kernel]), ...told].join(", ");
  return words === "" ? "as it is" : words.length > 80 ? `${words.slice(0, 77)}...` : words;
}

/** A value of a field in words. */
export function valueText(value: unknown): string {
  if (value === undefined) return "not set";
  if (typeof value === "boolean") return value ? "on" : "off";
  // A change of the kernel's decisions has a name; its source is no word.
  if (isObject(value) && typeof value.name === "string") return value.name;
  return typeof value === "object" ? canonicalJson(value) : String(value);
}
