/** Computed prose: Markdown as the output of a cell, so that numbers in sentences come from the run. */
import { withResults } from "../report/runs";
import { DISPLAY } from "./display";
import type { Showable } from "./show";

/** `text` shown as Markdown in a notebook, and as it is on a terminal: `show(markdown("one **word**"))`. */
export function markdown(text: string): Showable {
  return { [DISPLAY]: () => withResults({ "text/markdown": text, "text/plain": text }, []) };
}
