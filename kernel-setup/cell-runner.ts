/**
 * Runs cells one at a time with tslab's executor, and returns the value or the error of each; tslab itself returns only
 * success or failure, and prints. Also provides completion and hover.
 */
import { createRequire } from "node:module";
import { join } from "node:path";
import { inspect } from "node:util";
import vm from "node:vm";
import { MessageChannel } from "node:worker_threads";
import type { Converter } from "tslab/dist/converter";
import type { Executor } from "tslab/dist/executor";
import {
  type CellError,
  type CellText,
  type Complaint,
  compileError,
  INTERRUPTED,
  thrownError,
} from "./cell-error";
import { Busy, enter, leave } from "./interrupt-state";
import {
  forgetHalfLoaded,
  packageManifest,
  packageRoot,
  prepareCompiler,
  prepareRequire,
} from "./package-resolution";
import { inThisCell } from "./protocol/cell-context";
import { withShorthandProperties } from "./shorthand-properties";
import { withTopLevelAwait } from "./top-level-await";
import { loadTslab } from "./tslab-internals";

export type CellOutcome =
  | { readonly ok: true; readonly values: readonly unknown[] }
  | { readonly ok: false; readonly error: CellError };

/** The form in which tslab's executor prints a compiler error. */
const COMPLAINT_FORMAT = "%s%d:%d - %s";
/** How tslab wraps a compiled cell. */
const WRAPPED_CELL = /^\((async )?function\(exports, require\) \{ /;

export class CellRunner {
  private readonly tslab: ReturnType<typeof loadTslab>;
  private readonly executor: Executor;
  private readonly cells = new Map<number, CellText>();
  /**
   * Each cell starts in its own turn of the event loop, so that killing its loop harms nothing of the notebook kernel.
   */
  private readonly turn = new MessageChannel();
  private start: () => void = () => {};
  private current: RunningCell | undefined;
  private stopping = new AbortController();

  constructor(
    cwd: string,
    private readonly busy: Int32Array,
  ) {
    prepareCompiler(cwd);
    this.tslab = loadTslab();
    prepareRequire();
    const guard = (isBrowser: boolean) => this.guarded(this.tslab.createConverter({ isBrowser }));
    const node = withTopLevelAwait(withShorthandProperties(guard(false)));
    let browser: Converter | undefined;
    const converters = {
      node,
      get browser() {
        browser ??= guard(true);
        return browser;
      },
      close: () => {},
    };
    this.executor = this.tslab.createExecutor(cwd, converters, {
      log: (value: unknown) => this.current?.values.push(value),
      error: (first: unknown, ...rest: unknown[]) => this.noteError(first, rest),
    });
    this.nameCells();
    this.turn.port1.on("message", () => this.start());
  }

  /** Loads the library, and lets the compiler read its declarations, so that the first cell finds both in memory. */
  warmUp(): void {
    const { name } = packageManifest();
    this.executor.inspect(`import { } from "${name}"`, 0);
    createRequire(join(packageRoot(), "package.json"))(name).machine;
  }

  get lastDisplay() {
    return this.tslab.jupyter;
  }

  /** Runs one cell; never rejects. A cell must end before the next one starts. */
  run(source: string, count: number): Promise<CellOutcome> {
    return new Promise((resolve) => {
      const cell: RunningCell = { count, source, values: [], complaints: [], thrown: [], finish: resolve };
      this.current = cell;
      this.stopping = new AbortController();
      // Bound: what the cell leaves behind belongs to whoever asked for it to be run.
      this.start = inThisCell(() => {
        enter(this.busy, Busy.running);
        this.executor.execute(source).then(
          (ok) => cell.finish(outcome(cell, ok, this.cells)),
          (error) => cell.finish({ ok: false, error: thrownError(error, this.cells) }),
        );
      });
      this.turn.port2.postMessage(null);
    }).then((result) => {
      this.current = undefined;
      leave(this.busy, Busy.running);
      return result as CellOutcome;
    });
  }

  /** Forgets what cells declared. */
  reset(): void {
    this.executor.reset();
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
    this.executor.interrupt();
    this.current?.finish({ ok: false, error: INTERRUPTED });
  }

  /** `position` and the answer count UTF-16 units. */
  complete(code: string, position: number): { start: number; end: number; candidates: readonly string[] } {
    return this.executor.complete(code, position);
  }

  /** The text shown on hover, or undefined if there is none for this position. */
  inspect(code: string, position: number): string | undefined {
    const info = this.executor.inspect(code, position);
    return info === undefined ? undefined : this.tslab.printQuickInfo(info);
  }

  isComplete(code: string): { completed: boolean; indent?: string } {
    return this.tslab.isCompleteCode(code);
  }

  /** A thrown value as an error of a cell. */
  errorOf(thrown: unknown): CellError {
    return thrownError(thrown, this.cells);
  }

  /** The same as text, for errors outside a cell's own run, e.g. in a timer. */
  describe(thrown: unknown): string {
    return `${this.errorOf(thrown).traceback.join("\n")}\n`;
  }

  private noteError(first: unknown, rest: unknown[]): void {
    if (this.current === undefined) return;
    if (first === COMPLAINT_FORMAT) {
      const [file, line, column, message] = rest as [string, number, number, string];
      this.current.complaints.push({ file, line, column, message });
    } else this.current.thrown.push(first);
  }

  /** Gives each compiled cell the file name `In[n]` and keeps its text, for readable stack traces. */
  private nameCells(): void {
    const runInThisContext = vm.runInThisContext;
    const named: typeof runInThisContext = (code, options) => {
      const cell = this.current;
      if (cell === undefined || !WRAPPED_CELL.test(code)) return runInThisContext(code, options);
      this.cells.set(cell.count, { source: cell.source, compiled: code });
      return runInThisContext(code, {
        ...(options as object),
        filename: `In[${cell.count}]`,
        displayErrors: false,
      });
    };
    vm.runInThisContext = named;
  }

  /** Marks the time in the compiler, whose state would be corrupted if it were killed. */
  private guarded(converter: Converter): Converter {
    const marked =
      <A extends unknown[], R>(f: (...args: A) => R) =>
      (...args: A): R => {
        enter(this.busy, Busy.compiling);
        try {
          return f(...args);
        } finally {
          leave(this.busy, Busy.compiling);
        }
      };
    return {
      convert: marked(converter.convert),
      inspect: marked(converter.inspect),
      complete: marked(converter.complete),
      addModule: marked(converter.addModule),
      close: converter.close,
    };
  }
}

interface RunningCell {
  readonly count: number;
  readonly source: string;
  readonly values: unknown[];
  readonly complaints: Complaint[];
  readonly thrown: unknown[];
  readonly finish: (outcome: CellOutcome) => void;
}

function outcome(cell: RunningCell, ok: boolean, cells: ReadonlyMap<number, CellText>): CellOutcome {
  if (cell.complaints.length > 0) return { ok: false, error: compileError(cell.complaints, cell.source) };
  if (ok) return { ok: true, values: cell.values };
  const thrown = cell.thrown[0];
  if ((thrown as { code?: string } | undefined)?.code === "ERR_SCRIPT_EXECUTION_INTERRUPTED")
    return { ok: false, error: INTERRUPTED };
  return { ok: false, error: thrownError(thrown, cells) };
}

/** What pageblock leaves for the kernel: the bundle of a figure; undefined for any other value (lib/notebook/show.ts). */
type FigureDoor = Record<symbol, ((value: unknown) => Record<string, unknown> | undefined) | undefined>;

/**
 * What a front end shows for a cell's last value: the value's own bundle if it has a method
 * `[Symbol.for("Jupyter.display")]` (the convention of Deno's kernel) that returns `{mime type: data}` or
 * `{data, metadata}`; a figure as pageblock draws it, if the cell loaded pageblock; otherwise text, as `console.log` prints it.
 */
export async function bundleOf(
  value: unknown,
): Promise<{ data: Record<string, unknown>; metadata: Record<string, unknown> }> {
  const method = (value as Record<symbol, unknown> | null | undefined)?.[Symbol.for("Jupyter.display")];
  if (typeof method === "function") {
    const shown = await method.call(value);
    if (typeof shown !== "object" || shown === null)
      throw new TypeError(`Jupyter.display: must return an object of MIME types: got ${inspect(shown)}`);
    const whole = "data" in shown && typeof shown.data === "object" && shown.data !== null;
    return whole ? { data: shown.data, metadata: shown.metadata ?? {} } : { data: shown, metadata: {} };
  }
  const drawn = (globalThis as unknown as FigureDoor)[Symbol.for("pageblock.figure")]?.(value);
  if (drawn !== undefined) return { data: drawn, metadata: {} };
  return { data: { "text/plain": typeof value === "string" ? value : inspect(value) }, metadata: {} };
}
