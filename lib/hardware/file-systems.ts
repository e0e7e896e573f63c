/**
 * File systems as the page cache sees them: how far they read ahead, and how large their folios may be. Which releases
 * give them large folios is a matter of the switches `ext4LargeFolios`, `xfsLargeFolios` and `btrfsLargeFolios`.
 */
import { KiB, MiB } from "../base/units";

export const FILE_SYSTEMS = ["ext4", "xfs", "btrfs"] as const;
export type FileSystem = (typeof FILE_SYSTEMS)[number];

export interface FileSystemFacts {
  /** Largest readahead window: `ra_pages` of its backing device. */
  readaheadBytes: number;
  /** Most pages of a folio. */
  folioPages: number;
}

/** VM_READAHEAD_PAGES, the default of every block device (include/linux/pagemap.h, 6.1). */
const VM_READAHEAD = 128 * KiB;

export const FILE_SYSTEM_FACTS: Readonly<Record<FileSystem, FileSystemFacts>> = {
  ext4: { readaheadBytes: VM_READAHEAD, folioPages: Number.POSITIVE_INFINITY },
  xfs: { readaheadBytes: VM_READAHEAD, folioPages: Number.POSITIVE_INFINITY },
  // open_ctree(), 6.1: at least 4 MiB. A folio has at most BITS_PER_LONG blocks (cc38d178ff33), here of a page each.
  btrfs: { readaheadBytes: 4 * MiB, folioPages: 64 },
};
