/** Executed notebooks made by hand, as Jupyter would have stored them. */
import type { Figure } from "../../lib/chart/figure";
import { figureBundle } from "../../lib/notebook/figure-bundle";

export type Output = Record<string, unknown>;

export const markdown = (source: string) => ({ id: "m", cell_type: "markdown", metadata: {}, source });

export const code = (source: string, ...outputs: Output[]) => ({
  id: "c",
  cell_type: "code",
  metadata: {},
  execution_count: 1,
  source: source.split(/(?<=\n)/),
  outputs,
});

export const stream = (text: string): Output => ({ output_type: "stream", name: "stdout", text });
export const shown = (data: Record<string, unknown>): Output => ({
  output_type: "display_data",
  metadata: {},
  data,
});
export const chart = (figure: Figure): Output => shown(figureBundle(figure));

export const notebook = (...cells: object[]) => ({
  nbformat: 4,
  nbformat_minor: 5,
  metadata: {
    kernelspec: { name: "pageblock", display_name: "TypeScript (pageblock)", language: "typescript" },
    language_info: { name: "typescript", version: "5.0.4" },
  },
  cells,
});
