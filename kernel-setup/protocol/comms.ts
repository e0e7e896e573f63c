/**
 * Comms: channels between code in cells and code in the front end, each with a target that names what is at the other
 * end. A front end that opens one with a target that nobody registered gets it closed, as the protocol asks.
 */
import { randomUUID } from "node:crypto";
import type { Header, Message } from "../wire";
import { inThisCell } from "./cell-context";

/** What arrives over a comm. */
export interface CommMessage {
  readonly data: Readonly<Record<string, unknown>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly buffers: readonly Uint8Array[];
}

export interface CommExtras {
  readonly metadata?: object;
  readonly buffers?: readonly Uint8Array[];
}

/** One open comm. Handlers print into the cell that set them. */
export interface Comm {
  readonly id: string;
  readonly target: string;
  send(data: object, extras?: CommExtras): void;
  close(data?: object): void;
  onMessage(handler: (message: CommMessage) => void): void;
  onClose(handler: (message: CommMessage) => void): void;
}

export type OpenHandler = (comm: Comm, message: CommMessage) => void;
/** Publishes a message on the output channel; `request`: what it answers. */
export type Publish = (
  kind: string,
  content: unknown,
  extras: CommExtras,
  request: Header | undefined,
) => void;

interface Open extends Comm {
  readonly handlers: {
    message: ((message: CommMessage) => void)[];
    close: ((message: CommMessage) => void)[];
  };
}

const CONTROL_TARGET = "jupyter.widget.control";

export class Comms {
  private readonly targets = new Map<string, OpenHandler>();
  private readonly open = new Map<string, Open>();
  /** The models of widgets that cells made, for a front end that was opened later. */
  private readonly states = new Map<string, () => object>();

  /** The request whose handlers run now: what they send answers it. */
  private answering: Header | undefined;

  constructor(
    private readonly publisher: Publish,
    private readonly failed: (error: unknown) => void,
  ) {
    this.targets.set(CONTROL_TARGET, (comm) =>
      comm.onMessage(({ data }) => {
        if (data.method !== "request_states") return;
        const states = Object.fromEntries([...this.states].map(([id, state]) => [id, state()]));
        comm.send({ method: "update_states", states, buffer_paths: [] });
      }),
    );
  }

  /** Front ends may open comms with this target from now on. */
  register(target: string, handler: OpenHandler): void {
    this.targets.set(target, inThisCell(handler));
  }

  /** Opens a comm with code in the front end. `state`: its model, if it is a widget's. */
  openComm(target: string, data: object, extras: CommExtras = {}, state?: (id: string) => object): Comm {
    const comm = this.add(randomUUID(), target);
    if (state !== undefined) this.states.set(comm.id, () => state(comm.id));
    const content = { comm_id: comm.id, target_name: target, data };
    this.publish("comm_open", content, extras);
    return comm;
  }

  /** The open comms, or those of one target, as `comm_info` tells them. */
  info(target: unknown): Record<string, { target_name: string }> {
    const wanted = [...this.open.values()].filter((c) => typeof target !== "string" || c.target === target);
    return Object.fromEntries(wanted.map((c) => [c.id, { target_name: c.target }]));
  }

  /** Takes a comm message of the front end. */
  take(request: Message): void {
    this.answering = request.header;
    try {
      this.receive(request);
    } finally {
      this.answering = undefined;
    }
  }

  private publish(kind: string, content: unknown, extras: CommExtras): void {
    this.publisher(kind, content, extras, this.answering);
  }

  private receive({ header, content, metadata, buffers }: Message): void {
    const message: CommMessage = { data: content.data ?? {}, metadata, buffers };
    const id = String(content.comm_id);
    if (header.msg_type === "comm_open") return this.opened(id, String(content.target_name), message);
    const comm = this.open.get(id);
    if (comm === undefined) return;
    if (header.msg_type === "comm_msg") return this.run(comm.handlers.message, message);
    this.forget(id);
    this.run(comm.handlers.close, message);
  }

  private opened(id: string, target: string, message: CommMessage): void {
    const handler = this.targets.get(target);
    if (handler === undefined) return this.publish("comm_close", { comm_id: id, data: {} }, {});
    const comm = this.add(id, target);
    this.run([(opened) => handler(comm, opened)], message);
  }

  private run(handlers: readonly ((message: CommMessage) => void)[], message: CommMessage): void {
    for (const handler of handlers) {
      try {
        handler(message);
      } catch (error) {
        this.failed(error);
      }
    }
  }

  private forget(id: string): void {
    this.open.delete(id);
    this.states.delete(id);
  }

  private add(id: string, target: string): Open {
    const handlers: Open["handlers"] = { message: [], close: [] };
    const comm: Open = {
      ...{ id, target, handlers },
      send: (data, extras = {}) => {
        if (!this.open.has(id)) throw new Error(`comm: ${target}: it is closed: nothing can be sent`);
        this.publish("comm_msg", { comm_id: id, data }, extras);
      },
      close: (data = {}) => {
        if (!this.open.has(id)) return;
        this.forget(id);
        this.publish("comm_close", { comm_id: id, data }, {});
      },
      onMessage: (handler) => void handlers.message.push(inThisCell(handler)),
      onClose: (handler) => void handlers.close.push(inThisCell(handler)),
    };
    this.open.set(id, comm);
    return comm;
  }
}
