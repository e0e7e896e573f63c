/** What keeps finished runs: the store, or whatever a caller has instead. */
import type { RunText } from "./run-text";

/** A run as it is kept; `plan` is canonical JSON. */
export interface StoredRun extends RunText {
  hash: string;
  plan: string;
}

/** Where finished runs are kept: see store.ts. */
export interface Keeper {
  get(hashes: readonly string[]): Promise<Map<string, RunText>>;
  put(runs: readonly StoredRun[]): Promise<void>;
}
