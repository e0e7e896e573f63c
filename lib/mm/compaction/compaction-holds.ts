/**
 * Which held pages a compaction run skips, and which it isolates but cannot move, depending on what it may wait for.
 * Model of isolate_migratepages_block() and move_to_new_folio(), 6.1.
 */

import type { Memory } from "../state/memory";
import { extraReferences, holdsOf, offLru, ownerKind, waitForPage } from "../state/owners";
import { MIGRATE_ASYNC, MIGRATE_SYNC } from "./compact-control";

/** Whether the migrate scanner skips the page. `mode` is a MIGRATE_ number. */
export function barsIsolation(m: Memory, pfn: number, mode: number): boolean {
  if (offLru(m, pfn)) return true;
  if (ownerKind(m, pfn) === "anon" && extraReferences(m, pfn) > 0) return true;
  return (
    mode !== MIGRATE_SYNC && holdsOf(m, pfn).some((h) => h.kind === "writeback" || h.kind === "noMigrate")
  );
}

/** Whether an isolated page stays in place. A hold the run may wait for has ended afterwards. */
export function barsMigration(m: Memory, pfn: number, mode: number): boolean {
  const holds = holdsOf(m, pfn);
  if (extraReferences(m, pfn) > 0 || holds.some((h) => h.kind === "buffers" || h.kind === "noMigrate"))
    return true;
  if (mode === MIGRATE_ASYNC) return holds.some((h) => h.kind === "locked" || h.kind === "writeback");
  if (mode !== MIGRATE_SYNC && holds.some((h) => h.kind === "writeback")) return true;
  waitForPage(m, pfn);
  return false;
}
