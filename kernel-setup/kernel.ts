/**
 * The notebook kernel's shell and output channels. It answers requests strictly in order, as the protocol requires, and
 * every message about a cell carries that cell's request as its parent.
 *
 * Beside what the other files repair, three defects of tslab's own server are not repeated here: `execute_input` and
 * `execute_result` are sent; a cell is aborted after a failed one only if it was asked for before that failure
 * (stock tslab aborts whatever comes within 200 ms); the answer to `comm_info_request` has its right name, and
 * `history_request` is answered instead of printing a warning into the notebook.
 */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { CellError } from "./cell-error";
import { bundleOf, CellRunner } from "./cell-runner";
import type { ControlData, ControlMessage } from "./control-thread";
import { publishDisplayDoor } from "./display-door";
import { Busy, enter, newBusy } from "./interrupt-state";
import { kernelInfo } from "./kernel-info";
import { PrintedOutput, type StreamName } from "./printed-output";
import { type DisplayMessage, zeromqPath } from "./tslab-internals";
import { address, type Connection, decode, encode, type Header, type Message } from "./wire";

/** After this time, all requests that were in transit when a cell failed have arrived. */
const ABORT_WINDOW_MS = 200;
const EXIT_AT_LATEST_MS = 1000;
/** Sends never block and never fail: zeromq keeps messages until they are read. */
const UNBOUNDED = { sendHighWaterMark: 0, sendTimeout: 0, linger: 1000 };

/** A front end that runs a whole notebook sends its first cell at once; whoever reads it first gives us this much. */
const WARM_UP_AFTER_MS = 100;

