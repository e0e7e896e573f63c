/** The gallery: one example or more of every builder, for docs/gallery.md, the stored figures and the browser. */
import type { Figure } from "../../../lib/chart/figure";
import { GALLERY } from "../../support/figures";
import { MEMORY } from "./memory";
import { RESULTS } from "./results";

export interface Example {
  /** Name of its picture and its stored figure. */
  name: string;
  /** The function of `chart`. */
  builder: string;
  /** What the chart is for. */
  words: string;
  draw(): Figure;
}

const BASIC: Example[] = [
  { name: "bars", builder: "bars", words: "Bars for anything by category.", draw: () => GALLERY.bars! },
  { name: "lines", builder: "lines", words: "Lines for anything over anything.", draw: () => GALLERY.lines! },
  {
    name: "cell-table",
    builder: "cellTable",
    words: "A table with colours and words.",
    draw: () => GALLERY.table!,
  },
  {
    name: "memory-map",
    builder: "memoryMap",
    words: "A machine's memory after boot.",
    draw: () => GALLERY.map64K!,
  },
];

export const EXAMPLES: readonly Example[] = [...MEMORY, ...RESULTS, ...BASIC];
