/**
 * Counts whose event is not the same in every kernel. Two variants that count differently can have their counts set side by side, but
 * neither count is the better one.
 */
import { ALLOCATOR_SWITCHES, type KernelSwitches } from "../hardware/kernel-switches";
import { type BootRequest, resolveBoot } from "../machine/boot-request";
import { kernelProfile } from "../mm/state/profile";

interface CountedOtherwise {
  /** The switch whose values differ in what is counted. */
  by: "fallback";
  metrics: RegExp;
  /** What one event is, by the switch's value. */
  event: Readonly<Record<KernelSwitches["fallback"], string>>;
}

/** mm_page_alloc_extfrag stands in __rmqueue_fallback() up to 6.9, and in what took its place from 6.10 on. */
const COUNTED: readonly CountedOtherwise[] = [
  {
    by: "fallback",
    metrics: /^fallbacks/,
    event: {
      steal: "one where the free pages of a block go to the request's lists, and serve later requests too",
      claim: "one for each page that is taken, of a claimed block or alone",
    },
  },
];

/** Why a count means one thing on machine `a` and another on `b`; null if it is the same on both. */
export function countNote(metric: string, a: BootRequest, b: BootRequest): string | null {
  const [x, y] = [switchesOf(a), switchesOf(b)];
  const found = COUNTED.find(({ by, metrics }) => metrics.test(metric) && x[by] !== y[by]);
  if (found === undefined) return null;
  const { by, event } = found;
  return `counted differently: ${by} ${x[by]} ${releasesOf(by, x[by])}: ${event[x[by]]}; ${by} ${y[by]} ${releasesOf(by, y[by])}: ${event[y[by]]}`;
}

const switchesOf = (machine: BootRequest) => kernelProfile(resolveBoot(machine).release, machine.switches);

/** `(before 6.10)`, `(since 6.10)`. */
function releasesOf(by: CountedOtherwise["by"], value: string): string {
  const { oldest, values } = ALLOCATOR_SWITCHES[by];
  const since = values.find(([one]) => one === value)?.[1].release;
  const until = value === oldest ? values[0]?.[1].release : undefined;
  return since !== undefined ? `(since ${since})` : until !== undefined ? `(before ${until})` : "";
}
