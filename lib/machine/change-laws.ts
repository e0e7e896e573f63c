/**
 * The laws of a machine with a change. The kernel keeps them by its code; a change may break them by a decision that is allowed
 * alone, such as a fallback to CMA pages. They are checked between two requests, when no operation is under way.
 */
import { LawBroken, validate } from "../mm/reports/validate";
import { validateCma } from "../mm/reports/validate-cma";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_CMA } from "../mm/state/migratetype";
import { ownerKind } from "../mm/state/owners";
import { ALLOCATED } from "../mm/state/page-state";
import type { System } from "./system";

/** Throws LawBroken at the first law that does not hold. */
export function checkLaws(system: System): void {
  const { memory, booted } = system;
  validate(memory, "everything", { ownersKnown: booted.state === undefined });
  const [broken] = validateCma(memory, system.contig?.areas ?? []);
  if (broken !== undefined)
    throw new LawBroken("a CMA area keeps its blocks and its pages", "of the area", -1, broken);
  checkCmaPages(memory);
}

/** Kinds of pages that never move, and that no CMA area hands out. */
const FIXED_KINDS: ReadonlySet<string> = new Set([
  "slab",
  "slabReclaimable",
  "pageTable",
  "kernelStack",
  "networkBuffer",
]);

/** What a CMA block lends must move away when the area wants it. */
function checkCmaPages(m: Memory): void {
  for (const zone of m.zones) {
    if (zone.cmaPages === 0) continue;
    for (let p = zone.startPfn; p < zone.endPfn; p++) {
      if (m.state[p]! < ALLOCATED || m.blockType(p) !== MIGRATE_CMA) continue;
      const kind = ownerKind(m, p);
      if (FIXED_KINDS.has(kind))
        throw new LawBroken(
          "a CMA block lends no page that cannot move",
          zone.name,
          p,
          `it holds a ${kind} page`,
        );
    }
  }
}