export class Kernel {
  private readonly zmq: typeof import("zeromq") = require(zeromqPath);
  private readonly iopub = new this.zmq.Publisher(UNBOUNDED);
  private readonly shell = new this.zmq.Router({ ...UNBOUNDED, receiveHighWaterMark: 0 });
  private readonly stdin = new this.zmq.Router();
  private readonly busy = newBusy();
  private readonly runner: CellRunner;
  private control: Worker | undefined;
  private readonly printed = new PrintedOutput((name, text) => this.send("stream", { name, text }));
  private readonly waiting: Message[] = [];
  private readonly aborted = new Set<Message>();
  private serving = false;
  private warmUp: NodeJS.Timeout | undefined;
  private warmedUp = false;
  private count = 0;
  /** The last requested cell: output after its end still belongs to it. */
  private cell: Header | undefined;
  private cellId: string | undefined;
  private failedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly connection: Connection,
    cwd: string,
  ) {
    this.runner = new CellRunner(cwd, this.busy);
    this.runner.lastDisplay.lastWriteDisplayData = (message, update) => this.display(message, update);
    publishDisplayDoor(
      (message, update) => this.display(message, update),
      () => ({
        cellId: this.cellId,
        executionCount: this.count,
        interruptSignal: this.runner.interruptSignal,
      }),
    );
    this.capture("stdout");
    this.capture("stderr");
  }

  /** Binds all channels and serves until shut down. */
  async start(): Promise<void> {
    const { iopub_port, shell_port, stdin_port } = this.connection;
    await Promise.all([
      this.iopub.bind(address(this.connection, iopub_port)),
      this.shell.bind(address(this.connection, shell_port)),
      this.stdin.bind(address(this.connection, stdin_port)),
      this.startControl(),
    ]);
    process.on("SIGINT", () => this.interrupt());
    process.on("uncaughtException", (error) => process.stderr.write(this.runner.describe(error)));
    process.on("unhandledRejection", (error) => process.stderr.write(this.runner.describe(error)));
    for await (const frames of this.shell) {
      try {
        this.waiting.push(decode(this.connection.key, frames));
      } catch {
        continue; // not signed with this kernel's key
      }
      void this.serve();
    }
  }

  private startControl(): Promise<void> {
    const { connection, busy } = this;
    const workerData: ControlData = { connection, busy, kernelInfo: kernelInfo(), zeromqPath };
    const thread = new Worker(join(__dirname, "control-thread.js"), { workerData });
    this.control = thread;
    return new Promise((resolve, reject) => {
      thread.on("error", reject);
      thread.on("message", (message: ControlMessage) => {
        if (message.type === "ready") resolve();
        else if (message.type === "failed") reject(new Error(message.message));
        else if (message.type === "interrupt") this.interrupt();
        else if (message.type === "shutdown") this.shutDown();
        else this.publish("status", message.parent, { execution_state: message.state });
      });
    });
  }

  private interrupt(): void {
    enter(this.busy, Busy.interruptsSeen);
    this.runner.interrupt();
  }

  /** Sockets of both threads are closed before the process ends: zeromq aborts a process that exits with open ones. */
  private shutDown(): void {
    this.printed.flush();
    const exit = () => process.exit(0);
    this.control?.once("exit", () => setTimeout(exit, 20));
    setTimeout(exit, EXIT_AT_LATEST_MS);
    this.control?.postMessage("close");
    this.iopub.close();
    this.shell.close();
    this.stdin.close();
  }

  /** Routes printed output to the cell or, before the first cell, to the terminal. */
  private capture(name: StreamName): void {
    const stream = process[name];
    const original = stream.write.bind(stream) as (...args: unknown[]) => boolean;
    stream.write = ((data: string | Uint8Array, ...rest: unknown[]): boolean => {
      if (this.cell === undefined) return original(data, ...rest);
      const [encoding] = rest;
      const text = typeof data === "string" && typeof encoding === "string" && encoding !== "utf8";
      this.printed.write(name, text ? Buffer.from(data, encoding as BufferEncoding) : data);
      const done = rest.find((r) => typeof r === "function") as (() => void) | undefined;
      if (done !== undefined) process.nextTick(done);
      return true;
    }) as typeof stream.write;
  }

  private send(type: string, content: unknown): void {
    if (this.cell === undefined) throw new Error("display: no cell has run yet");
    void this.iopub.send(encode(this.connection.key, [type], type, this.cell, content));
  }

  private publish(type: string, parent: Header, content: unknown): void {
    this.printed.flush();
    void this.iopub.send(encode(this.connection.key, [type], type, parent, content));
  }

  private reply(request: Message, content: unknown): void {
    this.printed.flush();
    const type = request.header.msg_type.replace(/_request$/, "_reply");
    void this.shell.send(encode(this.connection.key, request.identities, type, request.header, content));
  }

  private display(message: DisplayMessage, update: boolean): void {
    this.printed.flush();
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
      this.publish("status", request.header, { execution_state: "busy" });
      try {
        await this.handle(request);
      } catch (error) {
        const { ename, evalue, traceback } = internalError(error);
        this.reply(request, { status: "error", ename, evalue, traceback });
      }
      this.publish("status", request.header, { execution_state: "idle" });
    }
    this.serving = false;
    this.warmUpWhenIdle();
  }

  /** Reads the library before the first cell asks for it, if that cell leaves the time: it would wait as long itself. */
  private warmUpWhenIdle(): void {
    clearTimeout(this.warmUp);
    if (this.count > 0 || this.warmedUp) return;
    this.warmUp = setTimeout(() => {
      if (this.serving || this.count > 0) return;
      this.warmedUp = true;
      this.runner.warmUp();
    }, WARM_UP_AFTER_MS);
  }

  private async handle(request: Message): Promise<void> {
    const { content } = request;
    switch (request.header.msg_type) {
      case "execute_request":
        return this.execute(request);
      case "kernel_info_request":
        return this.reply(request, kernelInfo());
      case "complete_request":
        return this.reply(request, this.complete(content.code, content.cursor_pos));
      case "inspect_request": {
        const text = this.runner.inspect(content.code, utf16Index(content.code, content.cursor_pos));
        const data = text === undefined ? {} : { "text/plain": text };
        return this.reply(request, { status: "ok", found: text !== undefined, data, metadata: {} });
      }
      case "is_complete_request":
        return this.reply(request, this.runner.isComplete(content.code));
      case "comm_info_request":
        return this.reply(request, { status: "ok", comms: {} });
      case "history_request":
        return this.reply(request, { status: "ok", history: [] });
      case "shutdown_request":
        this.reply(request, { status: "ok", restart: content.restart === true });
        return this.shutDown();
    }
  }

  private async execute(request: Message): Promise<void> {
    const { code, silent, store_history, stop_on_error } = request.content;
    if (this.aborted.delete(request) || this.wasAskedBeforeFailure(request))
      return this.reply(request, { status: "aborted" });
    this.cell = request.header;
    this.cellId = typeof request.metadata.cellId === "string" ? request.metadata.cellId : undefined;
    if (silent !== true && store_history !== false) this.count++;
    const execution_count = this.count;
    if (silent !== true) this.publish("execute_input", request.header, { code, execution_count });
    const outcome = await this.runner.run(code, execution_count);
    let error: CellError | undefined = outcome.ok ? undefined : outcome.error;
    if (outcome.ok && silent !== true) {
      for (const value of outcome.values) {
        try {
          const bundle = await bundleOf(value);
          this.publish("execute_result", request.header, { execution_count, ...bundle });
        } catch (thrown) {
          error = this.runner.errorOf(thrown);
        }
      }
    }
    if (error === undefined) {
      this.reply(request, { status: "ok", execution_count, payload: [], user_expressions: {} });
      return;
    }
    this.publish("error", request.header, error);
    if (stop_on_error !== false) {
      this.failedAtMs = Date.now();
      for (const other of this.waiting) this.aborted.add(other);
    }
    this.reply(request, { status: "error", execution_count, ...error });
  }

  /** Waits for requests that were in transit when the cell failed. */
  private wasAskedBeforeFailure(request: Message): boolean {
    if (Date.now() - this.failedAtMs > ABORT_WINDOW_MS) return false;
    return !(Date.parse(request.header.date) >= this.failedAtMs);
  }

  private complete(code: string, cursor: number): unknown {
    const info = this.runner.complete(code, utf16Index(code, cursor));
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

function internalError(error: unknown): CellError {
  const shown = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { ename: "KernelError", evalue: shown.split("\n")[0]!, traceback: shown.split("\n") };
}
