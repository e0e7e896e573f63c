/**
 * Output of programs that a cell waits for without its event loop (`execSync` with `stdio: "inherit"`). They write into a file,
 * and the thread of the sockets sends what is added to it.
 */
import { closeSync, openSync, readSync, rmSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { Piece, StreamName } from "./outbox";

const LOOK_MS = 50;
const CHUNK_BYTES = 64 * 1024;

interface Followed {
  readonly cell: number;
  readonly name: StreamName;
  readonly file: string;
}

export class FollowedFiles {
  private readonly ends = new Map<string, () => void>();

  constructor(private readonly print: (piece: Piece) => void) {}

  add({ cell, name, file }: Followed): void {
    const descriptor = openSync(file, "r");
    const decoder = new StringDecoder("utf8");
    const chunk = Buffer.alloc(CHUNK_BYTES);
    const look = () => {
      for (;;) {
        const read = readSync(descriptor, chunk, 0, CHUNK_BYTES, null);
        if (read === 0) return;
        this.print({ cell, name, text: decoder.write(chunk.subarray(0, read)) });
      }
    };
    const timer = setInterval(look, LOOK_MS);
    this.ends.set(file, () => {
      clearInterval(timer);
      look();
      closeSync(descriptor);
      rmSync(file, { force: true });
    });
  }

  /** The program has ended: what is left is sent at once, and the file removed. */
  end(file: string): void {
    this.ends.get(file)?.();
    this.ends.delete(file);
  }
}
