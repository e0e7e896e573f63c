/**
 * The sockets of the kernel's shell, output and input channels, in a thread of their own: what a cell prints is sent while the cell
 * computes, and a cell can wait for an answer without its event loop. The order of messages is that in which the other
 * thread printed and sent.
 */
import { writeSync } from "node:fs";
import { receiveMessageOnPort } from "node:worker_threads";
import {
  address,
  decode,
  encode,
  type Header,
  jsonOf,
  type Message,
  type Outgoing,
  PORT_TAKEN,
} from "../wire";
import type { Answer, FromWire, Parent, ToWire, WireData } from "./between-threads";
import { CaughtText } from "./caught-text";
import { FollowedFiles } from "./followed-files";
import { AT_ONCE_BYTES, GATHER_MS, OutboxReader, type Piece, type StreamName } from "./outbox";

/** Sends never block and never fail: zeromq keeps messages until they are read. */
const UNBOUNDED = { sendHighWaterMark: 0, sendTimeout: 0, linger: 1000 };
const SUBSCRIBED = 1;

interface Sender {
  send(frames: (Uint8Array | string)[]): Promise<void>;
}

/** Sends one message after the other: zeromq refuses more than 512 sends in one turn of the event loop. */
export class Pump {
  private readonly queue: (Uint8Array | string)[][] = [];
  private running: Promise<void> | undefined;

  constructor(private readonly socket: Sender) {}

  push(frames: (Uint8Array | string)[]): void {
    this.queue.push(frames);
    this.running ??= this.run();
  }

  /** Resolves when everything has been handed to zeromq. */
  async drained(): Promise<void> {
    await this.running;
  }

  private async run(): Promise<void> {
    for (let frames = this.queue.shift(); frames !== undefined; frames = this.queue.shift()) {
      try {
        await this.socket.send(frames);
      } catch {
        // The front end is gone, or the socket closed.
      }
    }
    this.running = undefined;
  }
}

type Question = ToWire & { readonly type: "ask" };

export class Sockets {
  private readonly zmq: typeof import("zeromq");
  private readonly iopub;
  private readonly shell;
  private readonly stdin;
  private readonly published: Pump;
  private readonly replied: Pump;
  private readonly reader: OutboxReader;
  private readonly cells = new Map<number, Header>();
  private readonly questions: Question[] = [];
  private readonly followed = new FollowedFiles((piece) => this.print(piece));
  private readonly caught: readonly CaughtText[];
  /** The cell that began last; 0 before the first. */
  private lastCell = 0;
  private gather: NodeJS.Timeout | undefined;

  constructor(
    private readonly data: WireData,
    private readonly port: import("node:worker_threads").MessagePort,
    /** What is not for the sockets. */
    private readonly other: (message: ToWire) => void,
  ) {
    this.zmq = require(data.zeromqPath);
    this.iopub = new this.zmq.XPublisher({ ...UNBOUNDED, verbosity: "allSubs" });
    this.shell = new this.zmq.Router({ ...UNBOUNDED, receiveHighWaterMark: 0 });
    this.stdin = new this.zmq.Router(UNBOUNDED);
    this.published = new Pump(this.iopub);
    this.replied = new Pump(this.shell);
    this.reader = new OutboxReader(data.outbox);
    this.caught = Object.entries(data.caught.pipes).map(([name, descriptor]) =>
      this.catch(name as StreamName, descriptor),
    );
    port.on("message", (message: ToWire) => this.take(message));
  }

  /** Throws an error that names the channel whose port is taken. */
  async bind(): Promise<void> {
    const { connection } = this.data;
    await allBound([
      bindTo(this.iopub, address(connection, connection.iopub_port), "output"),
      bindTo(this.shell, address(connection, connection.shell_port), "shell"),
      bindTo(this.stdin, address(connection, connection.stdin_port), "input"),
    ]);
  }

  serve(): void {
    void this.welcome();
    void this.each(this.shell, (message) => this.tell({ type: "request", message }));
    void this.each(this.stdin, (message) => this.answer(message));
  }

  publish(kind: string, parent: Parent, content: string, more: Partial<Outgoing> = {}): void {
    const header = typeof parent === "number" ? (this.cells.get(parent) ?? {}) : parent;
    this.published.push(this.encoded({ to: [kind], type: kind, parent: header, content, ...more }));
  }

  /** Ends a cell's wait for an answer that will not come. */
  cancelQuestions(): void {
    for (const { ticket, waits } of this.questions.splice(0))
      this.deliver({ ticket, value: undefined }, waits);
  }

  /** Sends what is left and closes the sockets. */
  async close(): Promise<void> {
    this.flush();
    for (const one of this.caught) one.close();
    await Promise.all([this.published.drained(), this.replied.drained()]);
    for (const socket of [this.iopub, this.shell, this.stdin]) socket.close();
  }

  closed(): void {
    this.reader.close();
  }

