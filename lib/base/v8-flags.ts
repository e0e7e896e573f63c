/** Settings of the JavaScript engine that suit long loops over typed arrays. They change speed, never results. */
import { setFlagsFromString } from "node:v8";

/**
 * Lets the optimiser inline more of a hot path than it does by default: a page allocation is a chain of a dozen small
 * functions, and its calls cost more than its work. It pays in loops of many seconds; in short runs, such as a replay,
 * the longer compilation costs more than it brings. Call it before the first hot loop runs.
 */
export function tuneForHotLoops(): void {
  setFlagsFromString("--max-inlined-bytecode-size=1000");
  setFlagsFromString("--max-inlined-bytecode-size-cumulative=4000");
}
