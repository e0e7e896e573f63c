/**
 * The notebook kernel's sockets are in a thread of their own. Its control channel and heartbeat answer while a cell runs that never
 * yields, so that the cell can be interrupted and the kernel shut down. Stock tslab answers neither before the cell's
 * loop ends: it relies on a signal, which reaches only code before a cell's first await.
 *
 * To interrupt, it notifies the main thread. If that does not answer in 200 ms, it is stuck in a loop, of a cell or of a timer that a
 * cell left, and its JavaScript is stopped through the inspector, but never while the compiler runs.
 */
import { parentPort, workerData } from "node:worker_threads";
import { DebugAdapter } from "./debug/adapter";
import { Busy, read } from "./interrupt-state";
import type { FromWire, ToWire, WireData } from "./protocol/between-threads";
import { childrenBut, endPrograms, interruptPrograms, killPrograms } from "./protocol/process-tree";
import { allBound, bindTo, Pump, Sockets } from "./protocol/sockets";
import { END_HERE, isUsersCode, StopMainThread } from "./protocol/stop-main-thread";
import { onTerminate } from "./protocol/terminate-signal";
import { address, decode, encode, type Header, jsonOf, type Message } from "./wire";

const STUCK_AFTER_MS = 200;
const KILL_AFTER_MS = 2000;
const PARENT_CHECK_MS = 1000;
/** A program that the main thread waits for gets so many interrupts before it is killed. */
const ASKED_TO_END = 10;

const data = workerData as WireData;
const { connection, busy, kernelInfo, zeromqPath } = data;
const tell = (message: FromWire) => parentPort!.postMessage(message);
const zmq: typeof import("zeromq") = require(zeromqPath);
const control = new zmq.Router({ sendHighWaterMark: 0, sendTimeout: 0, linger: 500 });
const heartbeat = new zmq.Reply({ linger: 0 });
const sockets = new Sockets(data, parentPort!, take);
/** Programs that cells started, and among them those that are meant to live on. */
const started = new Set<number>();
const detached = new Set<number>();
const own = { mark: data.mark, started, detached };
const mainThread = new StopMainThread();
const controlReplies = new Pump(control);
let debuggedBy: Header | Record<string, never> = {};
const debug = new DebugAdapter(
  busy,
  (content) => sockets.publish("debug_event", debuggedBy, jsonOf(content)),
  () => mainThread.isAtWork,
);
/** Debug requests are answered one after the other, beside the others of this channel: one may wait for the main thread. */
let debugging = Promise.resolve();
let closing = false;
let interrupts = 0;

function take(message: ToWire): void {
  if (message.type === "close") return void close(message.stays);
  if (message.type === "signal") return interruptPrograms(message.pids);
  if (message.type === "compiled") return void debug.compiled(message.text);
  if (message.type !== "child") return;
  const { pid, ended, detached: spared } = message;
  if (ended) started.delete(pid);
  else started.add(pid);
  if (spared && !ended) detached.add(pid);
  else detached.delete(pid);
}

function interrupt(askedAtMs: number): void {
  const seen = read(busy, Busy.interruptsSeen);
  const answered = () => closing || read(busy, Busy.interruptsSeen) !== seen;
  const number = ++interrupts;
  tell({ type: "interrupt", number, askedAtMs });
  sockets.cancelQuestions();
  endStopped(number);
  let asked = 0;
  const mayStop = (urls: readonly string[]) => {
    const may =
      !answered() && read(busy, Busy.compiling) === 0 && (read(busy, Busy.turn) > 0 || isUsersCode(urls));
    if (may) Atomics.store(busy, Busy.stoppedBy, number);
    return may;
  };
  const check = () => {
    if (answered()) return mainThread.cancel();
    if (read(busy, Busy.waitingForProgram) > 0)
      interruptPrograms(childrenBut(started), asked++ < ASKED_TO_END ? "SIGINT" : "SIGKILL");
    endStopped(number);
    if (read(busy, Busy.compiling) === 0) mainThread.stop(mayStop);
    setTimeout(check, STUCK_AFTER_MS);
  };
  setTimeout(check, STUCK_AFTER_MS);
}

