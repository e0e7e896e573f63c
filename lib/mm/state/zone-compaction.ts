/** The state a zone keeps between compaction runs, and the counters in /proc/vmstat that compaction updates. */

/** The compact_ fields of struct zone. */
export class ZoneCompaction {
  cachedFreePfn = 0;
  /** For asynchronous and for synchronous runs. */
  cachedMigratePfn: [number, number] = [0, 0];
  initMigratePfn = 0;
  initFreePfn = 0;
  /** Deferral: runs since the last failure, log2 of the number to skip, smallest order that failed. */
  considered = 0;
  deferShift = 0;
  orderFailed = 0;
  /** PG_migrate_skip bits are to be cleared before kswapd sleeps. */
  blockskipFlush = false;
}

/** Event counters of /proc/vmstat. */
export class CompactionCounters {
  compact_migrate_scanned = 0;
  compact_free_scanned = 0;
  compact_isolated = 0;
  compact_stall = 0;
  compact_fail = 0;
  compact_success = 0;
  compact_daemon_wake = 0;
  compact_daemon_migrate_scanned = 0;
  compact_daemon_free_scanned = 0;
  allocstall = 0;
  pageoutrun = 0;
  pgscan_direct = 0;
  pgsteal_direct = 0;
  pgscan_kswapd = 0;
  pgsteal_kswapd = 0;
  pgmigrate_success = 0;
  pgmigrate_fail = 0;
}
