/** A figure as a file of its own: the static picture that write-ups have too, as SVG, or as PNG by way of Chromium. */
import { extname } from "node:path";
import { InputError } from "../base/errors";
import { writeAtomically } from "../base/write-atomically";
import { type Figure, isFigure } from "../chart/figure";
import { shown } from "../schema/place";
import { chromiumPath, picturedPng } from "./chromium";
import { staticSvg } from "./svg/static-svg";

const ENDINGS = [".svg", ".png"];

/**
 * Throws InputError unless a figure can be written to a file of this name: it ends in .svg or .png, and a Chromium is there for the
 * latter. Ask it before the work that makes the figure.
 */
export function checkFigureFile(path: string, what: string): void {
  const ending = typeof path === "string" ? extname(path).toLowerCase() : "";
  if (!ENDINGS.includes(ending))
    throw new InputError(`${what}: a file must end in ${ENDINGS.join(" or ")}: got ${shown(path)}`);
  if (ending === ".png") chromiumPath("png");
}

/**
 * Writes a figure, or the promise of one, as a picture: SVG, or PNG of twice as many pixels, which takes a Chromium on this computer. The same figure gives
 * the same SVG, byte for byte. The file is replaced as a whole.
 * @throws InputError for a value that is no figure, a file of another ending, a missing Chromium, or a file that cannot be written
 * @example
 * ```ts
 * import { mkdtempSync, readFileSync } from "node:fs";
 * import { tmpdir } from "node:os";
 * import { join } from "node:path";
 * import { chart, saveFigure } from "pageblock";
 *
 * const figure = chart.lines({ title: "squares", series: [{ name: "n²", x: [1, 2, 3], y: [1, 4, 9] }] });
 * const file = join(mkdtempSync(join(tmpdir(), "pageblock-")), "squares.svg");
 * await saveFigure(figure, file);
 * readFileSync(file, "utf8").startsWith("<svg"); // => true
 * ```
 */
export async function saveFigure(figure: Figure | Promise<Figure>, path: string): Promise<void> {
  checkFigureFile(path, "saveFigure");
  const drawn = await figure;
  if (!isFigure(drawn))
    throw new InputError(`saveFigure: needs a figure, such as result.chart.success(): got ${shown(drawn)}`);
  const svg = staticSvg(drawn);
  writeAtomically(path, extname(path).toLowerCase() === ".svg" ? `${svg}\n` : await pngOf(svg));
}

const SIZE = /^<svg [^>]{0,400}?width="(\d{1,9})"[^>]{0,400}?height="(\d{1,9})"/;

function pngOf(svg: string): Promise<Uint8Array> {
  const [, width = "760", height = "400"] = SIZE.exec(svg) ?? [];
  const page = `<!doctype html><meta charset="utf-8"><style>body{margin:0;background:#fff}svg{display:block}</style>${svg}`;
  return picturedPng(page, Number(width), Number(height));
}