/** Ends code that stands at a breakpoint. */
function endStopped(number: number): void {
  debug.interrupt((inspected) => {
    Atomics.store(busy, Busy.stoppedBy, number);
    inspected.post("Runtime.evaluate", { expression: END_HERE }).catch(() => {});
  });
}

/** Content of the reply, or undefined for requests that are not for this channel. */
function answer(request: Message): { type: string; content: unknown } | undefined {
  switch (request.header.msg_type) {
    case "kernel_info_request":
      return { type: "kernel_info_reply", content: kernelInfo };
    case "interrupt_request":
      interrupt(Date.parse(request.header.date));
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
    const { header: parent, identities: to } = request;
    sockets.publish("status", parent, jsonOf({ execution_state: "busy" }));
    const send = (type: string, content: unknown) =>
      controlReplies.push(encode(connection.key, { to, parent, type, content: jsonOf(content) }));
    if (parent.msg_type === "debug_request") {
      debugging = debugging.then(() => answerDebug(request, send));
      continue;
    }
    const reply = answer(request);
    if (reply !== undefined) send(reply.type, reply.content);
    sockets.publish("status", parent, jsonOf({ execution_state: "idle" }));
    if (parent.msg_type !== "shutdown_request") continue;
    endStopped(++interrupts);
    shutDown();
    return;
  }
}

/** Lets the main thread end the process, or ends it if that is stuck. */
function shutDown(): void {
  tell({ type: "shutdown" });
  setTimeout(kill, KILL_AFTER_MS).unref();
}

function kill(): void {
  killPrograms(own);
  process.kill(process.pid, "SIGKILL");
}

async function answerDebug(request: Message, send: (type: string, content: unknown) => void): Promise<void> {
  debuggedBy = request.header;
  send("debug_reply", await debug.answer(request.content));
  sockets.publish("status", request.header, jsonOf({ execution_state: "idle" }));
}

async function serveHeartbeat(): Promise<void> {
  for await (const frames of heartbeat) await heartbeat.send(frames);
}

/** The main thread closes this thread's sockets when it has nothing more to send. The thread `stays` to see the process end. */
async function close(stays: boolean): Promise<void> {
  if (closing) return;
  closing = true;
  // A cell that began meanwhile, or what runs at the end of the process, may never let go.
  if (stays) setTimeout(kill, KILL_AFTER_MS);
  sockets.flush();
  await endPrograms(own);
  await closeSockets();
  if (!stays) return end();
  await debug.answer({ command: "disconnect" });
  tell({ type: "closed" });
}

async function closeSockets(): Promise<void> {
  await sockets.close();
  await controlReplies.drained();
  heartbeat.close();
  control.close();
}

function end(): void {
  // At this thread's very end: the process must not end while a socket still calls back.
  process.once("exit", () => sockets.closed());
  parentPort!.close();
  data.answers.close();
}

/** Ends the notebook kernel if the Jupyter process that started it has died. */
function watchParent(): void {
  const parent = process.ppid;
  if (process.env.JPY_PARENT_PID === undefined || parent <= 1) return;
  setInterval(() => {
    if (process.ppid !== parent) kill();
  }, PARENT_CHECK_MS).unref();
}

allBound([
  sockets.bind(),
  bindTo(control, address(connection, connection.control_port), "control"),
  bindTo(heartbeat, address(connection, connection.hb_port), "heartbeat"),
]).then(
  () => {
    watchParent();
    onTerminate(shutDown);
    sockets.serve();
    void serveControl();
    void serveHeartbeat();
    tell({ type: "ready" });
  },
  (error) => {
    tell({ type: "failed", message: (error as Error).message });
    return closeSockets().then(end);
  },
);
