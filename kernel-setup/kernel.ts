/**
 * The notebook kernel: it answers requests strictly in order, as the protocol requires, and every message about a cell carries
 * that cell's request as its parent, also what the cell's timers print long after its end.
 */
import { CellRunner } from "./cell-runner";
import { DebugDoor } from "./debug/debug-door";
import { publishDisplayDoor } from "./display-door";
import { Busy, enter, leave, newBusy } from "./interrupt-state";
import { kernelInfo } from "./kernel-info";
import type { KernelLanguage } from "./kernelspec";
import type { CaughtDescriptors } from "./protocol/caught-descriptors";
import { currentCell, noteStopped } from "./protocol/cell-context";
import { CellExecution } from "./protocol/cell-execution";
import { Channels } from "./protocol/channels";
import { Comms } from "./protocol/comms";
import { helpIn, magicsAt, withoutMagics } from "./protocol/magics";
import { showPromisesPlainly } from "./protocol/plain-promises";
import { capturePrinted } from "./protocol/printed-streams";
import { beforeExit } from "./protocol/process-end";
import { newMark, Programs } from "./protocol/programs";
import { Questions } from "./protocol/questions";
import { allowStopping } from "./protocol/stop-main-thread";
import { plainBundle } from "./shown-value";
import type { DisplayMessage } from "./tslab-internals";
import type { Connection, Message } from "./wire";

/** A front end that runs a whole notebook sends its first cell at once; whoever reads it first gives us this much. */
const WARM_UP_AFTER_MS = 100;

export class Kernel {
  private readonly info: ReturnType<typeof kernelInfo>;
  private readonly busy = newBusy();
  private readonly channels: Channels;
  private readonly runner: CellRunner;
  private readonly cells: CellExecution;
  private readonly comms = new Comms(
    (kind, content, extras, request) =>
      this.channels.publish(kind, request ?? currentCell()?.header ?? {}, content, extras),
    (error) => this.printError(error),
  );
  private readonly waiting: Message[] = [];
  private serving = false;
  private warmUp: NodeJS.Timeout | undefined;
  private warmedUp = false;

  constructor(connection: Connection, caught: CaughtDescriptors, cwd: string, language: KernelLanguage) {
    this.info = kernelInfo(language);
    const mark = newMark();
    this.channels = new Channels({ connection, caught, mark }, this.busy, this.info, {
      request: (message) => {
        this.waiting.push(message);
        void this.serve();
      },
      interrupt: (number, askedAtMs) => this.interrupt(number, askedAtMs),
      shutdown: () => this.shutDown(),
    });
    this.runner = new CellRunner(cwd, this.busy);
    const debug = new DebugDoor(
      {
        traces: this.runner.inspected.traces,
        variables: () => this.runner.inspected.variables(),
        bundle: plainBundle,
        tell: (text) => this.channels.compiled(text),
      },
      this.busy,
    );
    const programs = new Programs(this.channels, this.busy, mark);
    this.cells = new CellExecution(this.runner, this.channels, programs, this.busy, {
      display: (data) => this.display({ data, metadata: {} }, false),
      reset: () => this.runner.reset(),
      variables: () => this.runner.inspected.variables(),
      noteTyped: (compiled, typed) => debug.noteTyped(compiled, typed),
    });
    allowStopping(() => {
      noteStopped();
      return this.runner.noteStopped();
    });
    showPromisesPlainly();
    this.publishDoors();
    capturePrinted((cell, name, text) => this.channels.print(cell, name, text));
  }

  /** What code in cells finds: displays, questions, comms. */
  private publishDoors(): void {
    const display = (message: DisplayMessage, update: boolean) => this.display(message, update);
    this.runner.lastDisplay.lastWriteDisplayData = display;
    const questions = new Questions(this.channels);
    questions.publish((cell, error) => this.cells.fail(cell, error));
    const clearOutput = (wait: boolean) => this.send("clear_output", { wait });
    publishDisplayDoor({
      ...{ display, clearOutput, questions, comms: this.comms },
      page: (data) => this.cells.page(data),
      interruptSignal: () => this.runner.interruptSignal,
    });
    console.clear = () => clearOutput(false);
  }

  /** Binds all channels and serves until shut down. */
  async start(): Promise<void> {
    await this.channels.start();
    beforeExit((code) => {
      if (!this.channels.isClosing) this.cells.endedBy(code);
      this.channels.closeNow();
    });
    process.on("SIGINT", () => this.interrupt());
    process.on("SIGTERM", () => this.shutDown());
    process.on("uncaughtException", (error) => this.printError(error));
    process.on("unhandledRejection", (error) => this.printError(error));
  }

