/**
 * Which folios a sequential read of a file allocates: windows that grow from read to read, each filled with folios of one
 * order, smaller ones where the file ends. Model of mm/readahead.c: get_init_ra_size(), get_next_ra_size(),
 * ondemand_readahead() and page_cache_ra_order() of 6.1, page_cache_sync_ra() and page_cache_async_ra() since 6.17.
 */
import { log2 } from "../base/elementary";
import { KiB } from "../base/units";
import { FILE_SYSTEM_FACTS, type FileSystem } from "../hardware/file-systems";
import type { Memory } from "../mm/state/memory";

/** Bytes of one read() or write() of a file that is copied: coreutils' buffer. A modelling choice. */
const CALL_BYTES = 128 * KiB;
/** MAX_XAS_ORDER: the largest order that the page cache's tree can split. */
const MAX_XAS_ORDER = 11;
/** Before 6.17 a smaller window holds single pages. */
const LEAST_WINDOW = 4;

export interface FolioRules {
  /** Whether reads and writes allocate large folios at all. */
  reads: boolean;
  writes: boolean;
  /** MAX_PAGECACHE_ORDER, and the file system's own limit. */
  mostOrder: number;
  /** Largest readahead window, and one read() or write(), in pages. */
  windowPages: number;
  callPages: number;
  /** Since 6.17 a file has an order of its own, which starts at 0; before, that of the marked folio counted. */
  ownOrder: boolean;
  /** Folios of two pages: since 6.9. */
  orderOne: boolean;
}

/** The rules of a machine for files of one file system. */
export function folioRules(m: Memory, fileSystem: FileSystem, pageSize: number): FolioRules {
  const { readaheadBytes, folioPages } = FILE_SYSTEM_FACTS[fileSystem];
  const how = m.sw[`${fileSystem}LargeFolios`];
  return {
    // mapping_large_folio_support(): only with CONFIG_TRANSPARENT_HUGEPAGE.
    reads: m.thp && how !== "none",
    writes: m.thp && how === "readWrite",
    mostOrder: Math.min(MAX_XAS_ORDER, m.thpOrder, Math.floor(log2(Math.min(folioPages, 2 ** 20)))),
    windowPages: Math.max(1, readaheadBytes / pageSize),
    callPages: Math.max(1, CALL_BYTES / pageSize),
    ownOrder: m.sw.readaheadOrder === "own",
    orderOne: m.sw.folioOrderOne,
  };
}

/** A readahead window: pages [start, start + size) of the file. */
export interface ReadaheadWindow {
  start: number;
  size: number;
  /** Order of its folios. */
  order: number;
  /** The page whose folio starts the next window when it is reached. */
  mark: number;
}

/** The window of the first read() of a file. */
export function firstWindow(rules: FolioRules): ReadaheadWindow {
  const { windowPages: most, callPages: asked } = rules;
  const pow2 = 2 ** Math.ceil(log2(asked));
  const size = pow2 <= most / 32 ? pow2 * 4 : pow2 <= most / 4 ? pow2 * 2 : most;
  const ahead = size > asked ? size - asked : size >> 1;
  return { start: 0, size, order: rules.ownOrder ? 0 : orderFor(rules, 2, size), mark: size - ahead };
}

/** The window that a reader sets off at the mark of `w`; `markedOrder`: that of the folio that has the mark. */
export function nextWindow(rules: FolioRules, w: ReadaheadWindow, markedOrder: number): ReadaheadWindow {
  const { windowPages: most, ownOrder } = rules;
  const start = w.start + w.size;
  let size = Math.max(w.size, w.size < most / 16 ? 4 * w.size : w.size <= most / 2 ? 2 * w.size : most);
  const wanted = (ownOrder ? w.order : markedOrder) + 2;
  if (ownOrder) {
    const align = 2 ** Math.min(wanted, Math.floor(log2(most)));
    const end = Math.floor((start + size) / align) * align;
    if (end > start) size = end - start;
  }
  return { start, size, order: orderFor(rules, wanted, size), mark: start };
}

function orderFor({ mostOrder, ownOrder }: FolioRules, wanted: number, size: number): number {
  if (!ownOrder && size < LEAST_WINDOW) return 0;
  return Math.min(mostOrder, wanted, 31 - Math.clz32(size));
}

/** The order of the folio at page `index`, where folios of `order` are wanted: aligned, and not beyond page `last`. */
export function folioOrderAt(rules: FolioRules, index: number, order: number, last: number): number {
  let fits = order;
  if ((index & ((1 << fits) - 1)) !== 0) fits = 31 - Math.clz32(index & -index);
  while (fits > 0 && index + 2 ** fits - 1 > last) fits--;
  return fits === 1 && !rules.orderOne ? 0 : fits;
}
