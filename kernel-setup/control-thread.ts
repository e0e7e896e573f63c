/**
 * The notebook kernel's control channel and heartbeat run in a thread of their own, so that a cell that never yields
 * can be interrupted and shut down. Stock tslab answers neither before the cell's loop ends: it relies on a signal,
 * which reaches only code before a cell's first await.
 *
 * To interrupt, it notifies the main thread. If that does not answer in 200 ms, it is stuck in a cell's loop, and its
 * JavaScript is stopped through the inspector, but never while the compiler runs.
 */
import { Session } from "node:inspector";
import { parentPort, workerData } from "node:worker_threads";
import { Busy, read } from "./interrupt-state";
import { address, type Connection, decode, encode, type Header, type Message } from "./wire";

export interface ControlData {
  readonly connection: Connection;
  readonly busy: Int32Array;
  readonly kernelInfo: unknown;
  /** Where zeromq is installed: a thread resolves like the main thread. */
  readonly zeromqPath: string;
}

/** To the main thread. */
export type ControlMessage =
  | { readonly type: "ready" }
  | { readonly type: "failed"; readonly message: string }
  | { readonly type: "interrupt" }
  | { readonly type: "shutdown" }
  | { readonly type: "status"; readonly state: "busy" | "idle"; readonly parent: Header };

const STUCK_AFTER_MS = 200;
const KILL_AFTER_MS = 2000;
const PARENT_CHECK_MS = 1000;

const { connection, busy, kernelInfo, zeromqPath } = workerData as ControlData;
const tell = (message: ControlMessage) => parentPort!.postMessage(message);
const zmq: typeof import("zeromq") = require(zeromqPath);
const control = new zmq.Router({ sendHighWaterMark: 0, sendTimeout: 0, linger: 500 });
const heartbeat = new zmq.Reply({ linger: 0 });

function stopMainThread(): void {
  const session = new Session() as Session & { connectToMainThread(): void };
  session.connectToMainThread();
  session.post("Runtime.terminateExecution", () => session.disconnect());
}

function interrupt(): void {
  const seen = read(busy, Busy.interruptsSeen);
  tell({ type: "interrupt" });
  const check = () => {
    if (read(busy, Busy.interruptsSeen) !== seen || read(busy, Busy.running) === 0) return;
    if (read(busy, Busy.compiling) === 0) stopMainThread();
    setTimeout(check, STUCK_AFTER_MS);
  };
  setTimeout(check, STUCK_AFTER_MS);
}

/** Content of the reply, or undefined for requests that are not for this channel. */
function answer(request: Message): { type: string; content: unknown } | undefined {
  switch (request.header.msg_type) {
    case "kernel_info_request":
      return { type: "kernel_info_reply", content: kernelInfo };
    case "interrupt_request":
      interrupt();
      return { type: "interrupt_reply", content: { status: "ok" } };
    case "shutdown_request":
      return {
        type: "shutdown_reply",
        content: { status: "ok", restart: request.content.restart === true },
      };
    default:
      return undefined;
  }
}

async function serveControl(): Promise<void> {
  for await (const frames of control) {
    let request: Message;
    try {
      request = decode(connection.key, frames);
    } catch {
      continue; // not signed with this kernel's key
    }
    const parent = request.header;
    tell({ type: "status", state: "busy", parent });
    const reply = answer(request);
    if (reply !== undefined)
      await control.send(encode(connection.key, request.identities, reply.type, parent, reply.content));
    tell({ type: "status", state: "idle", parent });
    if (parent.msg_type === "shutdown_request") {
      tell({ type: "shutdown" });
      setTimeout(() => process.kill(process.pid, "SIGKILL"), KILL_AFTER_MS).unref();
      // The thread ends once its sockets are closed and the main thread has released it.
      heartbeat.close();
      control.close();
      return;
    }
  }
}

async function serveHeartbeat(): Promise<void> {
  for await (const frames of heartbeat) await heartbeat.send(frames);
}

/** The main thread closes this thread if the notebook kernel is shut down over the shell channel. */
parentPort!.on("message", () => {
  heartbeat.close();
  control.close();
  parentPort!.close();
});

/** Ends the notebook kernel if the Jupyter process that started it has died. */
function watchParent(): void {
  const parent = process.ppid;
  if (process.env.JPY_PARENT_PID === undefined || parent <= 1) return;
  setInterval(() => {
    if (process.ppid !== parent) process.kill(process.pid, "SIGKILL");
  }, PARENT_CHECK_MS).unref();
}

Promise.all([
  control.bind(address(connection, connection.control_port)),
  heartbeat.bind(address(connection, connection.hb_port)),
]).then(
  () => {
    watchParent();
    void serveControl();
    void serveHeartbeat();
    tell({ type: "ready" });
  },
  (error) => tell({ type: "failed", message: String(error) }),
);
