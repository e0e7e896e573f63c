/** Strategies on a machine of their own, without a plan around them. */
import assert from "node:assert/strict";
import { REQUEST_DEFAULTS } from "../../lib/experiment/run";
import type { BootRequest } from "../../lib/machine/boot-request";
import { System } from "../../lib/machine/system";
import { validate } from "../../lib/mm/reports/validate";
import { resolveStrategy } from "../../lib/strategy";
import type { ContigRequest, PreparedStrategy, StrategySpec } from "../../lib/strategy/strategy";

export function asking(bytes: number, more: Partial<ContigRequest> = {}): ContigRequest {
  return { ...REQUEST_DEFAULTS, bytes, alignBytes: 1, cpuMapBytes: 0, ...more };
}

export interface Started {
  system: System;
  prepared: PreparedStrategy;
}

export function start(base: BootRequest, spec: StrategySpec, request: ContigRequest): Started {
  const { strategy, resolved } = resolveStrategy(spec);
  const system = System.boot(strategy.machine(base, resolved, request));
  return { system, prepared: strategy.prepare(system, resolved, request) };
}

/** Grants as often as asked, gives everything back, and the laws hold with as many free pages as before. */
export function grantAndGiveBack({ system, prepared }: Started, times: number, ownersKnown = true): void {
  const drain = () => system.allocator.drainAllPages();
  drain();
  const before = system.freePages;
  const got = Array.from({ length: times }, () => prepared.request());
  for (const a of got) assert.equal(a.granted, true, a.why?.text);
  validate(system.memory, "everything", { ownersKnown });
  for (const a of got) prepared.release(a);
  drain();
  validate(system.memory, "everything", { ownersKnown });
  assert.deepEqual(system.contig.validate(), []);
  assert.equal(system.freePages, before);
}
