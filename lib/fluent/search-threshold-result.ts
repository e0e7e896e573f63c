/** Up to which share of spoiled page blocks a search finds its range, by how far they lie together: sentences, table, chart. */
import { formatSize } from "../base/units";
import type { Figure } from "../chart/figure";
import type { Words } from "../chart/layout";
import { lines } from "../chart/lines";
import { runOf } from "../chart/run";
import { aboutSweeps } from "../experiment/about-plan";
import { shareText } from "../experiment/texts";
import { type CountedLevel, type Threshold, thresholdText } from "../experiment/threshold";
import { DISPLAY, display, type MimeBundle } from "../notebook/display";
import { withResults } from "../report/runs";
import { aboutHtml, plainTableHtml, tableText } from "./result-table";
import type { SweepPlan, SweepResult } from "./sweep-result";

/** One size of place. Shares are of page blocks, 0 to 1. */
export interface ThresholdRow {
  /** Memory that is spoiled together in one place, in bytes and in page blocks. */
  togetherBytes: number;
  run: number;
  /** Counts at each share of spoiled page blocks, and where half is granted. */
  threshold: Threshold;
  /** The share at which the closed form says one half, and what it says at each level: computed, not tested. */
  halfway: number;
  closedForm: number[];
  /** The runs. */
  sweep: SweepResult;
}

/** What all rows have in common. */
export interface SearchAsked {
  /** Label of the strategy. */
  of: string;
  bytes: number;
  seeds: number;
  /** Page blocks of the host, and ranges of the size that are clean after boot. */
  blocks: number;
  ranges: number;
}

export interface ThresholdChartOptions extends Omit<Words, "from"> {
  /** Default: places. */
  over?: "places" | "share";
}

const percent = (share: number) => `${Number((100 * share).toPrecision(3))} %`;
export const THRESHOLD_HEAD: readonly string[] = [
  "lie together",
  "spoiled page blocks",
  "granted",
  "granted %, 95 % interval",
  "closed form",
];

export class SearchThresholdResult {
  readonly asked: SearchAsked;
  /** One row per size of place, ascending. */
  readonly rows: readonly ThresholdRow[];

  /** Use `threshold()` of a scorecard. */
  constructor(asked: SearchAsked, rows: readonly ThresholdRow[]) {
    this.asked = asked;
    this.rows = rows;
    Object.freeze(this);
  }

  /** The sweeps behind it, for `from` of charts and texts. */
  get sweeps(): SweepResult[] {
    return this.rows.map(({ sweep }) => sweep);
  }

  /** The threshold of one size of place in words: `up to 0.3 % (…), about 49 places`. */
  upTo({ threshold, run }: ThresholdRow): string {
    const { at } = threshold;
    const text = thresholdText(threshold, percent);
    return at === null ? text : `${text}, about ${this.places(at, run)} places`;
  }

  /** Places of `run` page blocks at a share of the host's page blocks. */
  places(share: number, run: number): number {
    return Math.round((share * this.asked.blocks) / run);
  }

  /** Title of the table. */
  get title(): string {
    const { of, bytes } = this.asked;
    return `${of}: ${formatSize(bytes)} on a host fresh from boot, with page blocks spoiled`;
  }

  /** Machine, workload, request and plans, above the table. */
  get about(): string[] {
    return aboutSweeps(this.sweeps.map(({ plan: { kind: _kind, ...spec } }) => spec));
  }

  /** A line under THRESHOLD_HEAD for each size of place and share: the counts, and the closed form in percent. */
  get cells(): string[][] {
    return this.rows.flatMap((row) =>
      row.threshold.levels.map(({ value, granted, asked, share }, i) => [
        lies(row),
        percent(value),
        `${granted} of ${asked}`,
        shareText(share),
        (100 * row.closedForm[i]!).toFixed(1),
      ]),
    );
  }

  /** The answer in sentences, one per size of place. */
  get sentences(): string[] {
    const { of, bytes, seeds, ranges, blocks } = this.asked;
    const lead = `${of} finds ${formatSize(bytes)} on half of the machines, if spoiled page blocks`;
    return [
      ...this.rows.map((row) => `${lead} lie ${lies(row)}, ${this.upTo(row)}.`),
      `${seeds} seeds at each share; of ${blocks} page blocks ${ranges} clean ${ranges === 1 ? "range is" : "ranges are"} left after boot.`,
      `Closed form of independent places, computed and not tested: ${this.rows
        .map((row) => `${percent(row.halfway)} ${lies(row)}`)
        .join(", ")}.`,
    ];
  }

  /**
   * The share granted, a line for each size of place and one of the closed form for the smallest: over the number of separate places, or over
   * the share of page blocks that they take.
   */
  chart(options: ThresholdChartOptions = {}): Figure {
    const { over = "places", ...words } = options;
    const { of, bytes, seeds } = this.asked;
    // A logarithmic axis has no 0.
    const drawn = ({ value }: CountedLevel) => over === "places" || value > 0;
    const x = ({ threshold: { levels }, run }: ThresholdRow) =>
      levels.filter(drawn).map(({ value }) => (over === "places" ? this.places(value, run) : 100 * value));
    const first = this.rows[0]!;
    const computed = first.closedForm.filter((_, i) => drawn(first.threshold.levels[i]!));
    return lines({
      title: `${of}: ${formatSize(bytes)}, by where unmovable memory lies`,
      subtitle: `${seeds} seeds at each point; lines: one by one, or so much memory together in one place`,
      xTitle:
        over === "places" ? "separate places with unmovable memory" : "page blocks with unmovable memory (%)",
      yTitle: "granted (%)",
      ...(over === "share" && { logX: true }),
      series: [
        ...this.rows.map((row) => ({
          name: row.run === 1 ? lies(row) : formatSize(row.togetherBytes),
          x: x(row),
          y: row.threshold.levels.filter(drawn).map(({ share }) => 100 * share.mid),
        })),
        { name: "closed form", x: x(first), y: computed.map((share) => 100 * share) },
      ],
      ...words,
      from: this.sweeps,
    });
  }

  /** Shows the table: HTML in a notebook, text on a terminal. */
  show(): void {
    display(this[DISPLAY]());
  }

  toJSON(): { asked: SearchAsked; rows: Omit<ThresholdRow, "sweep">[]; plans: SweepPlan[] } {
    const { asked, rows, sweeps } = this;
    const plans = sweeps.map(({ plan }) => plan);
    return { asked, rows: rows.map(({ sweep: _sweep, ...row }) => row), plans };
  }

  [DISPLAY](): MimeBundle {
    const { rows, title, cells, sentences, about } = this;
    const shown = {
      "text/html": aboutHtml(about) + plainTableHtml(title, THRESHOLD_HEAD, cells, sentences),
      "text/plain": tableText([title, ...about].join("\n"), THRESHOLD_HEAD, cells, sentences),
    };
    return withResults(
      shown,
      rows.map(({ sweep }) => runOf(sweep.plan, sweep.toJSON())),
    );
  }
}

function lies({ run, togetherBytes }: ThresholdRow): string {
  return run === 1 ? "one by one" : `${formatSize(togetherBytes)} together`;
}
