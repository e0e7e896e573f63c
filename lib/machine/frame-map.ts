/** The class of every page frame of a machine as text: run-length coded, a letter and the number of frames in a row. */
import { InputError, quoted } from "../base/errors";

/** A letter for each class, in the order of CLASSES of calibration/class-map.ts. */
export const FRAME_LETTERS = "?sfaprhb-uAF";

/** Classes by name; numbers are places in FRAME_LETTERS. */
export const FRAME_CLASS = {
  unknown: 0,
  slab: 1,
  file: 2,
  anon: 3,
  pageTable: 4,
  reserved: 5,
  hugetlb: 6,
  free: 7,
  hole: 8,
  unevictable: 9,
  anonHuge: 10,
  fileLarge: 11,
} as const;

/** Frames of a map: 4 TiB of pages of 4 KiB. */
export const FRAMES_MOST = 2 ** 30;

/** Collects classes in frame order. */
export class FrameRuns {
  private readonly runs: string[];
  private last: number;
  private length: number;

  constructor() {
    this.runs = [];
    this.last = -1;
    this.length = 0;
  }

  add(frameClass: number): void {
    if (frameClass === this.last) this.length++;
    else {
      this.flush();
      this.last = frameClass;
      this.length = 1;
    }
  }

  private flush(): void {
    if (this.length > 0) this.runs.push(`${FRAME_LETTERS[this.last]}${this.length}`);
    this.length = 0;
  }

  toText(): string {
    this.flush();
    this.last = -1;
    return this.runs.join("");
  }
}

/** Run-length codes a class map of one byte a frame. */
export function codeClasses(classes: Uint8Array): string {
  const runs = new FrameRuns();
  for (const c of classes) runs.add(c);
  return runs.toText();
}

/** The class map of a coded text. Throws InputError with the place for what is not one. */
export function decodeClasses(text: string, file: string): Uint8Array {
  const runs: [number, number][] = [];
  let frames = 0;
  const one = /([?a-zA-Z-])(\d{1,10})/y;
  while (one.lastIndex < text.length) {
    const at = one.lastIndex;
    const m = one.exec(text);
    const cls = m === null ? -1 : FRAME_LETTERS.indexOf(m[1]!);
    if (m === null || cls < 0)
      throw new InputError(
        `${file}: frames: character ${at}: a letter of ${FRAME_LETTERS} and a number were expected: got ${quoted(text.slice(at, at + 20))}`,
      );
    frames += Number(m[2]);
    if (frames > FRAMES_MOST)
      throw new InputError(`${file}: frames: the limit is ${FRAMES_MOST} page frames: got more`);
    runs.push([cls, Number(m[2])]);
  }
  const classes = new Uint8Array(frames);
  let at = 0;
  for (const [cls, n] of runs) {
    classes.fill(cls, at, at + n);
    at += n;
  }
  return classes;
}
