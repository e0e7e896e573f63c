/**
 * Runs cells one at a time, and returns the value or the error of each. Also provides completion and hover. How a cell
 * is compiled and run is in cells/; here are turns, interrupts and the form of the answer.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { inspect } from "node:util";
import { MessageChannel } from "node:worker_threads";
import { type CellError, compileError, interrupted, thrownError } from "./cell-error";
import { CellEngine, type ReadyCell, type TypeMistakes } from "./cells/cell-engine";
import type { Complaint } from "./cells/cell-source";
import { type Completion, complete, explain } from "./cells/completion";
import { type Completeness, completeness } from "./cells/is-complete";
import { TooDeepError } from "./cells/too-deep";
import { Busy, enter, leave, set } from "./interrupt-state";
import { forgetHalfLoaded, packageManifest, packageRoot } from "./package-resolution";
import { inThisCell } from "./protocol/cell-context";
import type { DisplayMessage } from "./tslab-internals";

export type CellOutcome =
  | { readonly ok: true; readonly values: readonly unknown[] }
  | { readonly ok: false; readonly error: CellError };

/** What `aside()` rejects with when it is interrupted. */
const STOPPED = Symbol("stopped");
/** Ends what runs aside if nothing does. */
const NOTHING = () => {};
/** Characters of a refused value that are shown. */
const MOST_SHOWN = 40;
const CANNOT_BE_SHOWN = "a value that cannot be shown";

/** What mistakes in types do to a cell, from the environment: `stop` (the default), `warn` or `off`. */
const TYPES_VARIABLE = "PAGEBLOCK_CELL_TYPES";

export class CellRunner {
  private readonly engine: CellEngine;
  /** tslab's display functions write through its `lastWriteDisplayData`. */
  readonly lastDisplay: {
    lastWriteDisplayData: ((message: DisplayMessage, update: boolean) => void) | null;
  } = {
    lastWriteDisplayData: null,
  };
  /**
   * Each cell starts in its own turn of the event loop, so that killing its loop harms nothing of the notebook kernel.
   */
  private readonly turn = new MessageChannel();
  /** What starts in the turns to come: each turn has its own, also if an interrupt ends it before it began. */
  private readonly starts: (() => void)[] = [];
  private current: RunningCell | undefined;
  private stopping = new AbortController();
  private stopAside = NOTHING;
  /** Where the running cell was stopped. */
  private stoppedAt: readonly string[] = [];

  constructor(
    cwd: string,
    private readonly busy: Int32Array,
  ) {
    this.engine = new CellEngine(
      cwd,
      (work) => this.guarded(work),
      (message, update) => this.lastDisplay.lastWriteDisplayData?.(message, update),
    );
    this.turn.port1.on("message", () => this.starts.shift()?.());
    this.turn.port1.unref();
  }

  /** Loads the library, and lets the compiler read its declarations, so that the first cell finds both in memory. */
  warmUp(): void {
    const { name } = packageManifest();
    this.guarded(() => this.engine.prepare(`import { machine } from "${name}"`, 0, "stop"));
    createRequire(join(packageRoot(), "package.json"))(name).machine;
  }

  /** Runs one cell; never rejects. A cell must end before the next one starts. */
  run(source: string, count: number): Promise<CellOutcome> {
    return new Promise<CellOutcome>((resolve) => {
      this.stopping = new AbortController();
      const cell: RunningCell = { ready: undefined, finish: resolve, signal: this.stopping.signal };
      this.current = cell;
      this.stoppedAt = [];
      this.inTurn(() => {
        if (cell.signal.aborted) return;
        this.execute(cell, source, count).then(cell.finish, (error) =>
          cell.finish({ ok: false, error: this.errorOf(error) }),
        );
      });
    }).then((result) => {
      this.current?.ready?.settle(result.ok);
      this.current = undefined;
      this.turn.port1.unref();
      return result;
    });
  }

