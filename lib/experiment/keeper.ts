/** Keeps finished runs: the store, or a caller's own implementation. */
import type { Look } from "./looks";
import type { RunText } from "./run-text";

/** A stored run; `plan` is canonical JSON. */
export interface StoredRun extends RunText {
  hash: string;
  plan: string;
}

/** Stores finished runs: see store.ts. */
export interface Keeper {
  get(hashes: readonly string[]): Promise<Map<string, RunText>>;
  put(runs: readonly StoredRun[]): Promise<void>;
  /** Notes that a comparison is seen, and returns with which smaller numbers of seeds it was before, ascending. */
  looked?(look: Look): Promise<number[]>;
}
