/** Strategies on a machine of their own, without a plan around them. */
import assert from "node:assert/strict";
import type { BootRequest } from "../../lib/machine/boot-request";
import { System } from "../../lib/machine/system";
import { validate } from "../../lib/mm/reports/validate";
import { resolveStrategy } from "../../lib/strategy";
import { REQUEST_DEFAULTS } from "../../lib/strategy/request";
import type { MemoryRequest, PreparedStrategy, StrategySpec } from "../../lib/strategy/strategy";

export function asking(bytes: number, more: Partial<MemoryRequest> = {}): MemoryRequest {
  return {
    ...REQUEST_DEFAULTS,
    bytes,
    alignBytes: 1,
    alignNamed: more.alignBytes !== undefined,
    cpuMapBytes: 0,
    ...more,
  };
}

export interface Started {
  system: System;
  prepared: PreparedStrategy;
}

export function start(base: BootRequest, spec: StrategySpec, request: MemoryRequest): Started {
  const { strategy, parameters } = resolveStrategy(spec);
  const system = System.boot(strategy.machine(base, parameters, request));
  return { system, prepared: strategy.prepare(system, parameters, request) };
}

/** Grants as often as asked, gives everything back, and the laws hold with as many free pages as before. */
export function grantAndGiveBack({ system, prepared }: Started, times: number, ownersKnown = true): void {
  const drain = () => system.allocator.drainAllPages();
  drain();
  const before = system.freePages;
  const got = Array.from({ length: times }, () => prepared.request());
  for (const a of got) assert.equal(a.ok, true, a.reason ?? "");
  validate(system.memory, "everything", { ownersKnown });
  for (const a of got) prepared.release(a);
  drain();
  validate(system.memory, "everything", { ownersKnown });
  assert.deepEqual(system.contig.validate(), []);
  assert.equal(system.freePages, before);
}
