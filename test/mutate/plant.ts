/**
 * Many mutants in one text: each asks the global `$mutant` whether it is the one at work, so that a process loads the engine
 * once for all of them. For coverage each notes instead that it was reached.
 */
import type { Mutant } from "./mutants";

export type Planting = "asks" | "notes";

/** The text with the mutants planted, which may lie within one another. */
export function plant(text: string, mutants: readonly Mutant[], as: Planting): string {
  // The outer one first; of equal places in the order given.
  const sorted = [...mutants].sort((a, b) => a.start - b.start || b.end - a.end || a.id - b.id);
  let at = 0;
  const render = (from: number, to: number): string => {
    let out = "";
    let place = from;
    while (at < sorted.length && sorted[at]!.start < to) {
      const m = sorted[at++]!;
      out += text.slice(place, m.start);
      out += wrap(m, render(m.start, m.end), as);
      place = m.end;
    }
    return out + text.slice(place, to);
  };
  return render(0, text.length);
}

function wrap(m: Mutant, original: string, as: Planting): string {
  if (m.after === "")
    return as === "notes" ? `{$reached[${m.id}]=1;${original}}` : `{if($mutant!==${m.id}){${original}}}`;
  return as === "notes"
    ? `($reached[${m.id}]=1,${original})`
    : `($mutant===${m.id}?(${m.after}):(${original}))`;
}
