/** What prep_move_freepages_block() found in a page block: valid until the machine scans the next one. */
export class BlockScan {
  /** Frames [startPfn, endPfn) are to be moved. */
  startPfn: number;
  endPfn: number;
  freePages: number;
  /** Pages in use that could move. */
  movablePages: number;

  constructor() {
    this.startPfn = 0;
    this.endPfn = 0;
    this.freePages = 0;
    this.movablePages = 0;
  }
}
