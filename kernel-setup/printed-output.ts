/**
 * Gathers what a cell prints into few messages. Stock tslab sends one message per write, but zeromq refuses more than
 * 512 sends in one turn of the event loop, so that 20,000 printed lines arrive cut short; JupyterLab's server also
 * drops output above 1,000 messages per second. Here writes are joined until the stream or the kind of message
 * changes, or 64 KiB or 50 ms are reached. Each write checks the clock, so that a loop that never yields still shows
 * its progress.
 */
import { StringDecoder } from "node:string_decoder";
import { wellFormed } from "./well-formed";

export type StreamName = "stdout" | "stderr";
const MAX_CHARS = 64 * 1024;
const MAX_WAIT_MS = 50;

export class PrintedOutput {
  private name: StreamName = "stdout";
  private pieces: string[] = [];
  private chars = 0;
  private sinceMs = 0;
  private timer: NodeJS.Timeout | undefined;
  private readonly decoders = { stdout: new StringDecoder("utf8"), stderr: new StringDecoder("utf8") };

  constructor(private readonly send: (name: StreamName, text: string) => void) {}

  /** Adds text, or bytes of UTF-8 that may end within a character. */
  write(name: StreamName, data: string | Uint8Array): void {
    const text = typeof data === "string" ? data : this.decoders[name].write(Buffer.from(data));
    if (text === "") return;
    if (name !== this.name) this.flush();
    this.name = name;
    if (this.chars === 0) {
      this.sinceMs = performance.now();
      this.timer = setTimeout(() => this.flush(), MAX_WAIT_MS);
    }
    this.pieces.push(text);
    this.chars += text.length;
    if (this.chars >= MAX_CHARS || performance.now() - this.sinceMs >= MAX_WAIT_MS) this.flush();
  }

  /** Sends what is waiting; called before any other message, so that order is kept. */
  flush(): void {
    clearTimeout(this.timer);
    if (this.chars === 0) return;
    const text = this.pieces.join("");
    this.pieces = [];
    this.chars = 0;
    this.send(this.name, wellFormed(text));
  }
}