  private interrupt(number?: number, askedAtMs?: number): void {
    enter(this.busy, Busy.interruptsSeen);
    this.cells.interrupt(number, askedAtMs);
  }

  private printError(error: unknown): void {
    process.stderr.write(this.runner.describe(error));
  }

  private shutDown(): void {
    void this.channels.close().then(() => process.exit(0));
  }

  /** A message about the cell whose code runs. */
  private send(kind: string, content: unknown): void {
    const context = currentCell();
    if (context === undefined) throw new Error("display: no cell has run yet");
    this.channels.publish(kind, context.header, content);
  }

  private display(message: DisplayMessage, update: boolean): void {
    const data = Object.fromEntries(
      Object.entries(message.data).map(([mime, value]) => [
        mime,
        value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
      ]),
    );
    this.send(update ? "update_display_data" : "display_data", { ...message, data });
  }

  private async serve(): Promise<void> {
    if (this.serving) return;
    this.serving = true;
    for (let request = this.waiting.shift(); request !== undefined; request = this.waiting.shift()) {
      if (this.channels.isClosing) return;
      this.channels.publish("status", request.header, { execution_state: "busy" });
      try {
        await this.handle(request);
      } catch (error) {
        this.channels.reply(request, { status: "error", ...internalError(error) });
      }
      this.channels.publish("status", request.header, { execution_state: "idle" });
      if (request.header.msg_type === "shutdown_request") this.shutDown();
    }
    this.serving = false;
    this.warmUpWhenIdle();
  }

  /** Reads the library before the first cell asks for it, if that cell leaves the time: it would wait as long itself. */
  private warmUpWhenIdle(): void {
    clearTimeout(this.warmUp);
    if (!this.cells.isFresh || this.warmedUp) return;
    this.warmUp = setTimeout(() => {
      if (this.serving || !this.cells.isFresh) return;
      this.warmedUp = true;
      // Counts as compiling: an interrupt must not stop it half-way.
      enter(this.busy, Busy.compiling);
      this.runner.warmUp();
      leave(this.busy, Busy.compiling);
    }, WARM_UP_AFTER_MS);
  }

  private async handle(request: Message): Promise<void> {
    const { content } = request;
    const reply = (answer: unknown) => this.channels.reply(request, answer);
    switch (request.header.msg_type) {
      case "execute_request":
        return this.cells.execute(request, this.waiting);
      case "kernel_info_request":
        return reply(this.info);
      case "complete_request":
        return reply(this.complete(content.code, content.cursor_pos));
      case "inspect_request": {
        const { code, cursor_pos } = content;
        const text = this.runner.inspect(withoutMagics(code), utf16Index(code, cursor_pos));
        const data = text === undefined ? {} : { "text/plain": text };
        return reply({ status: "ok", found: text !== undefined, data, metadata: {} });
      }
      case "is_complete_request":
        if (helpIn(content.code) !== undefined) return reply({ status: "complete" });
        return reply(this.runner.isComplete(withoutMagics(content.code)));
      case "comm_info_request":
        return reply({ status: "ok", comms: this.comms.info(content.target_name) });
      case "comm_open":
      case "comm_msg":
      case "comm_close":
        return this.runner.aside(() => this.comms.take(request));
      case "history_request":
        return reply({ status: "ok", history: this.cells.history.answer(content) });
      case "shutdown_request":
        return reply({ status: "ok", restart: content.restart === true });
    }
  }

  private complete(code: string, cursor: number): unknown {
    const at = utf16Index(code, cursor);
    const info = magicsAt(code, at) ?? this.runner.complete(withoutMagics(code), at);
    return {
      status: "ok",
      matches: info.candidates,
      cursor_start: codePointIndex(code, info.start),
      cursor_end: codePointIndex(code, info.end),
      metadata: {},
    };
  }
}

/** Jupyter counts Unicode characters, TypeScript UTF-16 units: tslab mixes them up. */
function utf16Index(code: string, codePoints: number): number {
  return Array.from(code).slice(0, codePoints).join("").length;
}

function codePointIndex(code: string, utf16Units: number): number {
  return Array.from(code.slice(0, utf16Units)).length;
}

function internalError(error: unknown) {
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { ename: "KernelError", evalue: shown.split("\n")[0]!, traceback: shown.split("\n") };
}
