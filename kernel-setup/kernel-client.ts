/**
 * A small Jupyter front end for the doctor and the tests: starts the notebook kernel as Jupyter does, runs code in it
 * and collects its messages. Needs no Python.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Dealer, Subscriber } from "zeromq";
import { kernelSpec } from "./kernelspec";
import { zeromqPath } from "./tslab-internals";
import { address, type Connection, decode, encode, jsonOf, PORT_TAKEN } from "./wire";

/** A received message: its type, its content, and the id of the request that it answers. */
export interface Received {
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: the content's shape depends on the message type
  readonly content: any;
  readonly parent: string;
  readonly buffers: readonly Uint8Array[];
  /** When it arrived, on the clock of `performance.now()`. */
  readonly atMs: number;
}

/** What a request carries besides its content. */
export interface Extras {
  readonly channel?: "shell" | "control";
  readonly metadata?: object;
  readonly buffers?: readonly Uint8Array[];
  /** Comm messages have no reply. */
  readonly unanswered?: boolean;
  /** Fails after this time, {@link LIMIT_MS} if it does not say. */
  readonly limitMs?: number;
}

/** The messages of one request: all output, also what comes after the notebook kernel's `idle`, and the reply. */
export interface Answer {
  readonly reply: Received;
  readonly output: readonly Received[];
}

/** No request waits longer for its answer. */
const LIMIT_MS = 120_000;
/** Messages that an ended kernel sent arrive within this time, and what it wrote to its standard error. */
const LAST_WORDS_MS = 1000;
/** The kernel is asked anew after this time until it answers first. */
const ASK_AGAIN_MS = 500;
/** So many ports are chosen anew at most, when others took them before the kernel did. */
const STARTS = 5;
/** Characters of a code or an output in an error. */
const SHOWN = 500;

/** A request that waits for its reply, and for the kernel to be idle again. */
interface Pending {
  reply?: Received;
  idle: boolean;
  readonly done: (answer: Answer) => void;
  readonly fail: (why: string) => void;
}

/** How a kernel's process ended, and what it wrote to its own standard error. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stderr: string;
}

const short = (text: string) => (text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text);
/** The sockets keep the process that waits, and not this. */
const after = (ms: number) => new Promise<void>((done) => void setTimeout(done, ms).unref());

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((s) => once(s, "listening")));
  const ports = servers.map((s) => (s.address() as { port: number }).port);
  await Promise.all(servers.map((s) => new Promise((done) => s.close(done))));
  return ports;
}

export class KernelClient {
  private readonly outputs = new Map<string, Received[]>();
  private readonly waiting = new Map<string, Pending>();
  /** What is typed when the kernel asks; undefined: nothing. */
  answerInput: (request: Received) => string | undefined = () => undefined;
  /** Hears of every output as it comes, also of debug events. */
  onOutput: (message: Received) => void = () => {};
  private stderr = "";
  private readonly exited: Promise<unknown[]>;
  /** Resolves when the kernel's process has ended. */
  readonly ended: Promise<Ended>;

