/** Parameters that are one of a few words. */
import { unknownName } from "../base/errors";
import type { StrategySpec } from "./strategy";

/** The value of the spec's parameter `name`; throws InputError where it is none of `known`. */
export function oneOf<T extends string>(spec: StrategySpec, name: string, known: readonly T[]): T {
  const value = spec[name] as string;
  const found = known.find((k) => k === value);
  if (found === undefined) throw unknownName(`strategy ${spec.name}: ${name}`, value, known);
  return found;
}
