/**
 * Execute requests. Beside what the other files repair, two defects of tslab's own server are not repeated here:
 * `execute_input` and `execute_result` are sent; a cell is aborted after a failed one only if it was asked for before
 * that failure (stock tslab aborts whatever comes within 200 ms).
 */
import { type CellError, interrupted } from "../cell-error";
import type { CellOutcome, CellRunner } from "../cell-runner";
import { Busy, read } from "../interrupt-state";
import { bundleOf } from "../shown-value";
import type { Message } from "../wire";
import { asCell, type CellContext, currentCell, stoppedCell } from "./cell-context";
import type { Channels } from "./channels";
import { History } from "./history";
import { type PreparedCell, prepareCell } from "./magics";
import { plain } from "./plain-error";
import type { Programs } from "./programs";
import { InterruptedError } from "./questions";
import { type MagicTools, runMagics, timed } from "./run-magics";

/** After this time, all requests that were in transit when a cell failed, or an interrupt came, have arrived. */
const ABORT_WINDOW_MS = 200;
/** The clock as it is, whatever cells put in its place. */
const nowMs = Date.now;
/** What the compiler says of the type of a name that it does not know. */
const UNRESOLVED = "/*unresolved*/";
/** The number under which expressions of a front end run: no cell has it. */
const EXPRESSION = 0;

/** A request that is being answered. */
interface Running {
  readonly request: Message;
  readonly context: CellContext;
  /** The interrupt by which code had been stopped last when it began. */
  readonly stoppedBefore: number;
  /** Set if the cell ends for another reason than an interrupt. */
  failure?: unknown;
}

export class CellExecution {
  readonly history = new History();
  private count = 0;
  private running: Running | undefined;
  private failedAtMs = Number.NEGATIVE_INFINITY;
  /** The last interrupt that found nothing to end: when it was asked for, by the front end's clock, and when it came, by ours. */
  private early = { askedAtMs: Number.NaN, cameAtMs: Number.NaN };
  private readonly aborted = new Set<Message>();
  private pages: Record<string, unknown>[] = [];
  private stopMagic: () => void = () => {};

  constructor(
    private readonly runner: CellRunner,
    private readonly channels: Channels,
    private readonly programs: Programs,
    private readonly busy: Int32Array,
    private readonly tools: MagicTools,
  ) {}

  /** True before the first cell. */
  get isFresh(): boolean {
    return this.count === 0;
  }

  /** Shows text in the front end's pager when the running cell has ended. */
  page(data: Record<string, unknown>): void {
    this.pages.push(data);
  }

  /**
   * Ends the running cell, if any, as interrupted. An interrupt that had to stop code which an earlier cell left behind
   * has done its work: the cell that waited for that code to end runs on. One that finds nothing to end may have overtaken
   * the request of its cell, which came by another socket.
   */
  interrupt(number?: number, askedAtMs = Number.NaN): void {
    const stopped = read(this.busy, Busy.stoppedBy);
    if (number === stopped && (this.running === undefined || this.running.stoppedBefore === stopped)) {
      this.tellStopped();
      return this.runner.interruptAside();
    }
    if (this.running !== undefined) this.programs.interrupt(this.running.context.cell);
    else if (!this.runner.isAside) this.early = { askedAtMs, cameAtMs: nowMs() };
    this.stopMagic();
    this.runner.interrupt();
  }

  /** Nobody waits for that code: its end is told where its output is. */
  private tellStopped(): void {
    const cell = stoppedCell()?.cell;
    if (cell !== undefined)
      this.channels.print(cell, "stderr", "Interrupted: code that ran after its cell was stopped\n");
  }

  /** Ends a cell that waits for what will not come. */
  fail(cell: number, error: unknown): void {
    if (this.running?.context.cell !== cell) return;
    this.running.failure = error;
    this.runner.interrupt();
  }

  /** Answers the running cell's request before the process ends by the cell's own wish. */
  endedBy(code: number): void {
    const said = `process.exit(${code}) ended the kernel`;
    const error = { ename: "ProcessExit", evalue: said, traceback: [`ProcessExit: ${said}`] };
    const context = currentCell();
    if (this.running === undefined) {
      if (context !== undefined) this.channels.print(context.cell, "stderr", `${error.traceback[0]}\n`);
      return;
    }
    const { request } = this.running;
    this.channels.publish("error", request.header, error);
    this.channels.reply(request, {
      status: "error",
      execution_count: this.running.context.executionCount,
      ...error,
    });
    this.channels.publish("status", request.header, { execution_state: "idle" });
  }

  /** Runs a cell and answers its request. `waiting`: the requests behind it. */
  async execute(request: Message, waiting: readonly Message[]): Promise<void> {
    const { silent, store_history, stop_on_error } = request.content;
    const code = String(request.content.code);
    if (this.aborted.delete(request) || this.wasAskedBeforeFailure(request))
      return this.channels.reply(request, { status: "aborted" });
    const stored = silent !== true && store_history !== false;
    if (stored) this.count++;
    const execution_count = this.count;
    if (silent !== true) this.channels.publish("execute_input", request.header, { code, execution_count });
    const running = this.begin(request);
    const { outcome, ran } = await asCell(running.context, () => this.run(code, running));
    if (stored) this.history.add(execution_count, code, ran);
    let error = outcome.ok ? undefined : outcome.error;
    if (outcome.ok && silent !== true) error = await this.show(request, outcome.values, stored);
    if (error !== undefined) {
      this.running = undefined;
      return this.answerFailure(
        request,
        error,
        stop_on_error === false ? [] : waiting,
        stop_on_error !== false,
      );
    }
    const user_expressions = await asCell(running.context, () => this.expressions(request));
    this.running = undefined;
    const payload = this.pages.map((data) => ({ source: "page", data, start: 0 }));
    this.channels.reply(request, { status: "ok", execution_count, payload, user_expressions });
  }

