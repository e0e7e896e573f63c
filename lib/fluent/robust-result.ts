/** The result of a robustness run: where a statement is true, where it turns round, and which knob turns it. */
import type { Figure } from "../chart/figure";
import { runOf } from "../chart/run";
import { aboutRobust } from "../experiment/about-plan";
import type { KnobResult, Turn } from "../experiment/robust-analysis";
import type { RobustOutcome, RobustPoint } from "../experiment/robust-table";
import {
  KNOB_HEAD,
  knobCells,
  POINT_HEAD,
  pointCells,
  robustNotes,
  robustTitle,
} from "../experiment/robust-text";
import { changeNotes } from "../machine/change-field";
import { DISPLAY, display, type MimeBundle } from "../notebook/display";
import { figureBundle } from "../notebook/figure-bundle";
import type { RobustSpec } from "../plan/robust";
import { withResults } from "../report/runs";
import { aboutHtml, plainTableHtml, tableText, unsealed } from "./result-table";
import { type RobustMapOptions, robustMap } from "./robust-map";

/** The plan of a robustness run, which `pageblock verify` runs again. */
export interface RobustPlan extends RobustSpec {
  kind: "robust";
}

/** Most rows shown in a table of points; further rows are only counted. */
const ROWS_SHOWN = 60;

export class RobustResult {
  /** Everything needed to run it again; after a time budget, with the number of points that were run. */
  readonly plan: RobustPlan;
  readonly outcome: RobustOutcome;

  /** Use {@link robust}, or `robust()` of a result. */
  constructor(plan: RobustSpec, outcome: RobustOutcome) {
    this.plan = { kind: "robust", ...plan };
    this.outcome = outcome;
    Object.freeze(this);
  }

  /** In which part the statement holds, in one sentence: `holds with memory from 8 GiB up (12 of 12 points); not …`. */
  get range(): string {
    return this.outcome.range;
  }

  /** Number of points with a verdict. */
  get points(): number {
    return this.outcome.judged;
  }

  /** Number of points in which the statement holds. */
  get held(): number {
    return this.outcome.held;
  }

  /** Every point with its verdict and the counts behind it. */
  get results(): readonly RobustPoint[] {
    return this.outcome.results;
  }

  /** Each knob with its values, turns and the share it explains; the knob that explains most comes first. */
  get knobs(): readonly KnobResult[] {
    return this.outcome.knobs;
  }

  /** Pairs of neighbouring points between which the statement turns round. */
  get turns(): readonly Turn[] {
    return this.outcome.turns;
  }

  /** SHA-256 over every run, in the order of the plans. */
  get resultsHash(): string {
    return this.outcome.resultsHash;
  }

  /**
   * The share of points in which the statement holds, over the two knobs that turn it most; a third one makes facets.
   * @throws InputError for a knob that was not turned, and if there is no point with a verdict
   */
  map(options: RobustMapOptions = {}): Figure {
    return robustMap(this, options);
  }

  /** Knobs (or `"points"`) as a table. */
  table(of: "knobs" | "points" = "knobs"): { [DISPLAY](): MimeBundle } {
    const { outcome, plan } = this;
    const { kind: _kind, ...spec } = plan;
    const about = aboutRobust(spec);
    const title = robustTitle(outcome);
    const rows =
      of === "knobs"
        ? outcome.knobs.flatMap(knobCells)
        : outcome.results.slice(0, ROWS_SHOWN).map((point) => pointCells(point, plan.statement.metric));
    const more = of === "points" ? outcome.results.length - rows.length : 0;
    const notes = [
      ...changeNotes(plan.plan.machine),
      ...(more > 0 ? [`${more} more points are not shown.`] : []),
      ...robustNotes(outcome),
    ];
    const head = of === "knobs" ? KNOB_HEAD : POINT_HEAD;
    const shown = {
      "text/html": aboutHtml(about) + plainTableHtml(title, head, rows, notes),
      "text/plain": tableText([title, ...about].join("\n"), head, rows, notes),
    };
    return { [DISPLAY]: () => withResults(shown, [runOf(plan, outcome)]) };
  }

  /** Shows the map in a notebook, the table on a terminal. */
  show(): void {
    display(this[DISPLAY]());
  }

  toJSON(): RobustOutcome {
    return this.outcome;
  }

  [DISPLAY](): MimeBundle {
    const table = this.table()[DISPLAY]();
    if (this.points === 0) return table;
    const drawn = unsealed(figureBundle(this.map()));
    return withResults({ ...drawn, "text/plain": table["text/plain"]! }, [runOf(this.plan, this.outcome)]);
  }
}
