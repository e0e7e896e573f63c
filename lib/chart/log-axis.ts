/** Logarithmic axes with their ticks written out, the same in a browser and in the static picture. */
import type { Axis } from "./figure";
import { number } from "./labels";

/**
 * An axis over `values` (all above 0) with room at both ends (a share of its length); 1, 2, 5 where decades are few.
 */
export function logAxis(values: readonly number[], room = 0.04): Axis {
  if (values.length === 0) return { type: "log" };
  const logs = values.map(Math.log10);
  const low = logs.reduce((a, b) => Math.min(a, b));
  const high = logs.reduce((a, b) => Math.max(a, b));
  const margin = Math.max(0.08, (high - low) * room);
  const [from, to] = [low - margin, high + margin];
  const steps = to - from <= 3 ? [1, 2, 5] : [1];
  const ticks: number[] = [];
  for (let power = Math.floor(from); power <= Math.ceil(to); power++)
    for (const step of steps) {
      const tick = Number((step * 10 ** power).toPrecision(6));
      if (Math.log10(tick) >= from && Math.log10(tick) <= to) ticks.push(tick);
    }
  return {
    type: "log",
    range: [from, to],
    tickvals: ticks,
    ticktext: ticks.map((tick) => (tick >= 1 ? number(tick) : String(tick))),
  };
}
