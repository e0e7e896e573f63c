/** Strategies in a script: `strategies.cma({ area: "64MiB" })`, or all of a debate at once. */
import type { BootRequest } from "../machine/boot-request";
import { labelled } from "../plan/strategy";
import { cmaDebate, rdmaDebate, resolveStrategy, STRATEGIES } from "../strategy";
import type { LabelledStrategy, StrategySpec } from "../strategy/strategy";
import type { StrategyParameters } from "./known-names";

/** One strategy, a list, or a list that depends on the machine. */
export type AnyStrategies =
  | StrategySpec
  | LabelledStrategy
  | readonly (StrategySpec | LabelledStrategy)[]
  | ((machine: BootRequest) => LabelledStrategy[]);

/** Labelled strategies for a machine. */
export function strategiesOn(machine: BootRequest, given: readonly AnyStrategies[]): LabelledStrategy[] {
  return labelled(
    given.flatMap((one): (StrategySpec | LabelledStrategy)[] => {
      if (typeof one === "function") return one(machine);
      return Array.isArray(one) ? [...one] : [one as StrategySpec];
    }),
  );
}

type Maker<P> = (parameters?: P) => StrategySpec;

/** Every strategy by its name in camel case, and the lists of the debates. */
export type Strategies = { readonly [K in keyof StrategyParameters]: Maker<StrategyParameters[K]> } & {
  /** The strategies of the CMA session, as they can be had on the machine compared. */
  cmaDebate(): (machine: BootRequest) => LabelledStrategy[];
  /** The strategies of the RDMA session. */
  rdmaDebate(): LabelledStrategy[];
};

const camel = (name: string) => name.replace(/-(\w)/g, (_, c: string) => c.toUpperCase());

function maker(name: string) {
  return (parameters: Record<string, string | number | boolean> = {}): StrategySpec => {
    const spec = { name, ...parameters };
    resolveStrategy(spec);
    return spec;
  };
}

/**
 * Strategies by name.
 * @example compare(strategies.buddy(), strategies.cma({ area: "128MiB" }))
 * @throws InputError for an unknown or ill-typed parameter; the message lists the known ones
 */
export const strategies: Strategies = Object.freeze({
  ...Object.fromEntries([...STRATEGIES.keys()].map((name) => [camel(name), maker(name)])),
  cmaDebate: () => cmaDebate,
  rdmaDebate: () => rdmaDebate(),
}) as unknown as Strategies;
