/**
 * Output of programs that a cell waits for without its event loop (`execSync` with `stdio: "inherit"`). They write into a file,
 * and the thread of the sockets sends what is added to it.
 */
import { closeSync, readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { Piece, StreamName } from "./outbox";

const LOOK_MS = 50;
const CHUNK_BYTES = 64 * 1024;

interface Followed {
  readonly cell: number;
  readonly name: StreamName;
  /** To read the file with; the file has no name any more. */
  readonly descriptor: number;
}

export class FollowedFiles {
  private readonly ends = new Map<number, () => void>();

  constructor(private readonly print: (piece: Piece) => void) {}

  add({ cell, name, descriptor }: Followed): void {
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
    this.ends.set(descriptor, () => {
      clearInterval(timer);
      look();
      closeSync(descriptor);
    });
  }

  /** The program has ended: what is left is sent at once, and the file is gone. */
  end(descriptor: number): void {
    this.ends.get(descriptor)?.();
    this.ends.delete(descriptor);
  }
}
