/** Puts a change into a machine whose boot memory was just handed over. */
import { setPcpSizes } from "../mm/decisions/per-cpu";
import type { Memory } from "../mm/state/memory";
import type { ChangeCode } from "./code";
import { type BoundChange, bindChange } from "./decide";

/** Requests and frees go one by one from now on: every one of them may be decided otherwise. */
export function installChange(m: Memory, code: ChangeCode): BoundChange {
  const bound = bindChange(code);
  m.change = bound.decisions;
  m.bulk = false;
  setPcpSizes(m);
  return bound;
}
