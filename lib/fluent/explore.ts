/** `explore(plan, { knobs, view })`: a result that a reader can ask again with other values. */
import { InputError } from "../base/errors";
import type { Figure, Run } from "../chart/figure";
import type { Planned } from "../chart/run";
import type { MimeBundle } from "../notebook/display";
import { DISPLAY } from "../notebook/display";
import { liveBundle } from "../notebook/live-bundle";
import type { PlanIn } from "../plan/run";
import { type Computed, computed } from "../report/live/computed";
import { type LiveFigure, ownChoice, readLiveFigure } from "../report/live/live-figure";
import { type ViewName, viewNamed } from "../report/live/views";
import { planKindOf } from "../report/plan-kinds";
import { optionsOf } from "./given";
import { type Knob, knobsIn } from "./knob";
import type { MachineDescription } from "./machine";

export interface ExploreOptions {
  /** The question. */
  title: string;
  knobs: readonly Knob[];
  /** What is told of the result: `cmaArea` of a machine, `requests` of a run. */
  view: ViewName;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * A result, and the knobs by which it can be asked again. It is the plan of the knobs' own values, and its result.
 * @example
 * ```ts
 * import { explore, knob, machine } from "pageblock";
 *
 * const live = await explore(machine("raspberry-pi-3").pageSize("4KiB").memory("1GiB").cma("64MiB"), {
 *   title: "Does the area fit?",
 *   knobs: [knob("pageSize", { of: ["4KiB", "64KiB"], label: "page size" })],
 *   view: "cmaArea",
 * });
 * console.log(live.sentences[0]); // "The area fits: 64 MiB for 64 MiB asked, 6.25 % of the memory."
 * ```
 */
export class Exploration implements Planned {
  readonly plan: Json;
  /** The answer, and reasons. */
  readonly sentences: readonly string[];
  readonly figure: Figure;
  private readonly live: LiveFigure;
  private readonly run: Run;

  /** Use {@link explore}. */
  constructor(live: LiveFigure, { run, sentences, figure }: Computed) {
    this.live = live;
    this.run = run;
    this.plan = live.plan;
    this.sentences = sentences;
    this.figure = figure;
    Object.freeze(this);
  }

  /** The result. */
  toJSON(): object {
    return this.run.result as object;
  }

  /** The answer, its picture, and the knobs. */
  [DISPLAY](): MimeBundle {
    return liveBundle({ live: this.live, sentences: [...this.sentences], figure: this.figure }, this.run);
  }

  /**
   * The answer with other values, by the label of a knob and the words of its value. Others keep the plan's own.
   * @throws InputError for an unknown knob or value, and for a plan that cannot be run: the message is what a reader sees
   */
  async turned(to: Readonly<Record<string, string>>): Promise<Computed> {
    const choice = ownChoice(this.live);
    for (const [label, text] of Object.entries(to)) {
      const at = this.live.knobs.findIndex((one) => one.label === label);
      const labels = this.live.knobs.map((one) => one.label).join(", ");
      if (at < 0) throw new InputError(`turned: knob must be one of ${labels}: got ${JSON.stringify(label)}`);
      const { choices } = this.live.knobs[at]!;
      choice[at] = choices.findIndex((one) => one.text === text);
      if (choice[at] < 0)
        throw new InputError(
          `turned: ${label}: must be one of ${choices.map((one) => one.text).join(", ")}: got ${JSON.stringify(text)}`,
        );
    }
    return computed(this.live, choice);
  }
}

/**
 * Runs a plan, and lets readers run it again with other values: in JupyterLab and in an exported page every knob is a slider or a
 * list, and a worker of the page computes the answer. What is stored is the answer of the plan's own values.
 * @param given a machine to boot, or the plan of a run as `experiment()` takes it
 * @throws InputError for an invalid plan, a knob without a place in it, or a view of another kind of plan
 * @example
 * ```ts
 * import { explore, knob, machine } from "pageblock";
 *
 * const live = await explore(machine("raspberry-pi-3").pageSize("64K").memory("1GiB").cma("64MiB"), {
 *   title: "Does the area fit?",
 *   knobs: [knob("pageSize", { of: ["4KiB", "64KiB"], label: "page size" })],
 *   view: "cmaArea",
 * });
 * const small = await live.turned({ "page size": "4KiB" });
 * console.log(small.sentences[0]); // "The area fits: 64 MiB for 64 MiB asked, 6.25 % of the memory."
 * ```
 */
export async function explore(
  given: MachineDescription | PlanIn,
  options: ExploreOptions,
): Promise<Exploration> {
  const { title, knobs, view } = optionsOf("explore", options) as ExploreOptions;
  if (!Array.isArray(knobs)) throw new InputError("explore: needs knobs: [knob(…)]");
  const plain: unknown = JSON.parse(JSON.stringify(given ?? null));
  const { name } = planKindOf(plain);
  const { kind, parse } = viewNamed(String(view));
  if (name !== kind)
    throw new InputError(`explore: view ${view} must have a plan of kind ${kind}: got ${name}`);
  const { kind: _kind, ...rest } = plain as Json;
  const placed = knobsIn(rest, knobs, parse);
  const live = readLiveFigure({ format: 1, title, view, ...placed });
  return new Exploration(live, await computed(live, ownChoice(live)));
}
