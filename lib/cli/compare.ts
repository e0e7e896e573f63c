/** `pageblock compare <scenario|plan>`: strategies side by side, with what the seeds allow to say. */
import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { InputError } from "../base/errors";
import { runComparison } from "../experiment/compare";
import { SCENARIOS, scenario } from "../experiment/scenarios";
import { scorecard } from "../experiment/scorecard";
import { SCORECARD_HEAD, scorecardCells, scorecardNotes } from "../experiment/scorecard-text";
import { COMPARISON_HEAD, comparisonCells, comparisonNotes, comparisonTitle } from "../experiment/texts";
import { CPU_TLB_NAMES } from "../hardware/cpu-tlb-data";
import { RDMA_ADAPTER_NAMES } from "../hardware/rdma-adapter-data";
import { COMPARISON_LIMITS, type ComparisonSpec, comparisonIn, parseComparison } from "../plan/comparison";
import { parseHardware } from "../plan/scorecard";
import { labelled } from "../plan/strategy";
import { readPlanFile } from "../schema/plan-file";
import {
  aligned,
  INTERRUPTED_EXIT,
  type RunningFlags,
  running,
  wholeNumber,
  withRunningOptions,
} from "./running";

interface Flags extends RunningFlags {
  seeds?: number;
  seed?: number;
  strategies?: string;
  board?: string;
  memory?: string;
  size?: string;
  dmaBits?: number;
  uptime?: string;
  adapter?: string;
  cpu?: string;
}

export function register(program: Command): void {
  withRunningOptions(program.command("compare"))
    .description(`compare strategies on one machine; scenarios: ${[...SCENARIOS.keys()].join(", ")}`)
    .argument("<scenario|plan>", "name of a scenario, or a comparison or plan as JSON or YAML")
    .option("--seeds <n>", "seeds, the same for every strategy", wholeNumber)
    .option("--seed <n>", "the first of them", wholeNumber)
    .option("--strategies <names>", "only these, separated by commas")
    .option("--board <name>", "another board than the scenario's")
    .option("--memory <size>", "another memory size than the scenario's")
    .option("--size <size>", "another size of the request than the scenario's")
    .option("--dma-bits <n>", "address bits that the device reaches", wholeNumber)
    .addOption(new Option("--uptime <time>", 'how long the machine has been used: "30 days"'))
    .option("--adapter <name>", `of the scorecard: ${RDMA_ADAPTER_NAMES.join(", ")}`)
    .option("--cpu <name>", `of the scorecard: ${CPU_TLB_NAMES.join(", ")}`)
    .action(async (what: string, flags: Flags) => {
      const spec = chosen(what, flags);
      const { adapter, cpu } = flags;
      if (SCENARIOS.get(what)?.card === true || (adapter ?? cpu) !== undefined)
        return showScorecard(what, spec, flags);
      const { comparison } = await running(flags, (options) => runComparison(what, spec, options));
      if (comparison === null) {
        process.exitCode = INTERRUPTED_EXIT;
        return;
      }
      if (flags.json) {
        process.stdout.write(`${JSON.stringify(comparison)}\n`);
        return;
      }
      const table = aligned([COMPARISON_HEAD, ...comparison.strategies.map(comparisonCells)]);
      const notes = comparisonNotes(comparison).join("\n");
      process.stdout.write(
        `${comparisonTitle(comparison)}\n${table}\n${notes}\nresults ${comparison.resultsHash}\n`,
      );
    });
}

/** The scorecard, of any comparison for which hardware is named: as JSON, or a table with the front and the reasons below it. */
async function showScorecard(what: string, spec: ComparisonSpec, flags: Flags): Promise<void> {
  const hardware = parseHardware({ adapter: flags.adapter, cpu: flags.cpu });
  const made = await running(flags, (options) => scorecard(what, spec, hardware, options));
  const { scorecard: card, comparison } = made;
  if (card === null || comparison === null) process.exitCode = INTERRUPTED_EXIT;
  else if (flags.json) process.stdout.write(`${JSON.stringify(card)}\n`);
  else {
    const table = aligned([SCORECARD_HEAD, ...card.strategies.map(scorecardCells)]);
    const notes = scorecardNotes(card).join("\n");
    process.stdout.write(`${comparisonTitle(comparison)}\n${table}\n${notes}\nresults ${card.resultsHash}\n`);
  }
}

function chosen(what: string, flags: Flags): ComparisonSpec {
  const { board, memory, uptime, size, dmaBits, seeds, seed } = flags;
  const named = SCENARIOS.has(what) || !existsSync(what);
  if (!named && (board ?? memory ?? uptime ?? size ?? dmaBits) !== undefined)
    throw new InputError(
      "compare: --board, --memory, --uptime, --size and --dma-bits belong to scenarios: write them into the plan",
    );
  const spec = named
    ? scenario(what, {
        ...(board !== undefined && { board }),
        ...(memory !== undefined && { memory }),
        ...(uptime !== undefined && { uptime }),
        ...(size !== undefined && { size }),
        ...(dmaBits !== undefined && { dmaBits }),
      })
    : comparisonIn(readPlanFile(what));
  if (seeds !== undefined && (seeds < 1 || seeds > COMPARISON_LIMITS.seeds))
    throw new InputError(
      `--seeds: must be a whole number from 1 to ${COMPARISON_LIMITS.seeds}: got ${seeds}`,
    );
  const only = flags.strategies?.split(",").map((s) => s.trim());
  const strategies = only === undefined ? spec.strategies : pick(spec, only);
  return parseComparison({
    ...spec,
    strategies: strategies.map((s) => ({ label: s.label, ...s.spec })),
    ...(seeds !== undefined && { seeds }),
    ...(seed !== undefined && { firstSeed: seed }),
  });
}

/** Strategies of the comparison by label, or any of the library by name. */
function pick(spec: ComparisonSpec, only: string[]): ComparisonSpec["strategies"] {
  return labelled(only.map((name) => spec.strategies.find((s) => s.label === name) ?? { name }));
}
