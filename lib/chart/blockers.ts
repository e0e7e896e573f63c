/** What blocked a contiguous request, as an icicle weighted by pages: range → page block → owner kind → holder. */
import { formatSize } from "../base/units";
import {
  type Blocker,
  type ContigFailureReport,
  type FailedRange,
  ownerWords,
} from "../mm/contiguous/contig-failure";
import { classOf } from "../mm/reports/page-class";
import type { Figure, IcicleTrace } from "./figure";
import { label, pages } from "./labels";
import { broken, headRoom, layoutOf, type Words } from "./layout";
import { CONTENT_COLORS, OKABE_ITO, textOn } from "./palette";
import { withRuns } from "./run";
import { withNote } from "./thin";

export interface BlockersOptions extends Words {
  /** A failed request's `details`. */
  report: ContigFailureReport;
  pageBytes: number;
}

/** The most ranges drawn; with more, those with the fewest pages in the way. */
const RANGES_MAX = 4;
/** The most page blocks drawn per range; the others are drawn as one. */
const BLOCKS_MAX = 8;
/** Pixels of a leaf: two lines of letters that can be read. */
const LEAF = 34;
const LETTERS = 27;

const GROUND = "#b8b8b8";
const BLOCK = "#d8d8d8";

/**
 * The figure. A page that blocks several ranges counts in each. If no range was tried, it shows only the reason.
 * @example
 * ```ts
 * import { chart, Contiguous, holdPage, machine } from "pageblock";
 *
 * const { memory } = machine("qemu-virt").memory("512MiB").cma("64MiB").start();
 * const areas = new Contiguous(memory);
 * const held = areas.cmaAlloc(1);
 * if (held.ok) holdPage(memory, held.pfn, "longterm", "a video decoder");
 * const failed = areas.cmaAlloc(16384);
 * if (!failed.ok) chart.blockers({ report: failed.details, pageBytes: 4096 });
 * ```
 */
export function blockers(options: BlockersOptions): Figure {
  const { report, pageBytes } = options;
  const barred = report.ranges.filter((range) => range.blockedPages > 0);
  const nearest = [...barred].sort((a, b) => a.blockedPages - b.blockedPages || a.startPfn - b.startPfn);
  const kept = new Set(nearest.slice(0, RANGES_MAX));
  const tree = new Tree(pageBytes);
  const total = [...kept].reduce((sum, range) => sum + range.blockedPages, 0);
  tree.add("", "all", rootWords(report, barred.length), total || 1, GROUND, label(report.request));
  for (const range of barred) if (kept.has(range)) addRange(tree, range);
  const left =
    kept.size < barred.length
      ? `the ${kept.size} of ${barred.length} ranges with the fewest pages in the way`
      : undefined;
  const words = {
    title: report.request,
    ...options,
    ...withNote(
      options.subtitle,
      "pages in the way: range → page block → what lies in it, and who holds it or why it stays",
      left,
    ),
  };
  const height = Math.min(1200, Math.max(150, tree.leaves * LEAF));
  const head = headRoom(words, []);
  const figure: Figure = {
    data: [tree.trace(total)],
    layout: layoutOf(words, head + 10 + height, {
      margin: { l: 10, r: 10, t: head, b: 10 },
      showlegend: false,
    }),
  };
  return withRuns(figure, options.from);
}

function rootWords(report: ContigFailureReport, barred: number): string {
  const tried = report.ranges.length;
  const all = report.rangesTried ?? tried;
  if (tried === 0) return label(report.reason || "no range was tried", 160);
  const without = tried - barred;
  const lack = without === 0 ? "" : `, ${without} without pages in the way`;
  const first = all > tried ? `the first ${tried} of ${all}` : String(tried);
  return `${first} range${all === 1 ? "" : "s"} tried${lack}`;
}

