/** Reads what was written to a caught descriptor, in the thread of the sockets (see caught-descriptors.ts). */
import { readSync } from "node:fs";
import { Socket } from "node:net";
import { StringDecoder } from "node:string_decoder";
import { AT_ONCE_BYTES, GATHER_MS } from "./outbox";

const CHUNK_BYTES = 64 * 1024;
/** So much is read at once by {@link CaughtText.drain}: what a writer that goes on adds meanwhile waits. */
const DRAINED_BYTES = 1 << 20;

export class CaughtText {
  private readonly decoder = new StringDecoder("utf8");
  private readonly chunk = Buffer.alloc(CHUNK_BYTES);
  private readonly socket: Socket;
  private text = "";
  private gather: NodeJS.Timeout | undefined;
  private isOpen = true;

  constructor(
    private readonly descriptor: number,
    private readonly print: (text: string) => void,
    /** Gets the bytes as they come. */
    private readonly echo: (bytes: Buffer) => void,
  ) {
    this.socket = new Socket({ fd: descriptor, readable: true, writable: false });
    this.socket.on("data", (bytes) => this.take(bytes));
    this.socket.on("error", () => {});
  }

  /** Prints what was written until now. */
  drain(): void {
    // What a paused stream holds already is given to its listener.
    while (this.isOpen && this.socket.read() !== null);
    for (let all = 0; this.isOpen && all < DRAINED_BYTES; ) {
      let length = 0;
      try {
        length = readSync(this.descriptor, this.chunk, 0, CHUNK_BYTES, null);
      } catch {
        // Nothing is there.
      }
      if (length === 0) break;
      all += length;
      this.take(Buffer.from(this.chunk.subarray(0, length)));
    }
    this.flush();
  }

  close(): void {
    this.drain();
    this.isOpen = false;
    this.socket.destroy();
  }

  private take(bytes: Buffer): void {
    this.echo(bytes);
    this.text += this.decoder.write(bytes);
    // A flood waits in the pipe, and so in the program that makes it.
    if (this.text.length > AT_ONCE_BYTES) this.socket.pause();
    this.gather ??= setTimeout(() => this.flush(), GATHER_MS);
  }

  private flush(): void {
    clearTimeout(this.gather);
    this.gather = undefined;
    const { text } = this;
    this.text = "";
    if (text !== "") this.print(text);
    if (this.isOpen && this.socket.isPaused()) this.socket.resume();
  }
}
