/** Keeps finished runs: the store, or a caller's own implementation. */
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
}
