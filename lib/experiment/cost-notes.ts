/** What the modelled times of a run or a comparison rest on, in words: shown with the result. */
import { InputError } from "../base/errors";
import { findBoard } from "../hardware/boards";
import { costTable, costText } from "../hardware/costs";
import type { BootRequest } from "../machine/boot-request";
import { changeNotes } from "../machine/change-field";
import { resolveStrategy } from "../strategy";
import { memoryRequest } from "../strategy/request";
import type { Plan } from "./plan";

/** The parts of a plan that decide on its costs. */
type Costed = Pick<Plan, "machine" | "request" | "costs"> & { strategies: readonly Plan["strategy"][] };

/** The change of the kernel, and one line for every page size that the strategies run with, the first strategy's first. */
export function costNotes({ machine, request, costs, strategies }: Costed): string[] {
  const lines = new Set<string>(changeNotes(machine));
  for (const one of strategies) {
    const line = costLine(() => {
      const { strategy, parameters } = resolveStrategy(one);
      return strategy.machine(machine, parameters, memoryRequest(request));
    }, costs);
    if (line !== null) lines.add(line);
  }
  return [...lines];
}

/** Null for a strategy that the machine cannot have. */
function costLine(machineOf: () => BootRequest, costs: Plan["costs"]): string | null {
  let machine: BootRequest;
  try {
    machine = machineOf();
  } catch (error) {
    if (error instanceof InputError) return null;
    throw error;
  }
  const board = findBoard(machine.board);
  const of = { pageSize: machine.pageSize ?? board.pageSizes[0]!, speed: board.speed };
  return `Times are modelled: on ${board.name} ${costText(costTable(costs, of), of)}.`;
}

/** The same for one run. */
export const runCostNotes = (plan: Pick<Plan, "machine" | "request" | "costs" | "strategy">): string[] =>
  costNotes({ ...plan, strategies: [plan.strategy] });

/** The same for a comparison. */
export const comparedCostNotes = (
  spec: Pick<Plan, "machine" | "request" | "costs"> & { strategies: readonly { spec: Plan["strategy"] }[] },
): string[] => costNotes({ ...spec, strategies: spec.strategies.map((one) => one.spec) });
