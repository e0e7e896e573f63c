/** What a notebook needs once: scripts for browsers, which the first output that uses them carries. */
import { type CellRun, cellRun } from "./display";

/**
 * A function that says whether its scripts are due: in the first output of a kernel session, and in the first output of that cell
 * when it runs again.
 */
export function onceAKernel(): () => boolean {
  let sent = false;
  let sentBy: CellRun | undefined;
  return () => {
    const now = cellRun();
    if (sent) {
      if (sentBy === undefined || now?.cell !== sentBy.cell || now.count === sentBy.count) return false;
    }
    sent = true;
    sentBy = now;
    return true;
  };
}

/** Plotly, for charts. */
export const plotlyDue = onceAKernel();
/** The engine, for knobs. */
export const engineDue = onceAKernel();
