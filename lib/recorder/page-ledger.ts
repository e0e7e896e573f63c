/** A bit for each frame, from the lists of a snapshot: free (in the buddy lists or on a per-CPU list) or in use. */
import { at, InputError } from "../base/errors";
import { printable } from "../base/printable";

/** Frames and page blocks of a snapshot, as far as a check of completeness needs them. */
export interface Ledger {
  /** 1: free. The index is the frame. */
  free: Uint8Array;
  /** Type of each page block; 255: none. The index is the frame without the bits of the block. */
  types: Uint8Array;
  blockOrder: number;
}

/** 4 TiB of 4 KiB. */
const FRAMES_MOST = 2 ** 30;

function fields(words: readonly string[]): Map<string, string> {
  return new Map(words.map((w) => [w.slice(0, w.indexOf("=")), w.slice(w.indexOf("=") + 1)]));
}

/** Reads the ledger of the snapshot in `text`; throws InputError with file and line. */
export function readLedger(text: string, file: string): Ledger {
  const lines = text.split("\n");
  let ledger: Ledger | undefined;
  let order = 0;
  lines.forEach((line, i) => {
    const words = line.split(" ");
    const fail = (what: string) => {
      throw new InputError(`${at(file, i + 1)}: ${what}: ${printable(line.slice(0, 60))}`);
    };
    const number = (word: string | undefined, most: number) => {
      const n = Number.parseInt(word ?? "", 10);
      if (!(n >= 0 && n <= most)) fail(`a number from 0 to ${most} was expected`);
      return n;
    };
    if (words[0] === "snapshot") {
      const end = frames(lines);
      order = number(fields(words).get("pageblock_order"), 19);
      const blocks = Math.ceil(end / 2 ** order) + 1;
      ledger = { free: new Uint8Array(end), types: new Uint8Array(blocks).fill(255), blockOrder: order };
      return;
    }
    if (ledger === undefined) return fail("a snapshot begins with its first line");
    const mark = (pfn: number, pages: number) => {
      if (pfn + pages > ledger!.free.length) fail(`frame ${pfn} is in no zone`);
      ledger!.free.fill(1, pfn, pfn + pages);
    };
    if (words[0] === "pb" && words[3] !== "hole") {
      const first = number(words[1], FRAMES_MOST) >> order;
      ledger.types.fill(number(words[3], 254), first, first + number(words[2], FRAMES_MOST));
    } else if (words[0] === "free") {
      const pages = 2 ** number(words[1], 20);
      for (const word of words.slice(5)) mark(number(word, FRAMES_MOST), pages);
    } else if (words[0] === "pcplist") {
      const index = number(words[1], 63);
      const pages = 2 ** (index < 12 ? Math.floor(index / 3) : order);
      for (const word of words.slice(4)) mark(number(word, FRAMES_MOST), pages);
    }
  });
  if (ledger === undefined) throw new InputError(`${file}: is empty, a snapshot was expected`);
  return ledger;
}

/** The frame behind the last zone. */
function frames(lines: readonly string[]): number {
  let end = 0;
  for (const line of lines)
    if (line.startsWith("zone ")) {
      const zone = fields(line.split(" "));
      end = Math.max(end, Number(zone.get("start")) + Number(zone.get("spanned")));
    }
  return end <= FRAMES_MOST ? end : FRAMES_MOST;
}
