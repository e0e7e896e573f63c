/**
 * What `process.stdin` is in a cell: each line that is read is asked of the front end. It asks only for a cell that runs;
 * a listener that a cell left behind asks nothing.
 */
import type { EventEmitter } from "node:events";
import { Readable } from "node:stream";
import { type CellContext, currentCell } from "./cell-context";

export interface LineSource {
  ask(context: CellContext, prompt: string): Promise<string>;
  /** The cell waits for a line that will not come. */
  failed(context: CellContext, error: Error): void;
}

export class NotebookInput extends Readable {
  readonly isTTY = false;
  readonly fd = 0;
  private prompt = "";
  private wanted = false;
  private asking = false;
  /** Whether anybody would take a line; with a line reader: listeners for lines. */
  private listens = () => this.listenerCount("data") + this.listenerCount("readable") > 0;

  constructor(private readonly source: LineSource) {
    super();
  }

  /** Reads for the listeners of the `line` event of a readline interface. */
  readFor(lines: EventEmitter): void {
    this.listens = () => lines.listenerCount("line") > 0;
    lines.on("newListener", (event) => {
      if (event === "line") this.askSoon();
    });
  }

  /** The next question shows this text. */
  promptWith(prompt: string): void {
    this.prompt = prompt;
    this.askSoon();
  }

  setRawMode(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  override on(event: string | symbol, listener: (...args: never[]) => void): this {
    super.on(event, listener as (...args: unknown[]) => void);
    if (event === "data" || event === "readable") this.askSoon();
    return this;
  }

  override addListener(event: string | symbol, listener: (...args: never[]) => void): this {
    return this.on(event, listener);
  }

  override _read(): void {
    this.wanted = true;
    this.askSoon();
  }

  /** In a later turn: who has just got a line may have had enough. */
  private askSoon(): void {
    const context = currentCell();
    if (context === undefined) return;
    setImmediate(() => {
      if (!this.wanted || this.asking || !this.listens() || currentCell()?.running() !== true) return;
      this.asking = true;
      const { prompt } = this;
      this.prompt = "";
      this.source.ask(context, prompt).then(
        (line) => {
          this.asking = false;
          this.wanted = false;
          this.push(`${line}\n`);
        },
        (error) => {
          this.asking = false;
          this.source.failed(context, error);
        },
      );
    });
  }
}
