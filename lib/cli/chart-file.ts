/** `--chart FILE`: the chart of a command's result as a picture, SVG or PNG. */
import { extname } from "node:path";
import type { Command } from "commander";
import type { Figure } from "../chart/figure";
import { checkFigureFile, saveFigure } from "../report/save-figure";

export interface ChartFlags {
  /** A name that was checked: it ends in .svg or .png. */
  chart?: string;
  json?: boolean;
}

/** Adds `--chart`. The name of the file is checked before anything runs. */
export function withChartOption(command: Command, drawn: string): Command {
  return command.option(
    "--chart <file>",
    `also draw ${drawn} into a file: .svg, or .png by way of Chromium`,
    (path: string) => {
      checkFigureFile(path, "--chart");
      return path;
    },
  );
}

/** Draws into the file, if one was asked for, and says so; with `--json` on the standard error. */
export async function drawChart(flags: ChartFlags, figure: () => Figure, part?: string): Promise<void> {
  if (flags.chart === undefined) return;
  const path = part === undefined ? flags.chart : partOf(flags.chart, part);
  await saveFigure(figure(), path);
  const stream = flags.json === true ? process.stderr : process.stdout;
  stream.write(`chart ${path}\n`);
}

/** `out.svg` and a part's name: `out.part.svg`. */
function partOf(path: string, part: string): string {
  const ending = extname(path);
  return `${path.slice(0, -ending.length)}.${part.replaceAll(/[^\w.-]+/g, "-").slice(0, 60)}${ending}`;
}
