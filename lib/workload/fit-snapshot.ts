/** Derives from a recorded snapshot a workload that gives a machine the same mix of pages. */
import { InputError } from "../base/errors";
import { kernelProfile } from "../mm/state/profile";
import type { Snapshot } from "../trace/snapshot";
import { loadSnapshot } from "../trace/snapshot-load";
import { shares } from "./mix";
import type { LeafWorkload } from "./workload";

/**
 * A `mix` with the snapshot's shares. A snapshot distinguishes movable pages, slab and others; slab in reclaimable page blocks
 * counts as reclaimable. `vmstat`: the text of /proc/vmstat at the time, from which the page cache's part of movable memory is
 * taken; without it the part is half. `release`: the recorded kernel. On a machine of the same size, the result is within 2 % of
 * memory and of page blocks, unless the machine's own boot exceeds the shares.
 * @example
 * ```ts
 * import { fitSnapshot, replay } from "pageblock";
 *
 * const { s1 } = await replay("test/fixtures/x86-6.1/boot-8G"); // its exact state at the end
 * fitSnapshot(s1).kind; // => "mix"
 * ```
 */
export function fitSnapshot(
  snapshot: Snapshot,
  options: { vmstat?: string; release?: string } = {},
): LeafWorkload {
  const memory = loadSnapshot(snapshot, kernelProfile(options.release ?? "6.1"));
  const managedPages = memory.zones.reduce((pages, z) => pages + z.managed, 0);
  const s = shares({ memory, managedPages });
  const round = (x: number) => Math.round(x * 1e4) / 1e4;
  return {
    kind: "mix",
    movable: round(s.movable),
    reclaimable: round(s.reclaimable),
    unmovable: round(s.unmovable),
    polluted: round(s.polluted),
    ...(options.vmstat === undefined ? {} : { pageCache: round(pageCacheShare(options.vmstat)) }),
  };
}

/** File pages of all pages on the LRU lists. */
function pageCacheShare(vmstat: string): number {
  const value = (name: string) => {
    const match = new RegExp(`^${name} (\\d+)$`, "m").exec(vmstat);
    if (match === null) throw new InputError(`vmstat: has no ${name}`);
    return Number(match[1]);
  };
  const file = value("nr_inactive_file") + value("nr_active_file");
  const anon = value("nr_inactive_anon") + value("nr_active_anon");
  return file + anon === 0 ? 0 : file / (file + anon);
}
