/** Strategies in a script: `strategies.cma({ area: "64MiB" })`, or all strategies of a debate. */
import { camel, inBothSpellings } from "../base/spelling";
import type { BootRequest } from "../machine/boot-request";
import { LABELLED_STRATEGY, type LabelledIn, labelled } from "../plan/strategy";
import { check } from "../schema/check";
import type { Fields } from "../schema/field";
import type { ParametersIn } from "../schema/parameters";
import { fieldPath } from "../schema/place";
import { cmaDebate, type KnownStrategies, rdmaDebate, resolveStrategy, STRATEGIES } from "../strategy";
import type { LabelledStrategy, StrategySpec } from "../strategy/strategy";
import { onlyOne, parametersOf } from "./given";

/** A strategy, a list of them, or a list that depends on the machine. */
export type AnyStrategies =
  | StrategySpec
  | LabelledStrategy
  | readonly (StrategySpec | LabelledStrategy)[]
  | ((machine: BootRequest) => LabelledStrategy[]);

/** Labelled strategies for a machine. */
export function strategiesOn(machine: BootRequest, given: readonly AnyStrategies[]): LabelledStrategy[] {
  return labelled(read(given.flatMap((one) => (typeof one === "function" ? one(machine) : one))));
}

/** Throws InputError for what is no strategy. What depends on the machine is checked when the machine is known. */
export function mustBeStrategies(given: readonly AnyStrategies[]): void {
  read(given.flatMap((one) => (typeof one === "function" ? [] : one)));
}

function read(given: readonly (StrategySpec | LabelledStrategy)[]) {
  return given.map((one, i) =>
    check(LABELLED_STRATEGY, one as LabelledIn, (path, key) => fieldPath(["strategies", i, ...path], key)),
  );
}

/** Makes a strategy from its parameters; sizes and times may be text with a unit. */
export type StrategyMaker<P extends Fields> = (parameters?: ParametersIn<P>) => StrategySpec;

/** Every strategy by its name in camelCase, and the lists of the debates. */
export type Strategies = {
  readonly [K in keyof KnownStrategies]: StrategyMaker<KnownStrategies[K]["parameters"]>;
} & {
  /** The strategies of the CMA session that the machine supports. */
  cmaDebate(): (machine: BootRequest) => LabelledStrategy[];
  /** The strategies of the RDMA session. */
  rdmaDebate(): LabelledStrategy[];
};

function maker(name: string) {
  return (parameters: Record<string, string | number | boolean> = {}, ...more: unknown[]): StrategySpec => {
    onlyOne(`strategy ${name}`, more, "one object of parameters");
    const spec = { name, ...parametersOf(`strategy ${name}`, "name", parameters) };
    resolveStrategy(spec);
    return spec;
  };
}

/**
 * Strategies by name, in camelCase; `strategies["cma-4k"]`, the name in plans, works too.
 * @throws InputError for an unknown parameter or an invalid value; the message lists the parameters or states the limit
 * @example
 * ```ts
 * import { strategies } from "pageblock";
 *
 * strategies.cma({ area: "128MiB" }); // => { name: "cma", area: "128MiB" }
 * ```
 */
export const strategies: Strategies = inBothSpellings({
  ...Object.fromEntries([...STRATEGIES.keys()].map((name) => [camel(name), maker(name)])),
  cmaDebate: () => cmaDebate,
  rdmaDebate: () => rdmaDebate(),
}) as unknown as Strategies;