  /**
   * Runs other code of the user, such as how a value is shown, in a turn of its own. Rejects with `STOPPED` if an interrupt ends it; one
   * that had to stop its loop harms nothing of the notebook kernel.
   */
  aside<T>(work: () => T | Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      let stopped = false;
      this.stopAside = () => {
        stopped = true;
        reject(STOPPED);
      };
      this.inTurn(() => {
        // An interrupt came before this turn: nobody would stop the work again.
        if (stopped) return;
        try {
          // Not resolve(work()): a promise that follows another can't be rejected by an interrupt.
          Promise.resolve(work()).then(resolve, reject);
        } catch (error) {
          reject(error);
        }
      });
    }).finally(() => {
      this.stopAside = NOTHING;
      this.turn.port1.unref();
    });
  }

  /** Starts code in the next turn. Bound: what it leaves behind belongs to whoever asked for it to be run. */
  private inTurn(start: () => void): void {
    const run = inThisCell(start);
    this.starts.push(() => {
      set(this.busy, Busy.turn, 1);
      try {
        run();
      } finally {
        set(this.busy, Busy.turn, 0);
      }
    });
    this.turn.port1.ref();
    this.turn.port2.postMessage(null);
  }

  /** Forgets what cells declared. */
  reset(): void {
    this.engine.reset();
  }

  /** What the debugger needs of the cells. */
  get inspected(): Pick<CellEngine, "traces" | "variables"> {
    return this.engine;
  }

  /** Aborts when the running cell is interrupted. */
  get interruptSignal(): AbortSignal | undefined {
    return this.current === undefined ? undefined : this.stopping.signal;
  }

  /**
   * Ends the running cell with an error, together with work that observes its signal. Other code that waits for a
   * timer or I/O continues invisibly when its event comes.
   */
  interrupt(): void {
    this.stopping.abort();
    forgetHalfLoaded();
    this.engine.forgetHalfLoaded();
    this.current?.finish({ ok: false, error: interrupted(this.stoppedAt) });
    this.interruptAside();
  }

  /** Called where the user's code is about to be stopped. Returns statements that save what its frames hold. */
  noteStopped(): string {
    this.stoppedAt = this.engine.traces.here();
    // Code that is stopped leaves without its `finally`.
    set(this.busy, Busy.turn, 0);
    return this.engine.saving;
  }

  /** True while other code of the user than a cell runs. */
  get isAside(): boolean {
    return this.stopAside !== NOTHING;
  }

  /** Ends what runs aside, and no cell. */
  interruptAside(): void {
    this.stopAside();
  }

  /** `position` and the answer count UTF-16 units. */
  complete(code: string, position: number): Completion {
    const { language, names } = this.engine;
    const nothing = { start: position, end: position, candidates: [] };
    return this.asking(() => complete(language, names, code, position)) ?? nothing;
  }

  /** The text shown on hover, or undefined if there is none for this position. */
  inspect(code: string, position: number): string | undefined {
    const { language, names } = this.engine;
    return this.asking(() => explain(language, names, code, position));
  }

  /** What the compiler answers; undefined for code that is too deep for it. */
  private asking<T>(question: () => T): T | undefined {
    try {
      return this.guarded(() => this.engine.language.steadily(question));
    } catch (error) {
      if (error instanceof TooDeepError) return undefined;
      throw error;
    }
  }

  /** The content of the reply to `is_complete_request`. */
  isComplete(code: string): Completeness {
    return completeness(code);
  }

  /** A thrown value as an error of a cell. */
  errorOf(thrown: unknown): CellError {
    if (thrown === STOPPED) return interrupted();
    try {
      return thrownError(thrown);
    } catch {
      // What was thrown throws itself when it is read.
      return { ename: "Thrown", evalue: CANNOT_BE_SHOWN, traceback: [`Thrown: ${CANNOT_BE_SHOWN}`] };
    }
  }

  /** The same as text, for errors outside a cell's own run, e.g. in a timer. */
  describe(thrown: unknown): string {
    return `${this.errorOf(thrown).traceback.join("\n")}\n`;
  }

  private async execute(cell: RunningCell, source: string, count: number): Promise<CellOutcome> {
    await this.engine.refresh((message) => process.stderr.write(message));
    if (cell.signal.aborted) return { ok: false, error: interrupted() };
    const mistakes = typeMistakes(source);
    const ready = this.guarded(() => this.engine.prepare(source, count, mistakes));
    for (const problem of this.engine.language.takeProblems())
      process.stderr.write(`${problem} (until this is mended, "strict" is on for cells unless it is set)\n`);
    if ("complaints" in ready) return { ok: false, error: compileError(ready.complaints, source) };
    cell.ready = ready;
    if (ready.warnings.length > 0) process.stderr.write(inLines(ready.warnings, source));
    try {
      const value = (await ready.execute()) as readonly unknown[] | undefined;
      return { ok: true, values: value === undefined || value[0] === undefined ? [] : value };
    } catch (thrown) {
      return { ok: false, error: this.errorOf(thrown) };
    }
  }

  /** Marks the time in the compiler, whose state would be corrupted if it were killed. */
  private guarded<T>(work: () => T): T {
    enter(this.busy, Busy.compiling);
    try {
      return work();
    } finally {
      leave(this.busy, Busy.compiling);
    }
  }
}

interface RunningCell {
  ready: ReadyCell | undefined;
  readonly finish: (outcome: CellOutcome) => void;
  /** Aborts when the cell is interrupted. */
  readonly signal: AbortSignal;
}

/** What the environment says; a value that does not exist is refused, but for a cell that may set another. */
function typeMistakes(source: string): TypeMistakes {
  const value = process.env[TYPES_VARIABLE] || "stop";
  if (value === "stop" || value === "warn" || value === "off") return value;
  if (source.includes(TYPES_VARIABLE)) return "stop";
  const shown = inspect(value.slice(0, MOST_SHOWN));
  const error = new Error(`${TYPES_VARIABLE}: must be stop, warn or off: got ${shown}`);
  error.stack = `${error.name}: ${error.message}`;
  throw error;
}

const inLines = (complaints: readonly Complaint[], source: string) =>
  `${compileError(complaints, source).traceback.slice(1).join("\n")}\n`;