  /** What comes from a descriptor is of the cell that began last; what is not for a cell or may be of a crash goes to the log. */
  private catch(name: StreamName, descriptor: number): CaughtText {
    const log = (bytes: Buffer) => {
      if (name === "stdout" && this.lastCell > 0) return;
      try {
        writeSync(this.data.caught.terminal, bytes);
      } catch {
        // Nobody reads it.
      }
    };
    const print = (text: string) => {
      if (this.lastCell > 0) this.print({ cell: this.lastCell, name, text });
    };
    return new CaughtText(descriptor, print, log);
  }

  private drainCaught(): void {
    for (const one of this.caught) one.drain();
  }

  private tell(message: FromWire): void {
    this.port.postMessage(message);
  }

  private encoded(message: Outgoing): (Uint8Array | string)[] {
    return encode(this.data.connection.key, message);
  }

  private take(message: ToWire): void {
    if ("at" in message) this.print(...this.reader.take(message.at));
    switch (message.type) {
      case "wake":
        this.gather ??= setTimeout(() => this.flush(AT_ONCE_BYTES), GATHER_MS);
        return;
      case "cell":
        this.drainCaught();
        this.cells.set(message.cell, message.parent);
        this.lastCell = message.cell;
        return;
      case "publish": {
        const { kind, parent, content, metadata, buffers } = message;
        // A front end takes no more output of a cell after its `idle`.
        if (kind === "status") this.drainCaught();
        return this.publish(kind, parent, content, { metadata, buffers });
      }
      case "reply": {
        const { to, kind, parent, content } = message;
        return this.replied.push(this.encoded({ to, type: kind, parent, content }));
      }
      case "ask":
        this.questions.push(message);
        if (this.questions.length === 1) this.ask(message);
        return;
      case "follow":
        return this.followed.add(message);
      case "followed":
        return this.followed.end(message.descriptor);
      default:
        this.other(message);
    }
  }

  /** Sends the text that is waiting, behind every message that was sent before it was printed; `bytes` of it at once. */
  flush(bytes = Number.POSITIVE_INFINITY): void {
    clearTimeout(this.gather);
    this.gather = undefined;
    const { until, isAll } = this.reader.rest(bytes);
    for (;;) {
      const received = receiveMessageOnPort(this.port);
      if (received === undefined) break;
      this.take(received.message);
    }
    this.print(...this.reader.take(until));
    if (!isAll) this.gather ??= setTimeout(() => this.flush(AT_ONCE_BYTES), GATHER_MS);
  }

  private print(...pieces: Piece[]): void {
    for (const { cell, name, text } of pieces) this.publish("stream", cell, jsonOf({ name, text }));
  }

  private ask({ question }: Question): void {
    const { cell, identities, prompt, password } = question;
    const content = jsonOf({ prompt, password });
    const parent = this.cells.get(cell) ?? {};
    void this.stdin
      .send(this.encoded({ to: identities, type: "input_request", parent, content }))
      .catch(() => {});
  }

  /** A late answer to a cell that was interrupted answers nothing. */
  private answer(message: Message): void {
    if (message.header.msg_type !== "input_reply") return;
    const question = this.questions.shift();
    if (question === undefined) return;
    this.deliver({ ticket: question.ticket, value: String(message.content.value ?? "") }, question.waits);
    if (this.questions[0] !== undefined) this.ask(this.questions[0]);
  }

  private deliver(answer: Answer, waits: boolean): void {
    if (!waits) return this.tell({ type: "answer", ...answer });
    this.data.answers.postMessage(answer);
    Atomics.add(this.data.answered, 0, 1);
    Atomics.notify(this.data.answered, 0);
  }

  /** Tells every subscriber that its subscription has arrived (protocol 5.4). */
  private async welcome(): Promise<void> {
    for await (const [frame] of this.iopub) {
      if (frame === undefined || frame[0] !== SUBSCRIBED) continue;
      const subscription = frame.subarray(1).toString();
      const content = jsonOf({ subscription });
      this.published.push(this.encoded({ to: [subscription], type: "iopub_welcome", parent: {}, content }));
    }
  }

  private async each(socket: AsyncIterable<Buffer[]>, take: (message: Message) => void): Promise<void> {
    for await (const frames of socket) {
      let message: Message;
      try {
        message = decode(this.data.connection.key, frames);
      } catch {
        continue; // not signed with this kernel's key
      }
      take(message);
    }
  }
}

/** Waits for every socket, also if one cannot be bound: a process that ends meanwhile crashes. */
export async function allBound(sockets: readonly Promise<void>[]): Promise<void> {
  await Promise.allSettled(sockets);
  await Promise.all(sockets);
}

/** Binds a socket, or says which port cannot be had. */
export async function bindTo(
  socket: { bind(address: string): Promise<void> },
  to: string,
  channel: string,
): Promise<void> {
  try {
    await socket.bind(to);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "EADDRINUSE" ? PORT_TAKEN.message : message;
    throw new Error(`cannot listen on ${to} for the ${channel} channel: ${why}`);
  }
}
