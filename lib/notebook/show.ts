/**
 * `show(x)`: shows a figure as a chart, or a value through its own display method, in the output of the running cell.
 */
import { InputError } from "../base/errors";
import { type Figure, isFigure } from "../chart/figure";
import { DISPLAY, display, type MimeBundle } from "./display";
import { figureBundle } from "./figure-bundle";

/** A value with a MIME bundle of its own; our notebook kernel also shows it if it is the last value of a cell. */
export interface Showable {
  [DISPLAY](): MimeBundle;
}

/**
 * Shows each value in turn. A figure becomes an interactive chart with a static picture; a terminal prints its text.
 * @throws InputError for a value that is neither a figure nor has a display method
 * @example
 * ```ts
 * import { machine, show } from "pageblock";
 *
 * show(machine("raspberry-pi-4").boot());
 * ```
 */
export function show(...values: (Figure | Showable)[]): void {
  for (const value of values) display(bundleOf(value));
}

/** A figure is plain data without methods: by this the notebook kernel draws one that is the last value of a cell. */
Object.defineProperty(globalThis, Symbol.for("pageblock.figure"), {
  value: (value: unknown) => (isFigure(value) ? figureBundle(value) : undefined),
  configurable: true,
});

/** The MIME bundle of a figure or of a value with `[Symbol.for("Jupyter.display")]()`. */
export function bundleOf(value: Figure | Showable): MimeBundle {
  const own = (value as { [DISPLAY]?: () => MimeBundle } | null | undefined)?.[DISPLAY];
  if (typeof own === "function") return own.call(value);
  if (isFigure(value)) return figureBundle(value);
  throw new InputError(
    `show: a value must be a figure ({data, layout}) or know its display: got ${value === null ? "null" : typeof value}`,
  );
}
