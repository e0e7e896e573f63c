/**
 * Finished runs that wait for an earlier one, because results are told in the order of the plans. What is more than fits
 * in memory waits in a file.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorOf, InputError } from "../base/errors";
import type { RunText } from "./run-text";

/** Characters of texts that wait in memory. */
const KEPT_CHARACTERS = 2 ** 26;

/** A run and the name of its plan. */
export interface NamedRun extends RunText {
  hash: string;
}

/** Where a run lies in the file. */
interface Place {
  at: number;
  bytes: number;
}

export class EarlyRuns {
  private readonly waiting = new Map<number, NamedRun | Place>();
  private characters = 0;
  private folder: string | null = null;
  private file = -1;
  private end = 0;

  constructor(private readonly keptCharacters = KEPT_CHARACTERS) {}

  put(index: number, run: NamedRun): void {
    if (this.characters + run.text.length > this.keptCharacters) {
      this.waiting.set(index, this.write(run));
      return;
    }
    this.characters += run.text.length;
    this.waiting.set(index, run);
  }

  /** The run of a plan, which waits no longer; undefined if it has not come yet. */
  take(index: number): NamedRun | undefined {
    const found = this.waiting.get(index);
    if (found === undefined) return undefined;
    this.waiting.delete(index);
    if ("at" in found) return this.read(found);
    this.characters -= found.text.length;
    return found;
  }

  private write(run: NamedRun): Place {
    try {
      return this.written(run);
    } catch (error) {
      throw new InputError(
        `sweep: ${tmpdir()}: runs that wait for earlier ones cannot be written (${errorOf(error).message}): make room, or name another folder in TMPDIR, and run the same command again`,
      );
    }
  }

  private written(run: NamedRun): Place {
    if (this.folder === null) {
      this.folder = mkdtempSync(join(tmpdir(), "pageblock-runs-"));
      this.file = openSync(join(this.folder, "early"), "w+");
    }
    const data = Buffer.from(JSON.stringify(run));
    const place = { at: this.end, bytes: data.length };
    for (let done = 0; done < data.length; )
      done += writeSync(this.file, data, done, data.length - done, place.at + done);
    this.end += data.length;
    return place;
  }

  private read({ at, bytes }: Place): NamedRun {
    const data = Buffer.alloc(bytes);
    for (let done = 0; done < bytes; ) {
      const got = readSync(this.file, data, done, bytes - done, at + done);
      if (got === 0) throw new Error(`runs that wait: the file ends at ${at + done}`);
      done += got;
    }
    return JSON.parse(data.toString());
  }

  /** Removes the file. */
  close(): void {
    if (this.folder === null) return;
    closeSync(this.file);
    rmSync(this.folder, { recursive: true, force: true });
    this.folder = null;
  }
}
