/**
 * Places of a compiled text and of what was typed, both ways, from its source map. Lines and columns of scripts count
 * from 0, as V8's; those of what was typed count from 1, as the debug protocol's.
 */
import { pathToFileURL } from "node:url";

/** A compiled text that the main thread runs. */
export interface CompiledText {
  /** `In[3]`, or the path of a module. */
  readonly name: string;
  /** As typed, with the magics of a cell. */
  readonly typed: string;
  readonly map: string | undefined;
  /** Lines before the compiled text. */
  readonly lineOffset: number;
  /** Characters put before the first line as typed. */
  readonly prefix: number;
}

export interface Place {
  readonly line: number;
  readonly column: number;
}

interface Segment {
  readonly at: Place;
  readonly from: Place;
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const DIGITS = new Map([...BASE64].map((sign, i) => [sign, i]));
const isCell = (name: string) => name.startsWith("In[");

/** The URL that V8 gives to a script of this name. */
export const urlOf = (name: string) => (isCell(name) ? name : pathToFileURL(name).href);

/** The numbers of one segment of a source map: base 64, least digits first, the sign in the last bit. */
function numbersIn(text: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const sign of text) {
    const digit = DIGITS.get(sign) ?? 0;
    value |= (digit & 31) << shift;
    shift += 5;
    if ((digit & 32) !== 0) continue;
    numbers.push((value & 1) === 1 ? -(value >> 1) : value >> 1);
    value = shift = 0;
  }
  return numbers;
}

/** The segments of a map in the order of the compiled text. Source: https://tc39.es/ecma426/ */
function segmentsOf(map: string): Segment[] {
  const { mappings } = JSON.parse(map) as { mappings: string };
  const segments: Segment[] = [];
  let [fromLine, fromColumn] = [0, 0];
  for (const [line, text] of mappings.split(";").entries()) {
    let column = 0;
    for (const one of text.split(",")) {
      const [step = 0, source, lines = 0, columns = 0] = numbersIn(one);
      column += step;
      if (source === undefined) continue;
      fromLine += lines;
      fromColumn += columns;
      segments.push({ at: { line, column }, from: { line: fromLine, column: fromColumn } });
    }
  }
  return segments;
}

const isBefore = (a: Place, b: Place) => a.line < b.line || (a.line === b.line && a.column < b.column);

export class SourcePlaces {
  readonly isCell: boolean;
  readonly url: string;
  private readonly segments: readonly Segment[] | undefined;

  constructor(readonly text: CompiledText) {
    this.isCell = isCell(text.name);
    this.url = urlOf(text.name);
    this.segments = text.map === undefined ? undefined : segmentsOf(text.map);
  }

  /**
   * What was typed at a place of the script. `exact`: undefined where that line of the script was made by the compiler alone.
   */
  typed(line: number, column: number, exact = false): Place | undefined {
    const at = { line: line - this.text.lineOffset, column };
    if (at.line < 0) return undefined;
    if (this.segments === undefined) return { line: at.line + 1, column: column + 1 };
    let [low, high] = [0, this.segments.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (isBefore(at, this.segments[middle]!.at)) high = middle;
      else low = middle + 1;
    }
    const found = this.segments[low - 1];
    if (found === undefined || (exact && found.at.line !== at.line)) return undefined;
    const first = found.from.line === 0 ? this.text.prefix : 0;
    return { line: found.from.line + 1, column: Math.max(1, found.from.column + 1 - first) };
  }

  /** Where in the script a line as typed begins, or the next line of which something was compiled. */
  compiled(line: number): Place | undefined {
    const { lineOffset } = this.text;
    if (this.segments === undefined) return { line: line - 1 + lineOffset, column: 0 };
    let best: Segment | undefined;
    for (const one of this.segments) {
      if (one.from.line < line - 1) continue;
      const isNearer = best === undefined || one.from.line < best.from.line;
      if (isNearer || (one.from.line === best!.from.line && isBefore(one.at, best!.at))) best = one;
    }
    return best === undefined ? undefined : { line: best.at.line + lineOffset, column: best.at.column };
  }
}
