/**
 * The terminal: lines on its alternate screen, keys, changes of its size. Whatever ends the program, the terminal is left as it
 * was: keys echo, the cursor is shown, and the screen before comes back.
 */
import { emitKeypressEvents, type Key } from "node:readline";
import { InputError } from "../../base/errors";
import type { Line, Look } from "./cells";

const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[0m\x1b[?25h\x1b[?1049l";
const COLOURS: Readonly<Record<Look, string>> = {
  plain: "",
  heading: "\x1b[1m",
  warning: "\x1b[33m",
  alarm: "\x1b[1;31m",
};

/** For kill(): all processes of this group, as when the terminal itself sees Ctrl-Z. */
const OWN_GROUP = 0;
const STOPPED_WITHIN_MS = 50;

export interface ScreenSize {
  columns: number;
  rows: number;
}

/** Lines that fit: the part from line `from` on, and a last row that says how to go on. */
export function fitted(
  lines: readonly Line[],
  { columns, rows }: ScreenSize,
  from: number,
  keys = "q quits",
): Line[] {
  const room = Math.max(1, rows - 1);
  const first = firstLine(lines.length, rows, from);
  const shown = lines.slice(first, first + room);
  const more = lines.length > room;
  const part = more ? `lines ${first + 1} to ${first + shown.length} of ${lines.length}, arrows; ` : "";
  const hint: Line = { text: `${part}${keys}`, look: "plain" };
  return (rows < 2 ? shown : [...shown, hint]).map(({ text, look }) => ({
    text: text.slice(0, columns),
    look,
  }));
}

/** The first line shown, so that the last page is full. */
export function firstLine(lines: number, rows: number, from: number): number {
  return Math.max(0, Math.min(from, lines - Math.max(1, rows - 1)));
}

/** How far a key moves, in lines; undefined for other keys. */
export function moveOf(key: string | undefined, rows: number): number | undefined {
  const page = Math.max(1, rows - 2);
  const moves: Readonly<Record<string, number>> = {
    up: -1,
    k: -1,
    down: 1,
    j: 1,
    pageup: -page,
    pagedown: page,
    space: page,
    home: Number.NEGATIVE_INFINITY,
    end: Number.POSITIVE_INFINITY,
  };
  return key !== undefined && Object.hasOwn(moves, key) ? moves[key] : undefined;
}

export interface ScreenOptions {
  colours: boolean;
  /** The page for a width and a number of lines; null: the whole page. Called at every redraw. */
  page: (columns: number, rows: number | null) => { lines: readonly Line[]; shortened: boolean };
}

/** A terminal in use from enter() to leave(). */
export class Screen {
  readonly ended: Promise<void>;
  #end: () => void = () => {};
  #from = 0;
  #entered = false;
  /** The whole page was asked for, however many lines it has. */
  #whole = false;
  #continuing: NodeJS.Timeout | undefined;
  readonly #stopped: () => void;
  readonly #options: ScreenOptions;
  readonly #listeners: readonly (readonly [NodeJS.EventEmitter, string, (...args: never[]) => void])[];

  constructor(options: ScreenOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    const end = () => this.#end();
    const hangUp = () => this.#hangUp();
    this.#stopped = () => this.#suspend(process.pid);
    this.#listeners = [
      [process.stdin, "keypress", (_text: string, key: Key) => this.#key(key)],
      [process.stdin, "end", hangUp],
      [process.stdin, "error", hangUp],
      [process.stdout, "resize", () => this.draw()],
      [process.stdout, "error", hangUp],
      [process, "SIGINT", end],
      [process, "SIGTERM", end],
      [process, "SIGHUP", hangUp],
      [process, "SIGTSTP", this.#stopped],
      [process, "SIGCONT", () => this.#resume()],
      [process, "exit", () => this.#restore()],
    ];
  }

  enter(): void {
    if (!process.stdout.isTTY) throw new InputError("top: a screen needs a terminal");
    if (process.stdin.isTTY) emitKeypressEvents(process.stdin);
    for (const [emitter, event, listener] of this.#listeners)
      if (emitter !== process.stdin || process.stdin.isTTY)
        emitter.on(event, listener as (...args: unknown[]) => void);
    this.#prepare();
  }

  leave(): void {
    clearTimeout(this.#continuing);
    this.#restore();
    // Errors of a terminal that was closed arrive later.
    for (const [emitter, event, listener] of this.#listeners)
      if (event !== "error") emitter.removeListener(event, listener as (...args: unknown[]) => void);
    process.stdin.pause();
  }

  draw(): void {
    if (!this.#entered) return;
    const size = sizeOf(process.stdout);
    const { lines, shortened } = this.#options.page(size.columns, this.#whole ? null : size.rows - 1);
    this.#from = firstLine(lines.length, size.rows, this.#from);
    const keys = `${shortened ? "a shows all, " : this.#whole ? "a shortens, " : ""}q quits`;
    const rows = fitted(lines, size, this.#from, keys).map((line) => this.#coloured(line));
    // Each row is cleared behind its text only, so that nothing flickers.
    process.stdout.write(`\x1b[H${rows.map((row) => `${row}\x1b[K`).join("\r\n")}\x1b[J`);
  }

  #coloured({ text, look }: Line): string {
    const colour = this.#options.colours ? COLOURS[look] : "";
    return colour === "" ? text : `${colour}${text}\x1b[0m`;
  }

  #key({ name, ctrl }: Key): void {
    if (name === "q" || (ctrl === true && name === "c")) return this.#end();
    if (ctrl === true && name === "z") return this.#suspend(OWN_GROUP);
    if (name === "a") {
      this.#whole = !this.#whole;
      this.#from = 0;
      return this.draw();
    }
    const move = moveOf(name, sizeOf(process.stdout).rows);
    if (move === undefined) return;
    this.#from = Math.max(0, this.#from + move);
    this.draw();
  }

  #prepare(): void {
    if (process.stdin.isTTY) {
      process.stdin.setRawMode(true);
      process.stdin.resume();
    }
    process.stdout.write(ENTER);
    this.#entered = true;
  }

  #restore(): void {
    if (!this.#entered) return;
    this.#entered = false;
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    process.stdout.write(LEAVE);
  }

  /** The terminal was closed. Node would abort at its end, because it cannot set a mode there; the signal's own end is quiet. */
  #hangUp(): void {
    this.#restore();
    process.removeAllListeners("SIGHUP");
    process.kill(process.pid, "SIGHUP");
  }

  /**
   * Ctrl-Z: the shell gets its terminal back until it continues the program. The kernel does not stop a program that no shell
   * would continue; then the page comes back at once.
   */
  #suspend(whom: number): void {
    if (!this.#entered) return;
    this.#restore();
    process.removeListener("SIGTSTP", this.#stopped);
    process.kill(whom, "SIGTSTP");
    this.#continuing = setTimeout(() => this.#resume(), STOPPED_WITHIN_MS);
  }

  /** The shell may have changed the terminal's mode, so it is set again, and not only believed to be set. */
  #resume(): void {
    clearTimeout(this.#continuing);
    process.removeListener("SIGTSTP", this.#stopped);
    process.on("SIGTSTP", this.#stopped);
    if (process.stdin.isTTY) process.stdin.setRawMode(false);
    this.#prepare();
    this.draw();
  }
}

/** A pseudo-terminal that nobody gave a size says 0. */
function sizeOf({ columns, rows }: { columns?: number; rows?: number }): ScreenSize {
  return { columns: columns || 80, rows: rows || 24 };
}
