/**
 * The laws of a machine with a change. The kernel keeps them by its code; a change may break them by a decision that is allowed
 * alone, such as a fallback to CMA pages. They are checked between two requests, when no operation is under way.
 */
import { InputError } from "../base/errors";
import { LawBroken, validate } from "../mm/reports/validate";
import { validateCma } from "../mm/reports/validate-cma";
import type { Memory } from "../mm/state/memory";
import { MIGRATE_CMA } from "../mm/state/migratetype";
import { ownerKind } from "../mm/state/owners";
import { ALLOCATED } from "../mm/state/page-state";
import type { System } from "./system";

/** Events between two checks of a machine with a change. */
export const CHECK_EVENTS = 2 ** 16;

/** A law was found broken after event `from` and no later than event `to`. */
export class BrokenBetween extends Error {
  constructor(
    readonly from: number,
    readonly to: number,
    readonly why: string,
  ) {
    super(why);
  }
}

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

/**
 * Checks the laws whenever `every` events have passed since the last check, from event `from` on. Returns what checks them at
 * once, to be called when the run is over. Both throw BrokenBetween.
 */
export function watchLaws(system: System, { from, every }: { from: number; every: number }): () => void {
  const bound = system.change!;
  let good = from;
  const look = () => {
    try {
      checkLaws(system);
    } catch (error) {
      if (!(error instanceof LawBroken)) throw error;
      throw new BrokenBetween(good, bound.events, lawWords(error));
    }
    good = bound.events;
  };
  bound.decisions.between = () => {
    if (bound.events - good >= every) look();
  };
  return look;
}

function lawWords({ law, message }: LawBroken): string {
  return `${law}: ${message.slice(message.indexOf(law) + law.length + 2)}`;
}

/** The error that names change, law and event. */
export function brokenBy(system: System, { from, to, why }: BrokenBetween): InputError {
  const { name, sha256, last } = system.change!;
  const when = to - from > 1 ? `between events ${from + 1} and ${to}` : `at event ${to}`;
  return new InputError(
    `change ${JSON.stringify(name)} (${sha256.slice(0, 12)}) breaks a law ${when}, the last a decision on ${last}: ${why}`,
  );
}
