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
import { address, type Connection, decode, encode, jsonOf } from "./wire";

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
}

/** The messages of one request: all output, also what comes after the notebook kernel's `idle`, and the reply. */
export interface Answer {
  readonly reply: Received;
  readonly output: readonly Received[];
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((s) => once(s, "listening")));
  const ports = servers.map((s) => (s.address() as { port: number }).port);
  await Promise.all(servers.map((s) => new Promise((done) => s.close(done))));
  return ports;
}

export class KernelClient {
  private readonly outputs = new Map<string, Received[]>();
  private readonly waiting = new Map<
    string,
    { reply?: Received; idle: boolean; done: (a: Answer) => void }
  >();
  /** What is typed when the kernel asks; undefined: nothing. */
  answerInput: (request: Received) => string | undefined = () => undefined;
  /** Hears of every output as it comes, also of debug events. */
  onOutput: (message: Received) => void = () => {};
  private readonly failures: ((error: Error) => void)[] = [];
  private stderr = "";
  private readonly exited: Promise<void>;
  /** How the kernel's process ended, and what it wrote to its own standard error. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null; stderr: string }>;

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
    this.ended = once(child, "close").then(([code, signal]) => ({ code, signal, stderr: this.stderr }));
    this.exited = once(child, "exit").then(() => {
      for (const fail of this.failures) fail(new Error(`the kernel ended: ${this.stderr.trim()}`));
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
  static async start(cwd: string, argv = kernelSpec().argv, timeoutMs = 60_000): Promise<KernelClient> {
    const zmq: typeof import("zeromq") = require(zeromqPath);
    const [shell, iopub, stdin, control, hb] = (await freePorts(5)) as [
      number,
      number,
      number,
      number,
      number,
    ];
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
    try {
      // Output sent before the subscription reaches the kernel is lost, so ask until both directions work.
      const until = Date.now() + timeoutMs;
      for (;;) {
        const answer = client.request("kernel_info_request", {});
        const seen = await Promise.race([
          answer,
          new Promise<undefined>((r) => setTimeout(() => r(undefined), 500)),
        ]);
        if (seen !== undefined) return client;
        if (Date.now() > until)
          throw new Error(`the kernel did not answer in ${timeoutMs} ms: ${client.stderr}`);
      }
    } catch (error) {
      await client.stop();
      throw error;
    }
  }

  /** Sends a request, and waits for its reply and until the kernel is idle again. */
  request(type: string, content: unknown, extras: Extras = {}): Promise<Answer> {
    const { channel = "shell", metadata = {}, buffers = [], unanswered = false } = extras;
    const frames = encode(this.connection.key, {
      ...{ to: [], type, parent: {}, buffers },
      content: jsonOf(content),
      metadata: jsonOf(metadata),
    });
    const id = (JSON.parse(String(frames[2])) as { msg_id: string }).msg_id;
    this.outputs.set(id, []);
    return new Promise((done, fail) => {
      this.failures.push(fail);
      const none = { type: "", content: {}, parent: id, buffers: [], atMs: 0 };
      this.waiting.set(id, { idle: false, done, ...(unanswered ? { reply: none } : {}) });
      void this[channel].send(frames);
    });
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
    if (this.child.exitCode === null && this.child.signalCode === null) await this.exited;
    clearTimeout(force);
    for (const socket of [this.shell, this.control, this.iopub, this.stdin]) socket.close();
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
    this.waiting.delete(id);
    entry.done({ reply: entry.reply, output: this.outputs.get(id)! });
  }
}
