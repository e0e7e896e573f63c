/** The exceptional state that keeps a page in use from moving. */

/** A temporary reason why a page cannot move. `count`: references beyond those of its mapping. */
export interface PageHold {
  /**
   * `get`: a short reference (O_DIRECT in flight, fork, vmsplice); `pin`: FOLL_PIN for the duration of a call;
   * `longterm`: a pin by RDMA, VFIO or io_uring; `writeback`, `locked`: migration waits for these if it may wait;
   * `buffers`: buffer heads in use; `noMigrate`: dirty, and its file system cannot migrate; `mlock`: on the
   * unevictable list, which prevents reclaim but not migration; `lruBatch`: in a CPU's batch of pages that have not
   * joined the LRU yet; `hwPoison`: retired after a memory error.
   */
  kind:
    | "get"
    | "pin"
    | "longterm"
    | "writeback"
    | "locked"
    | "buffers"
    | "noMigrate"
    | "mlock"
    | "lruBatch"
    | "hwPoison";
  /** The holder, in words. */
  by: string;
  count: number;
}
