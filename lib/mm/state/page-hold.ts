/** The exceptional state of a page in use that keeps it where it is. */

/** What keeps a page from moving for the time being. `count` references beyond those of its mapping. */
export interface PageHold {
  /**
   * `get`: a short reference (O_DIRECT in flight, fork, vmsplice); `pin`: FOLL_PIN for the length of a call; `longterm`: a
   * pin of RDMA, VFIO, io_uring; `writeback`, `locked`: waited for by who may wait; `buffers`: buffer heads in use;
   * `noMigrate`: dirty, and its file system cannot migrate; `mlock`: on the unevictable list, which bars reclaim but not
   * migration; `lruBatch`: in a CPU's batch of pages that are yet to join the LRU; `hwPoison`: taken out of use after a
   * memory error.
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
  /** Who holds it, in words. */
  by: string;
  count: number;
}
