/** How many workers a page starts to run plans: one core stays for the page itself. */
const PAGE_WORKERS_MOST = 4;

/** `cores`: what the browser says of the computer; browsers that say nothing count as two cores. */
export function pageWorkers(cores = 2): number {
  return Math.max(1, Math.min(PAGE_WORKERS_MOST, cores - 1));
}