  private begin(request: Message): Running {
    const { header, identities, metadata, content } = request;
    const context: CellContext = {
      ...{ header, identities },
      cell: this.channels.openCell(header),
      cellId: typeof metadata.cellId === "string" ? metadata.cellId : undefined,
      executionCount: this.count,
      allowsInput: content.allow_stdin === true,
      running: () => this.running?.context === context,
    };
    this.running = { request, context, stoppedBefore: read(this.busy, Busy.stoppedBy) };
    this.pages = [];
    return this.running;
  }

  private async run(code: string, running: Running): Promise<{ outcome: CellOutcome; ran: string }> {
    let prepared: PreparedCell | undefined;
    let outcome: CellOutcome;
    if (this.wasInterrupted(running.request))
      return { outcome: { ok: false, error: interrupted() }, ran: code };
    try {
      prepared = prepareCell(code);
      outcome = await this.runPrepared(prepared, code, running.context.executionCount);
    } catch (thrown) {
      outcome = { ok: false, error: this.runner.errorOf(thrown) };
    }
    if (!outcome.ok && running.failure !== undefined)
      outcome = { ok: false, error: this.runner.errorOf(running.failure) };
    return { outcome, ran: prepared?.code ?? code };
  }

  private async runPrepared(prepared: PreparedCell, code: string, count: number): Promise<CellOutcome> {
    if (prepared.help !== undefined) {
      const text = this.known(prepared.help);
      if (text === undefined) throw plain(new Error(`${prepared.help}?: nothing is known of this name`));
      this.page({ "text/plain": text });
      return { ok: true, values: [] };
    }
    await this.untilInterrupted(runMagics(prepared, this.tools));
    if (prepared.code.trim() === "" && prepared.code !== code) return { ok: true, values: [] };
    this.tools.noteTyped(prepared.code, code);
    return timed(prepared, () => this.runner.run(prepared.code, count));
  }

  /** What is known of a name: of a value, or else of a type. */
  private known(name: string): string | undefined {
    const inspect = (code: string) => this.runner.inspect(code, code.length);
    const text = inspect(name) ?? inspect(`type $asked = ${name}`);
    return text?.includes(UNRESOLVED) ? undefined : text;
  }

  /** An interrupt ends a magic as it ends a cell; the programs that the magic started get it too. */
  private untilInterrupted(work: Promise<void>): Promise<void> {
    const interrupted = new Promise<never>((_, reject) => {
      this.stopMagic = () => reject(new InterruptedError("magic"));
    });
    return Promise.race([work, interrupted]).finally(() => {
      this.stopMagic = () => {};
    });
  }

  /** Shows the values of a cell. Returns an error if a value cannot be shown. */
  private async show(
    request: Message,
    values: readonly unknown[],
    stored: boolean,
  ): Promise<CellError | undefined> {
    for (const value of values) {
      try {
        const bundle = await this.shown(value);
        const content = { execution_count: this.count, ...bundle };
        this.channels.publish("execute_result", request.header, content);
        if (stored) this.history.setOutput(bundle.data["text/plain"]);
      } catch (thrown) {
        return this.runner.errorOf(thrown);
      }
    }
    return undefined;
  }

  private answerFailure(
    request: Message,
    error: CellError,
    waiting: readonly Message[],
    stops: boolean,
  ): void {
    this.channels.publish("error", request.header, error);
    if (stops) {
      this.failedAtMs = nowMs();
      for (const other of waiting) this.aborted.add(other);
    }
    this.channels.reply(request, { status: "error", execution_count: this.count, ...error });
  }

  /** The values that the front end asked for besides; one that fails leaves the cell and the others as they are. */
  private async expressions(request: Message): Promise<Record<string, unknown>> {
    const asked = Object.entries((request.content.user_expressions ?? {}) as Record<string, unknown>);
    const answers: Record<string, unknown> = {};
    for (const [name, expression] of asked) {
      const failed = (error: CellError) => ({ status: "error", ...error });
      try {
        const outcome = await this.runner.run(String(expression), EXPRESSION);
        if (!outcome.ok) answers[name] = failed(outcome.error);
        else answers[name] = { status: "ok", ...(await this.shown(outcome.values.at(-1))) };
      } catch (thrown) {
        answers[name] = failed(this.runner.errorOf(thrown));
      }
    }
    return answers;
  }

  private shown(value: unknown): ReturnType<typeof bundleOf> {
    return this.runner.aside(() => bundleOf(value));
  }

  /** True if the interrupt of this request came before it. */
  private wasInterrupted({ header }: Message): boolean {
    const { askedAtMs, cameAtMs } = this.early;
    return nowMs() - cameAtMs <= ABORT_WINDOW_MS && Date.parse(header.date) < askedAtMs;
  }

  /** Waits for requests that were in transit when the cell failed. */
  private wasAskedBeforeFailure(request: Message): boolean {
    if (nowMs() - this.failedAtMs > ABORT_WINDOW_MS) return false;
    return !(Date.parse(request.header.date) >= this.failedAtMs);
  }
}
