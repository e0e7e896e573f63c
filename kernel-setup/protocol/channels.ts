/** The main thread's end of the kernel's channels; the sockets themselves belong to another thread (control-thread.ts). */
import { join } from "node:path";
import { MessageChannel, receiveMessageOnPort, type Transferable, Worker } from "node:worker_threads";
import type { CompiledText } from "../debug/source-places";
import { zeromqPath } from "../tslab-internals";
import { type Header, jsonOf, type Message } from "../wire";
import type { Answer, FromWire, Parent, Question, ToWire, WireData } from "./between-threads";
import { newOutbox, OutboxWriter, type StreamName } from "./outbox";
import { EXPOSE_INTERNALS } from "./terminate-signal";

/** The sockets are closed after this time at the latest: programs of cells are given half a second to end. */
const CLOSED_AT_LATEST_MS = 1500;

/** Who hears of what arrives. */
export interface Listener {
  request(message: Message): void;
  /** Interrupts of this kernel are numbered; `askedAtMs`: when it was asked for, on the clock of the front end. */
  interrupt(number: number, askedAtMs: number): void;
  shutdown(): void;
}

/** What the kernel's process has from its start. */
export type Link = Pick<WireData, "connection" | "caught" | "mark">;

export class Channels {
  private readonly outbox = newOutbox();
  private readonly writer = new OutboxWriter(this.outbox, () => this.post({ type: "wake" }));
  private readonly answers = new MessageChannel();
  private readonly answered = new Int32Array(new SharedArrayBuffer(4));
  private readonly asking = new Map<number, (value: string | undefined) => void>();
  private thread: Worker | undefined;
  private tickets = 0;
  private cells = 0;
  private closing = false;
  private closed: () => void = () => {};

  constructor(
    private readonly link: Link,
    private readonly busy: Int32Array,
    private readonly info: unknown,
    private readonly listener: Listener,
  ) {}

  /** Binds all channels. Rejects with an error that names the port that cannot be had. */
  start(): Promise<void> {
    const { link, busy, outbox, answered } = this;
    const workerData: WireData = {
      ...link,
      ...{ busy, outbox, answered, zeromqPath },
      kernelInfo: this.info,
      answers: this.answers.port2,
    };
    const transferList: Transferable[] = [this.answers.port2];
    const file = join(__dirname, "..", "control-thread.js");
    // The thread closes descriptors that this one has opened.
    const options = { execArgv: [EXPOSE_INTERNALS], trackUnmanagedFds: false };
    const thread = new Worker(file, { workerData, transferList, ...options });
    this.thread = thread;
    this.answers.port1.unref();
    return new Promise((resolve, reject) => {
      thread.on("error", reject);
      thread.on("message", (message: FromWire) => {
        if (message.type === "ready") resolve();
        else if (message.type === "failed") thread.once("exit", () => reject(new Error(message.message)));
        else this.hear(message);
      });
    });
  }

  private hear(message: Exclude<FromWire, { type: "ready" | "failed" }>): void {
    switch (message.type) {
      case "request":
        return this.listener.request(message.message);
      case "answer":
        this.asking.get(message.ticket)?.(message.value);
        this.asking.delete(message.ticket);
        return;
      case "interrupt":
        return this.listener.interrupt(message.number, message.askedAtMs);
      case "shutdown":
        return this.listener.shutdown();
      case "closed":
        return this.closed();
    }
  }

  /** True once nothing more is sent. */
  get isClosing(): boolean {
    return this.closing;
  }

  /** A number for the output of one request. */
  openCell(parent: Header): number {
    const cell = ++this.cells;
    this.post({ type: "cell", cell, parent });
    return cell;
  }

  /** Printed text of a cell; sent soon, also while the cell computes. */
  print(cell: number, name: StreamName, text: string): void {
    this.writer.write(cell, name, text);
  }

  /** Sends a message on the output channel, behind what was printed. */
  publish(
    kind: string,
    parent: Parent,
    content: unknown,
    more: { metadata?: object | undefined; buffers?: readonly Uint8Array[] | undefined } = {},
  ): void {
    const at = this.writer.position;
    const [text, metadata] = [jsonOf(content), jsonOf(more.metadata ?? {})];
    // Copies: the thread gets the bytes as they are now.
    const buffers = (more.buffers ?? []).map((one) => new Uint8Array(one));
    this.post({ type: "publish", at, kind, parent, content: text, metadata, buffers });
  }

  reply(request: Message, content: unknown): void {
    const kind = request.header.msg_type.replace(/_request$/, "_reply");
    const [at, to, parent] = [this.writer.position, request.identities, request.header];
    this.post({ type: "reply", at, to, kind, parent, content: jsonOf(content) });
  }

  /** Asks the person at the front end; undefined if an interrupt came first. */
  ask(question: Question): Promise<string | undefined> {
    const [ticket, at] = [++this.tickets, this.writer.position];
    return new Promise((resolve) => {
      this.asking.set(ticket, resolve);
      this.post({ type: "ask", at, ticket, waits: false, question });
    });
  }

  /** The same, and stops this thread until the answer is there. */
  askNow(question: Question): string | undefined {
    const [ticket, at] = [++this.tickets, this.writer.position];
    this.post({ type: "ask", at, ticket, waits: true, question });
    for (;;) {
      const seen = Atomics.load(this.answered, 0);
      const received = receiveMessageOnPort(this.answers.port1)?.message as Answer | undefined;
      if (received?.ticket === ticket) return received.value;
      if (received === undefined) Atomics.wait(this.answered, 0, seen);
    }
  }

  /** Tells the debugger of a text that is about to be compiled. */
  compiled(text: CompiledText): void {
    this.post({ type: "compiled", text });
  }

  /** Tells of a program that a cell started, or that ended. */
  child(pid: number, { ended = false, detached = false }): void {
    this.post({ type: "child", pid, ended, detached });
  }

  /** Interrupts programs and what they started. */
  interruptPrograms(pids: readonly number[]): void {
    if (pids.length > 0) this.post({ type: "signal", pids });
  }

  /** Shows what is added to the file that `descriptor` reads until `run` returns, as output of `cell`; closes it then. */
  following<T>(cell: number, name: StreamName, descriptor: number, run: () => T): T {
    this.post({ type: "follow", at: this.writer.position, cell, name, descriptor });
    try {
      return run();
    } finally {
      this.post({ type: "followed", descriptor });
    }
  }

  /** Sends everything, ends the programs that cells started, and closes the sockets. The other thread then sees to the process's end. */
  close(): Promise<void> {
    this.closing = true;
    const closed = new Promise<void>((done) => (this.closed = done));
    this.post({ type: "close", at: this.writer.position, stays: true });
    return Promise.race([closed, new Promise<void>((done) => setTimeout(done, CLOSED_AT_LATEST_MS))]);
  }

  /** The same, for a process that ends before its event loop runs again: nothing can keep it. */
  closeNow(): void {
    if (this.closing || this.thread === undefined) return;
    this.closing = true;
    this.post({ type: "close", at: this.writer.position, stays: false });
    this.writer.waitUntilClosed(CLOSED_AT_LATEST_MS);
  }

  private post(message: ToWire): void {
    this.thread?.postMessage(message);
  }
}