function addRange(tree: Tree, range: FailedRange): void {
  const id = `all/${range.startPfn}-${range.endPfn}-${tree.size}`;
  const words = `frames ${range.startPfn}–${range.endPfn - 1}`;
  const why = `${label(range.step)}: errno ${range.errno}${range.note === null ? "" : `<br>${label(range.note, 160)}`}`;
  tree.add("all", id, words, range.blockedPages, GROUND, why);
  // A report may list more pages than the range counts; children must not outweigh their parent.
  let left = range.blockedPages;
  const blocks = new Set<number>();
  for (const b of range.blockers) {
    if (blocks.size >= BLOCKS_MAX && !blocks.has(b.block)) continue;
    const count = Math.min(2 ** b.order, range.endPfn - b.pfn, left);
    if (count <= 0) continue;
    left -= count;
    blocks.add(b.block);
    const color = colorOf(b);
    const kind = ownerWords(b, "kind not known");
    const holder = b.heldBy[0]?.by;
    tree.grow(id, `${id}/${b.block}`, `page block ${b.block}`, count, BLOCK, "");
    tree.grow(
      `${id}/${b.block}`,
      `${id}/${b.block}/${kind}/${holder ?? ""}/${b.why}`,
      label(`${kind}: ${holder ?? b.why}`, 90),
      count,
      color,
      `${label(b.why, 160)}<br>would free it: ${label(b.wouldFree, 160)}`,
    );
  }
  if (left > 0 && left < range.blockedPages)
    tree.add(
      id,
      `${id}/more`,
      "not listed one by one",
      left,
      BLOCK,
      "a report lists the first pages of a range only",
    );
}

function colorOf(blocker: Blocker): string {
  if (blocker.heldBy.length > 0) return CONTENT_COLORS.pinned;
  if (ownerWords(blocker, "") === "CMA area") return CONTENT_COLORS.cma;
  const what = classOf(blocker.owner, false);
  return what === "hole" ? OKABE_ITO.grey : CONTENT_COLORS[what];
}

/** Escaped words in lines. */
const folded = (words: string) => broken(words.replace(/<br>/g, " "), LETTERS).join("<br>");

/** Nodes with the id of their parent. Ids from input are escaped like any text. */
class Tree {
  private readonly ids: string[] = [];
  private readonly labels: string[] = [];
  private readonly parents: string[] = [];
  private readonly values: number[] = [];
  private readonly colors: string[] = [];
  private readonly words: string[] = [];
  private readonly places = new Map<string, number>();

  constructor(private readonly pageBytes: number) {}

  get size(): number {
    return this.ids.length;
  }

  get leaves(): number {
    const inner = new Set(this.parents);
    return this.ids.filter((id) => !inner.has(id)).length;
  }

  /** `words` and `more` are already escaped. */
  add(parent: string, id: string, words: string, value: number, color: string, more: string): void {
    this.places.set(id, this.ids.push(id) - 1);
    this.labels.push(words);
    this.parents.push(parent);
    this.values.push(value);
    this.colors.push(color);
    this.words.push(more);
  }

  /** Adds to the node with this id, or creates it. */
  grow(parent: string, id: string, words: string, value: number, color: string, more: string): void {
    const at = this.places.get(id);
    if (at === undefined) this.add(parent, id, words, value, color, more);
    else this.values[at]! += value;
  }

  /** Every node gets its share of `total`. A total of 0 has no weight. */
  trace(total: number): IcicleTrace {
    const weighed = total > 0;
    const inner = new Set(this.parents);
    const leaves = new Set(this.ids.flatMap((id, at) => (inner.has(id) ? [] : [at])));
    const size = (count: number) => `${pages(count)}, ${formatSize(count * this.pageBytes)}`;
    // Ids are not shown, so numbers keep them short.
    const number = new Map(this.ids.map((id, at) => [id, String(at)]));
    return {
      type: "icicle",
      ids: this.ids.map((id) => number.get(id)!),
      labels: this.labels.map((words, at) =>
        weighed && !(leaves.has(at) && this.values[at] === 1)
          ? folded(`${words}, ${pages(this.values[at]!)}`)
          : folded(words),
      ),
      parents: this.parents.map((id) => number.get(id) ?? ""),
      values: [...this.values],
      branchvalues: "total",
      textinfo: "label",
      textfont: { color: this.colors.map(textOn), size: 12 },
      hovertext: this.labels.map((words, at) =>
        [words, ...(weighed ? [size(this.values[at]!)] : []), this.words[at]!]
          .filter((w) => w !== "")
          .join("<br>"),
      ),
      hoverinfo: "text",
      marker: { colors: [...this.colors], line: { color: "#ffffff", width: 1 } },
      tiling: { orientation: "h" },
      leaf: { opacity: 1 },
      sort: false,
      pathbar: { visible: false },
    };
  }
}