  private constructor(
    private readonly connection: Connection,
    private readonly child: ChildProcess,
    private readonly folder: string,
    private readonly shell: Dealer,
    private readonly control: Dealer,
    private readonly iopub: Subscriber,
    private readonly stdin: Dealer,
  ) {
    child.stderr!.on("data", (text) => (this.stderr += text));
    this.exited = once(child, "exit");
    // A program that the kernel left behind may hold the other end of its standard error for ever.
    const closed = once(child, "close");
    this.ended = this.exited.then(async ([code, signal]) => {
      await Promise.race([closed, after(LAST_WORDS_MS)]);
      return { code, signal, stderr: this.stderr } as Ended;
    });
    void this.exited.then(async () => {
      await after(LAST_WORDS_MS);
      this.failAll();
    });
    void this.listen(shell, (m) => this.settle(m.parent, { reply: m }));
    void this.listen(control, (m) => this.settle(m.parent, { reply: m }));
    void this.listen(stdin, (m) => {
      const value = this.answerInput(m);
      if (value !== undefined)
        void stdin.send(
          encode(connection.key, { to: [], type: "input_reply", parent: {}, content: jsonOf({ value }) }),
        );
    });
    void this.listen(iopub, (m) => {
      this.outputs.get(m.parent)?.push(m);
      this.onOutput(m);
      if (m.type === "status" && m.content.execution_state === "idle") this.settle(m.parent, { idle: true });
    });
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Starts a kernel (default: this package's) in `cwd` and waits until it answers. Fails after `timeoutMs`. */
  static async start(cwd: string, argv = kernelSpec().argv, timeoutMs = 120_000): Promise<KernelClient> {
    for (let left = STARTS; ; left--) {
      const client = await KernelClient.startAt(await freePorts(5), cwd, argv);
      try {
        await client.firstAnswer(timeoutMs);
        return client;
      } catch (error) {
        await client.stop();
        // Between the choice of a port and the kernel's start another program may take it.
        if (client.child.exitCode !== PORT_TAKEN.status || left === 1) throw error;
      }
    }
  }

  /** A kernel at these ports: shell, output, input, control, heartbeat. It may not listen yet. */
  private static async startAt(
    ports: readonly number[],
    cwd: string,
    argv: readonly string[],
  ): Promise<KernelClient> {
    const zmq: typeof import("zeromq") = require(zeromqPath);
    const [shell, iopub, stdin, control, hb] = ports as [number, number, number, number, number];
    const connection: Connection = {
      transport: "tcp",
      ip: "127.0.0.1",
      key: randomBytes(16).toString("hex"),
      shell_port: shell,
      iopub_port: iopub,
      stdin_port: stdin,
      control_port: control,
      hb_port: hb,
    };
    const folder = mkdtempSync(join(tmpdir(), "pageblock-kernel-"));
    const file = join(folder, "connection.json");
    writeFileSync(file, JSON.stringify(connection), { mode: 0o600 });
    const [command, ...args] = argv.map((a) => (a === "{connection_file}" ? file : a));
    const child = spawn(command!, args, { cwd, stdio: ["ignore", "ignore", "pipe"] });
    const options = { linger: 0, receiveHighWaterMark: 0 };
    // The kernel sends a question to the sender of the request: both channels have one identity.
    const named = { ...options, routingId: randomBytes(8).toString("hex") };
    const sockets = [
      new zmq.Dealer(named),
      new zmq.Dealer(options),
      new zmq.Subscriber(options),
      new zmq.Dealer(named),
    ] as const;
    const client = new KernelClient(connection, child, folder, ...sockets);
    sockets[0].connect(address(connection, shell));
    sockets[1].connect(address(connection, control));
    sockets[2].connect(address(connection, iopub));
    sockets[2].subscribe();
    sockets[3].connect(address(connection, stdin));
    return client;
  }

  /** Output sent before the subscription reaches the kernel is lost, so it is asked until both directions work. */
  private async firstAnswer(timeoutMs: number): Promise<void> {
    const until = Date.now() + timeoutMs;
    for (;;) {
      const asked = this.request("kernel_info_request", {}, { limitMs: ASK_AGAIN_MS });
      const answered = await asked.then(
        () => true,
        () => false,
      );
      if (answered) return;
      if (this.hasExited) throw new Error(this.state());
      if (Date.now() > until) throw new Error(`the kernel did not answer in ${timeoutMs} ms: ${this.stderr}`);
    }
  }

  private failAll(): void {
    for (const { fail } of this.waiting.values()) fail(this.state());
  }

  private get hasExited(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null;
  }

  /** Whether the process runs, and what it said. */
  private state(): string {
    return `the kernel ${this.hasExited ? "ended" : "runs"}: ${this.stderr.trim()}`;
  }

  /**
   * Sends a request, and waits for its reply and until the kernel is idle again. Rejects if that takes longer than its limit, or the
   * kernel has ended, with what was asked and what came.
   */
  request(type: string, content: unknown, extras: Extras = {}): Promise<Answer> {
    const { channel = "shell", metadata = {}, buffers = [], unanswered = false } = extras;
    const { limitMs = LIMIT_MS } = extras;
    const frames = encode(this.connection.key, {
      ...{ to: [], type, parent: {}, buffers },
      content: jsonOf(content),
      metadata: jsonOf(metadata),
    });
    const id = (JSON.parse(String(frames[2])) as { msg_id: string }).msg_id;
    this.outputs.set(id, []);
    let limit: NodeJS.Timeout | undefined;
    return new Promise<Answer>((done, reject) => {
      const none = { type: "", content: {}, parent: id, buffers: [], atMs: 0 };
      const fail = (why: string) => reject(new Error(`${this.described(type, content, id)}: ${why}`));
      if (this.hasExited) return fail(this.state());
      limit = setTimeout(() => fail(`no answer in ${limitMs} ms; ${this.state()}`), limitMs);
      this.waiting.set(id, { idle: false, done, fail, ...(unanswered ? { reply: none } : {}) });
      void this[channel].send(frames);
    }).finally(() => {
      clearTimeout(limit);
      this.waiting.delete(id);
    });
  }

  /** A request as errors name it, with what came of its answer so far. */
  private described(type: string, content: unknown, id: string): string {
    const { code } = content as { code?: unknown };
    const asked = typeof code === "string" ? `${type} ${JSON.stringify(short(code))}` : type;
    const came = this.outputs.get(id)!.map((m) => `${m.type} ${short(jsonOf(m.content))}`);
    if (this.waiting.get(id)?.reply !== undefined) came.push("its reply");
    return `${asked} (came so far: ${came.length === 0 ? "nothing" : short(came.join(", "))})`;
  }

  /** Runs a cell. */
  execute(code: string, more: Record<string, unknown> = {}): Promise<Answer> {
    const content = { code, silent: false, store_history: true, user_expressions: {}, stop_on_error: true };
    return this.request("execute_request", { ...content, allow_stdin: false, ...more });
  }

  interrupt(): Promise<Answer> {
    return this.request("interrupt_request", {}, { channel: "control" });
  }

  /** Shuts the kernel down, by force after five seconds; resolves when its process has ended. */
  async stop(): Promise<void> {
    const asked = this.request("shutdown_request", { restart: false }, { channel: "control" });
    asked.catch(() => {});
    const force = setTimeout(() => this.child.kill("SIGKILL"), 5000);
    if (!this.hasExited) await this.exited;
    clearTimeout(force);
    for (const socket of [this.shell, this.control, this.iopub, this.stdin]) socket.close();
    this.failAll();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async listen(socket: Dealer | Subscriber, take: (m: Received) => void): Promise<void> {
    for await (const frames of socket) {
      const message = decode(this.connection.key, frames);
      const { header, content, parent, buffers } = message;
      const atMs = performance.now();
      take({ type: header.msg_type, content, parent: parent.msg_id ?? "", buffers, atMs });
    }
  }

  private settle(id: string, news: { reply?: Received; idle?: true }): void {
    const entry = this.waiting.get(id);
    if (entry === undefined) return;
    Object.assign(entry, news);
    if (entry.reply === undefined || !entry.idle) return;
    entry.done({ reply: entry.reply, output: this.outputs.get(id)! });
  }
}
